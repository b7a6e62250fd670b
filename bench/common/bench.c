#include "bench/common/bench.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDERS = 8, PATH_LEN = 512, OPEN_MAX_WALK = 16 };

static const char *program = "bench";
static char folders[FOLDERS][PATH_LEN];
static size_t folder_count;

void bench_name(const char *name)
{
    program = name;
}

void bench_fail(const char *what)
{
    (void)fprintf(stderr, "%s: %s: %s\n", program, what, errno ? strerror(errno) : "failed");
    exit(1);
}

uint64_t bench_now_ns(clockid_t clock)
{
    struct timespec now;
    bench_must(clock_gettime(clock, &now) == 0, "clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_sleep_us(uint64_t us)
{
    struct timespec wait = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    (void)nanosleep(&wait, NULL);
}

void bench_add(struct bench_sample *sample, double value)
{
    bench_must(sample->count < BENCH_SAMPLE_MAX, "too many samples");
    sample->values[sample->count++] = value;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(struct bench_sample *sample)
{
    bench_must(sample->count > 0, "no samples");
    qsort(sample->values, sample->count, sizeof *sample->values, by_size);
    return sample->values[sample->count / 2];
}

double bench_least(const struct bench_sample *sample)
{
    return sample->values[0];
}

double bench_most(const struct bench_sample *sample)
{
    return sample->values[sample->count - 1];
}

void bench_figure(
    const char *name, double ours, double reference, double ratio, const char *unit, const char *note, ...)
{
    va_list args;
    (void)printf("{\"name\": \"%s\", \"ours\": %.5g, \"reference\": %.5g, \"ratio\": %.4g, \"unit\": \"%s\", "
                 "\"note\": \"",
        name, ours, reference, ratio, unit);
    va_start(args, note);
    (void)vprintf(note, args);
    va_end(args);
    (void)printf("\"}\n");
    (void)fflush(stdout);
}

void bench_skip(const char *name, const char *why)
{
    (void)printf("{\"name\": \"%s\", \"skipped\": \"%s\"}\n", name, why);
    (void)fflush(stdout);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_folders(void)
{
    for (size_t i = 0; i < folder_count; i++)
        (void)nftw(folders[i], remove_one, OPEN_MAX_WALK, FTW_DEPTH | FTW_PHYS);
}

const char *bench_folder(const char *parent)
{
    bench_must(folder_count < FOLDERS, "too many folders");
    char *path = folders[folder_count];
    (void)snprintf(path, PATH_LEN, "%s/ak-bench-XXXXXX", parent);
    bench_must(mkdtemp(path) != NULL, path);
    if (folder_count++ == 0) bench_must(atexit(remove_folders) == 0, "atexit");
    return path;
}
