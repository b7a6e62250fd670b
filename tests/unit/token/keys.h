/* Fixed P-256 keys and helpers for token tests. The scalars are for tests only. */
#ifndef AK_TESTS_UNIT_TOKEN_KEYS_H
#define AK_TESTS_UNIT_TOKEN_KEYS_H

#include "base/codec/base64.h"
#include "base/crypto/p256.h"
#include "unit/check.h"

#define TEST_NOW_S UINT64_C(1767225600)

/* For initialisers of static objects, where AK_SPAN_LIT's compound literal is not taken. */
#define TEST_SPAN(s)                                                                                         \
    {                                                                                                        \
        (const uint8_t *)(s), sizeof(s) - 1                                                                  \
    }

struct test_key {
    struct ak_p256_pub pub;
    struct ak_p256_signer signer;
};

static inline struct test_key test_key(uint8_t fill)
{
    struct ak_secret32 scalar;
    memset(scalar.bytes, fill, sizeof scalar.bytes);
    struct test_key key;
    assert_int_equal(ak_p256_pub_from_scalar(&scalar, &key.pub), AK_OK);
    assert_int_equal(ak_p256_signer_open(&key.signer, &scalar), AK_OK);
    return key;
}

/* A compact JWS over any header and payload: what a forger with a key could send. */
static inline struct ak_span test_jws(
    struct test_key *key, struct ak_span header, struct ak_span payload, char *out, size_t cap)
{
    struct ak_buf buf = ak_buf(out, cap);
    ak_base64url_encode(&buf, header);
    ak_buf_put_u8(&buf, '.');
    ak_base64url_encode(&buf, payload);
    uint8_t sig[64];
    assert_int_equal(ak_p256_sign(&key->signer, ak_buf_span(&buf), sig), AK_OK);
    ak_buf_put_u8(&buf, '.');
    ak_base64url_encode(&buf, AK_SPAN_ARR(sig));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    return ak_buf_span(&buf);
}

#endif
