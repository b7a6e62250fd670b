/* Quotes and certified counters of a made TPM: accepted as they are, refused for the one thing that is wrong,
 * and no byte can be altered. */
#include "unit/check.h"

#include "base/crypto/sha256.h"
#include "unit/attest/made_tpm.h"

static struct made_tpm tpm;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define BIT(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static void verify_input(struct ak_attest_input *input)
{
    input->policy = &policy;
    assert_int_equal(ak_attest_verify(input, &verdict), AK_OK);
}

static void verify(void)
{
    struct ak_attest_input input;
    made_tpm_input(&tpm, &input);
    verify_input(&input);
}

static void expect(uint32_t failed)
{
    verify();
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (failed >> i & 1))
            fail_msg("%s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
    assert_int_equal(verdict.accepted, failed == 0);
}

static void expect_detail(enum ak_attest_check check, const char *detail)
{
    expect(UINT32_C(1) << check);
    assert_string_equal(verdict.details[check], detail);
}

static void make(void)
{
    made_tpm_make(&tpm);
    ak_sha256(made_cert_span(&tpm.root), policy.tpm.roots[0]); /* ECDSA signs anew each time */
}

static void name_key(void)
{
    struct ak_tpm_public key;
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len), &key), AK_OK);
    ak_tpm_public_name(&key, policy.tpm.ak_names[0]);
    policy.tpm.ak_name_count = 1;
}

static void set_policy(void)
{
    memset(&policy, 0, sizeof policy);
    policy.nonce.given = true;
    policy.nonce.len = 5;
    memcpy(policy.nonce.bytes, "nonce", 5);
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "pcr7");
    policy.registers[0].len = 32;
    memset(policy.registers[0].value, 0x17, 32);
    policy.tpm.root_count = 1;
    policy.tpm.pcrs = 0x81;
    policy.tpm.has_nv_name = true;
    memset(policy.tpm.nv_name, 0x0b, sizeof policy.tpm.nv_name);
    ak_sha256(made_cert_span(&tpm.root), policy.tpm.roots[0]);
}

static int make_quote(void **state)
{
    (void)state;
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    set_policy();
    return 0;
}

static int make_counter(void **state)
{
    (void)make_quote(state);
    tpm.type = AK_TPM_ST_NV;
    make();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    made_tpm_done(&tpm);
    return 0;
}

/* ---- whose key ---- */

static void test_each_scheme(void **state)
{
    static const uint16_t schemes[] = {AK_TPM_ALG_RSASSA, AK_TPM_ALG_RSAPSS, AK_TPM_ALG_ECDSA};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(schemes); i++) {
        made_tpm_init(&tpm, schemes[i]);
        set_policy();
        expect(0);
        assert_int_equal(ak_attest_fact(&verdict, "reset")->number, 2);
        assert_int_equal(ak_attest_fact(&verdict, "restart")->number, 3);
        tpm.signature[1] ^= AK_TPM_ALG_RSASSA ^ AK_TPM_ALG_RSAPSS; /* its own word on the scheme */
        verify();
        assert_false(verdict.accepted);
        assert_int_equal(verdict.fact_count, 0);
        made_tpm_done(&tpm);
    }
}

static void test_attributes(void **state)
{
    static const uint32_t bits[] = {AK_TPMA_RESTRICTED, AK_TPMA_SIGN, AK_TPMA_DECRYPT, AK_TPMA_FIXED_TPM,
        AK_TPMA_FIXED_PARENT, AK_TPMA_SENSITIVE_DATA_ORIGIN};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(bits); i++) {
        tpm.attributes ^= bits[i];
        make();
        expect(BIT(CERTIFICATE));
        assert_false(verdict.authentic);
        tpm.attributes ^= bits[i];
    }
    tpm.scheme_hash = AK_TPM_ALG_SHA384;
    make();
    expect_detail(AK_ATTEST_CHECK_CERTIFICATE, "the key signs with another hash than SHA-256");
}

static void test_emulated(void **state)
{
    (void)state;
    policy.tpm.roots[0][0] ^= 1;
    expect_detail(AK_ATTEST_CHECK_CHAIN,
        "the TPM's certificate chains to no root of the policy: its host may emulate it");
    assert_int_equal(verdict.fact_count, 0);
    policy.tpm.root_count = 0;
    expect_detail(AK_ATTEST_CHECK_CHAIN,
        "the policy names no root of a TPM's maker and not this key: its host may emulate it");
    name_key();
    expect(0);
    policy.tpm.ak_names[0][33] ^= 1;
    expect(BIT(CHAIN));
}

static void test_endorsement_key(void **state)
{
    (void)state;
    tpm.of_other = true;
    make();
    expect(BIT(CERTIFICATE));
    name_key();
    expect(0);
    assert_true(ak_span_eq(
        ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "certificate")), AK_SPAN_LIT("ek")));
}

/* A key that is no TPM's signs a quote of its holder's making, and a root of many purposes certifies it. */
static void test_purposes(void **state)
{
    static const uint8_t server[] = {0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1};
    static const uint8_t endorsement[] = {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 1};
    static const uint8_t both[] = {0x30, 17, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2, 6, 5, 0x67, 0x81, 5, 8, 3};
    static const uint8_t platform[] = {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 2};
    static const uint8_t no_list[] = {0x31, 7, 6, 5, 0x67, 0x81, 5, 8, 1};
    static const uint8_t no_oid[] = {0x30, 7, 4, 5, 0x67, 0x81, 5, 8, 1};
    static const uint8_t longer[] = {0x30, 8, 6, 5, 0x67, 0x81, 5, 8, 1};
    static const uint8_t cut[] = {0x30, 6, 6, 5, 0x67, 0x81, 5, 8};
    static const uint8_t none[] = {0x30, 0};
    const struct ak_span good[] = {AK_SPAN_ARR(endorsement), AK_SPAN_ARR(both)};
    const struct ak_span others[] = {AK_SPAN_ARR(server), AK_SPAN_ARR(platform)};
    const struct ak_span malformed[] = {
        AK_SPAN_ARR(no_list), AK_SPAN_ARR(no_oid), AK_SPAN_ARR(longer), AK_SPAN_ARR(cut), AK_SPAN_ARR(none)};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        tpm.purposes = good[i];
        make();
        expect(0);
    }
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        tpm.purposes = others[i];
        make();
        expect_detail(
            AK_ATTEST_CHECK_CERTIFICATE, "the certificate is made for another purpose than keys of TPMs");
        assert_false(verdict.authentic);
    }
    for (size_t i = 0; i < AK_COUNT(malformed); i++) {
        tpm.purposes = malformed[i];
        make();
        verify();
        assert_false(verdict.authentic);
        assert_true((verdict.failed & (BIT(CHAIN) | BIT(CERTIFICATE))) != 0);
    }
}

static void test_hierarchies(void **state)
{
    static const struct {
        uint32_t handle;
        const char *name;
    } rows[] = {{0x40000001, "owner"}, {0x4000000b, "endorsement"}, {0x4000000c, "platform"}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        tpm.hierarchy = rows[i].handle;
        make();
        expect(0);
        assert_true(ak_span_eq(ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "ak_hierarchy")),
            ak_span_str(rows[i].name)));
    }
    tpm.hierarchy = 0x40000007;
    make();
    expect(BIT(CERTIFICATE));
    name_key(); /* a key below another one */
    expect(0);
    assert_null(ak_attest_fact(&verdict, "ak_hierarchy"));
}

static void test_times(void **state)
{
    struct ak_attest_input input;
    (void)state;
    made_tpm_input(&tpm, &input);
    input.at_s = MADE_UNTIL_S + 1;
    verify_input(&input);
    assert_int_equal(verdict.failed, BIT(TIME));
}

/* One that TPMs have and that signs with SHA-384 only. */
static void test_p384_key(void **state)
{
    static const uint8_t head[] = {0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72, 0x00, 0x00, 0x00, 0x10,
        0x00, 0x18, 0x00, 0x0b, 0x00, 0x04, 0x00, 0x10};
    uint8_t point[97];
    size_t len = 0;
    struct ak_buf area = AK_BUF_ARR(tpm.public_area);
    (void)state;
    EVP_PKEY *key = made_ec("P-384");
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &len), 1);
    EVP_PKEY_free(key);
    ak_buf_put(&area, AK_SPAN_ARR(head));
    ak_buf_put_u16(&area, 48);
    ak_buf_put(&area, ak_span(point + 1, 48));
    ak_buf_put_u16(&area, 48);
    ak_buf_put(&area, ak_span(point + 49, 48));
    tpm.public_len = area.len;
    name_key();
    expect(BIT(VERSION));
}

/* ---- what it says ---- */

static void test_selection(void **state)
{
    (void)state;
    policy.tpm.pcrs = 0x80;
    expect_detail(AK_ATTEST_CHECK_SELECTION, "the quote is over other PCRs than the policy names");
    policy.tpm.pcrs = 0x181;
    expect(BIT(SELECTION));
    policy.tpm.pcrs = 0;
    expect_detail(AK_ATTEST_CHECK_SELECTION, "the policy names no PCRs (tpm.pcrs)");
    policy.tpm.pcrs = 0x81;
    policy.tpm.bank_sha384 = true;
    expect(BIT(SELECTION));
    policy.tpm.bank_sha384 = false;
    tpm.selections[0].pcrs = 0;
    make();
    expect(BIT(SELECTION) | BIT(SIGNATURE) | BIT(MEASUREMENT));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_SELECTION], "the quote is over no PCR at all");
    tpm.selection_count = 0;
    make();
    expect(BIT(SELECTION) | BIT(SIGNATURE) | BIT(MEASUREMENT));
}

static void test_banks(void **state)
{
    (void)state;
    tpm.selection_count = 2;
    tpm.selections[1] = (struct ak_tpm_selection){0x0004, 0x81};
    make();
    expect(BIT(SELECTION) | BIT(SIGNATURE) | BIT(MEASUREMENT));
    assert_true(ak_span_eq(ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "pcr_select")),
        AK_SPAN_LIT("sha256:0,7 another bank:0,7")));
    tpm.selection_count = 1;
    tpm.selections[0].hash = 0x0004;
    make();
    expect(BIT(SELECTION) | BIT(SIGNATURE) | BIT(MEASUREMENT));
    tpm.selections[0].hash = AK_TPM_ALG_SHA384;
    memset(tpm.pcrs, 0x10, 48);
    memset(tpm.pcrs + 48, 0x17, 48);
    tpm.pcrs_len = 96;
    make();
    policy.tpm.bank_sha384 = true;
    policy.registers[0].len = 48;
    memset(policy.registers[0].value, 0x17, 48);
    expect(0);
}

static void test_values(void **state)
{
    struct ak_attest_input input;
    (void)state;
    made_tpm_input(&tpm, &input);
    input.parts[AK_ATTEST_PART_PCRS] = AK_SPAN_EMPTY;
    verify_input(&input);
    assert_int_equal(verdict.failed, BIT(INPUT) | BIT(MEASUREMENT));
    tpm.pcrs[40] ^= 1;
    expect(BIT(SIGNATURE) | BIT(MEASUREMENT));
    tpm.pcrs[40] ^= 1;
    tpm.pcrs_len = 63;
    make();
    expect(BIT(SIGNATURE) | BIT(MEASUREMENT));
    tpm.pcrs_len = 64;
    memset(tpm.pcrs, 0, 32);
    make();
    expect_detail(
        AK_ATTEST_CHECK_MEASUREMENT, "PCR 0 is zero: no firmware has measured itself into this TPM");
    tpm.pcrs[31] = 1;
    make();
    expect(0);
    policy.registers[0].value[0] ^= 1;
    expect(BIT(MEASUREMENT));
}

static void test_nonce(void **state)
{
    (void)state;
    policy.nonce.bytes[4] ^= 1;
    expect(BIT(FRESHNESS));
    policy.nonce.given = false;
    expect(BIT(FRESHNESS));
    policy.without_freshness = true;
    expect(0);
}

static void test_counter(void **state)
{
    (void)state;
    policy.image_count = policy.register_count = 0;
    expect(0);
    assert_int_equal(ak_attest_fact(&verdict, "counter")->number, 7);
    policy.tpm.has_min_counter = true;
    policy.tpm.min_counter = 7;
    expect(0);
    policy.tpm.min_counter = 8;
    expect_detail(AK_ATTEST_CHECK_FRESHNESS, "the counter is 7 and must be at least 8");
    policy.tpm.has_min_counter = false;
    tpm.nv_offset = 1;
    make();
    expect_detail(AK_ATTEST_CHECK_MEASUREMENT, "the NV contents are no counter of 8 bytes");
    tpm.nv_offset = 0;
    for (tpm.nv_len = 7; tpm.nv_len <= 9; tpm.nv_len++) {
        make();
        expect(tpm.nv_len == 8 ? 0 : BIT(MEASUREMENT));
    }
    tpm.nv_len = 8;
    tpm.nv_name[5] ^= 1;
    make();
    expect_detail(AK_ATTEST_CHECK_MEASUREMENT, "it is of another NV index than the policy names");
    policy.tpm.has_nv_name = false;
    expect_detail(AK_ATTEST_CHECK_MEASUREMENT, "the policy names no NV index (tpm.nv_name)");
}

/* ---- form ---- */

static void test_missing(void **state)
{
    static const enum ak_attest_part parts[] = {
        AK_ATTEST_PART_EVIDENCE, AK_ATTEST_PART_SIGNATURE, AK_ATTEST_PART_AK_PUBLIC, AK_ATTEST_PART_CHAIN};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(parts); i++) {
        struct ak_attest_input input;
        made_tpm_input(&tpm, &input);
        input.parts[parts[i]] = AK_SPAN_EMPTY;
        verify_input(&input);
        assert_int_equal(verdict.failed, BIT(INPUT));
    }
}

static void test_other_kind(void **state)
{
    struct ak_attest_input input;
    (void)state;
    made_tpm_input(&tpm, &input);
    input.kind = AK_ATTEST_TPM_CERTIFY;
    verify_input(&input);
    assert_int_equal(verdict.failed, BIT(FORMAT));
    tpm.type = 0x8017; /* TPM_ST_ATTEST_CERTIFY */
    make();
    tpm.type = AK_TPM_ST_QUOTE;
    expect(BIT(VERSION));
}

static void check_each_byte(uint8_t *bytes, size_t len, const char *name)
{
    expect(0);
    for (size_t i = 0; i < len; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        bytes[i] ^= bit;
        verify();
        if (verdict.accepted) fail_msg("%s: byte %zu can be altered", name, i);
        bytes[i] ^= bit;
    }
}

/* What may be altered: the length before the key may be there. */
static void test_free_bytes(void **state)
{
    struct ak_attest_input input;
    uint8_t wrapped[2 + sizeof tpm.public_area];
    (void)state;
    wrapped[0] = (uint8_t)(tpm.public_len >> 8);
    wrapped[1] = (uint8_t)tpm.public_len;
    memcpy(wrapped + 2, tpm.public_area, tpm.public_len);
    made_tpm_input(&tpm, &input);
    input.parts[AK_ATTEST_PART_AK_PUBLIC] = ak_span(wrapped, 2 + tpm.public_len);
    verify_input(&input);
    assert_true(verdict.accepted);
    for (size_t i = 0; i < 2; i++) {
        wrapped[i] ^= 1;
        verify_input(&input);
        assert_false(verdict.accepted);
        wrapped[i] ^= 1;
    }
}

static void test_each_byte(void **state)
{
    (void)state;
    check_each_byte(tpm.attest, tpm.attest_len, "attestation");
    check_each_byte(tpm.signature, tpm.signature_len, "signature");
    check_each_byte(tpm.public_area, tpm.public_len, "key");
    check_each_byte(tpm.leaf.der, tpm.leaf.len, "certificate");
    if (tpm.type == AK_TPM_ST_QUOTE) check_each_byte(tpm.pcrs, tpm.pcrs_len, "PCRs");
}

#define QUOTE(test)   cmocka_unit_test_setup_teardown(test, make_quote, drop)
#define COUNTER(test) cmocka_unit_test_setup_teardown(test, make_counter, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_scheme),
        QUOTE(test_attributes),
        QUOTE(test_emulated),
        QUOTE(test_endorsement_key),
        QUOTE(test_purposes),
        QUOTE(test_hierarchies),
        QUOTE(test_times),
        QUOTE(test_p384_key),
        QUOTE(test_selection),
        QUOTE(test_banks),
        QUOTE(test_values),
        QUOTE(test_nonce),
        COUNTER(test_counter),
        QUOTE(test_missing),
        QUOTE(test_other_kind),
        QUOTE(test_free_bytes),
        QUOTE(test_each_byte),
        COUNTER(test_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
