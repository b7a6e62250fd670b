/* An endorsement key's certificate, each thing that is wrong with it, a credential opened by hand, and what a
 * key says of another object. */
#include "unit/check.h"

#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "base/crypto/ossl.h"
#include "base/crypto/sha256.h"
#include "core/attest/tpm_ek.h"
#include "core/attest/tpm_public.h"
#include "unit/attest/made_tpm.h"

#define EK_PURPOSE "\x30\x07\x06\x05\x67\x81\x05\x08\x01"

static EVP_PKEY *ca_key, *other_key, *ek_key, *ecc_key;
static enum ak_pubkey_type type = AK_PUBKEY_RSA;
static struct made_cert ca, other_ca, ek;
static uint8_t nv[AK_TPM_EK_NV_MAX + 1];
static size_t nv_len;
static struct ak_x509_bundle makers;

static int setup_keys(void **state)
{
    (void)state;
    ca_key = made_ec("P-384");
    other_key = made_ec("P-384");
    ek_key = made_rsa(2048);
    ecc_key = made_ec("P-256");
    return 0;
}

static int teardown_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(ek_key);
    EVP_PKEY_free(ecc_key);
    return 0;
}

static void certify(EVP_PKEY *key, struct ak_span purposes)
{
    made_cert_init(&ek, "EK", key, "Maker", ca_key);
    if (purposes.len) made_cert_ext(&ek, "2.5.29.37", purposes);
    struct ak_span der = made_cert_sign(&ek);
    memset(nv, 0xff, sizeof nv);
    memcpy(nv, der.ptr, der.len);
    nv_len = der.len;
}

static int setup(void **state)
{
    (void)state;
    made_cert_init(&ca, "Maker", ca_key, "Maker", ca_key);
    made_cert_init(&other_ca, "Other", other_key, "Other", other_key);
    ca.ca = other_ca.ca = true;
    makers.count = 2;
    if (ak_x509_parse(made_cert_sign(&other_ca), &makers.certs[0]) != AK_OK) return -1;
    if (ak_x509_parse(made_cert_sign(&ca), &makers.certs[1]) != AK_OK) return -1;
    certify(ek_key, AK_SPAN_LIT(EK_PURPOSE));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_x509_bundle_done(&makers);
    return 0;
}

static enum ak_err check_at(uint64_t at_s)
{
    static const struct ak_pubkey none;
    struct ak_pubkey key;
    enum ak_err err = ak_tpm_ek_certificate(ak_span(nv, nv_len), &makers, at_s, type, &key);
    if (err)
        assert_true(key.key == NULL && key.type == none.type);
    else
        ak_pubkey_done(&key);
    return err;
}

static void a_makers_certificate(void **state)
{
    (void)state;
    struct ak_pubkey key, want;
    assert_int_equal(ak_tpm_ek_certificate(ak_span(nv, nv_len), &makers, MADE_AT_S, type, &key), AK_OK);
    EVP_PKEY_up_ref(ek_key);
    assert_int_equal(ak_pubkey_from_evp(ek_key, &want), AK_OK);
    assert_true(ak_pubkey_eq(&key, &want));
    ak_pubkey_done(&want);
    ak_pubkey_done(&key);
    nv_len = 2000; /* NV that was never written to behind it */
    assert_int_equal(check_at(MADE_AT_S), AK_OK);
    nv[1999] = 0;
    assert_int_equal(check_at(MADE_AT_S), AK_E_FORMAT);
    nv_len = AK_TPM_EK_NV_MAX + 1;
    assert_int_equal(check_at(MADE_AT_S), AK_E_FORMAT);
}

static void what_is_none(void **state)
{
    (void)state;
    assert_int_equal(check_at(MADE_FROM_S - 1), AK_E_EXPIRED);
    assert_int_equal(check_at(MADE_UNTIL_S + 1), AK_E_EXPIRED);
    makers.count = 1;
    assert_int_equal(check_at(MADE_AT_S), AK_E_AUTH);
    makers.count = 0;
    assert_int_equal(check_at(MADE_AT_S), AK_E_AUTH);
    makers.count = 2;
    certify(ek_key, AK_SPAN_EMPTY);
    assert_int_equal(check_at(MADE_AT_S), AK_E_MEANING);
    certify(ek_key, AK_SPAN_LIT("\x30\x07\x06\x05\x67\x81\x05\x08\x03")); /* of a signing key */
    assert_int_equal(check_at(MADE_AT_S), AK_E_MEANING);
    static const enum ak_pubkey_type all[] = {AK_PUBKEY_RSA, AK_PUBKEY_P256};
    EVP_PKEY *const keys[] = {ek_key, ecc_key, other_key};
    for (size_t i = 0; i < 2; i++) { /* a key of another type than its place is for */
        type = all[i];
        for (size_t k = 0; k < 3; k++) {
            certify(keys[k], AK_SPAN_LIT(EK_PURPOSE));
            assert_int_equal(check_at(MADE_AT_S), i == k ? AK_OK : AK_E_UNSUPPORTED);
        }
    }
    type = AK_PUBKEY_RSA;
}

static void every_byte_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < nv_len; i += AK_EACH_BYTE) {
        nv[i] ^= 1;
        assert_int_not_equal(check_at(MADE_AT_S), AK_OK);
        nv[i] ^= 1;
    }
    size_t whole = nv_len;
    for (nv_len = 0; nv_len < whole; nv_len++) assert_int_equal(check_at(MADE_AT_S), AK_E_FORMAT);
    nv_len = whole;
    assert_int_equal(check_at(MADE_AT_S), AK_OK);
}

/* ---- the credential, opened as a TPM does ---- */

static void mac(const uint8_t *key, const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[32])
{
    uint8_t text[256];
    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len);
    assert_non_null(HMAC(EVP_sha256(), key, 32, text, a_len + b_len, out, NULL));
}

static void unwrap(struct ak_span wrapped, uint8_t out_seed[32])
{
    size_t len = 256;
    uint8_t plain[256];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek_key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup("IDENTITY", 9), 9), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &len, wrapped.ptr, wrapped.len), 1);
    EVP_PKEY_CTX_free(ctx);
    assert_int_equal(len, 32);
    memcpy(out_seed, plain, 32);
}

/* The point in the wrapped part with the TPM's key; then KDFe. */
static void agree(struct ak_span wrapped, uint8_t out_seed[32])
{
    uint8_t point[65] = {4}, own[65], text[4 + 32 + 9 + 64] = {0, 0, 0, 1};
    size_t len = 32;
    struct ak_pubkey peer;
    assert_int_equal(wrapped.len, 68);
    assert_memory_equal(wrapped.ptr, "\0\x20", 2);
    assert_memory_equal(wrapped.ptr + 34, "\0\x20", 2);
    memcpy(point + 1, wrapped.ptr + 2, 32);
    memcpy(point + 33, wrapped.ptr + 36, 32);
    assert_int_equal(ak_pubkey_from_point(ak_span(point + 1, 64), &peer), AK_OK);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ecc_key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer.key), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, text + 4, &len), 1);
    EVP_PKEY_CTX_free(ctx);
    memcpy(text + 36, "IDENTITY", 9);
    memcpy(text + 45, point + 1, 32);
    assert_int_equal(EVP_PKEY_get_octet_string_param(ecc_key, "pub", own, sizeof own, &len), 1);
    memcpy(text + 77, own + 1, 32);
    ak_sha256(AK_SPAN_ARR(text), out_seed);
    ak_pubkey_done(&peer);
}

static void open_credential(
    const uint8_t seed[32], const uint8_t name[34], const uint8_t id[68], uint8_t out_plain[34])
{
    uint8_t storage[32], integrity[32], want[32];
    uint8_t label[4 + 8 + 34] = {0, 0, 0, 1, 'S', 'T', 'O', 'R', 'A', 'G', 'E', 0};
    memcpy(label + 12, name, 34);
    mac(seed, label, sizeof label, "\0\0\0\x80", 4, storage);
    mac(seed, "\0\0\0\x01INTEGRITY", 14, "\0\0\x01\0", 4, integrity);
    mac(integrity, id + 34, 34, name, 34, want);
    assert_memory_equal(id + 2, want, 32);
    int len = 0;
    static const uint8_t iv[16];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_128_cfb128(), NULL, storage, iv), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, out_plain, &len, id + 34, 34), 1);
    EVP_CIPHER_CTX_free(ctx);
}

static void check_credential(EVP_PKEY *of, void (*take_seed)(struct ak_span wrapped, uint8_t out_seed[32]))
{
    struct ak_pubkey key;
    uint8_t name[34], secret[32], seeds[64], id[128], wrapped[512], seed[32], plain[34];
    struct ak_buf id_buf = AK_BUF_ARR(id), wrapped_buf = AK_BUF_ARR(wrapped);
    memset(name, 0x0b, sizeof name);
    memset(secret, 0x5e, sizeof secret);
    for (size_t i = 0; i < sizeof seeds; i++) seeds[i] = (uint8_t)i;
    certify(of, AK_SPAN_LIT(EK_PURPOSE));
    assert_int_equal(ak_tpm_ek_certificate(ak_span(nv, nv_len), &makers, MADE_AT_S, type, &key), AK_OK);
    assert_int_equal(ak_tpm_credential_make(&key, name, secret, seeds, &id_buf, &wrapped_buf), AK_OK);
    assert_int_equal(id_buf.len, 2 + 32 + 2 + 32);
    take_seed(ak_buf_span(&wrapped_buf), seed);
    open_credential(seed, name, id, plain);
    assert_int_equal(plain[1], 32);
    assert_memory_equal(plain + 2, secret, 32);
    id_buf = ak_buf(id, 67);
    wrapped_buf.len = 0;
    assert_int_equal(ak_tpm_credential_make(&key, name, secret, seeds, &id_buf, &wrapped_buf), AK_E_FULL);
    id_buf = AK_BUF_ARR(id);
    wrapped_buf = ak_buf(wrapped, 67);
    assert_int_equal(ak_tpm_credential_make(&key, name, secret, seeds, &id_buf, &wrapped_buf), AK_E_FULL);
    ak_pubkey_done(&key);
    assert_int_equal(
        ak_tpm_credential_make(&key, name, secret, seeds, &id_buf, &wrapped_buf), AK_E_UNSUPPORTED);
}

static void a_credential(void **state)
{
    (void)state;
    check_credential(ek_key, unwrap);
    type = AK_PUBKEY_P256;
    check_credential(ecc_key, agree);
    type = AK_PUBKEY_RSA;
}

/* ---- the key's word ---- */

static struct made_tpm tpm;

static enum ak_err certified(void)
{
    return ak_tpm_certify_check(ak_span(tpm.public_area, tpm.public_len), ak_span(tpm.attest, tpm.attest_len),
        ak_span(tpm.signature, tpm.signature_len), AK_SPAN_LIT("nonce"), tpm.nv_name);
}

static void the_word_on_an_object(void **state)
{
    (void)state;
    uint8_t name[34];
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    tpm.type = AK_TPM_ST_CERTIFY;
    made_tpm_make(&tpm);
    assert_int_equal(certified(), AK_OK);
    assert_int_equal(ak_tpm_key_name(ak_span(tpm.public_area, tpm.public_len), name), AK_OK);
    assert_int_equal(name[1], 0x0b);
    for (size_t i = 0; i < tpm.attest_len; i++) {
        tpm.attest[i] ^= 1;
        assert_int_equal(certified(), AK_E_AUTH);
        tpm.attest[i] ^= 1;
    }
    tpm.nv_name[33] ^= 1; /* another object */
    assert_int_equal(certified(), AK_E_MEANING);
    tpm.nv_name[33] ^= 1;
    tpm.extra_len--; /* another question */
    made_tpm_make(&tpm);
    assert_int_equal(certified(), AK_E_MEANING);
    tpm.extra_len++;
    tpm.type = AK_TPM_ST_QUOTE; /* other words */
    made_tpm_make(&tpm);
    assert_int_equal(certified(), AK_E_UNSUPPORTED);
    tpm.type = AK_TPM_ST_CERTIFY;
    tpm.attributes &= ~(uint32_t)AK_TPMA_RESTRICTED; /* a key that signs anything */
    made_tpm_make(&tpm);
    assert_int_equal(certified(), AK_E_MEANING);
    assert_int_equal(ak_tpm_key_name(ak_span(tpm.public_area, tpm.public_len), name), AK_E_MEANING);
    assert_int_equal(ak_tpm_key_name(AK_SPAN_LIT("x"), name), AK_E_FORMAT);
    tpm.signature_len--;
    assert_int_not_equal(certified(), AK_OK);
    made_tpm_done(&tpm);
}

#define EK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EK_TEST(a_makers_certificate),
        EK_TEST(what_is_none),
        EK_TEST(every_byte_counts),
        EK_TEST(a_credential),
        cmocka_unit_test(the_word_on_an_object),
    };
    return cmocka_run_group_tests_name("tpm ek", tests, setup_keys, teardown_keys);
}
