/* SEV-SNP's certificates: ways to give a chain, roots and products, kinds of key, each extension that binds a
 * certificate to its report, their time. */
#include "unit/attest/snp_world.h"

#include "base/crypto/sha256.h"

/* Leaf apart or first of the chain; DER or PEM; one too few, one too many, in another order. */
static void test_ways_to_give_a_chain(void **state)
{
    static uint8_t memory[8 * MADE_CERT_MAX];
    struct ak_buf all = AK_BUF_ARR(memory);
    (void)state;
    begin(AK_SNP_GENOA, false);
    ak_buf_put(&all, made_cert_span(&made.leaf));
    ak_buf_put(&all, chain_span());
    verify_parts(AK_SPAN_ARR(made.report), AK_SPAN_EMPTY, ak_buf_span(&all));
    check_failed(0);
    all.len = 0;
    made_pem(made_cert_span(&made.leaf), &all);
    made_pem(made_cert_span(&made.ask), &all);
    made_pem(made_cert_span(&made.ark), &all);
    verify_parts(AK_SPAN_ARR(made.report), AK_SPAN_EMPTY, ak_buf_span(&all));
    check_failed(0);
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), made_cert_span(&made.ark));
    check_failed(FAILED(CHAIN));
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), made_cert_span(&made.ask));
    check_failed(FAILED(CHAIN));
    verify_parts(AK_SPAN_ARR(made.report), chain_span(), chain_span()); /* a leaf is one certificate */
    check_failed(FAILED(CHAIN));
    all.len = 0;
    ak_buf_put(&all, made_cert_span(&made.ask)); /* twice */
    ak_buf_put(&all, chain_span());
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), ak_buf_span(&all));
    check_failed(FAILED(CHAIN));
    for (int i = 0; i < 6; i++) ak_buf_put(&all, made_cert_span(&made.ask));
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), ak_buf_span(&all));
    check_failed(FAILED(CHAIN));
    verify_parts(AK_SPAN_ARR(made.report), AK_SPAN_EMPTY, made_cert_span(&made.ark));
    check_failed(FAILED(CHAIN));
    verify_parts(AK_SPAN_ARR(made.report), AK_SPAN_LIT("no certificate"), chain_span());
    check_failed(FAILED(CHAIN));
    made_snp_done(&made);
}

/* A root that is not pinned, though everything fits. */
static void test_foreign_root(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    made.roots[AK_SNP_GENOA].sha256[31] ^= 1;
    expect(FAILED(CHAIN));
    assert_int_equal(verdict.trust[AK_ATTEST_HARDWARE], AK_TRUST_CRYPTO_FAILED);
    assert_int_equal(verdict.trust[AK_ATTEST_INSTANCE_IDENTITY], AK_TRUST_UNRECOGNIZED);
    /* The public door knows AMD's roots only. */
    const struct ak_attest_input input = {.kind = AK_ATTEST_SNP,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = AK_SPAN_ARR(made.report),
            [AK_ATTEST_PART_LEAF] = made_cert_span(&made.leaf),
            [AK_ATTEST_PART_CHAIN] = chain_span()},
        .at_s = MADE_AT_S,
        .policy = &policy};
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
    check_failed(FAILED(CHAIN));
    made_snp_done(&made);
}

/* Pinned as Milan's, and Genoa's. */
static void test_product_of_the_root(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    made.roots[AK_SNP_MILAN] = made.roots[AK_SNP_GENOA];
    expect(FAILED(CERTIFICATE));
    made.report[0] = 2; /* no CPUID to go by: the certificate says it */
    made_snp_sign(&made);
    expect(FAILED(CERTIFICATE));
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_CERTIFICATE], "the certificate is of another product than its chain");
    made_snp_done(&made);
}

static void test_processors(void **state)
{
    static const struct {
        enum ak_snp_product product;
        uint8_t family, model;
        uint32_t failed;
    } rows[] = {
        {AK_SNP_MILAN, 0x19, 0x00, 0},
        {AK_SNP_MILAN, 0x19, 0x0f, 0},
        {AK_SNP_MILAN, 0x19, 0x10, FAILED(CERTIFICATE)},
        {AK_SNP_GENOA, 0x19, 0x10, 0},
        {AK_SNP_GENOA, 0x19, 0x1f, 0},
        {AK_SNP_GENOA, 0x19, 0xaf, 0},
        {AK_SNP_GENOA, 0x19, 0x20, FAILED(PRODUCT)},
        {AK_SNP_GENOA, 0x19, 0x0f, FAILED(CERTIFICATE)},
        {AK_SNP_TURIN, 0x1a, 0x1f, 0},
        {AK_SNP_TURIN, 0x1a, 0x20, FAILED(PRODUCT)},
        {AK_SNP_TURIN, 0x17, 0x00, FAILED(PRODUCT)},
    };
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        begin(rows[i].product, false);
        made.report[0x188] = rows[i].family;
        made.report[0x189] = rows[i].model;
        made_snp_sign(&made);
        expect(rows[i].failed);
        made_snp_done(&made);
    }
}

/* The report says another kind of key than the certificate is. */
static void test_kind_of_key(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, true);
    made.report[0x48] = 0;
    made_snp_sign(&made);
    expect(FAILED(CERTIFICATE));
    made.report[0x48] = 7 << 2; /* none */
    made_snp_sign(&made);
    expect(FAILED(SIGNATURE) | FAILED(CERTIFICATE));
    made.report[0x48] = 1 << 2 | 1 << 1; /* masked */
    made_snp_sign(&made);
    expect(FAILED(SIGNATURE));
    made_snp_done(&made);
    begin(AK_SNP_GENOA, false);
    made.report[0x48] = 1 << 2;
    made_snp_sign(&made);
    expect(FAILED(CERTIFICATE));
    made.report[0x48] = 0;
    made.report[0x34] = 2;
    made_snp_sign(&made);
    expect(FAILED(VERSION));
    made_snp_done(&made);
}

/* A certificate with what only the other kind has. */
static void test_both_kinds_at_once(void **state)
{
    static const uint8_t owner[] = {0x16, 1, 'x'};
    (void)state;
    begin(AK_SNP_GENOA, true);
    made_cert_ext(&made.leaf, "1.3.6.1.4.1.3704.1.4", ak_span(made.report + 0x1a0, 64));
    (void)made_cert_sign(&made.leaf);
    expect(FAILED(CERTIFICATE));
    made_snp_done(&made);
    begin(AK_SNP_GENOA, false);
    made_cert_ext(&made.leaf, "1.3.6.1.4.1.3704.1.5", AK_SPAN_ARR(owner));
    (void)made_cert_sign(&made.leaf);
    expect(FAILED(CERTIFICATE));
    made.leaf.ext_count--;
    made.leaf.subject = "SEV-VLEK";
    (void)made_cert_sign(&made.leaf);
    expect(FAILED(CERTIFICATE));
    made_snp_done(&made);
}

/* Each extension that binds the certificate: away, another value, twice. */
static void test_each_extension(void **state)
{
    (void)state;
    begin(AK_SNP_TURIN, false);
    size_t count = made.leaf.ext_count;
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        struct made_ext kept = made.leaf.exts[i];
        made.leaf.exts[i].value[kept.len - 1] ^= 1;
        (void)made_cert_sign(&made.leaf);
        expect(FAILED(CERTIFICATE));
        made.leaf.exts[i].value[0] ^= 0x40; /* another type */
        (void)made_cert_sign(&made.leaf);
        expect(FAILED(CERTIFICATE));
        (void)snprintf(made.leaf.exts[i].oid, sizeof kept.oid, "1.3.6.1.4.1.3704.1.99");
        (void)made_cert_sign(&made.leaf);
        expect(FAILED(CERTIFICATE));
        made.leaf.exts[i] = kept;
        made_cert_ext(&made.leaf, kept.oid, ak_span(kept.value, kept.len));
        (void)made_cert_sign(&made.leaf);
        expect(FAILED(CERTIFICATE));
        made.leaf.ext_count--;
    }
    (void)made_cert_sign(&made.leaf);
    expect(0);
    made_snp_done(&made);
}

/* The chip's number wrapped as an OCTET STRING, as some certificates have it; zeros must follow Turin's. */
static void test_forms_of_the_chip(void **state)
{
    uint8_t wrapped[66] = {4, 64};
    (void)state;
    begin(AK_SNP_GENOA, false);
    memset(wrapped + 2, 0x33, 64);
    memcpy(made.leaf.exts[made.leaf.ext_count - 1].value, wrapped, sizeof wrapped);
    made.leaf.exts[made.leaf.ext_count - 1].len = sizeof wrapped;
    (void)made_cert_sign(&made.leaf);
    expect(0);
    made_snp_done(&made);
    begin(AK_SNP_TURIN, false);
    made.report[0x1a0 + 8] = 1;
    made_snp_sign(&made);
    expect(FAILED(CERTIFICATE));
    made_snp_done(&made);
}

/* Security versions of 128 and more are two bytes of DER. */
static void test_large_security_version(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    for (int value = 127; value <= 255; value += 128) {
        made.report[0x187] = made.report[0x1f7] = (uint8_t)value;
        made_snp_certify(&made);
        made_snp_sign(&made);
        expect(0);
    }
    made_snp_done(&made);
}

static void test_key_of_another_kind(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    EVP_PKEY *kept = made.leaf_key;
    made.leaf_key = made_ec("P-256");
    made_snp_certify(&made);
    expect(FAILED(CERTIFICATE));
    EVP_PKEY_free(made.leaf_key);
    made.leaf_key = made_ec("P-521");
    made_snp_certify(&made);
    expect(FAILED(CERTIFICATE));
    EVP_PKEY_free(made.leaf_key);
    made.leaf_key = kept;
    made_snp_done(&made);
}

static void test_time(void **state)
{
    struct made_cert *const certs[] = {&made.leaf, &made.ask, &made.ark};
    (void)state;
    begin(AK_SNP_GENOA, false);
    for (size_t i = 0; i < AK_COUNT(certs); i++) {
        for (int late = 0; late < 2; late++) {
            made_snp_certify(&made);
            certs[i]->from_s = late ? MADE_FROM_S : MADE_AT_S + 1;
            certs[i]->until_s = late ? MADE_AT_S : MADE_UNTIL_S;
            (void)made_cert_sign(certs[i]);
            struct ak_buf chain = AK_BUF_ARR(made.chain);
            ak_buf_put(&chain, made_cert_span(&made.ask));
            ak_buf_put(&chain, made_cert_span(&made.ark));
            made.chain_len = chain.len;
            ak_sha256(made_cert_span(&made.ark), made.roots[AK_SNP_GENOA].sha256);
            expect(FAILED(TIME));
        }
    }
    made_snp_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_to_give_a_chain),
        cmocka_unit_test(test_foreign_root),
        cmocka_unit_test(test_product_of_the_root),
        cmocka_unit_test(test_processors),
        cmocka_unit_test(test_kind_of_key),
        cmocka_unit_test(test_both_kinds_at_once),
        cmocka_unit_test(test_each_extension),
        cmocka_unit_test(test_forms_of_the_chip),
        cmocka_unit_test(test_large_security_version),
        cmocka_unit_test(test_key_of_another_kind),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
