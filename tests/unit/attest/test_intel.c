/* TDX and SGX quotes of a made platform: accepted as they are, refused for the one thing that is wrong in the
 * quote itself. What Intel says of the platform: test_intel_word.c. */
#include "unit/attest/intel_world.h"

/* ---- what is accepted ---- */

static void test_each_version(void **state)
{
    static const struct {
        uint32_t tee_type;
        uint16_t version, body_type;
    } rows[] = {{AK_INTEL_TDX, 4, 0}, {AK_INTEL_TDX, 5, 2}, {AK_INTEL_TDX, 5, 3}, {AK_INTEL_SGX, 3, 0},
        {AK_INTEL_SGX, 4, 0}, {AK_INTEL_SGX, 5, 1}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        bool tdx = rows[i].tee_type == AK_INTEL_TDX;
        made_intel_init(&intel, rows[i].tee_type, rows[i].version, rows[i].body_type);
        set_image(tdx ? "mrtd" : "mrenclave", 0x11, tdx ? 48 : 32);
        expect(0);
        assert_true(verdict.authentic);
        assert_int_equal(ak_attest_fact(&verdict, "version")->number, rows[i].version);
        assert_true((ak_attest_fact(&verdict, "mrservicetd") != NULL) == (rows[i].body_type == 3));
        assert_string_equal(
            verdict.machine, tdx ? "Intel TDX, FMSPC a0b0c0d0e0f0" : "Intel SGX, FMSPC a0b0c0d0e0f0");
        made_intel_done(&intel);
    }
}

static void test_pinned_root_is_not_ours(void **state)
{
    struct ak_attest_input input;
    (void)state;
    made_intel_input(&intel, &input);
    input.policy = &policy;
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
    assert_int_equal(verdict.failed, BIT(CHAIN));
    assert_false(verdict.accepted);
    assert_int_equal(verdict.fact_count, 0);
}

static void test_other_kind(void **state)
{
    struct ak_attest_input input;
    (void)state;
    made_intel_input(&intel, &input);
    input.policy = &policy;
    input.kind = AK_ATTEST_SGX;
    verify_input(&input);
    assert_int_equal(verdict.failed, BIT(FORMAT));
}

/* ---- who made it ---- */

static void test_chain_names(void **state)
{
    (void)state;
    intel.pck.subject = "Intel SGX PCK";
    made_intel_certify(&intel);
    expect(BIT(CERTIFICATE));
    intel.pck.subject = "Intel SGX PCK Certificate";
    intel.ca.subject = intel.pck.issuer = "Intel SGX PCK Processor CA";
    made_intel_certify(&intel);
    expect(0);
    intel.ca.subject = intel.pck.issuer = "Another CA";
    made_intel_certify(&intel);
    expect(BIT(CERTIFICATE));
    assert_false(verdict.authentic);
}

static void test_chain_times(void **state)
{
    (void)state;
    intel.pck.until_s = MADE_AT_S - 1;
    made_intel_certify(&intel);
    expect(BIT(TIME));
    assert_false(verdict.authentic);
    intel.pck.until_s = MADE_UNTIL_S;
    intel.signer.from_s = MADE_AT_S + 1;
    made_intel_certify(&intel);
    expect(BIT(TIME));
    assert_true(verdict.authentic);
}

static void test_signatures(void **state)
{
    (void)state;
    intel.unbound = true;
    made_intel_quote(&intel);
    expect_detail(AK_ATTEST_CHECK_SIGNATURE, "the quoting enclave's report is about another attestation key");
    intel.unbound = false;
    made_intel_quote(&intel);
    intel.quote[100] ^= 1;
    expect_detail(AK_ATTEST_CHECK_SIGNATURE, "the quote is not signed by its attestation key");
    made_intel_quote(&intel);
    intel.quote[intel.signed_len + 4 + 64 + 64 + 6] ^= 1;
    expect_detail(
        AK_ATTEST_CHECK_SIGNATURE, "the quoting enclave's report is not signed by the platform's key");
}

static void test_certificate_without_platform(void **state)
{
    (void)state;
    uint8_t *at = memmem(intel.pck.der, intel.pck.len, "\x01\x0d\x01\x04", 4); /* its FMSPC's OID */
    assert_non_null(at);
    intel.pck.ext_count = 0;
    assert_true(made_cert_sign(&intel.pck).len > 0);
    made_intel_quote(&intel);
    expect(BIT(CERTIFICATE));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_CERTIFICATE],
        "the platform's certificate does not say what platform it is");
}

static void test_pem(void **state)
{
    static const char *const wrong[] = {"", "\n", "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END",
        "-----BEGIN CERTIFICATE-----\n\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAA AA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"};
    struct ak_span pem;
    (void)state;
    for (size_t i = 0; i < AK_COUNT(wrong); i++)
        assert_false(ak_intel_is_plain_pem(ak_span_str(wrong[i]), &pem));
    assert_true(ak_intel_is_plain_pem(
        AK_SPAN_LIT("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\0"), &pem));
    assert_false(ak_intel_is_plain_pem(
        AK_SPAN_LIT("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\0\0"), &pem));
    uint8_t *line = memmem(intel.quote, intel.quote_len, "CERTIFICATE-----\n", 17);
    assert_non_null(line);
    line[16] = ' ';
    expect_detail(AK_ATTEST_CHECK_FORMAT, "the quote's certificates are not plain PEM");
}

/* ---- what it says ---- */

static void test_td_attributes(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) {
        intel.body[120] = (uint8_t)(1u << bit);
        made_intel_quote(&intel);
        expect(BIT(DEBUG));
        assert_int_equal(verdict.trust[AK_ATTEST_RUNTIME_OPAQUE], AK_TRUST_CONTRAINDICATED);
    }
    policy.allow_debug = true;
    expect(0);
    intel.body[120] = 0;
    intel.body[123] |= 1 << (AK_TD_MIGRATABLE - 24);
    made_intel_quote(&intel);
    expect_detail(AK_ATTEST_CHECK_GUEST_POLICY, "the domain may be migrated");
    policy.intel.allow_migration = true;
    expect(0);
    intel.body[123] = 0;
    made_intel_quote(&intel);
    expect(BIT(GUEST_POLICY));
    assert_int_equal(verdict.trust[AK_ATTEST_CONFIGURATION], AK_TRUST_WARNING);
    policy.intel.allow_sept_ve = true;
    expect(0);
}

static void test_policy_of_both(void **state)
{
    (void)state;
    policy.registers[0].value[47] ^= 1;
    expect(BIT(MEASUREMENT));
    policy.registers[0].value[47] ^= 1;
    policy.without_freshness = false;
    expect(BIT(FRESHNESS));
    policy.report_data.given = true;
    policy.report_data.len = 64;
    memset(policy.report_data.bytes, 0x22, 64);
    expect(0);
    policy.report_data.bytes[63] ^= 1;
    expect(BIT(REPORT_DATA));
    policy.report_data.bytes[63] ^= 1;
    policy.product_count = 1;
    (void)snprintf(policy.products[0], sizeof policy.products[0], "a0b0c0d0e0f0");
    expect(0);
    policy.products[0][0] = 'b';
    expect(BIT(PRODUCT));
}

static void test_trailing(void **state)
{
    (void)state;
    intel.trailing = 39;
    made_intel_quote(&intel);
    expect(0);
    assert_int_equal(ak_attest_fact(&verdict, "trailing_bytes")->number, 39);
    for (size_t i = 1; i <= 39; i += 19) {
        intel.quote[intel.quote_len - i] = 1;
        expect_detail(AK_ATTEST_CHECK_PADDING, "bytes behind the quote are not zero");
        intel.quote[intel.quote_len - i] = 0;
    }
}

static void test_enclave(void **state)
{
    (void)state;
    intel.body[48] |= 2;
    made_intel_quote(&intel);
    expect(BIT(DEBUG));
    intel.body[48] = 5;
    made_intel_quote(&intel);
    set_image("mrsigner", 0x33, 32);
    expect_detail(
        AK_ATTEST_CHECK_MEASUREMENT, "the policy has an image without mrenclave, and no isv_prod_id");
    policy.intel.has_isv_prod_id = true;
    policy.intel.isv_prod_id = 8;
    expect_detail(AK_ATTEST_CHECK_MEASUREMENT, "isv_prod_id is 9 and must be 8");
    policy.intel.isv_prod_id = 9;
    policy.intel.min_isv_svn = 3;
    expect(0);
    policy.intel.min_isv_svn = 4;
    expect_detail(AK_ATTEST_CHECK_TCB, "isv_svn is 3 and must be at least 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_version),
        TDX(test_pinned_root_is_not_ours),
        TDX(test_other_kind),
        TDX(test_chain_names),
        TDX(test_chain_times),
        TDX(test_signatures),
        TDX(test_certificate_without_platform),
        TDX(test_pem),
        TDX(test_td_attributes),
        TDX(test_policy_of_both),
        TDX(test_trailing),
        SGX(test_enclave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
