/* ES256: the key and signature of RFC 6979 A.2.5, each byte altered, points off the curve, failed opens. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/crypto/p256.h"
#include "base/crypto/sha256.h"

static const char scalar_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char pub_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char sig_hex[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                              "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static struct ak_secret32 rfc_scalar(void)
{
    struct ak_secret32 s;
    hex_to(scalar_hex, s.bytes, 32);
    return s;
}

static struct ak_p256_pub rfc_pub(void)
{
    struct ak_p256_pub pub;
    hex_to(pub_hex, pub.xy, 64);
    return pub;
}

static void public_key_of_rfc6979(void **state)
{
    (void)state;
    struct ak_secret32 s = rfc_scalar();
    struct ak_p256_pub pub;
    assert_int_equal(ak_p256_pub_from_scalar(&s, &pub), AK_OK);
    assert_hex(pub.xy, 64, pub_hex);
    assert_int_equal(ak_p256_pub_validate(&pub), AK_OK);
}

static void signature_of_rfc6979_and_each_altered_byte(void **state)
{
    (void)state;
    struct ak_p256_pub pub = rfc_pub();
    uint8_t sig[64], text[] = {'s', 'a', 'm', 'p', 'l', 'e'};
    hex_to(sig_hex, sig, 64);
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_ARR(text), sig), AK_OK);
    for (size_t i = 0; i < 64; i++) {
        sig[i] ^= 1;
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_ARR(text), sig), AK_E_AUTH);
        sig[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] ^= 1;
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_ARR(text), sig), AK_E_AUTH);
        text[i] ^= 1;
    }
    for (size_t i = 0; i < 64; i++) {
        pub.xy[i] ^= 1;
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_ARR(text), sig), AK_E_MEANING);
        assert_int_equal(ak_p256_pub_validate(&pub), AK_E_MEANING);
        pub.xy[i] ^= 1;
    }
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_ARR(text), sig), AK_OK);
}

static void signer_signs_many_times(void **state)
{
    (void)state;
    struct ak_secret32 s = rfc_scalar();
    struct ak_p256_pub pub = rfc_pub();
    struct ak_p256_signer signer;
    uint8_t message[64], sig[64];
    uint64_t seed = 9;
    fill(&seed, message, sizeof message);
    assert_int_equal(ak_p256_signer_open(&signer, &s), AK_OK);
    for (size_t len = 0; len <= sizeof message; len++) {
        assert_int_equal(ak_p256_sign(&signer, ak_span(message, len), sig), AK_OK);
        assert_int_equal(ak_p256_verify(&pub, ak_span(message, len), sig), AK_OK);
        assert_int_equal(ak_p256_verify(&pub, ak_span(message, len == 0 ? 1 : len - 1), sig), AK_E_AUTH);
    }
    ak_p256_signer_close(&signer);
    assert_null(signer.key);
    assert_null(signer.pair);
    ak_p256_signer_close(&signer);
}

/* Both SHA-256 signatures of RFC 6979 A.2.5, byte for byte, and that others verify. */
static void fixed_signatures_are_those_of_rfc6979(void **state)
{
    (void)state;
    static const char test_sig_hex[] = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                                       "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
    struct ak_secret32 s = rfc_scalar();
    struct ak_p256_pub pub = rfc_pub();
    uint8_t sig[64], again[64], message[48];
    uint64_t seed = 12;
    assert_int_equal(ak_p256_sign_fixed(&s, AK_SPAN_LIT("sample"), sig), AK_OK);
    assert_hex(sig, 64, sig_hex);
    assert_int_equal(ak_p256_sign_fixed(&s, AK_SPAN_LIT("test"), sig), AK_OK);
    assert_hex(sig, 64, test_sig_hex);
    for (size_t len = 0; len <= sizeof message; len++) {
        fill(&seed, message, sizeof message);
        assert_int_equal(ak_p256_sign_fixed(&s, ak_span(message, len), sig), AK_OK);
        assert_int_equal(ak_p256_verify(&pub, ak_span(message, len), sig), AK_OK);
        assert_int_equal(ak_p256_sign_fixed(&s, ak_span(message, len), again), AK_OK);
        assert_memory_equal(sig, again, 64);
    }
    for (int i = 0; i < 2; i++) {
        memset(s.bytes, 0, 32);
        if (i) hex_to(order_hex, s.bytes, 32);
        memset(sig, 1, 64);
        assert_int_equal(ak_p256_sign_fixed(&s, AK_SPAN_EMPTY, sig), AK_E_MEANING);
        assert_zero(sig, 64);
    }
}

static void a_digest_is_signed_as_its_message(void **state)
{
    (void)state;
    struct ak_secret32 s = rfc_scalar();
    struct ak_p256_pub pub = rfc_pub();
    struct ak_p256_signer signer;
    uint8_t digest[32], sig[64];
    ak_sha256(AK_SPAN_LIT("sample"), digest);
    assert_int_equal(ak_p256_signer_open(&signer, &s), AK_OK);
    assert_int_equal(ak_p256_sign_digest(&signer, digest, sig), AK_OK);
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_LIT("sample"), sig), AK_OK);
    digest[31] ^= 1;
    assert_int_equal(ak_p256_sign_digest(&signer, digest, sig), AK_OK);
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_LIT("sample"), sig), AK_E_AUTH);
    ak_p256_signer_close(&signer);
}

static void scalars_out_of_range_open_nothing(void **state)
{
    (void)state;
    struct ak_secret32 s = {{0}};
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    for (int i = 0; i < 3; i++) {
        if (i == 1) hex_to(order_hex, s.bytes, 32);
        if (i == 2) memset(s.bytes, 0xff, 32);
        assert_int_equal(ak_p256_signer_open(&signer, &s), AK_E_MEANING);
        assert_zero(&signer, sizeof signer);
        assert_int_equal(ak_p256_pub_from_scalar(&s, &pub), AK_E_MEANING);
        assert_zero(&pub, sizeof pub);
    }
    hex_to(order_hex, s.bytes, 32);
    s.bytes[31]--;
    assert_int_equal(ak_p256_pub_from_scalar(&s, &pub), AK_OK);
    assert_int_equal(ak_p256_signer_open(&signer, &s), AK_OK);
    ak_p256_signer_close(&signer);
}

static void r_and_s_out_of_range_are_refused(void **state)
{
    (void)state;
    struct ak_p256_pub pub = rfc_pub();
    for (size_t at = 0; at < 64; at += 32) {
        uint8_t sig[64];
        hex_to(sig_hex, sig, 64);
        memset(sig + at, 0, 32);
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_LIT("sample"), sig), AK_E_AUTH);
        hex_to(order_hex, sig + at, 32);
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_LIT("sample"), sig), AK_E_AUTH);
        memset(sig + at, 0xff, 32);
        assert_int_equal(ak_p256_verify(&pub, AK_SPAN_LIT("sample"), sig), AK_E_AUTH);
    }
}

static void refused_points_and_the_error_queue(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    uint8_t sig[64] = {1};
    memset(&pub, 0, sizeof pub);
    assert_int_equal(ak_p256_pub_validate(&pub), AK_E_MEANING);
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_EMPTY, sig), AK_E_MEANING);
    memset(&pub, 0xff, sizeof pub); /* coordinates beyond the field */
    assert_int_equal(ak_p256_pub_validate(&pub), AK_E_MEANING);
    assert_int_equal(ak_p256_verify(&pub, AK_SPAN_EMPTY, sig), AK_E_MEANING);
    assert_int_equal(ERR_peek_error(), 0);
}

static void spki_is_what_openssl_reads(void **state)
{
    (void)state;
    struct ak_p256_pub pub = rfc_pub();
    uint8_t der[91], point[65];
    size_t len = 0;
    ak_p256_pub_spki(&pub, der);
    const unsigned char *p = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, sizeof der);
    assert_non_null(key);
    assert_ptr_equal(p, der + sizeof der);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &len), 1);
    assert_int_equal(len, 65);
    assert_memory_equal(point + 1, pub.xy, 64);
    unsigned char *again = NULL;
    assert_int_equal(i2d_PUBKEY(key, &again), 91);
    assert_memory_equal(again, der, 91);
    OPENSSL_free(again);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(public_key_of_rfc6979),
        cmocka_unit_test(signature_of_rfc6979_and_each_altered_byte),
        cmocka_unit_test(fixed_signatures_are_those_of_rfc6979),
        cmocka_unit_test(a_digest_is_signed_as_its_message), cmocka_unit_test(signer_signs_many_times),
        cmocka_unit_test(scalars_out_of_range_open_nothing),
        cmocka_unit_test(r_and_s_out_of_range_are_refused),
        cmocka_unit_test(refused_points_and_the_error_queue), cmocka_unit_test(spki_is_what_openssl_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
