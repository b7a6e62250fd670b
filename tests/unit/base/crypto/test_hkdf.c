/* HKDF: RFC 5869 A.1, output lengths around blocks and the limit, kept extract step. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/hkdf.h"

static void rfc5869_a1(void **state)
{
    (void)state;
    uint8_t ikm[22], salt[13], info[10], okm[42];
    memset(ikm, 0x0b, sizeof ikm);
    for (uint8_t i = 0; i < sizeof salt; i++) salt[i] = i;
    for (uint8_t i = 0; i < sizeof info; i++) info[i] = (uint8_t)(0xf0 + i);
    assert_int_equal(
        ak_hkdf_sha256(AK_SPAN_ARR(ikm), AK_SPAN_ARR(salt), AK_SPAN_ARR(info), okm, sizeof okm), AK_OK);
    assert_hex(okm, sizeof okm,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

static void lengths_are_prefixes_of_each_other(void **state)
{
    (void)state;
    uint8_t full[AK_HKDF_OKM_MAX], okm[AK_HKDF_OKM_MAX + 1];
    struct ak_span ikm = AK_SPAN_LIT("key material"), info = AK_SPAN_LIT("info");
    assert_int_equal(ak_hkdf_sha256(ikm, AK_SPAN_EMPTY, info, full, sizeof full), AK_OK);
    const size_t lens[] = {0, 1, 31, 32, 33, 63, 64, 65, AK_HKDF_OKM_MAX - 1, AK_HKDF_OKM_MAX};
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        memset(okm, 0xa5, sizeof okm);
        assert_int_equal(ak_hkdf_sha256(ikm, AK_SPAN_EMPTY, info, okm, lens[i]), AK_OK);
        assert_memory_equal(okm, full, lens[i]);
        assert_int_equal(okm[lens[i]], 0xa5);
    }
}

static void one_byte_too_many_is_refused_and_zeroed(void **state)
{
    (void)state;
    uint8_t okm[AK_HKDF_OKM_MAX + 1];
    memset(okm, 0xa5, sizeof okm);
    assert_int_equal(
        ak_hkdf_sha256(AK_SPAN_LIT("k"), AK_SPAN_EMPTY, AK_SPAN_EMPTY, okm, sizeof okm), AK_E_LIMIT);
    assert_zero(okm, sizeof okm);
    struct ak_hmac_key prk;
    assert_int_equal(ak_hkdf_sha256_extract(&prk, AK_SPAN_LIT("k"), AK_SPAN_EMPTY), AK_OK);
    memset(okm, 0xa5, sizeof okm);
    assert_int_equal(ak_hkdf_sha256_expand(&prk, AK_SPAN_EMPTY, okm, sizeof okm), AK_E_LIMIT);
    assert_zero(okm, sizeof okm);
    ak_hmac_key_close(&prk);
}

static void kept_extract_gives_the_same(void **state)
{
    (void)state;
    struct ak_hmac_key prk;
    uint8_t okm[80], expected[80];
    struct ak_span ikm = AK_SPAN_LIT("ikm"), salt = AK_SPAN_LIT("salt");
    assert_int_equal(ak_hkdf_sha256_extract(&prk, ikm, salt), AK_OK);
    for (size_t len = 0; len <= sizeof okm; len += 16) {
        struct ak_span info = ak_span("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                      "0123456789abcdef",
            len);
        assert_int_equal(ak_hkdf_sha256_expand(&prk, info, okm, sizeof okm), AK_OK);
        assert_int_equal(ak_hkdf_sha256(ikm, salt, info, expected, sizeof expected), AK_OK);
        assert_memory_equal(okm, expected, sizeof okm);
    }
    ak_hmac_key_close(&prk);
}

static void ikm_salt_and_info_are_apart(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    struct ak_span x = AK_SPAN_LIT("x"), y = AK_SPAN_LIT("y"), z = AK_SPAN_LIT("z");
    assert_int_equal(ak_hkdf_sha256(x, y, z, a, 32), AK_OK);
    assert_int_equal(ak_hkdf_sha256(y, x, z, b, 32), AK_OK);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(ak_hkdf_sha256(x, y, x, b, 32), AK_OK);
    assert_memory_not_equal(a, b, 32);
}

/* An absent salt is a block of zeros: RFC 5869 2.2. */
static void empty_salt_equals_32_zeros(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, a[64], b[64];
    struct ak_span x = AK_SPAN_LIT("x");
    assert_int_equal(ak_hkdf_sha256(x, AK_SPAN_EMPTY, x, a, 64), AK_OK);
    assert_int_equal(ak_hkdf_sha256(x, AK_SPAN_ARR(zeros), x, b, 64), AK_OK);
    assert_memory_equal(a, b, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc5869_a1),
        cmocka_unit_test(lengths_are_prefixes_of_each_other),
        cmocka_unit_test(one_byte_too_many_is_refused_and_zeroed),
        cmocka_unit_test(kept_extract_gives_the_same), cmocka_unit_test(ikm_salt_and_info_are_apart),
        cmocka_unit_test(empty_salt_equals_32_zeros)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
