/* Ed25519: RFC 8032 7.1 tests 1 and 2, each byte altered, malleable s, bytes that are no point. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/err.h>

#include "base/crypto/ed25519.h"

static void check(const char *seed_hex, const char *pub_hex, struct ak_span message, const char *sig_hex)
{
    struct ak_secret32 seed;
    uint8_t pub[32], sig[64];
    hex_to(seed_hex, seed.bytes, 32);
    assert_int_equal(ak_ed25519_pub(&seed, pub), AK_OK);
    assert_hex(pub, 32, pub_hex);
    assert_int_equal(ak_ed25519_sign(&seed, message, sig), AK_OK);
    assert_hex(sig, 64, sig_hex);
    assert_int_equal(ak_ed25519_verify(pub, message, sig), AK_OK);
}

static void rfc8032_tests(void **state)
{
    (void)state;
    check("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", AK_SPAN_EMPTY,
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    check("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", AK_SPAN_LIT("\x72"),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

static void each_altered_byte_is_refused(void **state)
{
    (void)state;
    struct ak_secret32 seed = {{7}};
    uint8_t pub[32], sig[64], message[5] = {1, 2, 3, 4, 5};
    assert_int_equal(ak_ed25519_pub(&seed, pub), AK_OK);
    assert_int_equal(ak_ed25519_sign(&seed, AK_SPAN_ARR(message), sig), AK_OK);
    uint8_t *const fields[] = {pub, sig, message};
    const size_t lens[] = {32, 64, 5};
    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < lens[f]; i++) {
            fields[f][i] ^= 1;
            assert_int_equal(ak_ed25519_verify(pub, AK_SPAN_ARR(message), sig), AK_E_AUTH);
            fields[f][i] ^= 1;
        }
    }
    assert_int_equal(ak_ed25519_verify(pub, AK_SPAN_ARR(message), sig), AK_OK);
    assert_int_equal(ak_ed25519_verify(pub, ak_span(message, 4), sig), AK_E_AUTH);
    assert_int_equal(ERR_peek_error(), 0);
}

static void s_plus_the_order_is_refused(void **state)
{
    (void)state;
    struct ak_secret32 seed = {{8}};
    uint8_t pub[32], sig[64], order[32];
    hex_to("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", order, 32);
    assert_int_equal(ak_ed25519_pub(&seed, pub), AK_OK);
    assert_int_equal(ak_ed25519_sign(&seed, AK_SPAN_EMPTY, sig), AK_OK);
    unsigned int carry = 0;
    for (int i = 0; i < 32; i++) {
        carry += (unsigned int)sig[32 + i] + order[i];
        sig[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(ak_ed25519_verify(pub, AK_SPAN_EMPTY, sig), AK_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc8032_tests),
        cmocka_unit_test(each_altered_byte_is_refused), cmocka_unit_test(s_plus_the_order_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
