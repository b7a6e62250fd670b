/* sign-cpu, sign-cpu-verified: CPU of the whole worker a signature, over HTTP keep-alive with 64 connections,
 * each an approved agent with its token, policy and a durable entry, against raw cryptography measured in the
 * same seconds. Four workers take turns: verification off and on, over loopback TCP and over the Unix socket.
 * usage: sign-cpu BUILD [FOLDER [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>

#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/raw.h"
#include "bench/common/worker.h"

enum { CONNECTIONS = 64, ROUNDS = 7 };
static const double warm_s = 1, round_s = 3;

/* One worker under load, and what was seen of it. */
struct side {
    const char *name;
    const char *limits;
    bool verify;
    bool on_socket;
    struct bench_worker worker;
    struct bench_fleet fleet;
    struct bench_load *load;
    struct bench_sample ratio, ours, raw, rate, parts[BENCH_WORKER_PROCESSES];
};

static struct side sides[] = {
    {.name = "sign-cpu", .verify = false, .limits = "want <= 1.45, goal 1.25"},
    {.name = "sign-cpu-verified", .verify = true, .limits = "want <= 1.22, goal 1.12"},
    {.name = "sign-cpu-socket", .on_socket = true, .limits = "want <= 1.45, goal 1.25"},
    {.name = "sign-cpu-verified-socket",
        .verify = true,
        .on_socket = true,
        .limits = "want <= 1.22, goal 1.12"},
};

static void put(struct side *side, size_t connection, bool proof, struct bench_request *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->bytes);
    bench_fleet_request(&side->fleet, connection, proof, &buf, &out->counter_at);
    out->len = buf.len;
    out->counter_step = 2;
}

static void put_request(void *ctx, size_t connection, struct bench_request *out)
{
    put(ctx, connection, false, out);
}

static void put_first(void *ctx, size_t connection, struct bench_request *out)
{
    put(ctx, connection, true, out);
}

static void open_side(struct side *side, const char *build, const char *parent)
{
    const char *const args[] = {side->verify ? "--verify-before-release=on" : "--verify-before-release=off",
        "--agent-token-lifetime=1h", NULL};
    bench_worker_init(&side->worker, build, bench_folder(parent));
    bench_worker_create(&side->worker);
    bench_worker_start(&side->worker, args);
    bench_fleet_open(&side->fleet, &side->worker, CONNECTIONS);
    const char *where = side->on_socket ? side->worker.socket : side->worker.tcp.origin;
    side->load = bench_load_open(where, CONNECTIONS, put_request, put_first, side);
    (void)bench_load_run(side->load, warm_s);
}

static void round_of(struct side *side)
{
    uint64_t before[BENCH_WORKER_PROCESSES];
    double sum = 0;
    bench_raw_begin(side->verify);
    for (size_t i = 0; i < BENCH_WORKER_PROCESSES; i++)
        before[i] = bench_process_cpu_ns(side->worker.pids[i]);
    struct bench_load_result result = bench_load_run(side->load, round_s);
    for (size_t i = 0; i < BENCH_WORKER_PROCESSES; i++) {
        double used = (double)(bench_process_cpu_ns(side->worker.pids[i]) - before[i]) / 1000;
        bench_add(&side->parts[i], used / (double)result.answers);
        sum += used / (double)result.answers;
    }
    double raw = bench_raw_end();
    bench_add(&side->ours, sum);
    bench_add(&side->raw, raw);
    bench_add(&side->ratio, sum / raw);
    bench_add(&side->rate, (double)result.answers / result.seconds);
}

static void report(struct side *side)
{
    double ratio = bench_median(&side->ratio);
    bench_figure(side->name, bench_median(&side->ours), bench_median(&side->raw), ratio, "us CPU/signature",
        "%d connections over %s, an agent each, %zu rounds, ratio %.3f to %.3f, keeper %.1f gateway %.1f us, "
        "%.0f/s; "
        "%s",
        CONNECTIONS, side->on_socket ? "a Unix socket" : "loopback TCP", side->ratio.count,
        bench_least(&side->ratio), bench_most(&side->ratio), bench_median(&side->parts[1]),
        bench_median(&side->parts[2]), bench_median(&side->rate), side->limits);
}

int main(int argc, char **argv)
{
    bench_name("sign-cpu");
    bench_must(argc > 1, "usage: sign-cpu BUILD [FOLDER [ROUNDS]]");
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    bench_raw_init();
    for (size_t i = 0; i < AK_COUNT(sides); i++)
        open_side(&sides[i], argv[1], argc > 2 ? argv[2] : "/var/tmp");
    for (long round = 0; round < rounds; round++)
        for (size_t i = 0; i < AK_COUNT(sides); i++) round_of(&sides[i]);
    for (size_t i = 0; i < AK_COUNT(sides); i++) {
        report(&sides[i]);
        bench_load_close(sides[i].load);
        bench_fleet_close(&sides[i].fleet);
        bench_worker_stop(&sides[i].worker);
    }
    return 0;
}
