/* What is encrypted here the library decrypts, with the same label and no other; the longest plaintext and
 * one byte more; CFB against AES of zeros, whose blocks are published. */
#include "unit/check.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/codec/hex.h"
#include "base/crypto/oaep.h"
#include "base/crypto/ossl.h"
#include "unit/attest/made.h"

static EVP_PKEY *pair;
static struct ak_pubkey key;
static const uint8_t seed[AK_OAEP_SEED_LEN] = {0x5e, 1, 2, 3};

static int setup(void **state)
{
    (void)state;
    pair = made_rsa(2048);
    EVP_PKEY_up_ref(pair);
    return ak_pubkey_from_evp(pair, &key) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ak_pubkey_done(&key);
    EVP_PKEY_free(pair);
    return 0;
}

static bool decrypts(struct ak_span cipher, const char *label, size_t label_len, struct ak_span want)
{
    uint8_t plain[512];
    size_t len = sizeof plain;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pair, NULL);
    void *copy = OPENSSL_memdup(label, label_len);
    bool good = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label_len) == 1 &&
                EVP_PKEY_decrypt(ctx, plain, &len, cipher.ptr, cipher.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good && ak_span_eq(ak_span(plain, len), want);
}

static void the_library_decrypts_it(void **state)
{
    (void)state;
    uint8_t plain[191], out[256];
    memset(plain, 0xa5, sizeof plain);
    for (size_t len = 0; len <= 190; len += 38) {
        struct ak_buf cipher = AK_BUF_ARR(out);
        assert_int_equal(
            ak_rsa_oaep_encrypt(&key, ak_span("IDENTITY", 9), seed, ak_span(plain, len), &cipher), AK_OK);
        assert_int_equal(cipher.len, 256);
        assert_true(decrypts(ak_buf_span(&cipher), "IDENTITY", 9, ak_span(plain, len)));
        assert_false(decrypts(ak_buf_span(&cipher), "IDENTITY", 8, ak_span(plain, len)));
        out[255] ^= 1;
        assert_false(decrypts(ak_buf_span(&cipher), "IDENTITY", 9, ak_span(plain, len)));
    }
    struct ak_buf cipher = AK_BUF_ARR(out);
    assert_int_equal(ak_rsa_oaep_encrypt(&key, AK_SPAN_EMPTY, seed, AK_SPAN_ARR(plain), &cipher), AK_E_LIMIT);
    assert_int_equal(cipher.len, 0);
    cipher = ak_buf(out, 255);
    assert_int_equal(ak_rsa_oaep_encrypt(&key, AK_SPAN_EMPTY, seed, AK_SPAN_EMPTY, &cipher), AK_E_FULL);
    assert_int_equal(cipher.len, 0);
}

static void the_seed_alone_makes_the_difference(void **state)
{
    (void)state;
    uint8_t out[3][256], other[AK_OAEP_SEED_LEN] = {0};
    for (size_t i = 0; i < 3; i++) {
        struct ak_buf cipher = AK_BUF_ARR(out[i]);
        assert_int_equal(
            ak_rsa_oaep_encrypt(&key, AK_SPAN_EMPTY, i == 2 ? other : seed, AK_SPAN_LIT("x"), &cipher),
            AK_OK);
    }
    assert_memory_equal(out[0], out[1], 256);
    assert_memory_not_equal(out[0], out[2], 256);
}

static void another_kind_of_key(void **state)
{
    (void)state;
    struct ak_pubkey point;
    uint8_t out[256];
    struct ak_buf cipher = AK_BUF_ARR(out);
    assert_int_equal(ak_pubkey_from_evp(made_ec("P-256"), &point), AK_OK);
    assert_int_equal(
        ak_rsa_oaep_encrypt(&point, AK_SPAN_EMPTY, seed, AK_SPAN_EMPTY, &cipher), AK_E_UNSUPPORTED);
    ak_pubkey_done(&point);
}

/* AES-128 of zeros under a key of zeros, and of that: published with GCM (test case 1: H) and in NIST's
 * chains. */
static void cfb_of_zeros(void **state)
{
    (void)state;
    static const uint8_t zeros[48];
    uint8_t out[48], want[48];
    assert_int_equal(
        ak_hex_decode_fixed(AK_SPAN_LIT("66e94bd4ef8a2c3b884cfa59ca342b2ef795bd4a52e29ed713d313fa20e98dbc"
                                        "a10cf66d0fddf3405370b4bf8df5bfb3"),
            want, sizeof want),
        AK_OK);
    for (size_t len = 0; len <= sizeof zeros; len++) {
        memset(out, 0x77, sizeof out);
        assert_int_equal(ak_aes128_cfb_encrypt(zeros, ak_span(zeros, len), out), AK_OK);
        assert_memory_equal(out, want, len);
    }
    assert_int_equal(ak_aes128_cfb_encrypt(zeros, ak_span(zeros, (size_t)1 << 31), out), AK_E_LIMIT);
    memset(out, 0, sizeof out);
    assert_int_equal(ak_aes128_cfb_encrypt(zeros, AK_SPAN_ARR(out), out), AK_OK); /* in place */
    assert_memory_equal(out, want, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_decrypts_it),
        cmocka_unit_test(the_seed_alone_makes_the_difference),
        cmocka_unit_test(another_kind_of_key),
        cmocka_unit_test(cfb_of_zeros),
    };
    return cmocka_run_group_tests_name("oaep", tests, setup, teardown);
}
