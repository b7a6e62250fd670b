/* credential-read: CPU of the whole worker a read of a 1 KiB credential, over HTTP keep-alive with 64
 * connections, each an approved agent: token, policy, blob, HPKE, a durable entry. Against a request of the
 * same agent whose handler does next to nothing (its own record) plus what cannot be left out: opening the
 * blob, its SHA-256, sealing to the reader. Both in the same seconds, in turns. usage: credential-read BUILD
 * [FOLDER [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec/base64.h"
#include "base/crypto/gcm.h"
#include "base/crypto/hpke.h"
#include "base/crypto/sha256.h"
#include "base/crypto/x25519.h"
#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/worker.h"
#include "core/vault/limits.h"

enum { CONNECTIONS = 64, ROUNDS = 5, VALUE = 1024, RAW_TIMES = 400 };
static const double warm_s = 1, round_s = 2;

struct kind {
    char path[BENCH_AGENTS_MAX][160];
    struct bench_load *load;
    struct bench_sample cpu, rate;
};

static struct bench_worker worker;
static struct bench_fleet fleet;
static struct kind reads, empties;

static void put(struct kind *kind, size_t connection, bool proof, struct bench_request *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->bytes);
    bench_fleet_get(&fleet, connection, kind->path[connection], proof, &buf);
    out->len = buf.len;
}

static void put_request(void *ctx, size_t connection, struct bench_request *out)
{
    put(ctx, connection, false, out);
}

static void put_first(void *ctx, size_t connection, struct bench_request *out)
{
    put(ctx, connection, true, out);
}

static void name_paths(void)
{
    const struct ak_secret32 scalar = {{9, 9}};
    static uint8_t key[32];
    char text[44];
    struct ak_buf buf = AK_BUF_ARR(text);
    bench_must(ak_x25519_pub(&scalar, key) == AK_OK, "key");
    ak_base64url_encode(&buf, AK_SPAN_ARR(key));
    bench_must(ak_buf_terminate(&buf) == AK_OK, "key");
    fleet.reader_key = key;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        (void)snprintf(reads.path[i], sizeof reads.path[i], "/v1/credentials/bench?key=%s", text);
        (void)snprintf(empties.path[i], sizeof empties.path[i], "/v1/agents/%s", fleet.agents[i].label);
    }
}

static void round_of(struct kind *kind)
{
    uint64_t before = bench_worker_cpu_ns(&worker);
    struct bench_load_result result = bench_load_run(kind->load, round_s);
    bench_add(&kind->cpu, (double)(bench_worker_cpu_ns(&worker) - before) / 1000 / (double)result.answers);
    bench_add(&kind->rate, (double)result.answers / result.seconds);
}

/* Microseconds of the operations alone. */
static double raw_us(void)
{
    static uint8_t blob[VALUE + AK_BLOB_OVERHEAD], plain[VALUE + AK_GCM_TAG_LEN],
        sealed[VALUE + AK_HPKE_OVERHEAD];
    static const uint8_t nonce[AK_GCM_NONCE_LEN], aad[128], info[96];
    const struct ak_secret32 key = {{1}}, ephemeral = {{2}}, reader = {{3}};
    uint8_t digest[32], pub[32], enc[32];
    bench_must(ak_gcm_seal(&key, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), blob) == AK_OK &&
                   ak_x25519_pub(&reader, pub) == AK_OK,
        "raw");
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < RAW_TIMES; i++) {
        ak_sha256(AK_SPAN_ARR(blob), digest);
        bool good = ak_gcm_open(&key, nonce, AK_SPAN_ARR(aad), ak_span(blob, VALUE + AK_GCM_TAG_LEN),
                        plain) == AK_OK &&
                    ak_hpke_seal(pub, &ephemeral, AK_SPAN_ARR(info), AK_SPAN_EMPTY, ak_span(plain, VALUE),
                        enc, sealed) == AK_OK;
        bench_must(good, "raw");
    }
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_TIMES;
}

int main(int argc, char **argv)
{
    const char *const args[] = {"--agent-token-lifetime=1h", NULL};
    static struct bench_sample raw, ratio;
    bench_name("credential-read");
    bench_must(argc > 1, "usage: credential-read BUILD [FOLDER [ROUNDS]]");
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    bench_worker_init(&worker, argv[1], bench_folder(argc > 2 ? argv[2] : "/var/tmp"));
    bench_worker_create(&worker);
    bench_worker_start(&worker, args);
    bench_fleet_open(&fleet, &worker, CONNECTIONS);
    bench_fleet_store(&fleet, "bench", VALUE);
    name_paths();
    const char *where = worker.tcp.origin;
    reads.load = bench_load_open(where, CONNECTIONS, put_request, put_first, &reads);
    empties.load = bench_load_open(where, CONNECTIONS, put_request, put_first, &empties);
    (void)bench_load_run(reads.load, warm_s);
    for (long round = 0; round < rounds; round++) {
        round_of(&reads);
        round_of(&empties);
        bench_add(&raw, raw_us());
        size_t last = raw.count - 1;
        bench_add(&ratio, reads.cpu.values[last] / (empties.cpu.values[last] + raw.values[last]));
    }
    double ours = bench_median(&reads.cpu), empty = bench_median(&empties.cpu), alone = bench_median(&raw);
    double median = bench_median(&ratio);
    bench_figure("credential-read", ours, empty + alone, median, "us CPU/read",
        "%d connections, an agent each, 1 KiB, %zu rounds of %.0f s, ratio %.2f to %.2f, %.0f/s; reference: "
        "the agent's own record %.1f us and raw AES-GCM, SHA-256, HPKE seal %.1f us; want <= 1.5",
        CONNECTIONS, reads.cpu.count, round_s, bench_least(&ratio), bench_most(&ratio),
        bench_median(&reads.rate), empty, alone);
    bench_load_close(reads.load);
    bench_load_close(empties.load);
    bench_fleet_close(&fleet);
    bench_worker_stop(&worker);
    return 0;
}
