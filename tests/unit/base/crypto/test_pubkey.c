/* Keys from points, moduli and DER, and signatures of each algorithm: right, of another key, hash or padding,
 * of another length, each byte altered. */
#include "unit/check.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/crypto/pubkey.h"
#include "unit/attest/made.h"

static const struct {
    enum ak_sig_alg alg;
    const char *key;
    bool pss;
    int salt;
} rows[] = {
    {AK_SIG_P256_SHA256, "P-256", false, 0},
    {AK_SIG_P384_SHA384, "P-384", false, 0},
    {AK_SIG_RSA_PKCS1_SHA256, "RSA", false, 0},
    {AK_SIG_RSA_PKCS1_SHA384, "RSA", false, 0},
    {AK_SIG_RSA_PSS_SHA256, "RSA", true, 32},
    {AK_SIG_RSA_PSS_SHA384, "RSA", true, 48},
};

static EVP_PKEY *keys[3]; /* P-256, P-384, RSA */

static int make_keys(void **state)
{
    (void)state;
    keys[0] = made_ec("P-256");
    keys[1] = made_ec("P-384");
    keys[2] = made_rsa(2048);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(keys); i++) EVP_PKEY_free(keys[i]);
    return 0;
}

static EVP_PKEY *key_of(size_t row)
{
    return row < 2 ? keys[row] : keys[2];
}

static enum ak_err from_spki(EVP_PKEY *evp, struct ak_pubkey *out_key)
{
    uint8_t der[1100];
    unsigned char *at = der;
    int len = i2d_PUBKEY(evp, &at);
    assert_true(len > 0 && (size_t)len <= sizeof der);
    return ak_pubkey_from_spki(ak_span(der, (size_t)len), out_key);
}

static size_t rsa_sign(size_t row, struct ak_span message, int salt, uint8_t *out_sig, size_t cap)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    const EVP_MD *md = row % 2 == 0 ? EVP_sha256() : EVP_sha384();
    assert_int_equal(EVP_DigestSignInit(ctx, &inner, md, NULL, keys[2]), 1);
    if (rows[row].pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, out_sig, &cap, message.ptr, message.len), 1);
    EVP_MD_CTX_free(ctx);
    return cap;
}

static struct ak_span sign(size_t row, struct ak_span message, uint8_t sig[256])
{
    size_t half = row == 0 ? 32 : 48;
    if (row >= 2) return ak_span(sig, rsa_sign(row, message, rows[row].salt, sig, 256));
    made_sign(keys[row], message, sig, half);
    return ak_span(sig, 2 * half);
}

static void test_each_algorithm(void **state)
{
    struct ak_span message = AK_SPAN_LIT("message");
    (void)state;
    for (size_t row = 0; row < AK_COUNT(rows); row++) {
        AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
        uint8_t sig[256];
        struct ak_span got = sign(row, message, sig);
        assert_int_equal(from_spki(key_of(row), &key), AK_OK);
        assert_int_equal(ak_pubkey_verify(&key, rows[row].alg, message, got), AK_OK);
        assert_int_equal(ak_pubkey_verify(&key, rows[row].alg, AK_SPAN_LIT("massage"), got), AK_E_AUTH);
        assert_int_equal(
            ak_pubkey_verify(&key, rows[row].alg, message, ak_span(sig, got.len - 1)), AK_E_AUTH);
        assert_int_equal(ak_pubkey_verify(&key, rows[row].alg, message, AK_SPAN_EMPTY), AK_E_AUTH);
        for (size_t other = 0; other < AK_COUNT(rows); other++) {
            enum ak_err err = ak_pubkey_verify(&key, rows[other].alg, message, got);
            if (other != row) assert_int_equal(err, key_of(other) == key_of(row) ? AK_E_AUTH : AK_E_MEANING);
        }
        for (size_t i = 0; i < got.len; i++) {
            sig[i] ^= (uint8_t)(1u << i % 8);
            assert_int_equal(ak_pubkey_verify(&key, rows[row].alg, message, got), AK_E_AUTH);
            sig[i] ^= (uint8_t)(1u << i % 8);
        }
    }
}

/* A salt of another length than the hash is another algorithm. */
static void test_salt(void **state)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    uint8_t sig[256];
    (void)state;
    assert_int_equal(from_spki(keys[2], &key), AK_OK);
    for (int salt = 31; salt <= 33; salt++) {
        size_t len = rsa_sign(4, AK_SPAN_LIT("m"), salt, sig, sizeof sig);
        assert_int_equal(ak_pubkey_verify(&key, AK_SIG_RSA_PSS_SHA256, AK_SPAN_LIT("m"), ak_span(sig, len)),
            salt == 32 ? AK_OK : AK_E_AUTH);
    }
}

static void test_zero_signatures(void **state)
{
    static const uint8_t zeros[96];
    (void)state;
    for (size_t row = 0; row < 2; row++) {
        AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
        assert_int_equal(from_spki(keys[row], &key), AK_OK);
        assert_int_equal(
            ak_pubkey_verify(&key, rows[row].alg, AK_SPAN_EMPTY, ak_span(zeros, row == 0 ? 64 : 96)),
            AK_E_AUTH);
    }
}

static void test_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ak_pubkey key, same;
        uint8_t point[97];
        size_t len = 0;
        assert_int_equal(
            EVP_PKEY_get_octet_string_param(keys[i], OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len), 1);
        assert_int_equal(ak_pubkey_from_point(ak_span(point + 1, len - 1), &key), AK_OK);
        assert_int_equal(key.type, i == 0 ? AK_PUBKEY_P256 : AK_PUBKEY_P384);
        assert_int_equal(from_spki(keys[i], &same), AK_OK);
        assert_true(ak_pubkey_eq(&key, &same));
        ak_pubkey_done(&same);
        assert_int_equal(from_spki(keys[1 - i], &same), AK_OK);
        assert_false(ak_pubkey_eq(&key, &same));
        ak_pubkey_done(&same);
        assert_false(ak_pubkey_eq(&key, &same));
        assert_false(ak_pubkey_eq(&same, &same));
        ak_pubkey_done(&key);
        point[len - 1] ^= 1;
        assert_int_equal(ak_pubkey_from_point(ak_span(point + 1, len - 1), &key), AK_E_MEANING);
        assert_null(key.key);
        assert_int_equal(ak_pubkey_from_point(ak_span(point + 1, len - 2), &key), AK_E_LIMIT);
        ak_pubkey_done(&key);
    }
}

static void test_moduli(void **state)
{
    struct ak_pubkey key, same;
    uint8_t n[513] = {0};
    BIGNUM *modulus = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(keys[2], OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
    assert_int_equal(BN_bn2bin(modulus, n), 256);
    BN_free(modulus);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 256), 65537, &key), AK_OK);
    assert_int_equal(from_spki(keys[2], &same), AK_OK);
    assert_true(ak_pubkey_eq(&key, &same));
    ak_pubkey_done(&key);
    ak_pubkey_done(&same);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 256), 3, &key), AK_OK);
    ak_pubkey_done(&key);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 256), 1, &key), AK_E_MEANING);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 256), 65536, &key), AK_E_MEANING);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 255), 65537, &key), AK_E_LIMIT);
    memset(n, 0xff, sizeof n);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 512), 65537, &key), AK_OK);
    ak_pubkey_done(&key);
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 513), 65537, &key), AK_E_LIMIT);
    n[0] = 0x7f; /* 4095 bits in 512 bytes */
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 512), 65537, &key), AK_E_MEANING);
    n[0] = 0xff;
    n[511] = 0xfe; /* even */
    assert_int_equal(ak_pubkey_from_rsa(ak_span(n, 512), 65537, &key), AK_E_MEANING);
}

static enum ak_err rsa_from_spki(int bits, uint64_t exponent)
{
    struct ak_pubkey key;
    EVP_PKEY *evp = NULL;
    BIGNUM *n = BN_new();
    assert_true(n && BN_set_bit(n, bits - 1) && BN_set_bit(n, 0));
    uint8_t modulus[1024];
    assert_int_equal(BN_bn2nativepad(n, modulus, sizeof modulus), sizeof modulus);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, (size_t)BN_num_bytes(n)),
        OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &exponent), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_PUBLIC_KEY, params), 1);
    enum ak_err err = from_spki(evp, &key);
    ak_pubkey_done(&key);
    EVP_PKEY_free(evp);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    return err;
}

/* RSA keys that come in DER have the same limits as those that come as numbers. */
static void test_limits_of_rsa(void **state)
{
    (void)state;
    for (int at = -1; at <= 1; at++) {
        assert_int_equal(rsa_from_spki(2048 + at, 65537), at < 0 ? AK_E_UNSUPPORTED : AK_OK);
        assert_int_equal(rsa_from_spki(4096 + at, 65537), at > 0 ? AK_E_UNSUPPORTED : AK_OK);
    }
    const uint64_t good[] = {3, 65537, UINT32_MAX}, bad[] = {1, 2, 65536, (uint64_t)UINT32_MAX + 2};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_int_equal(rsa_from_spki(2048, good[i]), AK_OK);
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_equal(rsa_from_spki(2048, bad[i]), AK_E_UNSUPPORTED);
}

static void test_other_keys(void **state)
{
    static const char *const curves[] = {"P-521", "secp256k1"};
    struct ak_pubkey key;
    uint8_t der[1200];
    unsigned char *at = der;
    (void)state;
    for (size_t i = 0; i < AK_COUNT(curves); i++) {
        EVP_PKEY *evp = made_ec(curves[i]);
        assert_int_equal(from_spki(evp, &key), AK_E_UNSUPPORTED);
        assert_null(key.key);
        EVP_PKEY_free(evp);
    }
    EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(from_spki(ed, &key), AK_E_UNSUPPORTED);
    EVP_PKEY_free(ed);
    EVP_PKEY *weak = made_rsa(1024);
    assert_int_equal(from_spki(weak, &key), AK_E_UNSUPPORTED);
    EVP_PKEY_free(weak);
    int len = i2d_PUBKEY(keys[0], &at);
    der[len] = 0;
    assert_int_equal(ak_pubkey_from_spki(ak_span(der, (size_t)len + 1), &key), AK_E_FORMAT);
    assert_int_equal(ak_pubkey_from_spki(ak_span(der, (size_t)len - 1), &key), AK_E_FORMAT);
    assert_int_equal(ak_pubkey_from_spki(AK_SPAN_EMPTY, &key), AK_E_LIMIT);
    assert_int_equal(ak_pubkey_from_spki(ak_span(der, 1025), &key), AK_E_LIMIT);
}

/* The same point and the same curve, but the curve's numbers in place of its name. spec: RFC 5480 2.1.1 */
static void test_written_out_curves(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ak_pubkey key;
        EVP_PKEY *own = made_ec(i == 0 ? "P-256" : "P-384");
        assert_int_equal(from_spki(own, &key), AK_OK);
        ak_pubkey_done(&key);
        assert_int_equal(
            EVP_PKEY_set_utf8_string_param(own, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT),
            1);
        assert_int_equal(from_spki(own, &key), AK_E_UNSUPPORTED);
        assert_null(key.key);
        EVP_PKEY_free(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_algorithm),
        cmocka_unit_test(test_salt),
        cmocka_unit_test(test_zero_signatures),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_moduli),
        cmocka_unit_test(test_limits_of_rsa),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_written_out_curves),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
