/* SEV-SNP's reports under roots of the test's own: every product and version, what a policy asks for with its
 * reason, and that no byte of a report can be altered. */
#include "unit/attest/snp_world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_product),
        cmocka_unit_test(test_version_by_version),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_guest_policy),
        cmocka_unit_test(test_vmpl_svn_and_digests),
        cmocka_unit_test(test_floors),
        cmocka_unit_test(test_policy_of_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
