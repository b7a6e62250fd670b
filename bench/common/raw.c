#include "bench/common/raw.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdatomic.h>
#include <string.h>

#include "base/crypto/k256.h"
#include "bench/common/fleet.h"
#include "core/evm/eip191.h"
#include "core/keys/derive.h"

enum { SLICE = 16, DUTY = 20 };

static secp256k1_context *context;
static struct ak_root root;
static uint8_t anchor[32] = {1};
static const struct ak_span label = {(const uint8_t *)"agent-1", 7};
static struct ak_user_points user;
static struct ak_path_points path;
static secp256k1_pubkey point;
static uint32_t counter;

static pthread_t thread;
static atomic_bool running;
static bool with_verify;
static struct bench_sample slices;

void bench_raw_init(void)
{
    const struct ak_secret32 msk = {{7}};
    const uint8_t blind[32] = {3};
    struct ak_secret32 scalar;
    struct ak_path name;
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    bench_must(context && secp256k1_context_randomize(context, blind) == 1, "libsecp256k1");
    bench_must(ak_k256_init(blind) == AK_OK, "ak_k256_init");
    bench_must(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk) == AK_OK, "root");
    bench_must(ak_keys_user_points(&root, anchor, &user) == AK_OK && ak_path_make(label, 0, &name) == AK_OK &&
                   ak_keys_path_points(&root, anchor, &name, &path) == AK_OK &&
                   ak_keys_agent_scalar(&root, anchor, label, 0, user.user33, path.base33, &scalar) == AK_OK,
        "keys");
    bench_must(secp256k1_ec_pubkey_create(context, &point, scalar.bytes) == 1, "public key");
    bench_raw_sign(true);
}

void bench_raw_sign(bool verify)
{
    char message[256];
    uint8_t digest[32];
    struct ak_secret32 scalar;
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_ecdsa_signature plain;
    size_t len = strlen(bench_message);
    memcpy(message, bench_message, len);
    uint32_t rest = counter++;
    for (size_t i = BENCH_DIGITS; i-- > 0; rest /= 10) message[BENCH_DIGITS_AT + i] = (char)('0' + rest % 10);
    enum ak_err err = ak_keys_agent_scalar(&root, anchor, label, 0, user.user33, path.base33, &scalar);
    ak_eip191_digest(ak_span(message, len), digest);
    bool ok = err == AK_OK &&
              secp256k1_ecdsa_sign_recoverable(context, &signature, digest, scalar.bytes, NULL, NULL) == 1;
    if (ok && verify)
        ok = secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &signature) == 1 &&
             secp256k1_ecdsa_verify(context, &plain, digest, &point) == 1;
    bench_must(ok, "raw signature");
}

static void *run(void *arg)
{
    (void)arg;
    while (atomic_load(&running)) {
        uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < SLICE; i++) bench_raw_sign(with_verify);
        uint64_t took = bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
        bench_add(&slices, (double)took / 1000 / SLICE);
        bench_sleep_us(took / 1000 * (DUTY - 1));
    }
    return NULL;
}

void bench_raw_begin(bool verify)
{
    slices.count = 0;
    with_verify = verify;
    atomic_store(&running, true);
    bench_must(pthread_create(&thread, NULL, run, NULL) == 0, "pthread_create");
}

double bench_raw_end(void)
{
    atomic_store(&running, false);
    bench_must(pthread_join(thread, NULL) == 0, "pthread_join");
    return bench_median(&slices);
}
