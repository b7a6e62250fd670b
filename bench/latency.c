/* latency: the median time of a signature over one connection against the median of an empty request
 * (GET /healthz) and the raw cryptography of one signature, all in wall time and in turns. The data folder is
 * in memory, so that no sync is waited for. usage: latency BUILD [FOLDER [ROUNDS]] */
#include <stdlib.h>
#include <string.h>

#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/raw.h"
#include "bench/common/worker.h"

enum { ROUNDS = 15, RAW = 2000 };
static const double round_s = 0.4;

static struct bench_worker worker;
static struct bench_fleet fleet;
static size_t agent; /* each round has its own: one may sign 10000 times a minute */

static void put(bool proof, struct bench_request *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->bytes);
    bench_fleet_request(&fleet, agent, proof, &buf, &out->counter_at);
    out->len = buf.len;
    out->counter_step = 2;
}

static void put_request(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    (void)connection;
    put(false, out);
}

static void put_first(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    (void)connection;
    put(true, out);
}

static void put_empty(void *ctx, size_t connection, struct bench_request *out)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    (void)ctx;
    (void)connection;
    memcpy(out->bytes, text, sizeof text);
    out->len = sizeof text - 1;
}

static double raw_us(void)
{
    static struct bench_sample sample;
    sample.count = 0;
    for (int i = 0; i < RAW; i++) {
        uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
        bench_raw_sign(true);
        bench_add(&sample, (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1000);
    }
    return bench_median(&sample);
}

int main(int argc, char **argv)
{
    static struct bench_sample sign, empty, raw, ratio;
    bench_name("latency");
    bench_must(argc > 1, "usage: latency BUILD [FOLDER [ROUNDS]]");
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    bench_raw_init();
    bench_worker_init(&worker, argv[1], bench_folder(argc > 2 ? argv[2] : "/dev/shm"));
    bench_worker_create(&worker);
    bench_worker_start(&worker, NULL);
    bench_must(rounds > 0, "rounds");
    bench_fleet_open(&fleet, &worker, (size_t)rounds);
    const char *where = worker.tcp.origin;
    struct bench_load *asking = bench_load_open(where, 1, put_empty, NULL, NULL);
    for (; agent < (size_t)rounds; agent++) {
        struct bench_load *signing = bench_load_open(where, 1, put_request, put_first, NULL);
        double signed_us = bench_load_run(signing, round_s).p50_us;
        double empty_us = bench_load_run(asking, round_s).p50_us;
        double one_raw_us = raw_us();
        bench_add(&sign, signed_us);
        bench_add(&empty, empty_us);
        bench_add(&raw, one_raw_us);
        bench_add(&ratio, signed_us / (empty_us + one_raw_us));
        bench_load_close(signing);
    }
    double median = bench_median(&ratio);
    double e = bench_median(&empty), r = bench_median(&raw);
    bench_figure("latency", bench_median(&sign), e + r, median, "us p50",
        "one connection, folder in memory, verified; empty request %.1f + raw %.1f us; %zu rounds, ratio "
        "%.2f to "
        "%.2f; want <= 1.5, goal 1.2",
        e, r, ratio.count, bench_least(&ratio), bench_most(&ratio));
    bench_load_close(asking);
    bench_fleet_close(&fleet);
    bench_worker_stop(&worker);
    return 0;
}
