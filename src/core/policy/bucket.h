/* Rate limit of one path as GCRA: the whole state is one u64, the theoretical arrival time (TAT) in
 * microseconds of *seen* time (core/policy/logic_time.h), so that neither a stop nor a stepped clock refills
 * it (I7). Rate per minute r: interval ceil(60 s / r), burst r uses. Over any time t at most r + t * r / min
 * uses pass.
 *
 * A changed rate keeps the debt: the same TAT, read with the new rate, has used up the same share of a
 * minute's uses (above 7745 a minute the rounded interval may free one use more). After an unclean stop
 * buckets start empty: give ak_bucket_floor(seen time of the start) as floor; 0 after a clean one. A time
 * that goes back only makes the bucket stricter. No secret arguments. */
#ifndef AK_CORE_POLICY_BUCKET_H
#define AK_CORE_POLICY_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct ak_bucket_result {
    bool allowed;
    uint64_t tat_us;           /* the value after this use; the given one where refused */
    uint32_t retry_after_secs; /* where refused: whole seconds, rounded up, at least 1 */
};
/* Takes one use. `rate_per_min` 1 to 10000 (AK_LIMIT_RATE_PER_MINUTE); 0 allows nothing, more counts as
 * 10000. Pure: the caller stores tat_us where the use happens; to look only, do not store it. */
struct ak_bucket_result ak_bucket_take(
    uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_min, uint64_t now_us);
/* The same over an hour: `rate_per_hour` 1 to 10000. The floor of an unclean start is moved to the hour. */
struct ak_bucket_result ak_bucket_take_hour(
    uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_hour, uint64_t now_us);
/* Uses left at this moment, 0 to rate. */
uint32_t ak_bucket_left(uint64_t tat_us, uint64_t floor_us, uint32_t rate_per_min, uint64_t now_us);
/* The floor that makes every bucket empty at `start_us`, whatever its rate. */
uint64_t ak_bucket_floor(uint64_t start_us);

#endif
