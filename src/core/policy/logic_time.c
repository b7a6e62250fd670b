/* Logic time: the wall clock is asked once, at start; after that only the monotonic clock moves it. */
#include "core/policy/logic_time.h"

#include "base/num.h"

uint64_t ak_logic_time_gap(uint64_t last_ms, uint64_t started_ms)
{
    return ak_num_sub_sat(started_ms, last_ms);
}

void ak_logic_time_start(
    struct ak_logic_time *time, uint64_t last_ms, uint64_t unseen_ms, uint64_t wall_ms, uint64_t mono_ms)
{
    uint64_t logic_ms = wall_ms > last_ms ? wall_ms : last_ms;
    *time = (struct ak_logic_time){
        .logic_ms = logic_ms,
        .unseen_ms = ak_num_add_sat(unseen_ms, ak_logic_time_gap(last_ms, logic_ms)),
        .mono_ms = mono_ms,
        /* The wall clock that logic time stands for: one that lags behind it is told as a step. */
        .offset_ms = (int64_t)(logic_ms - mono_ms),
    };
}

struct ak_clock_step ak_logic_time_advance(struct ak_logic_time *time, uint64_t wall_ms, uint64_t mono_ms)
{
    if (mono_ms > time->mono_ms) {
        time->logic_ms = ak_num_add_sat(time->logic_ms, mono_ms - time->mono_ms);
        time->mono_ms = mono_ms;
    }
    int64_t offset_ms = (int64_t)(wall_ms - mono_ms);
    int64_t by_ms = (int64_t)((uint64_t)offset_ms - (uint64_t)time->offset_ms);
    if (by_ms >= -AK_CLOCK_STEP_MS && by_ms <= AK_CLOCK_STEP_MS) return (struct ak_clock_step){false, 0};
    time->offset_ms = offset_ms;
    return (struct ak_clock_step){true, by_ms};
}

uint64_t ak_logic_time_seen_ms(const struct ak_logic_time *time)
{
    return ak_num_sub_sat(time->logic_ms, time->unseen_ms);
}

uint64_t ak_logic_time_seen_us(const struct ak_logic_time *time)
{
    return ak_num_mul_sat(ak_logic_time_seen_ms(time), 1000);
}
