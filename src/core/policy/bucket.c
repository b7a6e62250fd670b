/* GCRA: a use is allowed while the theoretical arrival time after it is at most a full burst ahead. */
#include "core/policy/bucket.h"

#include "base/limits.h"
#include "base/num.h"

#define MINUTE_US UINT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

static uint64_t interval_us(uint64_t period_us, uint32_t rate)
{
    return (period_us + rate - 1) / rate;
}

static uint32_t clamp_rate(uint32_t rate)
{
    return rate > AK_LIMIT_RATE_PER_MINUTE ? AK_LIMIT_RATE_PER_MINUTE : rate;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t secs_up(uint64_t us)
{
    uint64_t secs = us / 1000000 + (us % 1000000 != 0);
    if (secs == 0) return 1;
    return secs > UINT32_MAX ? UINT32_MAX : (uint32_t)secs;
}

static struct ak_bucket_result take(
    uint64_t tat_us, uint64_t floor_us, uint64_t period_us, uint32_t rate_given, uint64_t now_us)
{
    uint32_t rate = clamp_rate(rate_given);
    if (rate == 0) return (struct ak_bucket_result){false, tat_us, UINT32_MAX};
    uint64_t interval = interval_us(period_us, rate);
    uint64_t debt_end = max_u64(tat_us, floor_us);
    uint64_t after = ak_num_add_sat(max_u64(debt_end, now_us), interval);
    uint64_t ahead = after - now_us; /* after >= now_us: a saturated sum is the largest value */
    uint64_t burst = interval * rate;
    if (ahead > burst || after == UINT64_MAX) {
        return (struct ak_bucket_result){false, tat_us, secs_up(ak_num_sub_sat(ahead, burst))};
    }
    return (struct ak_bucket_result){true, after, 0};
}

struct ak_bucket_result ak_bucket_take(
    uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_min, uint64_t now_us)
{
    return take(tat_us, floor_us, MINUTE_US, rate_per_min, now_us);
}

struct ak_bucket_result ak_bucket_take_hour(
    uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_hour, uint64_t now_us)
{
    uint64_t floor = floor_us ? ak_num_add_sat(floor_us, HOUR_US - MINUTE_US) : 0;
    return take(tat_us, floor, HOUR_US, rate_per_hour, now_us);
}

uint32_t ak_bucket_left(uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_min, uint64_t now_us)
{
    uint32_t rate = clamp_rate(rate_per_min);
    if (rate == 0) return 0;
    uint64_t interval = interval_us(MINUTE_US, rate);
    uint64_t debt = ak_num_sub_sat(max_u64(tat_us, floor_us), now_us);
    return (uint32_t)(ak_num_sub_sat(interval * rate, debt) / interval);
}

uint64_t ak_bucket_floor(uint64_t start_us)
{
    /* The longest burst: rounding the interval up adds less than a microsecond a use. */
    return ak_num_add_sat(start_us, MINUTE_US + AK_LIMIT_RATE_PER_MINUTE);
}
