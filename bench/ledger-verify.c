/* ledger-verify: the offline verifier over a full export of 10^5 entries against SHA-256 of the same bytes,
 * in CPU time, in turns. The export is made by `agentkeys-worker ledger export`. usage: ledger-verify BUILD
 * [FOLDER [ROUNDS]] */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/crypto/sha256.h"
#include "bench/common/bench.h"
#include "bench/common/million.h"
#include "bench/common/worker.h"
#include "io/proc/arena_hooks.h"

enum { PATHS = 1000, ENTRIES = 100000, ROUNDS = 15 };

/* The file of the whole log, mapped. */
static struct ak_span make_export(const char *build, const char *folder)
{
    struct bench_worker worker;
    struct stat st;
    char path[700];
    int status = -1;
    bench_worker_init(&worker, build, folder);
    bench_worker_create(&worker);
    bench_million_fill(worker.data, PATHS, ENTRIES);
    bench_worker_start(&worker, NULL); /* seals a checkpoint over what was filled in */
    bench_worker_stop(&worker);
    (void)snprintf(path, sizeof path, "%s/export", folder);
    const char *const argv[] = {worker.exe, "ledger", "export", "--data-dir", worker.data, NULL};
    pid_t pid = bench_spawn(argv, path);
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, "agentkeys-worker ledger export");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bench_must(fd >= 0 && fstat(fd, &st) == 0, path);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    bench_must(map != MAP_FAILED, "mmap");
    (void)close(fd);
    return ak_span(map, (size_t)st.st_size);
}

static double verify_s(struct ak_span file)
{
    static struct ak_audit audit;
    struct ak_audit_report report;
    struct ak_arena arena;
    const struct ak_audit_options options = {.hash_seed = 1};
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    ak_arena_init(&arena, ak_arena_hooks_mmap(), (size_t)1 << 30);
    ak_audit_open(&audit, &options, &arena);
    for (size_t at = 0; at < file.len;) {
        size_t end = ak_span_find(file, at, '\n') + 1;
        bench_must(ak_audit_line(&audit, ak_span_sub(file, at, end - at)) == AK_OK, "a line is not sound");
        at = end;
    }
    bench_must(ak_audit_finish(&audit, &report) == AK_OK && report.finding.fault == AK_AUDIT_SOUND, "report");
    ak_arena_done(&arena);
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1e9;
}

static double hash_s(struct ak_span file)
{
    uint8_t digest[32];
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    ak_sha256(file, digest);
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1e9;
}

int main(int argc, char **argv)
{
    static struct bench_sample ours, hash, ratio;
    bench_name("ledger-verify");
    bench_must(argc > 1, "usage: ledger-verify BUILD [FOLDER [ROUNDS]]");
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    struct ak_span file = make_export(argv[1], bench_folder(argc > 2 ? argv[2] : "/var/tmp"));
    for (long i = 0; i < rounds; i++) {
        double verified = verify_s(file);
        double hashed = hash_s(file);
        bench_add(&ours, verified);
        bench_add(&hash, hashed);
        bench_add(&ratio, verified / hashed);
    }
    double median = bench_median(&ratio);
    bench_figure("ledger-verify", bench_median(&ours), bench_median(&hash), median, "s CPU",
        "full export of %d entries, %.1f MiB, %zu rounds, ratio %.2f to %.2f; want <= 6, goal 3", ENTRIES,
        (double)file.len / (1 << 20), ratio.count, bench_least(&ratio), bench_most(&ratio));
    return 0;
}
