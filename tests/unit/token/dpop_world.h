/* Two devices, the server's nonces, a proof that is good and what a server expects of it. */
#ifndef AK_TESTS_UNIT_TOKEN_DPOP_WORLD_H
#define AK_TESTS_UNIT_TOKEN_DPOP_WORLD_H

#include "base/codec/jose.h"
#include "base/crypto/sha256.h"
#include "core/token/dpop.h"
#include "unit/token/keys.h"

static struct test_key device, stranger;
static struct ak_nonce nonces;
static const struct ak_span origins[] = {
    TEST_SPAN("http://127.0.0.1:8092"), TEST_SPAN("https://worker.example")};
static const uint8_t bh[32] = {0x42, 0x43}, rk[32] = {0x52, 0x4b};

static inline int set_up(void **state)
{
    (void)state;
    struct ak_secret32 key = {{7}};
    device = test_key(0x44);
    stranger = test_key(0x55);
    ak_nonce_init(&nonces, &key, (const uint8_t *)"worker-0000000a", TEST_NOW_S * 1000);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    ak_p256_signer_close(&device.signer);
    ak_p256_signer_close(&stranger.signer);
    return 0;
}

static inline struct ak_dpop_make a_make(void)
{
    return (struct ak_dpop_make){
        .method = AK_SPAN_LIT("POST"),
        .url = AK_SPAN_LIT("http://127.0.0.1:8092/v1/token"),
        .nonce = ak_nonce_text(&nonces),
        .token = AK_SPAN_LIT("a.b.c"),
        .iat = TEST_NOW_S,
        .jti = {1, 2, 3},
    };
}

static inline struct ak_dpop_expect an_expect(void)
{
    return (struct ak_dpop_expect){
        .method = AK_SPAN_LIT("POST"),
        .origins = origins,
        .origin_count = AK_COUNT(origins),
        .path = AK_SPAN_LIT("/v1/token"),
        .token = AK_SPAN_LIT("a.b.c"),
        .now_s = TEST_NOW_S,
    };
}

static inline struct ak_span make(const struct ak_dpop_make *m, char *out)
{
    struct ak_buf buf = ak_buf(out, AK_LIMIT_PROOF);
    assert_int_equal(ak_dpop_make(&buf, &device.signer, &device.pub, m), AK_OK);
    return ak_buf_span(&buf);
}

static inline enum ak_err verify(
    struct ak_span text, const struct ak_dpop_expect *e, struct ak_dpop_proof *out, enum ak_dpop_fault *fault)
{
    memset(out, 0xee, sizeof *out);
    enum ak_err err = ak_dpop_verify(text, e, &nonces, out, fault);
    if (err != AK_OK) {
        static const struct ak_dpop_proof none;
        assert_memory_equal(out, &none, sizeof none);
        assert_int_not_equal(*fault, AK_DPOP_FINE);
    } else {
        assert_int_equal(*fault, AK_DPOP_FINE);
    }
    return err;
}

static inline void expect_fault(struct ak_span text, const struct ak_dpop_expect *e, enum ak_dpop_fault want)
{
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    (void)verify(text, e, &proof, &fault);
    assert_int_equal(fault, want);
}

#endif
