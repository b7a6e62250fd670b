/* siwe-verify: what the keeper does with a wallet's answer, from the message's bytes to a checked signer:
 * decoding, the strict reader, composing its own text anew and comparing, its nonce's MAC, the time, digest,
 * recovery, address, single use. Against the digest and libsecp256k1's recovery alone. CPU time of one
 * thread, in turns. usage: siwe-verify BUILD [ROUNDS] */
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto/k256.h"
#include "bench/common/bench.h"
#include "core/engine/sign_in.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"

enum { ROUNDS = 21, TEXTS = 256, MESSAGE_MAX = 2048 };

struct answer {
    size_t len, text_len;
    uint8_t message[MESSAGE_MAX]; /* wallet-answered as it reaches the keeper */
    uint8_t text[MESSAGE_MAX];
    uint8_t signature[65];
};

static struct answer answers[TEXTS];
static struct ak_engine *engine;
static struct ak_replay_place *places;
static secp256k1_context *context;
static uint8_t address[20];

static void not_random(void *ctx, void *out, size_t len)
{
    static uint8_t next;
    (void)ctx;
    memset(out, ++next, len);
    memcpy(out, &(uint32_t){(uint32_t)next * 7919}, len < 4 ? len : 4);
}

static struct ak_step step_of(unsigned call, struct ak_span body, struct ak_frame_request *request)
{
    *request = (struct ak_frame_request){.call = (uint16_t)call, .body = body};
    struct ak_step step = {.engine = engine, .request = request, .call = ak_call_get(call)};
    memset(step.caller.jkt, 9, sizeof step.caller.jkt);
    return step;
}

static void forget_uses(void)
{
    const uint8_t seed[16] = {1};
    bench_must(ak_replay_init(&engine->challenges, places, AK_ENGINE_SIGN_INS, seed, 0) == AK_OK, "replay");
}

static void open_engine(void)
{
    const uint8_t blind[32] = {3};
    const struct ak_secret32 scalar = {{5}};
    struct ak_k256_point point;
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    engine = calloc(1, sizeof *engine);
    places = calloc((size_t)2 * AK_ENGINE_SIGN_INS, sizeof *places);
    bench_must(context && engine && places && ak_k256_init(blind) == AK_OK, "memory");
    bench_must(ak_k256_point_from_scalar(&scalar, &point) == AK_OK, "key");
    ak_evm_address(&point, address);
    engine->conf.issuer = AK_SPAN_LIT("https://keys.example.org");
    engine->time.logic_ms = 1767225600000;
    engine->hooks.random = not_random;
    memset(&engine->challenge_key, 4, sizeof engine->challenge_key);
    forget_uses();
}

/* A text by the keeper's own composer, signed. */
static void make_answer(struct answer *answer)
{
    const struct ak_secret32 scalar = {{5}};
    struct ak_msg_wallet_started_request start = {.chain_id = 8453};
    struct ak_msg_wallet_started_reply started;
    uint8_t body[256], reply[MESSAGE_MAX], digest[32];
    struct ak_buf asked = AK_BUF_ARR(body), message = AK_BUF_ARR(answer->message);
    struct ak_outcome out = {.body = AK_BUF_ARR(reply)};
    struct ak_frame_request request;
    memcpy(start.address, address, 20);
    bench_must(ak_msg_encode(&ak_wallet_started_request_msg, &start, &asked) == AK_OK, "start");
    struct ak_step step = step_of(AK_CALL_WALLET_STARTED, ak_buf_span(&asked), &request);
    step.out = &out;
    bench_must(ak_call_wallet_started(&step) == AK_CODE_OK, "wallet-started");
    bench_must(ak_msg_decode(&ak_wallet_started_reply_msg, ak_buf_span(&out.body), &started, NULL) == AK_OK,
        "reply");
    answer->text_len = started.siwe_message.len;
    memcpy(answer->text, started.siwe_message.ptr, started.siwe_message.len);
    ak_eip191_digest(ak_span(answer->text, answer->text_len), digest);
    bench_must(ak_k256_sign(digest, &scalar, answer->signature) == AK_OK, "signature");
    struct ak_msg_wallet_answered_request answered = {
        .siwe_message = ak_span(answer->text, answer->text_len)};
    memcpy(answered.signature, answer->signature, 65);
    bench_must(ak_msg_encode(&ak_wallet_answered_request_msg, &answered, &message) == AK_OK, "answer");
    answer->len = message.len;
}

static enum ak_code check(struct answer *answer)
{
    struct ak_msg_wallet_answered_request request;
    struct ak_frame_request frame;
    struct ak_siwe siwe;
    struct ak_step step = step_of(AK_CALL_WALLET_ANSWERED, ak_span(answer->message, answer->len), &frame);
    enum ak_code code = ak_step_read(&step, &request);
    return code ? code : ak_step_check_wallet(&step, request.siwe_message, request.signature, &siwe);
}

/* Microseconds a text, each of them once. */
static double ours_us(void)
{
    forget_uses();
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < TEXTS; i++) bench_must(check(&answers[i]) == AK_CODE_OK, "a good answer");
    double us = (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / TEXTS;
    bench_must(check(&answers[0]) == AK_CODE_ALREADY_CONSUMED, "single use");
    return us;
}

static double raw_us(void)
{
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < TEXTS; i++) {
        uint8_t digest[32];
        secp256k1_ecdsa_recoverable_signature signature;
        secp256k1_pubkey key;
        const struct answer *one = &answers[i];
        ak_eip191_digest(ak_span(one->text, one->text_len), digest);
        bench_must(secp256k1_ecdsa_recoverable_signature_parse_compact(
                       context, &signature, one->signature, one->signature[64]) == 1 &&
                       secp256k1_ecdsa_recover(context, &key, &signature, digest) == 1,
            "recovery");
    }
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / TEXTS;
}

int main(int argc, char **argv)
{
    static struct bench_sample ours, raw, ratio;
    bench_name("siwe-verify");
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS;
    bench_must(rounds > 0, "usage: siwe-verify BUILD [ROUNDS]");
    open_engine();
    for (size_t i = 0; i < TEXTS; i++) make_answer(&answers[i]);
    (void)ours_us();
    for (long i = 0; i < rounds; i++) {
        double one = ours_us(), other = raw_us();
        bench_add(&ours, one);
        bench_add(&raw, other);
        bench_add(&ratio, one / other);
    }
    double median = bench_median(&ratio);
    bench_figure("siwe-verify", bench_median(&ours), bench_median(&raw), median, "us CPU/text",
        "%d texts a round, %zu rounds, ratio %.2f to %.2f; reference: digest and libsecp256k1's recovery; "
        "want <= 2.5",
        TEXTS, ratio.count, bench_least(&ratio), bench_most(&ratio));
    free(places);
    free(engine);
    secp256k1_context_destroy(context);
    return 0;
}
