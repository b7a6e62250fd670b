/* What Intel says of a platform, and who says it: TCB levels and statuses, the TDX module, the quoting
 * enclave, collateral with its times and signers, revocation. */
#include "unit/attest/intel_world.h"

static void test_statuses(void **state)
{
    static const struct {
        const char *word;
        enum ak_intel_status status;
        uint8_t trust;
    } rows[] = {{"SWHardeningNeeded", AK_INTEL_SW_HARDENING_NEEDED, AK_TRUST_WARNING},
        {"ConfigurationNeeded", AK_INTEL_CONFIGURATION_NEEDED, AK_TRUST_WARNING},
        {"ConfigurationAndSWHardeningNeeded", AK_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED,
            AK_TRUST_WARNING},
        {"OutOfDate", AK_INTEL_OUT_OF_DATE, AK_TRUST_WARNING},
        {"OutOfDateConfigurationNeeded", AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED, AK_TRUST_WARNING},
        {"Revoked", AK_INTEL_REVOKED, AK_TRUST_CONTRAINDICATED}};
    (void)state;
    const char *now = "UpToDate\"},{\"tcb\":{\"sgx"; /* of the first level of the platform */
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        char next[96];
        (void)snprintf(next, sizeof next, "%s\"},{\"tcb\":{\"sgx", rows[i].word);
        made_replace(intel.tcb_body, now, next);
        made_intel_collateral(&intel);
        policy.intel.statuses = 0;
        expect(BIT(TCB_STATUS));
        assert_int_equal(verdict.trust[AK_ATTEST_HARDWARE], rows[i].trust);
        policy.intel.statuses = UINT32_C(1) << rows[i].status;
        expect(rows[i].status == AK_INTEL_REVOKED ? BIT(TCB_STATUS) : 0);
        made_replace(intel.tcb_body, next, now);
    }
}

static void test_lower_level(void **state)
{
    (void)state;
    intel.platform.pce_svn = 10;
    made_intel_certify(&intel);
    expect_detail(
        AK_ATTEST_CHECK_TCB_STATUS, "the platform's TCB is OutOfDate, which the policy does not take");
    struct ak_span advisories = ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "advisories"));
    assert_true(ak_span_eq(advisories, AK_SPAN_LIT("INTEL-SA-00106 INTEL-SA-00115")));
    policy.intel.statuses = UINT32_C(1) << AK_INTEL_OUT_OF_DATE;
    expect(0);
    intel.platform.svns[1] = 2;
    made_intel_certify(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_TCB], "sgx component 1 is 2 and Intel's lowest level has 3");
    intel.platform.svns[1] = 3;
    intel.platform.pce_svn = 4;
    made_intel_certify(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_TCB], "pce 0 is 4 and Intel's lowest level has 5");
    intel.platform.pce_svn = 11;
    intel.body[2] = 1;
    made_intel_certify(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_TCB], "tdx component 2 is 1 and Intel's lowest level has 2");
}

static void test_module(void **state)
{
    (void)state;
    intel.body[0] = 5;
    made_intel_quote(&intel);
    expect(BIT(TCB_STATUS)); /* isvsvn 5: the module is OutOfDate */
    intel.body[0] = 1;
    made_intel_quote(&intel);
    expect(BIT(TCB_STATUS)); /* below each of its levels */
    intel.body[0] = 6;
    intel.body[1] = 2;
    made_intel_quote(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_TCB], "the TDX module is none that Intel names");
    intel.body[1] = 1;
    intel.body[64] = 1; /* signed by somebody else */
    made_intel_quote(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    intel.body[64] = 0;
    intel.body[112] = 1; /* its attributes */
    made_intel_quote(&intel);
    expect(BIT(TCB) | BIT(TCB_STATUS));
    intel.body[112] = 0;
    intel.body[0] = 9; /* without a version: components 0 and 1 count */
    intel.body[1] = 0;
    made_intel_quote(&intel);
    expect(BIT(TCB_STATUS));
    assert_true(ak_span_eq(
        ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "tcb_status")), AK_SPAN_LIT("OutOfDate")));
}

static void test_quoting_enclave(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        uint32_t failed;
    } rows[] = {{258, 3, BIT(TCB_STATUS)}, {258, 1, BIT(TCB_STATUS)}, {256, 3, BIT(COLLATERAL)},
        {128, 0, BIT(COLLATERAL)}, {48, 0x13, BIT(COLLATERAL)}, {16, 1, BIT(COLLATERAL)}, {64, 1, 0},
        {48, 0x15, 0}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        uint8_t before = intel.qe_report[rows[i].at];
        intel.qe_report[rows[i].at] = rows[i].value;
        made_intel_quote(&intel);
        expect(rows[i].failed);
        intel.qe_report[rows[i].at] = before;
    }
}

static void test_other_platform(void **state)
{
    (void)state;
    intel.platform.fmspc[5] ^= 1;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_COLLATERAL, "the TCB info is of another platform (FMSPC, PCE)");
    intel.platform.fmspc[5] ^= 1;
    intel.platform.pce_id[0] ^= 1;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_COLLATERAL, "the TCB info is of another platform (FMSPC, PCE)");
}

static void test_other_collateral(void **state)
{
    static const struct {
        const char *from, *to;
        bool qe;
        const char *detail;
    } rows[] = {{"\"TDX\"", "\"SGX\"", false, "the TCB info is of another TEE or version"},
        {"\"version\":3", "\"version\":4", false, "the TCB info is of another TEE or version"},
        {"\"tcbType\":0", "\"tcbType\":1", false, "the TCB info is of another TEE or version"},
        {"\"pcesvn\":11", "\"pcesvn\":-1", false, "the TCB info has no form"},
        {"\"TD_QE\"", "\"QE\"", true, "the QE identity is of another TEE or version"},
        {"\"version\":2", "\"version\":1", true, "the QE identity is of another TEE or version"},
        {"\"isvprodid\":2", "\"isvprodid\":65536", true, "the QE identity has no form"}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        char *text = rows[i].qe ? intel.qe_body : intel.tcb_body;
        made_replace(text, rows[i].from, rows[i].to);
        made_intel_collateral(&intel);
        expect_detail(AK_ATTEST_CHECK_COLLATERAL, rows[i].detail);
        made_replace(text, rows[i].to, rows[i].from);
    }
}

static void test_evaluation(void **state)
{
    (void)state;
    policy.intel.min_tcb_evaluation = 17;
    expect(0);
    policy.intel.min_tcb_evaluation = 18;
    expect_detail(
        AK_ATTEST_CHECK_COLLATERAL, "the collateral's evaluation number is 17 and must be at least 18");
}

static void test_window(void **state)
{
    (void)state;
    verify_at(MADE_FROM_S + 10);
    assert_int_equal(verdict.failed, 0);
    verify_at(MADE_FROM_S + 9);
    assert_int_equal(verdict.failed, BIT(TIME));
    verify_at(MADE_FROM_S + 7200);
    assert_int_equal(verdict.failed, 0);
    verify_at(MADE_FROM_S + 7201);
    assert_int_equal(verdict.failed, BIT(TIME));
}

/* The TCB info and the QE identity each have a window of their own. */
static void test_windows(void **state)
{
    static const char until[] = "T02:00:00Z", from[] = "T00:00:10Z";
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *text = i == 0 ? intel.tcb_body : intel.qe_body;
        made_replace(text, until, "T00:00:59Z");
        made_intel_collateral(&intel);
        expect_detail(
            AK_ATTEST_CHECK_TIME, i == 0 ? "the TCB info has expired" : "the QE identity has expired");
        made_replace(text, "T00:00:59Z", until);
        made_replace(text, from, "T00:01:01Z");
        made_intel_collateral(&intel);
        expect_detail(AK_ATTEST_CHECK_TIME,
            i == 0 ? "the TCB info is of the future" : "the QE identity is of the future");
        made_replace(text, "T00:01:01Z", from);
    }
}

/* A good chain, and one certificate longer than Intel's: some other CA below the root has signed. */
static void test_signer_below_another_ca(void **state)
{
    (void)state;
    intel.signer.issuer = intel.ca.subject;
    intel.signer.signer = intel.ca_key;
    made_intel_certify(&intel);
    struct ak_buf chain = AK_BUF_ARR(intel.tcb_chain);
    made_pem(made_cert_span(&intel.signer), &chain);
    made_pem(made_cert_span(&intel.ca), &chain);
    made_pem(made_cert_span(&intel.root), &chain);
    assert_int_equal(ak_buf_terminate(&chain), AK_OK);
    expect(BIT(CHAIN));
}

static void test_signer(void **state)
{
    (void)state;
    intel.signer.subject = "Intel SGX PCK Certificate"; /* the root signs other keys too */
    made_intel_certify(&intel);
    expect(BIT(CHAIN));
    intel.signer.subject = "Intel SGX TCB Signing";
    intel.signer.issuer = intel.ca.subject; /* not directly below the root */
    intel.signer.signer = intel.ca_key;
    made_intel_certify(&intel);
    expect(BIT(CHAIN));
    intel.signer.issuer = intel.root.subject;
    intel.signer.signer = intel.root_key;
    made_intel_certify(&intel);
    intel.tcb_info[strlen(intel.tcb_info) - 3] ^= 1;
    expect_detail(AK_ATTEST_CHECK_COLLATERAL, "tcbInfo is not signed by Intel");
}

static void test_revocation(void **state)
{
    (void)state;
    intel.pck_crl.revokes = true;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_REVOKED, "Intel has revoked the certificate of the platform");
    intel.pck_crl.revokes = false;
    intel.root_crl.revokes = true;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_REVOKED, "Intel has revoked the certificate of the platform's CA");
    intel.signer.serial_above = intel.root_crl.serial_above = 1;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_REVOKED, "Intel has revoked the certificate of the collateral's signer");
    intel.root_crl.revokes = false;
    intel.root_crl.until_s = MADE_AT_S - 1;
    made_intel_certify(&intel);
    expect_detail(AK_ATTEST_CHECK_TIME, "a revocation list is not valid at this time");
    intel.root_crl.until_s = MADE_UNTIL_S;
    intel.pck_crl.critical = true;
    made_intel_certify(&intel);
    expect(BIT(COLLATERAL));
    intel.pck_crl.critical = false;
    made_intel_certify(&intel);
    made_crl_sign(&intel.pck_crl, intel.ca.subject, intel.root_key);
    expect_detail(AK_ATTEST_CHECK_COLLATERAL, "a revocation list is not the one of its certificate's issuer");
}

static void test_missing(void **state)
{
    static const enum ak_attest_part parts[] = {AK_ATTEST_PART_TCB_INFO, AK_ATTEST_PART_QE_IDENTITY,
        AK_ATTEST_PART_TCB_CHAIN, AK_ATTEST_PART_PCK_CRL, AK_ATTEST_PART_ROOT_CRL};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(parts); i++) {
        struct ak_attest_input input;
        made_intel_input(&intel, &input);
        input.policy = &policy;
        input.parts[parts[i]] = AK_SPAN_EMPTY;
        verify_input(&input);
        assert_int_equal(verdict.failed, BIT(INPUT));
        assert_true(verdict.authentic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TDX(test_statuses),
        SGX(test_statuses),
        TDX(test_lower_level),
        TDX(test_module),
        TDX(test_quoting_enclave),
        TDX(test_other_platform),
        TDX(test_other_collateral),
        TDX(test_evaluation),
        TDX(test_window),
        TDX(test_windows),
        TDX(test_signer),
        TDX(test_signer_below_another_ca),
        TDX(test_revocation),
        TDX(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
