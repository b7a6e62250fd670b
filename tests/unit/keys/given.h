/* Published values of one account (suite ak1), typed in so that a clone without the shared vectors tests
 * them. */
#ifndef AK_TESTS_UNIT_KEYS_GIVEN_H
#define AK_TESTS_UNIT_KEYS_GIVEN_H

#include "unit/check.h"

#include "base/codec/hex.h"
#include "core/keys/derive.h"

#define GIVEN_MSK        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define GIVEN_OMNI       "c420ac69e33cd22a6e6bdcba9bccd9e90d4a2e645b2527f150df0a0753017fd8"
#define GIVEN_USER       "0e52cbcd0903b17f4a2e70025a8c09deefcf510d1712aea58886be4de66d62b0"
#define GIVEN_CHAIN_CODE "d9a779374d1f69e3c576c14f95717052b704a9d7a553a8f56c11ec640fd12e45"
#define GIVEN_AGENT_1_0  "bf4f5d47cf969346d21ac589ac160991a5b23fe297074b834c6dfc4ca7c3fac2"
#define GIVEN_AGENT_1_1  "78cea8994d4d9685d0038c3942f2933034eb23c26a331d615a4cb073dba78031"

static inline void given_bytes(const char *hex, uint8_t *out_bytes, size_t len)
{
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(hex), out_bytes, len), AK_OK);
}

static inline void given_root(struct ak_root *root, enum ak_suite suite, enum ak_root_origin origin)
{
    struct ak_secret32 msk;
    given_bytes(GIVEN_MSK, msk.bytes, 32);
    assert_int_equal(ak_root_open(root, 1, suite, origin, &msk), AK_OK);
}

static inline void assert_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    uint8_t memory[160];
    struct ak_buf hex = AK_BUF_ARR(memory);
    ak_hex_encode(&hex, ak_span(bytes, len));
    assert_int_equal(ak_buf_terminate(&hex), AK_OK);
    assert_string_equal((const char *)memory, expected);
}

#endif
