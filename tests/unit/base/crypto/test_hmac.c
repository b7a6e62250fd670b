/* HMAC: RFC 4231 cases, every key length around the block size against libcrypto, kept keys. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/hmac.h>

#include "base/crypto/hmac.h"

static void rfc4231_case_2(void **state)
{
    (void)state;
    uint8_t mac[64];
    struct ak_span parts[] = {AK_SPAN_LIT("what do ya want "), AK_SPAN_LIT("for nothing?")};
    ak_hmac_sha256(AK_SPAN_LIT("Jefe"), parts, 2, mac);
    assert_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    ak_hmac_sha512(AK_SPAN_LIT("Jefe"), parts, 2, mac);
    assert_hex(mac, 64,
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

static void rfc4231_case_6_long_key(void **state)
{
    (void)state;
    uint8_t key[131], mac[64];
    memset(key, 0xaa, sizeof key);
    struct ak_span text = AK_SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
    ak_hmac_sha256(AK_SPAN_ARR(key), &text, 1, mac);
    assert_hex(mac, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    ak_hmac_sha512(AK_SPAN_ARR(key), &text, 1, mac);
    assert_hex(mac, 64,
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

static void equals_libcrypto_at_every_length(void **state)
{
    (void)state;
    uint8_t bytes[300], mac[64], expected[64];
    uint64_t seed = 2;
    fill(&seed, bytes, sizeof bytes);
    for (int len = 0; len <= 140; len++) {
        struct ak_span text = ak_span(bytes + 140, (size_t)len);
        ak_hmac_sha256(ak_span(bytes, (size_t)len), &text, 1, mac);
        assert_non_null(HMAC(EVP_sha256(), bytes, len, text.ptr, text.len, expected, NULL));
        assert_memory_equal(mac, expected, 32);
        ak_hmac_sha512(ak_span(bytes, (size_t)len), &text, 1, mac);
        assert_non_null(HMAC(EVP_sha512(), bytes, len, text.ptr, text.len, expected, NULL));
        assert_memory_equal(mac, expected, 64);
    }
}

static void kept_key_gives_the_same_again_and_again(void **state)
{
    (void)state;
    uint8_t secret[40], mac[32], expected[32];
    uint64_t seed = 3;
    fill(&seed, secret, sizeof secret);
    struct ak_hmac_key key, copy;
    assert_int_equal(ak_hmac_key_open(&key, AK_SPAN_ARR(secret)), AK_OK);
    copy = key;
    for (size_t len = 0; len <= sizeof secret; len++) {
        struct ak_span text = ak_span(secret, len);
        ak_hmac_key_mac(&key, &text, 1, mac);
        ak_hmac_sha256(AK_SPAN_ARR(secret), &text, 1, expected);
        assert_memory_equal(mac, expected, 32);
    }
    assert_memory_equal(&key, &copy, sizeof key);
    ak_hmac_key_close(&copy);
    ak_hmac_key_close(&key);
    assert_zero(&key, sizeof key); /* I2 */
    ak_hmac_key_close(&key);
}

static void output_may_overlap_input(void **state)
{
    (void)state;
    uint8_t bytes[64], expected[64];
    uint64_t seed = 4;
    fill(&seed, bytes, sizeof bytes);
    struct ak_span all = AK_SPAN_ARR(bytes);
    ak_hmac_sha512(all, &all, 1, expected);
    ak_hmac_sha512(all, &all, 1, bytes);
    assert_memory_equal(bytes, expected, 64);
    ak_hmac_sha256(all, &all, 1, expected);
    ak_hmac_sha256(all, &all, 1, bytes);
    assert_memory_equal(bytes, expected, 32);
}

static void each_byte_of_key_and_text_counts(void **state)
{
    (void)state;
    uint8_t bytes[96] = {0}, first[64], mac[64];
    struct ak_span key = ak_span(bytes, 48), text = ak_span(bytes + 48, 48);
    ak_hmac_sha512(key, &text, 1, first);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 0x80;
        ak_hmac_sha512(key, &text, 1, mac);
        assert_memory_not_equal(mac, first, 64);
        bytes[i] ^= 0x80;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc4231_case_2),
        cmocka_unit_test(rfc4231_case_6_long_key), cmocka_unit_test(equals_libcrypto_at_every_length),
        cmocka_unit_test(kept_key_gives_the_same_again_and_again), cmocka_unit_test(output_may_overlap_input),
        cmocka_unit_test(each_byte_of_key_and_text_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
