/* attest-connect: CPU of client and worker together for an attested connection (handshake with both keys,
 * question, evidence, verdict), against a plain mutual TLS 1.3 handshake with the same worker by the same
 * libraries. The TPM's own CPU is not counted: a chip has its own. Connections ask at once, as they do where
 * many come, and share a report. usage: attest-connect BUILD [FOLDER [ROUNDS]] */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "bench/common/bench.h"
#include "bench/common/tpm.h"
#include "bench/common/worker.h"
#include "io/client/evidence.h"
#include "io/proc/random.h"

enum { AT_ONCE = 24, ROUNDS = 9, TIMEOUT_MS = 10000, PAUSE_US = 700 * 1000 };

struct side {
    struct ak_client client; /* attests */
    CURL *plain;             /* only shakes hands */
    struct ak_guard guard;   /* of `plain`: shows the certificate */
    struct ak_client_device device;
    pthread_t thread;
    bool attested;
};

static struct side sides[AT_ONCE];
static struct bench_worker worker;
static char tcti[600];
static pthread_barrier_t gate;

/* ---- the two kinds of connections ---- */

static void make_device(struct ak_client_device *device)
{
    struct ak_secret32 scalar;
    uint8_t seed[48];
    ak_random_bytes(seed, sizeof seed);
    bench_must(ak_p256_scalar_from_48(seed, &scalar) == AK_OK &&
                   ak_p256_pub_from_scalar(&scalar, &device->pub) == AK_OK &&
                   ak_p256_signer_open(&device->signer, &scalar) == AK_OK,
        "device key");
}

/* Each request on a connection of its own. */
static bool set_fresh(CURL *curl)
{
    return curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

static void open_side(struct side *side, const uint8_t pin[32])
{
    struct ak_client_evidence *evidence = calloc(1, sizeof *evidence);
    make_device(&side->device);
    bench_must(evidence != NULL, "memory");
    evidence->learn = true;
    bench_must(ak_client_open(&side->client, &worker.tcp, &side->device, pin, TIMEOUT_MS) == AK_OK &&
                   ak_client_demand(&side->client, evidence) == AK_OK && set_fresh(side->client.fetch.curl),
        "client");
    side->plain = curl_easy_init();
    bench_must(
        side->plain != NULL && curl_easy_setopt(side->plain, CURLOPT_URL, worker.tcp.origin) == CURLE_OK &&
            curl_easy_setopt(side->plain, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
            curl_easy_setopt(side->plain, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
            curl_easy_setopt(side->plain, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
            curl_easy_setopt(side->plain, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
            curl_easy_setopt(side->plain, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
            ak_guard_open(&side->guard, side->plain, &side->device) == AK_OK &&
            curl_easy_setopt(side->plain, CURLOPT_PREREQFUNCTION, NULL) == CURLE_OK && set_fresh(side->plain),
        "handshake");
}

static void *connect_one(void *ctx)
{
    struct side *side = ctx;
    struct ak_client_error error;
    (void)pthread_barrier_wait(&gate);
    if (side->attested) {
        bench_must(ak_client_attest(&side->client, &error) == AK_OK, "attested connection");
    } else {
        CURLcode code = curl_easy_perform(side->plain);
        bench_must(code == CURLE_OK, curl_easy_strerror(code));
    }
    return NULL;
}

/* Microseconds of CPU a connection, on both ends. */
static double connect_all(bool attested)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        sides[i].attested = attested;
        bench_must(pthread_create(&sides[i].thread, NULL, connect_one, &sides[i]) == 0, "thread");
    }
    bench_sleep_us(PAUSE_US); /* all wait at the gate; the worker's allowance of handshakes fills up */
    uint64_t before = bench_now_ns(CLOCK_PROCESS_CPUTIME_ID) + bench_worker_cpu_ns(&worker);
    (void)pthread_barrier_wait(&gate);
    for (size_t i = 0; i < AT_ONCE; i++) bench_must(pthread_join(sides[i].thread, NULL) == 0, "join");
    uint64_t after = bench_now_ns(CLOCK_PROCESS_CPUTIME_ID) + bench_worker_cpu_ns(&worker);
    return (double)(after - before) / 1000 / AT_ONCE;
}

int main(int argc, char **argv)
{
    static struct bench_sample ratio, mine, reference;
    const char *const args[] = {"--tls=on", NULL};
    uint8_t pin[32];
    bench_name("attest-connect");
    bench_must(argc > 1, "usage: attest-connect BUILD [FOLDER [ROUNDS]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    const char *folder = bench_folder(parent);
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    pid_t tpm = bench_tpm_start(folder, tcti, sizeof tcti);
    if (tpm < 0) {
        bench_skip("attest-connect", "swtpm is not here: scripts/setup-dev-env.sh --with tpm");
        return 0;
    }
    bench_tpm_measure(tcti);
    bench_must(
        setenv("AGENTKEYS_TEE", "tpm2", 1) == 0 && setenv("AGENTKEYS_TEE_TCTI", tcti, 1) == 0, "setenv");
    bench_worker_init(&worker, argv[1], bench_folder(parent));
    bench_worker_create(&worker);
    bench_worker_start(&worker, args);
    bench_must(ak_fetch_peer_pin(&worker.tcp, TIMEOUT_MS, pin) == AK_OK, "the worker's key");
    bench_must(pthread_barrier_init(&gate, NULL, AT_ONCE + 1) == 0, "barrier");
    for (size_t i = 0; i < AT_ONCE; i++) open_side(&sides[i], pin);
    (void)connect_all(true);
    for (size_t i = 0; i < AT_ONCE; i++) sides[i].client.evidence->learn = false; /* held to it from now on */
    for (long round = 0; round < rounds; round++) {
        double plain = connect_all(false), attested = connect_all(true);
        bench_add(&reference, plain);
        bench_add(&mine, attested);
        bench_add(&ratio, attested / plain);
    }
    double middle = bench_median(&ratio);
    bench_figure("attest-connect", bench_median(&mine), bench_median(&reference), middle, "us CPU/connection",
        "attested against mutual TLS 1.3 handshake, both ends, %d at once share a report, the TPM not "
        "counted; %zu "
        "rounds, ratio %.3f to %.3f; want <= 3",
        AT_ONCE, ratio.count, bench_least(&ratio), bench_most(&ratio));
    for (size_t i = 0; i < AT_ONCE; i++) {
        ak_client_close(&sides[i].client);
        curl_easy_cleanup(sides[i].plain);
        ak_guard_close(&sides[i].guard);
        ak_client_device_close(&sides[i].device);
    }
    bench_worker_stop(&worker);
    bench_end(tpm);
    return 0;
}
