/* What all benchmarks share: checks that end the program, clocks, medians, the one line that is a figure.
 * Benchmarks are for developers: a failure prints why and ends with 1. One thread except where said. */
#ifndef AK_BENCH_COMMON_BENCH_H
#define AK_BENCH_COMMON_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Ends the program with "NAME: what: errno's text". */
_Noreturn void bench_fail(const char *what);
/* The same where `good` is false. */
static inline void bench_must(bool good, const char *what)
{
    if (!good) bench_fail(what);
}
/* The name that messages carry. */
void bench_name(const char *name);

/* Nanoseconds of a clock (CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, a process's). */
uint64_t bench_now_ns(clockid_t clock);
void bench_sleep_us(uint64_t us);

/* A sample of values; bench_median sorts it. */
enum { BENCH_SAMPLE_MAX = 4096 };
struct bench_sample {
    size_t count;
    double values[BENCH_SAMPLE_MAX];
};
/* Beyond BENCH_SAMPLE_MAX: ends the program. */
void bench_add(struct bench_sample *sample, double value);
double bench_median(struct bench_sample *sample);
/* Sorted by bench_median before: the smallest and the largest. */
double bench_least(const struct bench_sample *sample);
double bench_most(const struct bench_sample *sample);

/* Prints {"name", "ours", "reference", "ratio", "unit", "note"} as one line; `note` by a printf format. */
void bench_figure(const char *name, double ours, double reference, double ratio, const char *unit,
    const char *note, ...) __attribute__((format(printf, 6, 7)));
/* A figure that cannot be had here: {"name", "skipped": why}. */
void bench_skip(const char *name, const char *why);

/* A new folder of mode 0700 below `parent`; removed with all it holds when the program ends. At most 8. */
const char *bench_folder(const char *parent);

#endif
