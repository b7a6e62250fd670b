/* start-tpm: from the start of a worker whose state is sealed to a software TPM until it is ready, against
 * the software backend. sign-with-tpm: CPU of the whole worker a signature with the TPM, against the software
 * backend; both under the same load in turns, so that what the machine does meanwhile falls out. The TPM's
 * own CPU is not counted: a chip has its own. usage: tpm BUILD [FOLDER [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>

#include "bench/common/bench.h"
#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/tpm.h"
#include "bench/common/worker.h"

enum { CONNECTIONS = 32, ROUNDS = 9, STARTS = 5 };
static const double warm_s = 1, round_s = 2;

struct side {
    const char *tee;
    struct bench_worker worker;
    struct bench_fleet fleet;
    struct bench_load *load;
    struct bench_sample start, cpu;
};

static struct side sides[] = {{.tee = "software"}, {.tee = "tpm2"}};
static char tcti[600];
static struct bench_sample ratio;

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

static void use(const struct side *side)
{
    bench_must(
        setenv("AGENTKEYS_TEE", side->tee, 1) == 0 && setenv("AGENTKEYS_TEE_TCTI", tcti, 1) == 0, "setenv");
}

static void open_side(struct side *side, const char *build, const char *parent)
{
    const char *const args[] = {"--agent-token-lifetime=1h", NULL};
    use(side);
    bench_worker_init(&side->worker, build, bench_folder(parent));
    bench_worker_create(&side->worker);
    for (unsigned i = 0; i < STARTS; i++) {
        if (i) bench_worker_stop(&side->worker);
        bench_worker_start(&side->worker, args);
        bench_add(&side->start, (double)side->worker.ready_ns / 1e6);
    }
    bench_fleet_open(&side->fleet, &side->worker, CONNECTIONS);
    side->load = bench_load_open(side->worker.tcp.origin, CONNECTIONS, put_request, put_first, side);
    (void)bench_load_run(side->load, warm_s);
}

static double round_of(struct side *side)
{
    uint64_t before = bench_worker_cpu_ns(&side->worker);
    struct bench_load_result result = bench_load_run(side->load, round_s);
    double used = (double)(bench_worker_cpu_ns(&side->worker) - before) / 1000 / (double)result.answers;
    bench_add(&side->cpu, used);
    return used;
}

static void report(void)
{
    double start = bench_median(&sides[1].start), reference = bench_median(&sides[0].start);
    bench_figure("start-tpm", start, reference, start / reference, "ms",
        "ready with state sealed to swtpm, against the software backend; %d starts, %.0f to %.0f ms; want "
        "under 1000",
        STARTS, bench_least(&sides[1].start), bench_most(&sides[1].start));
    double middle = bench_median(&ratio);
    bench_figure("sign-with-tpm", bench_median(&sides[1].cpu), bench_median(&sides[0].cpu), middle,
        "us CPU/signature",
        "tpm2 against software backend, %d connections, %zu rounds, ratio %.3f to %.3f; want <= 1.03",
        CONNECTIONS, ratio.count, bench_least(&ratio), bench_most(&ratio));
}

int main(int argc, char **argv)
{
    bench_name("tpm");
    bench_must(argc > 1, "usage: tpm BUILD [FOLDER [ROUNDS]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    pid_t tpm = bench_tpm_start(bench_folder(parent), tcti, sizeof tcti);
    if (tpm < 0) {
        bench_skip("start-tpm", "swtpm is not here: scripts/setup-dev-env.sh --with tpm");
        bench_skip("sign-with-tpm", "swtpm is not here: scripts/setup-dev-env.sh --with tpm");
        return 0;
    }
    for (size_t i = 0; i < AK_COUNT(sides); i++) open_side(&sides[i], argv[1], parent);
    for (long round = 0; round < rounds; round++) {
        double software = round_of(&sides[0]);
        bench_add(&ratio, round_of(&sides[1]) / software);
    }
    report();
    for (size_t i = 0; i < AK_COUNT(sides); i++) {
        bench_load_close(sides[i].load);
        bench_fleet_close(&sides[i].fleet);
        bench_worker_stop(&sides[i].worker);
    }
    bench_end(tpm);
    return 0;
}
