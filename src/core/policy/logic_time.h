/* Logic time: the only time that policy knows. Two readings:
 *
 *   logic_ms  Unix ms, for expiries (tokens, valid_until, entries). At start the later of the last logic time
 *             in the ledger and the wall clock; from then on it moves exactly with the monotonic clock. So it
 *             never goes back, and a wall clock that is stepped while we run changes nothing until the next
 *             start.
 *   seen_ms   time that a running keeper has seen: logic_ms less every gap between the last entry of a run
 *             and the start of the next. For waiting periods and rate limits: a stop gives neither (I7).
 *
 * Both follow from entries alone: each start writes WorkerStarted with its logic time, and the fold adds
 * ak_logic_time_gap(last entry, WorkerStarted) to its `unseen_ms` (I16). Not guaranteed: that logic time is
 * the true time: a wall clock wrong at start makes expiries early or, where it lags, no earlier than before.
 * No secret arguments. One thread. */
#ifndef AK_CORE_POLICY_LOGIC_TIME_H
#define AK_CORE_POLICY_LOGIC_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* A difference between wall and monotonic clock beyond this is a step; below it is slewing and drift. */
enum { AK_CLOCK_STEP_MS = 2000 };

struct ak_logic_time {
    uint64_t logic_ms;
    uint64_t unseen_ms; /* folded sum of the gaps, this start's included */
    uint64_t mono_ms;   /* last monotonic reading */
    int64_t offset_ms;  /* wall - mono, as last reported */
};
struct ak_clock_step {
    bool stepped;  /* write ClockStepped */
    int64_t by_ms; /* positive: the wall clock went forward */
};

/* The gap that the fold adds at WorkerStarted; 0 where `started_ms` is not later. */
uint64_t ak_logic_time_gap(uint64_t last_ms, uint64_t started_ms);
/* `last_ms`: logic time of the last durable entry, 0 for a new ledger. `unseen_ms`: folded up to it. */
void ak_logic_time_start(
    struct ak_logic_time *time, uint64_t last_ms, uint64_t unseen_ms, uint64_t wall_ms, uint64_t mono_ms);
/* Moves on by the monotonic clock (CLOCK_BOOTTIME); one that goes back counts as standing still. Tells once
 * of each step of the wall clock, also of one found at start (wall before the last logic time). */
struct ak_clock_step ak_logic_time_advance(struct ak_logic_time *time, uint64_t wall_ms, uint64_t mono_ms);
uint64_t ak_logic_time_seen_ms(const struct ak_logic_time *time);
/* The same as microseconds, the unit of buckets and counters; saturates. */
uint64_t ak_logic_time_seen_us(const struct ak_logic_time *time);

#endif
