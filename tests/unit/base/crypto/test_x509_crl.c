/* Revocation lists: issuer, signature, times, critical extensions, and whom they name. */
#include "unit/check.h"

#include "base/crypto/x509_crl.h"
#include "unit/attest/made_intel.h"

static struct made_cert root, other;
static struct ak_x509 root_cert, other_cert;
static struct made_crl crl;

static int make(void **state)
{
    (void)state;
    made_cert_init(&root, "root", made_ec("P-256"), "root", NULL);
    root.signer = root.key;
    root.ca = true;
    made_cert_init(&other, "other", made_ec("P-256"), "root", root.key);
    assert_int_equal(ak_x509_parse(made_cert_sign(&root), &root_cert), AK_OK);
    assert_int_equal(ak_x509_parse(made_cert_sign(&other), &other_cert), AK_OK);
    crl = (struct made_crl){.from_s = MADE_FROM_S, .until_s = MADE_UNTIL_S};
    return 0;
}

static int drop(void **state)
{
    (void)state;
    EVP_PKEY_free(root.key);
    EVP_PKEY_free(other.key);
    ak_x509_done(&root_cert);
    ak_x509_done(&other_cert);
    return 0;
}

/* Parses and verifies at a time; says whether the other certificate is named. */
static enum ak_err verify(const char *issuer, EVP_PKEY *signer, uint64_t at_s, bool *out_has)
{
    AK_CLEANUP(ak_x509_crl_done) struct ak_x509_crl list = {.crl = NULL};
    made_crl_sign(&crl, issuer, signer);
    assert_int_equal(ak_x509_crl_parse(ak_span(crl.der, crl.len), &list), AK_OK);
    *out_has = ak_x509_crl_has(&list, &other_cert);
    return ak_x509_crl_verify(&list, &root_cert, at_s);
}

static void test_times(void **state)
{
    bool has = true;
    (void)state;
    assert_int_equal(verify("root", root.key, MADE_FROM_S, &has), AK_OK);
    assert_false(has);
    assert_int_equal(verify("root", root.key, MADE_FROM_S - 1, &has), AK_E_EXPIRED);
    assert_int_equal(verify("root", root.key, MADE_UNTIL_S, &has), AK_OK);
    assert_int_equal(verify("root", root.key, MADE_UNTIL_S + 1, &has), AK_E_EXPIRED);
    assert_int_equal(verify("root", root.key, UINT64_C(253402300800), &has), AK_E_LIMIT);
    crl.until_s = 0; /* no end */
    assert_int_equal(verify("root", root.key, MADE_FROM_S, &has), AK_E_EXPIRED);
}

static void test_issuer(void **state)
{
    bool has = false;
    (void)state;
    crl.revokes = true;
    assert_int_equal(verify("root", root.key, MADE_AT_S, &has), AK_OK);
    assert_true(has);
    assert_int_equal(verify("another", root.key, MADE_AT_S, &has), AK_E_AUTH);
    assert_false(has);
    assert_int_equal(verify("root", other.key, MADE_AT_S, &has), AK_E_AUTH);
    crl.critical = true;
    assert_int_equal(verify("root", root.key, MADE_AT_S, &has), AK_E_MEANING);
}

static void test_each_byte(void **state)
{
    (void)state;
    crl.revokes = true;
    made_crl_sign(&crl, "root", root.key);
    for (size_t i = 0; i < crl.len; i++) {
        struct ak_x509_crl list = {.crl = NULL};
        crl.der[i] ^= 1;
        enum ak_err err = ak_x509_crl_parse(ak_span(crl.der, crl.len), &list);
        if (err == AK_OK) err = ak_x509_crl_verify(&list, &root_cert, MADE_AT_S);
        if (err == AK_OK) fail_msg("byte %zu can be altered", i);
        ak_x509_crl_done(&list);
        crl.der[i] ^= 1;
    }
}

static void test_form(void **state)
{
    static uint8_t long_one[AK_X509_CRL_MAX + 1];
    struct ak_x509_crl list;
    (void)state;
    made_crl_sign(&crl, "root", root.key);
    for (size_t i = 1; i < crl.len; i++)
        assert_int_equal(ak_x509_crl_parse(ak_span(crl.der, i), &list), AK_E_FORMAT);
    crl.der[crl.len] = 0;
    assert_int_equal(ak_x509_crl_parse(ak_span(crl.der, crl.len + 1), &list), AK_E_FORMAT);
    assert_null(list.crl);
    assert_int_equal(ak_x509_crl_parse(AK_SPAN_EMPTY, &list), AK_E_LIMIT);
    assert_int_equal(ak_x509_crl_parse(ak_span(long_one, AK_X509_CRL_MAX), &list), AK_E_FORMAT);
    assert_int_equal(ak_x509_crl_parse(ak_span(long_one, AK_X509_CRL_MAX + 1), &list), AK_E_LIMIT);
    list.crl = NULL;
    ak_x509_crl_done(&list);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_times), MADE(test_issuer), MADE(test_each_byte), MADE(test_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
