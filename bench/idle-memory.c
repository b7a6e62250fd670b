/* idle-memory: the proportional set size of all processes of a worker that was just made and serves nobody.
 * usage: idle-memory BUILD [FOLDER] */
#include "bench/common/bench.h"
#include "bench/common/worker.h"

int main(int argc, char **argv)
{
    struct bench_worker worker;
    double mib[BENCH_WORKER_PROCESSES];
    double sum = 0;
    bench_name("idle-memory");
    bench_must(argc > 1, "usage: idle-memory BUILD [FOLDER]");
    bench_worker_init(&worker, argv[1], bench_folder(argc > 2 ? argv[2] : "/var/tmp"));
    bench_worker_create(&worker);
    bench_worker_start(&worker, NULL);
    bench_sleep_us(2000000);
    for (unsigned i = 0; i < BENCH_WORKER_PROCESSES; i++) {
        mib[i] = (double)bench_worker_pss(&worker, i) / (1 << 20);
        sum += mib[i];
    }
    bench_worker_stop(&worker);
    bench_figure("idle-memory", sum, 40, sum / 40, "MiB",
        "PSS of supervisor %.1f, keeper %.1f, gateway %.1f, re-encryptor %.1f; want < 40", mib[0], mib[1],
        mib[2], mib[3]);
    return 0;
}
