/* Uses per day, in windows that begin with a use. */
#include "core/policy/counter.h"

#include "base/num.h"

static bool over(const struct ak_day_counter *counter, uint64_t now_us)
{
    return ak_num_sub_sat(now_us, counter->start_us) >= AK_COUNTER_DAY_US;
}

uint32_t ak_day_counter_uses(const struct ak_day_counter *counter, uint64_t now_us)
{
    return over(counter, now_us) ? 0 : counter->uses;
}

struct ak_day_counter ak_day_counter_add(const struct ak_day_counter *counter, uint64_t now_us)
{
    if (counter->uses == 0 || over(counter, now_us)) return (struct ak_day_counter){now_us, 1};
    uint32_t uses = counter->uses == UINT32_MAX ? UINT32_MAX : counter->uses + 1;
    return (struct ak_day_counter){counter->start_us, uses};
}

uint32_t ak_day_counter_wait_secs(const struct ak_day_counter *counter, uint64_t now_us)
{
    uint64_t end = ak_num_add_sat(counter->start_us, AK_COUNTER_DAY_US);
    uint64_t left = ak_num_sub_sat(end, now_us);
    uint64_t secs = left / 1000000 + (left % 1000000 != 0);
    if (secs == 0) return 1;
    return secs > UINT32_MAX ? UINT32_MAX : (uint32_t)secs;
}
