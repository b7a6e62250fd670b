/* SEV-SNP under roots of the test's own: every product and kind of key, each check with its reason, and that
 * no byte of a report can be altered. */
#include "unit/check.h"

#include "base/crypto/sha256.h"
#include "core/attest/verdict.h"
#include "unit/attest/made.h"

static struct made_snp made;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define FAILED(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static void check_failed(uint32_t wanted)
{
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (wanted >> i & 1))
            fail_msg("check %s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
    assert_int_equal(verdict.accepted, wanted == 0);
    if (!verdict.authentic) assert_int_equal(verdict.fact_count, 0);
}

static void verify_parts(struct ak_span report, struct ak_span leaf, struct ak_span chain)
{
    const struct ak_attest_input input = {.kind = AK_ATTEST_SNP,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = report,
            [AK_ATTEST_PART_LEAF] = leaf,
            [AK_ATTEST_PART_CHAIN] = chain},
        .at_s = MADE_AT_S,
        .policy = &policy};
    ak_attest_verdict_init(&verdict, AK_ATTEST_SNP);
    assert_int_equal(ak_snp_verify(made.roots, &input, &verdict), AK_OK);
    ak_attest_conclude(&verdict);
}

static struct ak_span chain_span(void)
{
    return ak_span(made.chain, made.chain_len);
}

static void expect(uint32_t failed)
{
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), chain_span());
    check_failed(failed);
}

/* A policy that the made report meets. */
static void set_policy(void)
{
    size_t count = 0;
    const struct ak_snp_component *named = ak_snp_components(made.product, &count);
    memset(&policy, 0, sizeof policy);
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "measurement");
    policy.registers[0].len = 48;
    memset(policy.registers[0].value, 0x11, 48);
    policy.product_count = 1;
    (void)snprintf(policy.products[0], sizeof policy.products[0], "%s", ak_snp_product_name(made.product));
    for (size_t i = 0; i < count; i++) {
        struct ak_attest_floor *floor = &policy.floors[policy.floor_count++];
        (void)snprintf(floor->product, sizeof floor->product, "%s", ak_snp_product_name(made.product));
        (void)snprintf(floor->component, sizeof floor->component, "%s", named[i].name);
        floor->min = (uint32_t)(i + 1);
    }
    policy.report_data.given = true;
    policy.report_data.len = 64;
    memset(policy.report_data.bytes, 0x22, 64);
}

static void begin(enum ak_snp_product product, bool vlek)
{
    made_snp_init(&made, product, vlek);
    set_policy();
}

static void test_every_product(void **state)
{
    (void)state;
    for (int product = 0; product < AK_SNP_PRODUCT_COUNT; product++)
        for (int vlek = 0; vlek < 2; vlek++) {
            begin((enum ak_snp_product)product, vlek);
            expect(0);
            assert_true(verdict.authentic);
            assert_string_equal(verdict.machine + strlen(verdict.machine) - 4, vlek ? "VLEK" : "VCEK");
            assert_int_equal(ak_attest_fact(&verdict, "vlek_owner") != NULL, vlek);
            made_snp_done(&made);
        }
}

static void test_version_by_version(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    for (uint8_t version = 0; version <= 7; version++) {
        made.report[0] = version;
        made_snp_sign(&made);
        expect(version >= 2 && version <= 5 ? 0 : FAILED(VERSION));
    }
    made_snp_done(&made);
}

static void test_size(void **state)
{
    uint8_t longer[AK_SNP_REPORT_LEN + 1] = {0};
    (void)state;
    begin(AK_SNP_GENOA, false);
    memcpy(longer, made.report, sizeof made.report);
    for (size_t len = AK_SNP_REPORT_LEN - 1; len <= AK_SNP_REPORT_LEN + 1; len++) {
        verify_parts(ak_span(longer, len), made_cert_span(&made.leaf), chain_span());
        check_failed(len == AK_SNP_REPORT_LEN ? 0 : FAILED(FORMAT));
    }
    verify_parts(AK_SPAN_EMPTY, AK_SPAN_EMPTY, AK_SPAN_EMPTY);
    check_failed(FAILED(FORMAT) | FAILED(INPUT));
    made_snp_done(&made);
}

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

/* Every byte, one bit of it: what is signed, the signature, and what no signature covers. There is no byte
 * left that may be altered; docs/formats/attest-policy.md says so. */
static void refuse_each_byte(size_t step)
{
    for (size_t i = 0; i < AK_SNP_REPORT_LEN; i += step) {
        made.report[i] ^= (uint8_t)(1u << i % 8);
        verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), chain_span());
        if (verdict.accepted) fail_msg("byte %zu can be altered", i);
        bool padding = (i >= 0x2d0 && i < 0x2e8) || i >= 0x318;
        if (i >= AK_SNP_SIGNED_LEN) check_failed(padding ? FAILED(PADDING) : FAILED(SIGNATURE));
        made.report[i] ^= (uint8_t)(1u << i % 8);
    }
    expect(0);
}

static void test_each_byte(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    for (uint8_t version = 2; version <= 5; version++) {
        made.report[0] = version;
        made_snp_sign(&made);
        refuse_each_byte(version == 5 ? 1 : 3);
    }
    made_snp_done(&made);
}

static void sign_policy(uint8_t low, uint8_t high)
{
    made.report[0x0a] = low;
    made.report[0x0b] = high;
    made_snp_sign(&made);
}

static void test_guest_policy(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    sign_policy(0x0b, 0); /* debug */
    expect(FAILED(DEBUG));
    assert_int_equal(verdict.trust[AK_ATTEST_RUNTIME_OPAQUE], AK_TRUST_CONTRAINDICATED);
    policy.allow_debug = true;
    expect(0);
    assert_int_equal(verdict.unchecked, FAILED(DEBUG));
    sign_policy(0x07, 0); /* migration agent */
    expect(FAILED(GUEST_POLICY));
    policy.snp.allow_migration = true;
    expect(0);
    sign_policy(0x01, 0); /* bit 17 */
    expect(FAILED(GUEST_POLICY));
    sign_policy(0x03, 0);
    policy.snp.forbid_smt = true;
    expect(FAILED(GUEST_POLICY));
    sign_policy(0x02, 0);
    expect(0);
    made_snp_done(&made);
}

static void test_vmpl_svn_and_digests(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    made.report[0x30] = 1;
    made.report[4] = 5;
    made_snp_sign(&made);
    expect(FAILED(GUEST_POLICY));
    policy.snp.max_vmpl = 1;
    expect(0);
    policy.snp.min_guest_svn = 5;
    expect(0);
    policy.snp.min_guest_svn = 6;
    expect(FAILED(GUEST_POLICY));
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_GUEST_POLICY], "guest_svn is 5 and must be at least 6");
    policy.snp.min_guest_svn = 0;
    policy.snp.has_host_data = policy.snp.has_id_key_digest = true;
    expect(0);
    policy.snp.host_data[31] = 1;
    expect(FAILED(GUEST_POLICY));
    policy.snp.host_data[31] = 0;
    policy.snp.id_key_digest[0] = 1;
    expect(FAILED(GUEST_POLICY));
    memset(made.report + 0x30, 0xff, 4); /* asked for by the host */
    made_snp_sign(&made);
    policy.snp = (struct ak_attest_policy_snp){.max_vmpl = 3};
    expect(FAILED(GUEST_POLICY));
    made_snp_done(&made);
}

/* Reported or launched below the floor; a component without one. */
static void test_floors(void **state)
{
    (void)state;
    begin(AK_SNP_GENOA, false);
    for (size_t i = 0; i < policy.floor_count; i++) {
        policy.floors[i].min++;
        expect(FAILED(TCB));
        assert_int_equal(verdict.trust[AK_ATTEST_HARDWARE], AK_TRUST_WARNING);
        policy.floors[i].min -= 2;
        expect(0);
        policy.floors[i].min++;
    }
    made.report[0x1f7]--; /* microcode at launch */
    made_snp_sign(&made);
    expect(FAILED(TCB));
    made.report[0x1f7]++;
    made_snp_sign(&made);
    (void)snprintf(policy.floors[0].product, sizeof policy.floors[0].product, "Turin");
    expect(FAILED(TCB));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_TCB], "the policy has no floor for bootloader");
    made_snp_done(&made);
}

static void test_policy_of_everything_else(void **state)
{
    (void)state;
    begin(AK_SNP_MILAN, false);
    policy.product_count = 0;
    expect(FAILED(PRODUCT)); /* Milan only where it is named */
    policy.product_count = 1;
    (void)snprintf(policy.products[0], sizeof policy.products[0], "Genoa");
    expect(FAILED(PRODUCT));
    made_snp_done(&made);
    begin(AK_SNP_GENOA, false);
    policy.product_count = 0;
    expect(0);
    policy.registers[0].value[0] ^= 1;
    expect(FAILED(MEASUREMENT));
    policy.registers[0].value[0] ^= 1;
    policy.report_data.bytes[0] ^= 1;
    expect(FAILED(REPORT_DATA));
    policy.report_data.given = false;
    expect(FAILED(FRESHNESS));
    policy.without_freshness = true;
    expect(0);
    assert_int_equal(verdict.unchecked, FAILED(FRESHNESS));
    memset(&policy, 0, sizeof policy);
    expect(FAILED(MEASUREMENT) | FAILED(TCB) | FAILED(FRESHNESS));
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
        cmocka_unit_test(test_every_product),
        cmocka_unit_test(test_version_by_version),
        cmocka_unit_test(test_size),
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
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_guest_policy),
        cmocka_unit_test(test_vmpl_svn_and_digests),
        cmocka_unit_test(test_floors),
        cmocka_unit_test(test_policy_of_everything_else),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
