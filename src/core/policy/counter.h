/* Uses per day of one path: windows of 24 hours of seen time, the first beginning with the first use. Folded
 * from entries; a clock that steps or a restart never lowers it (I7). No secret arguments. */
#ifndef AK_CORE_POLICY_COUNTER_H
#define AK_CORE_POLICY_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define AK_COUNTER_DAY_US (UINT64_C(24) * 3600 * 1000000)

/* Zeroed: no use yet. */
struct ak_day_counter {
    uint64_t start_us; /* seen time at which the window began */
    uint32_t uses;
};
/* Uses in the window that `now_us` is in. A time before the window counts as inside it. */
uint32_t ak_day_counter_uses(const struct ak_day_counter *counter, uint64_t now_us);
/* The counter after one more use; saturates. */
struct ak_day_counter ak_day_counter_add(const struct ak_day_counter *counter, uint64_t now_us);
/* Seconds until the window ends, rounded up, at least 1. */
uint32_t ak_day_counter_wait_secs(const struct ak_day_counter *counter, uint64_t now_us);

#endif
