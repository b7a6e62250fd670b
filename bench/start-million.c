/* start-million, path-memory: a worker with 10^6 paths and 10^7 entries. Its start from a snapshot until it
 * is ready, against `openssl dgst -sha256` of the snapshot, both from a warm page cache; and what a path
 * takes in the keeper's memory. The folder needs about 5 GB and is removed. usage: start-million BUILD
 * [FOLDER [PATHS ENTRIES]] */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/common/bench.h"
#include "bench/common/million.h"
#include "bench/common/worker.h"

enum { STARTS = 7 };
#define NEEDS_BYTES UINT64_C(9000000000)

static uint64_t free_bytes(const char *folder)
{
    struct statvfs fs;
    bench_must(statvfs(folder, &fs) == 0, folder);
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static void find_snapshot(const char *data, char *out_path, size_t cap, double *out_mib)
{
    struct dirent *entry = NULL;
    struct stat st = {0};
    DIR *dir = opendir(data);
    bench_must(dir != NULL, data);
    out_path[0] = 0;
    while ((entry = readdir(dir)))
        if (strncmp(entry->d_name, "snapshot-", 9) == 0)
            (void)snprintf(out_path, cap, "%s/%s", data, entry->d_name);
    (void)closedir(dir);
    bench_must(out_path[0] && stat(out_path, &st) == 0, "the worker wrote no snapshot");
    *out_mib = (double)st.st_size / (1 << 20);
}

static double digest_s(const char *path, const char *log)
{
    const char *const argv[] = {"openssl", "dgst", "-sha256", path, NULL};
    int status = -1;
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
    pid_t pid = bench_spawn(argv, log);
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, "openssl dgst");
    return (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
}

static uint64_t empty_keeper_pss(const char *build, const char *parent)
{
    struct bench_worker worker;
    bench_worker_init(&worker, build, bench_folder(parent));
    bench_worker_create(&worker);
    bench_worker_start(&worker, NULL);
    uint64_t pss = bench_worker_pss(&worker, 1);
    bench_worker_stop(&worker);
    return pss;
}

/* Starts it again and again; the first start after filling replays everything and writes the snapshot. */
static void measure(struct bench_worker *worker, uint64_t paths, uint64_t entries, uint64_t empty)
{
    static struct bench_sample start, digest, ratio;
    char path[1024];
    char log[700];
    double mib = 0;
    double per_path = 0;
    (void)snprintf(log, sizeof log, "%s/log", worker->folder);
    find_snapshot(worker->data, path, sizeof path, &mib);
    for (int i = 0; i < STARTS; i++) {
        bench_worker_start(worker, NULL);
        double took = (double)worker->ready_ns / 1e9;
        if (i == 0) per_path = (double)(bench_worker_pss(worker, 1) - empty) / (double)paths;
        bench_worker_stop(worker);
        double hashed = digest_s(path, log);
        bench_add(&start, took);
        bench_add(&digest, hashed);
        bench_add(&ratio, took / hashed);
    }
    double median = bench_median(&ratio);
    bench_figure("start-million", bench_median(&start), bench_median(&digest), median, "s",
        "%llu paths, %llu entries, snapshot of %.0f MiB, process start to ready, %d starts, ratio %.2f to "
        "%.2f; "
        "want <= 8, goal 4",
        (unsigned long long)paths, (unsigned long long)entries, mib, STARTS, bench_least(&ratio),
        bench_most(&ratio));
    bench_figure("path-memory", per_path, 300, per_path / 300, "bytes/path",
        "keeper's PSS with %llu paths less an empty keeper's (%.1f MiB); want < 300, goal 200",
        (unsigned long long)paths, (double)empty / (1 << 20));
}

int main(int argc, char **argv)
{
    bench_name("start-million");
    bench_must(argc > 1, "usage: start-million BUILD [FOLDER [PATHS ENTRIES]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    uint64_t paths = argc > 4 ? strtoull(argv[3], NULL, 10) : 1000 * 1000;
    uint64_t entries = argc > 4 ? strtoull(argv[4], NULL, 10) : 10 * 1000 * 1000;
    struct bench_worker worker;
    if (free_bytes(parent) < NEEDS_BYTES) {
        bench_skip("start-million", "less than 9 GB free");
        bench_skip("path-memory", "less than 9 GB free");
        return 0;
    }
    uint64_t empty = empty_keeper_pss(argv[1], parent);
    bench_worker_init(&worker, argv[1], bench_folder(parent));
    bench_worker_create(&worker);
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
    bench_million_fill(worker.data, paths, entries);
    (void)fprintf(stderr, "filled in %.1f s\n", (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1e9);
    bench_worker_start(&worker, NULL);
    (void)fprintf(stderr, "replayed in %.1f s\n", (double)worker.ready_ns / 1e9);
    bench_worker_stop(&worker);
    measure(&worker, paths, entries, empty);
    return 0;
}
