/* TDX and SGX quotes of a made platform: accepted as they are, refused for the one thing that is wrong, and
 * no byte can be altered. */
#include "unit/check.h"

#include "unit/attest/made_intel.h"

static struct made_intel intel;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define BIT(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static void verify_input(const struct ak_attest_input *input)
{
    ak_attest_verdict_init(&verdict, input->kind);
    assert_int_equal(ak_intel_verify(&intel.pinned, input, &verdict), AK_OK);
    ak_attest_conclude(&verdict);
}

static void verify_at(uint64_t at_s)
{
    struct ak_attest_input input;
    made_intel_input(&intel, &input);
    input.policy = &policy;
    input.at_s = at_s;
    verify_input(&input);
}

static void expect(uint32_t failed)
{
    verify_at(MADE_AT_S);
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (failed >> i & 1))
            fail_msg("%s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
}

static void expect_detail(enum ak_attest_check check, const char *detail)
{
    expect(UINT32_C(1) << check);
    assert_string_equal(verdict.details[check], detail);
}

static void set_image(const char *name, uint8_t value, uint8_t len)
{
    memset(&policy, 0, sizeof policy);
    policy.without_freshness = true;
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "%s", name);
    policy.registers[0].len = len;
    memset(policy.registers[0].value, value, len);
}

static int make_tdx(void **state)
{
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    set_image("mrtd", 0x11, 48);
    return 0;
}

static int make_sgx(void **state)
{
    (void)state;
    made_intel_init(&intel, AK_INTEL_SGX, 3, 0);
    set_image("mrenclave", 0x11, 32);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    made_intel_done(&intel);
    return 0;
}

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

/* ---- Intel's word ---- */

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

/* ---- every byte ---- */

static void test_each_byte(void **state)
{
    (void)state;
    intel.trailing = 3;
    made_intel_quote(&intel);
    expect(0);
    for (size_t i = 0; i < intel.quote_len; i += AK_EACH_BYTE) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        intel.quote[i] ^= bit;
        verify_at(MADE_AT_S);
        if (verdict.failed == 0) fail_msg("byte %zu can be altered", i);
        intel.quote[i] ^= bit;
    }
    size_t len = intel.quote_len - intel.trailing;
    for (intel.quote_len = 0; intel.quote_len < len; intel.quote_len += AK_EACH_BYTE) {
        verify_at(MADE_AT_S);
        assert_int_equal(verdict.failed, BIT(FORMAT));
    }
}

static void test_each_byte_of_collateral(void **state)
{
    (void)state;
    expect(0);
    for (size_t i = 0; i < strlen(intel.qe_identity); i++) {
        intel.qe_identity[i] ^= 1;
        verify_at(MADE_AT_S);
        if (verdict.failed == 0) fail_msg("byte %zu can be altered", i);
        intel.qe_identity[i] ^= 1;
    }
}

/* What may be altered: white space between and inside the PEM blocks of the signer's chain, nothing else. */
static void test_each_byte_of_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(intel.tcb_chain); i++) {
        const char before = intel.tcb_chain[i], others[] = {(char)(before ^ 1), ' ', '\n', '\t'};
        for (size_t k = 0; k < (before == '\n' || i % 16 == 0 ? AK_COUNT(others) : 1); k++) {
            intel.tcb_chain[i] = others[k];
            verify_at(MADE_AT_S);
            bool free_byte = before == others[k] || (before == '\n' && k > 0);
            if ((verdict.failed == 0) != free_byte) fail_msg("byte %zu as %d", i, others[k]);
        }
        intel.tcb_chain[i] = before;
    }
}

/* One line feed behind collateral; none of its bytes. */
static void test_free_bytes(void **state)
{
    (void)state;
    size_t len = strlen(intel.tcb_info);
    intel.tcb_info[len] = '\n';
    intel.tcb_info[len + 1] = 0;
    expect(0);
    intel.tcb_info[len + 1] = '\n';
    intel.tcb_info[len + 2] = 0;
    expect(BIT(COLLATERAL));
}

#define TDX(test) cmocka_unit_test_setup_teardown(test, make_tdx, drop)
#define SGX(test) cmocka_unit_test_setup_teardown(test, make_sgx, drop)

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
        TDX(test_each_byte),
        SGX(test_each_byte),
        TDX(test_each_byte_of_collateral),
        TDX(test_each_byte_of_chain),
        TDX(test_free_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
