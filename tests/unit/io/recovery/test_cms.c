/* Shares to certificates: each kind of key opens what is its own, nothing that was altered opens as something
 * else, and certificates that cannot or should not receive are refused for their reason. */
#include "unit/check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/crypto/sha256.h"
#include "io/recovery/cms.h"

enum { NOW = 1767225600 };

struct holder {
    EVP_PKEY *key;
    uint8_t cert[4096], pem[8192];
    size_t cert_len, pem_len;
};
static struct holder rsa, p256, p384;
static uint8_t cms[AK_CMS_LEN_MAX + 1], plain[AK_CMS_LEN_MAX];

struct how {
    const char *name, *usage;
    long from_s, until_s; /* beside NOW; 0: a day */
};

static void extend(X509 *cert, const char *usage)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static size_t make_cert(EVP_PKEY *key, const struct how *how, uint8_t out[4096])
{
    X509 *cert = X509_new();
    time_t now = NOW;
    assert_int_equal(X509_set_version(cert, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
    X509_time_adj(X509_getm_notBefore(cert), how->from_s ? how->from_s : -86400, &now);
    X509_time_adj(X509_getm_notAfter(cert), how->until_s ? how->until_s : 86400, &now);
    X509_NAME *subject = X509_get_subject_name(cert);
    if (how->name)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)how->name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    X509_set_pubkey(cert, key);
    if (how->usage) extend(cert, how->usage);
    const EVP_MD *md = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    assert_true(X509_sign(cert, key, md) > 0);
    unsigned char *to = out;
    int len = i2d_X509(cert, &to);
    assert_in_range(len, 1, 4096);
    X509_free(cert);
    return (size_t)len;
}

static size_t put_pem(EVP_PKEY *key, const char *passphrase, uint8_t *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *ptr = NULL;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : NULL,
                         passphrase, passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
        1);
    long len = BIO_get_mem_data(bio, &ptr);
    assert_in_range(len, 1, cap);
    memcpy(out, ptr, (size_t)len);
    BIO_free(bio);
    return (size_t)len;
}

static void make_holder(struct holder *holder, EVP_PKEY *key, const char *name)
{
    const struct how how = {.name = name};
    assert_non_null(key);
    holder->key = key;
    holder->cert_len = make_cert(key, &how, holder->cert);
    holder->pem_len = put_pem(key, NULL, holder->pem, sizeof holder->pem);
}

static int setup(void **state)
{
    (void)state;
    make_holder(&rsa, EVP_RSA_gen(2048), "Ada");
    make_holder(&p256, EVP_EC_gen("P-256"), "Bob");
    make_holder(&p384, EVP_EC_gen("P-384"), "Carol");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa.key);
    EVP_PKEY_free(p256.key);
    EVP_PKEY_free(p384.key);
    return 0;
}

static size_t seal(const struct holder *holder)
{
    struct ak_buf out = AK_BUF_ARR(cms);
    assert_int_equal(
        ak_cms_seal(ak_span(holder->cert, holder->cert_len), AK_SPAN_LIT("the share"), &out), AK_OK);
    return out.len;
}

static enum ak_err open_with(size_t len, const struct holder *holder)
{
    struct ak_buf out = AK_BUF_ARR(plain);
    enum ak_err err =
        ak_cms_open(ak_span(cms, len), ak_span(holder->pem, holder->pem_len), AK_SPAN_EMPTY, &out);
    if (err == AK_OK) assert_true(ak_span_eq(ak_buf_span(&out), AK_SPAN_LIT("the share")));
    return err;
}

static void each_opens_its_own_alone(void **state)
{
    (void)state;
    const struct holder *all[] = {&rsa, &p256, &p384};
    for (size_t i = 0; i < 3; i++) {
        size_t len = seal(all[i]);
        for (size_t k = 0; k < 3; k++) assert_int_equal(open_with(len, all[k]), i == k ? AK_OK : AK_E_AUTH);
    }
}

static void what_opens_is_what_was_sealed(void **state)
{
    (void)state;
    size_t len = seal(&p256), refused = 0;
    for (size_t i = 0; i < len; i++) {
        cms[i] ^= 1;
        refused += open_with(len, &p256) != AK_OK; /* who the recipient is called does not matter */
        cms[i] ^= 1;
    }
    assert_true(refused > len / 2);
    for (size_t i = 0; i < len; i++) assert_int_not_equal(open_with(i, &p256), AK_OK);
    assert_int_equal(open_with(len + 1, &p256), AK_E_FORMAT);
    assert_int_equal(open_with(sizeof cms, &p256), AK_E_LIMIT);
}

static void a_key_with_a_passphrase(void **state)
{
    (void)state;
    uint8_t pem[8192];
    size_t pem_len = put_pem(p256.key, "correct horse", pem, sizeof pem), len = seal(&p256);
    struct ak_span key = ak_span(pem, pem_len);
    struct ak_buf out = AK_BUF_ARR(plain);
    assert_int_equal(ak_cms_open(ak_span(cms, len), key, AK_SPAN_LIT("correct horse"), &out), AK_OK);
    assert_int_equal(ak_cms_open(ak_span(cms, len), key, AK_SPAN_LIT("wrong"), &out), AK_E_MEANING);
    assert_int_equal(ak_cms_open(ak_span(cms, len), key, AK_SPAN_EMPTY, &out), AK_E_MEANING);
    assert_int_equal(
        ak_cms_open(ak_span(cms, len), AK_SPAN_LIT("no key"), AK_SPAN_EMPTY, &out), AK_E_MEANING);
    struct ak_buf small = ak_buf(plain, 3);
    assert_int_equal(
        ak_cms_open(ak_span(cms, len), ak_span(p256.pem, p256.pem_len), AK_SPAN_EMPTY, &small), AK_E_FULL);
}

static enum ak_err receive(EVP_PKEY *key, const struct how *how, char *out_name)
{
    uint8_t cert[4096], der_bytes[4096], hash[32];
    struct ak_buf der = AK_BUF_ARR(der_bytes);
    size_t len = make_cert(key, how, cert);
    return ak_cms_recipient(ak_span(cert, len), NOW, &der, out_name, hash);
}

static void certificates(void **state)
{
    (void)state;
    char name[AK_CMS_NAME_MAX + 1];
    EVP_PKEY *weak = EVP_RSA_gen(1024), *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct {
        EVP_PKEY *key;
        struct how how;
        enum ak_err err;
    } rows[] = {
        {rsa.key, {.name = "Ada"}, AK_OK},
        {rsa.key, {.name = "Ada", .usage = "keyEncipherment"}, AK_OK},
        {rsa.key, {.name = "Ada", .usage = "digitalSignature"}, AK_E_MEANING},
        {p256.key, {.name = "Bob", .usage = "keyAgreement"}, AK_OK},
        {p256.key, {.name = "Bob", .usage = "keyEncipherment"}, AK_E_MEANING},
        {p256.key, {.name = "Bob", .until_s = -1}, AK_E_EXPIRED},
        {p256.key, {.name = "Bob", .until_s = 1}, AK_OK},
        {p256.key, {.name = "Bob", .from_s = 1}, AK_E_EXPIRED},
        {weak, {.name = "Eve"}, AK_E_UNSUPPORTED},
        {other, {.name = "Eve"}, AK_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++)
        assert_int_equal(receive(rows[i].key, &rows[i].how, name), rows[i].err);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(other);
}

static void names(void **state)
{
    (void)state;
    char name[AK_CMS_NAME_MAX + 1];
    const struct how plain_name = {.name = "Ada Lovelace"}, none = {0}, hostile = {.name = "A\x1b[2J"};
    assert_int_equal(receive(p256.key, &plain_name, name), AK_OK);
    assert_string_equal(name, "Ada Lovelace");
    assert_int_equal(receive(p256.key, &none, name), AK_OK);
    assert_int_equal(strlen(name), 16); /* of the fingerprint */
    assert_int_equal(receive(p256.key, &hostile, name), AK_OK);
    assert_int_equal(strlen(name), 16);
}

static void files(void **state)
{
    (void)state;
    char name[AK_CMS_NAME_MAX + 1], *ptr = NULL;
    uint8_t bytes[4096], hash[32], of_der[32];
    struct ak_buf der = AK_BUF_ARR(bytes);
    const unsigned char *at = p256.cert;
    X509 *cert = d2i_X509(NULL, &at, (long)p256.cert_len);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    long len = BIO_get_mem_data(bio, &ptr);
    assert_int_equal(ak_cms_recipient(ak_span(ptr, (size_t)len), NOW, &der, name, hash), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&der), ak_span(p256.cert, p256.cert_len)));
    ak_sha256(ak_buf_span(&der), of_der);
    assert_memory_equal(hash, of_der, 32);
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    len = BIO_get_mem_data(bio, &ptr);
    assert_int_equal(ak_cms_recipient(ak_span(ptr, (size_t)len), NOW, &der, name, hash), AK_E_FORMAT);
    assert_int_equal(ak_cms_recipient(AK_SPAN_LIT("no"), NOW, &der, name, hash), AK_E_FORMAT);
    assert_int_equal(ak_cms_recipient(AK_SPAN_EMPTY, NOW, &der, name, hash), AK_E_FORMAT);
    assert_int_equal(ak_cms_recipient(AK_SPAN_ARR(cms), NOW, &der, name, hash), AK_E_FORMAT);
    struct ak_buf small = ak_buf(bytes, 10);
    assert_int_equal(ak_cms_recipient(ak_span(p256.cert, p256.cert_len), NOW, &small, name, hash), AK_E_FULL);
    assert_int_equal(ak_cms_seal(AK_SPAN_LIT("no"), AK_SPAN_LIT("share"), &der), AK_E_FORMAT);
    assert_int_equal(ak_cms_seal(ak_span(p256.cert, p256.cert_len), AK_SPAN_LIT("share"), &small), AK_E_FULL);
    X509_free(cert);
    BIO_free(bio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_opens_its_own_alone),
        cmocka_unit_test(what_opens_is_what_was_sealed),
        cmocka_unit_test(a_key_with_a_passphrase),
        cmocka_unit_test(certificates),
        cmocka_unit_test(names),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
