/* The certificate: OpenSSL reads and verifies it, its bytes are always the same, each limit of its parts. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/bn.h>
#include <openssl/x509.h>

#include "base/crypto/p256_cert.h"

static struct ak_secret32 scalar_of(uint8_t byte)
{
    struct ak_secret32 s;
    memset(s.bytes, byte, sizeof s.bytes);
    return s;
}

static size_t make(
    const struct ak_secret32 *s, const char *name, uint32_t serial, uint8_t out[AK_P256_CERT_MAX])
{
    struct ak_buf buf = ak_buf(out, AK_P256_CERT_MAX);
    assert_int_equal(ak_p256_cert_put(&buf, s, name, serial), AK_OK);
    return buf.len;
}

static void check(uint8_t key_byte, const char *name, uint32_t serial)
{
    uint8_t der[AK_P256_CERT_MAX], spki[91];
    char text[64];
    struct ak_secret32 s = scalar_of(key_byte);
    struct ak_p256_pub pub;
    size_t len = make(&s, name, serial, der);
    const unsigned char *at = der;
    X509 *cert = d2i_X509(NULL, &at, (long)len);
    assert_non_null(cert);
    assert_ptr_equal(at, der + len);
    EVP_PKEY *key = X509_get0_pubkey(cert);
    assert_non_null(key);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(X509_get_version(cert), 2);
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)), 0);
    assert_true(
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text, sizeof text) > 0);
    assert_string_equal(text, name);
    uint64_t number = 0;
    assert_int_equal(ASN1_INTEGER_get_uint64(&number, X509_get0_serialNumber(cert)), 1);
    assert_int_equal(number, serial);
    assert_true(X509_cmp_current_time(X509_get0_notBefore(cert)) < 0);
    assert_true(X509_cmp_current_time(X509_get0_notAfter(cert)) > 0);
    assert_int_equal(ak_p256_pub_from_scalar(&s, &pub), AK_OK);
    ak_p256_pub_spki(&pub, spki);
    unsigned char *again = NULL;
    assert_int_equal(i2d_PUBKEY(key, &again), 91);
    assert_memory_equal(again, spki, 91);
    OPENSSL_free(again);
    unsigned char *whole = NULL; /* encoded anew it is the same: the DER is canonical */
    X509_free(cert);
    at = der;
    cert = d2i_X509(NULL, &at, (long)len);
    assert_int_equal(i2d_X509(cert, &whole), (int)len);
    assert_memory_equal(whole, der, len);
    OPENSSL_free(whole);
    X509_free(cert);
}

static void openssl_reads_and_verifies_it(void **state)
{
    (void)state;
    static const uint32_t serials[] = {0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 8388607, 8388608,
        16777216, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < AK_COUNT(serials); i++) check((uint8_t)(i + 1), "agentkeys-oidc", serials[i]);
    check(7, "x", 1);
    check(7, "01234567890123456789012345678901", UINT32_MAX);
}

static void the_same_at_every_start(void **state)
{
    (void)state;
    uint8_t first[AK_P256_CERT_MAX], second[AK_P256_CERT_MAX];
    struct ak_secret32 s = scalar_of(9), other = scalar_of(10);
    size_t len = make(&s, "agentkeys-oidc", 1, first);
    assert_int_equal(make(&s, "agentkeys-oidc", 1, second), len);
    assert_memory_equal(first, second, len);
    size_t other_len = make(&other, "agentkeys-oidc", 1, second);
    assert_false(other_len == len && memcmp(first, second, len) == 0);
    other_len = make(&s, "agentkeys-oidc", 2, second);
    assert_false(other_len == len && memcmp(first, second, len) == 0);
}

static void refuses(void **state)
{
    (void)state;
    uint8_t der[AK_P256_CERT_MAX];
    struct ak_secret32 s = scalar_of(9), zero = scalar_of(0), high = scalar_of(0xff);
    struct ak_buf buf = AK_BUF_ARR(der);
    assert_int_equal(ak_p256_cert_put(&buf, &s, "", 1), AK_E_ARG);
    assert_int_equal(ak_p256_cert_put(&buf, &s, "012345678901234567890123456789012", 1), AK_E_ARG);
    assert_int_equal(ak_p256_cert_put(&buf, &zero, "x", 1), AK_E_MEANING);
    assert_int_equal(ak_p256_cert_put(&buf, &high, "x", 1), AK_E_MEANING);
    assert_int_equal(buf.len, 0);
    size_t len = make(&s, "x", 1, der);
    struct ak_buf exact = ak_buf(der, len), small = ak_buf(der, len - 1);
    assert_int_equal(ak_p256_cert_put(&exact, &s, "x", 1), AK_OK);
    assert_int_equal(ak_p256_cert_put(&small, &s, "x", 1), AK_E_FULL);
    assert_int_equal(small.len, 0);
    assert_false(small.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(openssl_reads_and_verifies_it),
        cmocka_unit_test(the_same_at_every_start), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
