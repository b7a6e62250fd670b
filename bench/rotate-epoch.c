/* rotate-epoch: CPU of the whole worker to move credentials of 1 KiB to a new epoch: each is read, decrypted
 * and encrypted in the re-encryptor, opened and compared in the keeper, written to a durable file, recorded
 * in a durable entry, and its old file is removed. Against one process that reads such files, decrypts,
 * encrypts, writes durable ones and removes the old: by one fsync a file, and by one syncfs for 128; the
 * cheaper one counts. blob-memory: what a credential takes in the keeper. usage: rotate-epoch BUILD [FOLDER
 * [COUNT [ACCOUNTS]]] */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto/gcm.h"
#include "bench/common/bench.h"
#include "bench/common/million.h"
#include "bench/common/worker.h"

enum {
    COUNT = 100 * 1000,
    ACCOUNTS = 100, /* of 1000 services: the default quota */
    VALUE = 1024,
    RAW_FILES = 4000,
    TOGETHER = 128,
    QUIET_S = 14, /* longer than the worker waits between moving and removing */
};

static struct bench_worker worker;

/* ---- ours ---- */

static uint64_t old_files, new_files;
static int count_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    if (type != FTW_F) return 0;
    old_files += strstr(path, "/00000001/") != NULL;
    new_files += strstr(path, "/00000002/") != NULL;
    return 0;
}

static void count_files(void)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/blobs", worker.data);
    old_files = new_files = 0;
    bench_must(nftw(path, count_file, 8, FTW_PHYS) == 0, path);
}

/* Runs it until it has done nothing for QUIET_S. Nanoseconds of CPU until then; seconds of the clock. */
static uint64_t run_until_quiet(double *out_s, uint64_t *out_pss)
{
    bench_worker_start(&worker, NULL);
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC), cpu = 0;
    for (unsigned quiet = 0; quiet < QUIET_S; quiet++) {
        bench_sleep_us(1000 * 1000);
        uint64_t now = bench_worker_cpu_ns(&worker);
        if (now - cpu > 10 * 1000 * 1000) quiet = 0;
        cpu = now;
        if (quiet == 0) *out_s = (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
    }
    *out_pss = bench_worker_pss(&worker, 1);
    bench_worker_stop(&worker);
    return cpu;
}

/* ---- the reference ---- */

static uint8_t sealed[VALUE + AK_GCM_TAG_LEN], plain[VALUE + AK_GCM_TAG_LEN];
static const uint8_t nonce[AK_GCM_NONCE_LEN], aad[200];
static const struct ak_secret32 one = {{1}}, two = {{2}};

static void write_file(int dir, const char *name, bool sync)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bench_must(fd >= 0 && write(fd, sealed, sizeof sealed) == (ssize_t)sizeof sealed, "write");
    bench_must((!sync || fsync(fd) == 0) && close(fd) == 0, "write");
}

static void read_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    bench_must(
        fd >= 0 && read(fd, sealed, sizeof sealed) == (ssize_t)sizeof sealed && close(fd) == 0, "read");
}

static void recrypt(void)
{
    bench_must(ak_gcm_open(&one, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(sealed), plain) == AK_OK, "open");
    bench_must(ak_gcm_seal(&two, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "seal");
}

static const char *name_of(const char *kind, int number)
{
    static char name[32];
    (void)snprintf(name, sizeof name, "%s-%d", kind, number);
    return name;
}

static void make_files(int dir)
{
    bench_must(ak_gcm_seal(&one, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "seal");
    for (int i = 0; i < RAW_FILES; i++) write_file(dir, name_of("old", i), false);
    bench_must(syncfs(dir) == 0, "syncfs");
}

static void remove_files(int dir, const char *kind, int from, int to)
{
    for (int i = from; i < to; i++) bench_must(unlinkat(dir, name_of(kind, i), 0) == 0, "unlink");
}

/* Microseconds of CPU a file. `together`: so many share a sync, and another one after their removal. */
static double raw_us(int dir, int together)
{
    make_files(dir);
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int from = 0; from < RAW_FILES; from += together) {
        int to = from + together < RAW_FILES ? from + together : RAW_FILES;
        for (int i = from; i < to; i++) {
            read_file(dir, name_of("old", i));
            recrypt();
            write_file(dir, name_of("new", i), together == 1);
        }
        bench_must(together == 1 || syncfs(dir) == 0, "syncfs");
        remove_files(dir, "old", from, to);
        bench_must(together == 1 || syncfs(dir) == 0, "syncfs");
    }
    double us = (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_FILES;
    remove_files(dir, "new", 0, RAW_FILES);
    return us;
}

static double cipher_us(void)
{
    bench_must(ak_gcm_seal(&one, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "seal");
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < RAW_FILES; i++) {
        bench_must(ak_gcm_open(&one, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(sealed), plain) == AK_OK, "open");
        bench_must(
            ak_gcm_seal(&one, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "seal");
    }
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_FILES;
}

/* ---- figures ---- */

static uint64_t empty_pss(const char *build, const char *parent)
{
    bench_worker_init(&worker, build, bench_folder(parent));
    bench_worker_create(&worker);
    bench_worker_start(&worker, NULL);
    uint64_t pss = bench_worker_pss(&worker, 1);
    bench_worker_stop(&worker);
    return pss;
}

static void measure(const struct bench_blobs *blobs, int raw_dir, uint64_t empty)
{
    double count = (double)(blobs->accounts * blobs->each), idle_s = 0, wall_s = 0;
    uint64_t pss = 0, moved_pss = 0;
    uint64_t idle = run_until_quiet(&idle_s, &pss);
    count_files();
    bench_must((double)old_files == count && new_files == 0, "blobs before");
    bench_million_ask_epochs(worker.data);
    double each = raw_us(raw_dir, 1), batched = raw_us(raw_dir, TOGETHER);
    uint64_t moved = run_until_quiet(&wall_s, &moved_pss);
    count_files();
    (void)fprintf(stderr, "moved in %.1f s: %llu new, %llu old files\n", wall_s,
        (unsigned long long)new_files, (unsigned long long)old_files);
    bench_must((double)new_files == count && old_files == 0, "not all were moved, or old files are left");
    double ours = (double)(moved - idle) / 1000 / count, raw = each < batched ? each : batched;
    bench_figure("rotate-epoch", ours, raw, ours / raw, "us CPU/blob",
        "%.0f blobs of 1 KiB of %llu accounts, all of the worker until the old files are gone, %.0f s of the "
        "clock; reference: read, decrypt, encrypt, write durably, remove the old, one process, %d files: "
        "fsync "
        "each %.0f us, syncfs for %d %.0f us; the cipher alone %.1f us, %.0f times less than ours; want <= 3",
        count, (unsigned long long)blobs->accounts, wall_s, RAW_FILES, each, TOGETHER, batched, cipher_us(),
        ours / cipher_us());
    double per_blob = (double)(pss - empty) / count;
    bench_figure("blob-memory", per_blob, 200, per_blob / 200, "bytes/blob",
        "keeper's PSS with %.0f blobs less an empty keeper's (%.1f MiB), accounts and epochs included; after "
        "moving all %.1f MiB; start and look for orphans %.1f s; want <= 200",
        count, (double)empty / (1 << 20), (double)moved_pss / (1 << 20), idle_s);
}

int main(int argc, char **argv)
{
    bench_name("rotate-epoch");
    bench_must(argc > 1, "usage: rotate-epoch BUILD [FOLDER [COUNT [ACCOUNTS]]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : COUNT;
    uint64_t accounts = argc > 4 ? strtoull(argv[4], NULL, 10) : ACCOUNTS;
    bench_must(accounts > 0 && count >= accounts, "COUNT and ACCOUNTS");
    struct bench_blobs blobs = {accounts, count / accounts, VALUE};
    uint64_t empty = empty_pss(argv[1], parent);
    int raw_dir = open(bench_folder(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench_worker_init(&worker, argv[1], bench_folder(parent));
    bench_worker_create(&worker);
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
    bench_million_fill_blobs(worker.data, &blobs);
    (void)fprintf(stderr, "filled in %.1f s\n", (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1e9);
    measure(&blobs, raw_dir, empty);
    return 0;
}
