/* oidc-mint: CPU of the whole worker a token for a cloud, over HTTP keep-alive with 64 connections, an agent
 * and an account each: token, policy, limits, a durable entry. Against one ES256 signature of OpenSSL and the
 * same entry made durable, nothing around them. With a port and a process: tokens a CPU second against that
 * OpenID provider's (bench/oidc-mint-vs-provider starts it), asked by the same client.
 * usage: oidc-mint BUILD [FOLDER [ROUNDS [PORT PID]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/codec/base64.h"
#include "bench/common/durable.h"
#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/worker.h"

enum { CONNECTIONS = 64, ROUNDS = 5, RAW_TIMES = 400, RAW_BATCH = 32 };
enum { SIGNED_LEN = 912 /* header and claims of a mint here */, DER_MAX = 72 };
/* The provider's first seconds are its compiler's: 476 us a token in the first, 240 to 288 later. */
static const double warm_s = 0.5, warm_provider_s = 6, round_s = 1.5;
static const char mint_path[] = "/v1/mint-oidc-jwt";

static struct bench_worker worker;
static struct bench_fleet fleet;
static struct bench_load *mints;

/* ---- the worker ---- */

static void put(size_t connection, bool proof, struct bench_request *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->bytes);
    bench_fleet_post(&fleet, connection, mint_path, AK_SPAN_LIT("{}"), proof, &buf);
    out->len = buf.len;
}

static void put_request(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    put(connection, false, out);
}

static void put_first(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    put(connection, true, out);
}

static void open_worker(const char *build, const char *parent)
{
    const char *const args[] = {"--agent-token-lifetime=1h", "--oidc-mints-per-hour=10000", NULL};
    bench_worker_init(&worker, build, bench_folder(parent));
    bench_worker_create(&worker);
    bench_worker_start(&worker, args);
    bench_fleet_open_apart(&fleet, &worker, CONNECTIONS, "cap:oidc");
    mints = bench_load_open(worker.tcp.origin, CONNECTIONS, put_request, put_first, NULL);
    (void)bench_load_run(mints, warm_s);
}

/* Microseconds a token. */
static double mint_us(void)
{
    uint64_t before = bench_worker_cpu_ns(&worker);
    struct bench_load_result result = bench_load_run(mints, round_s);
    return (double)(bench_worker_cpu_ns(&worker) - before) / 1000 / (double)result.answers;
}

/* ---- raw ---- */

/* A text of a mint's length as any program signs it: OpenSSL's own call for hashing and signing with a key
 * that lies ready. spec: RFC 7518 3.4 */
static void sign_text(EVP_PKEY *key, EVP_MD_CTX *ctx, const uint8_t text[SIGNED_LEN])
{
    uint8_t der[DER_MAX];
    size_t len = sizeof der;
    bench_must(EVP_MD_CTX_reset(ctx) == 1 && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestSign(ctx, der, &len, text, SIGNED_LEN) == 1,
        "signature");
}

static double sign_text_us(void)
{
    static uint8_t text[SIGNED_LEN];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bench_must(key && ctx, "key");
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < RAW_TIMES; i++) {
        text[0] = (uint8_t)i;
        sign_text(key, ctx, text);
    }
    double us = (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_TIMES;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return us;
}

/* The reference: without the hash and OpenSSL's set-up of each signature, the least that its own interface
 * for it costs. */
static double sign_digest_us(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    uint8_t digest[32] = {0}, der[DER_MAX];
    bench_must(ctx && EVP_PKEY_sign_init(ctx) == 1, "key");
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < RAW_TIMES; i++) {
        size_t len = sizeof der;
        digest[0] = (uint8_t)i;
        bench_must(EVP_PKEY_sign(ctx, der, &len, digest, sizeof digest) == 1, "signature");
    }
    double us = (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_TIMES;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return us;
}

/* The entry as the mint of an agent writes it. */
static double entry_us(void)
{
    struct ak_entry entry = {.type = AK_ENTRY_OIDC_MINTED,
        .time_ms = 1767225600000,
        .has_anchor = true,
        .seq = 2,
        .prev_leaf = {1},
        .has_request_id = true,
        .label = AK_SPAN_LIT("agent-1"),
        .audience = AK_SPAN_LIT("sts.amazonaws.com"),
        .nonce = AK_SPAN_LIT("kEWepMt9knR6lWJ6A01234"),
        .expires_at_ms = 1767225900000,
        .valid_until_ms = 1767226800000,
        .tat_us = 1767225600000000,
        .mint_tat_us = 1767225600000000};
    ak_entry_mark(&entry, AK_F_LABEL);
    ak_entry_mark(&entry, AK_F_GENERATION);
    return bench_durable_us(&entry, RAW_BATCH);
}

static void against_raw(long rounds)
{
    static struct bench_sample ours, sign, text, entry, ratio;
    for (long i = 0; i < rounds; i++) {
        double mint = mint_us(), one_sign = sign_digest_us(), one_entry = entry_us();
        bench_add(&text, sign_text_us());
        bench_add(&ours, mint);
        bench_add(&sign, one_sign);
        bench_add(&entry, one_entry);
        bench_add(&ratio, mint / (one_sign + one_entry));
    }
    double s = bench_median(&sign), e = bench_median(&entry), median = bench_median(&ratio);
    bench_figure("oidc-mint", bench_median(&ours), s + e, median, "us CPU/token",
        "%d connections, an agent and an account each, %zu rounds, ratio %.2f to %.2f; reference: ES256 of a "
        "digest %.1f us (of the text, %d bytes: %.1f) and a durable entry in batches of %d %.1f us; want <= "
        "1.6",
        CONNECTIONS, ratio.count, bench_least(&ratio), bench_most(&ratio), s, SIGNED_LEN, bench_median(&text),
        RAW_BATCH, e);
}

/* ---- the provider ---- */

static pid_t provider;
static struct bench_load *grants;

static void put_grant(void *ctx, size_t connection, struct bench_request *out)
{
    static const char body[] = "grant_type=client_credentials&resource=https%3A%2F%2Fsts.example";
    static const char secret[] = "agent:s3cret-s3cret-s3cret-s3cret-s3cret";
    char basic[96];
    struct ak_buf text = AK_BUF_ARR(basic);
    (void)ctx;
    (void)connection;
    ak_base64_encode(&text, ak_span_str(secret));
    bench_must(ak_buf_terminate(&text) == AK_OK, "secret");
    int len = snprintf(out->bytes, sizeof out->bytes,
        "POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %s\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
        basic, strlen(body), body);
    out->len = (size_t)len;
}

static double grant_us(void)
{
    uint64_t before = bench_process_cpu_ns(provider);
    struct bench_load_result result = bench_load_run(grants, round_s);
    return (double)(bench_process_cpu_ns(provider) - before) / 1000 / (double)result.answers;
}

static void against_provider(long rounds, const char *port, const char *pid)
{
    static struct bench_sample ours, theirs, ratio;
    char where[64];
    provider = (pid_t)strtol(pid, NULL, 10);
    (void)snprintf(where, sizeof where, "http://127.0.0.1:%s", port);
    grants = bench_load_open(where, CONNECTIONS, put_grant, NULL, NULL);
    (void)bench_load_run(grants, warm_provider_s);
    for (long i = 0; i < rounds; i++) {
        double mint = mint_us(), grant = grant_us();
        bench_add(&ours, 1e6 / mint);
        bench_add(&theirs, 1e6 / grant);
        bench_add(&ratio, grant / mint);
    }
    double median = bench_median(&ratio);
    bench_figure("oidc-mint-vs-provider", bench_median(&ours), bench_median(&theirs), median, "tokens/CPU s",
        "%d connections each, %zu rounds, ratio %.2f to %.2f, every entry of ours durable; want >= 10",
        CONNECTIONS, ratio.count, bench_least(&ratio), bench_most(&ratio));
    bench_load_close(grants);
}

int main(int argc, char **argv)
{
    bench_name("oidc-mint");
    bench_must(argc > 1, "usage: oidc-mint BUILD [FOLDER [ROUNDS [PORT PID]]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    bench_must(rounds > 0, "rounds");
    open_worker(argv[1], parent);
    bench_durable_init(worker.folder);
    if (argc > 5)
        against_provider(rounds, argv[4], argv[5]);
    else
        against_raw(rounds);
    bench_load_close(mints);
    bench_fleet_close(&fleet);
    bench_worker_stop(&worker);
    return 0;
}
