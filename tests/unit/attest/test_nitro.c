/* Nitro documents under a root of the test's own: each member away, twice, too long; each check with its
 * reason. */
#include "unit/check.h"

#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"
#include "core/attest/nitro.h"
#include "core/attest/verdict.h"
#include "unit/attest/made.h"

static struct made_nitro made;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define FAILED(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static void verify_at(uint64_t at_s, uint32_t wanted)
{
    const struct ak_attest_input input = {.kind = AK_ATTEST_NITRO,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = ak_span(made.doc, made.doc_len)},
        .at_s = at_s,
        .policy = &policy};
    ak_attest_verdict_init(&verdict, AK_ATTEST_NITRO);
    assert_int_equal(ak_nitro_verify(&made.pinned, &input, &verdict), AK_OK);
    ak_attest_conclude(&verdict);
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (wanted >> i & 1))
            fail_msg("check %s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
    assert_int_equal(verdict.accepted, wanted == 0);
    if (!verdict.authentic) assert_int_equal(verdict.fact_count, 0);
}

static void expect(uint32_t wanted)
{
    verify_at(MADE_AT_S, wanted);
}

static void set_data(struct ak_attest_data *data, const char *text)
{
    data->given = true;
    data->len = (uint16_t)strlen(text);
    memcpy(data->bytes, text, strlen(text));
}

static int begin(void **state)
{
    (void)state;
    made_nitro_init(&made);
    memset(&policy, 0, sizeof policy);
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "pcr0");
    policy.registers[0].len = 48;
    memset(policy.registers[0].value, 0x10, 48);
    set_data(&policy.nonce, "nonce");
    return 0;
}

static int end(void **state)
{
    (void)state;
    made_nitro_done(&made);
    return 0;
}

/* Replaces bytes of the payload by others of any length, and signs again. */
static void replace(struct ak_span old, struct ak_span new)
{
    made_nitro_payload(&made);
    for (size_t at = 0; at + old.len <= made.payload_len; at++) {
        if (memcmp(made.payload + at, old.ptr, old.len) != 0) continue;
        memmove(made.payload + at + new.len, made.payload + at + old.len, made.payload_len - at - old.len);
        if (new.len > 0) memcpy(made.payload + at, new.ptr, new.len);
        made.payload_len = made.payload_len - old.len + new.len;
        made_nitro_sign(&made);
        return;
    }
    fail_msg("nothing to replace");
}

static void test_accepted(void **state)
{
    (void)state;
    expect(0);
    assert_string_equal(verdict.machine, "AWS Nitro Enclave i-made-enc01");
    assert_int_equal(verdict.measurement_count, 16);
    assert_int_equal(ak_attest_fact(&verdict, "public_key")->type, AK_FACT_NULL);
    assert_true(ak_span_eq(
        ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "nonce")), AK_SPAN_LIT("6e6f6e6365")));
    assert_int_equal(ak_attest_fact(&verdict, "timestamp_ms")->number, MADE_AT_S * 1000);
}

static void test_members(void **state)
{
    static const struct {
        const char *what, *old, *new;
        size_t old_len, new_len;
    } rows[] = {
        {"unknown member", "\x65nonce", "\x65nonse", 6, 6},
        {"twice", "\x69user_data", "\x65nonce", 10, 6},
        {"no module_id", "\xa9\x69module_id\x6ci-made-enc01", "\xa8", 24, 1},
        {"empty module_id", "\x6ci-made-enc01", "\x60", 13, 1},
        {"module_id as bytes", "\x6ci-made-enc01", "\x4ci-made-enc01", 13, 13},
        {"another digest", "\x66SHA384", "\x66SHA256", 7, 7},
        {"time as text", "\x69timestamp\x1b", "\x69timestamp\x7b", 11, 11},
        {"PCR of 47 bytes", "\x00\x58\x30\x10", "\x00\x58\x2f", 4, 3},
        {"PCR 32", "\x01\x58\x30\x11", "\x18\x20\x58\x30\x11", 4, 5},
        {"PCR twice", "\x01\x58\x30\x11", "\x00\x58\x30\x11", 4, 4},
        {"PCR as text", "\x01\x58\x30\x11", "\x01\x78\x30\x11", 4, 4},
        {"PCR key as text", "\x01\x58\x30\x11", "\x61\x31\x58\x30\x11", 4, 5},
        {"no PCR", "\x64pcrs\xb0", "\x64pcrs\xa0", 6, 6},
        {"indefinite PCRs", "\x64pcrs\xb0", "\x64pcrs\xbf", 6, 6},
        {"1 GiB nonce", "\x65nonce\x45", "\x65nonce\x5a\x40\x00\x00\x00", 7, 11},
        {"nonce as text", "\x65nonce\x45", "\x65nonce\x65", 7, 7},
        {"no certificate in the bundle",
            "\x68"
            "cabundle\x82",
            "\x68"
            "cabundle\x80",
            10, 10},
        {"2^32 certificates",
            "\x68"
            "cabundle\x82",
            "\x68"
            "cabundle\x9b\x00\x00\x00\x01\x00\x00\x00\x00",
            10, 18},
        {"bundle as bytes",
            "\x68"
            "cabundle\x82",
            "\x68"
            "cabundle\x42",
            10, 10},
        {"undefined public key", "\x6apublic_key\xf6", "\x6apublic_key\xf7", 12, 12},
    };
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        replace(ak_span(rows[i].old, rows[i].old_len), ak_span(rows[i].new, rows[i].new_len));
        expect(FAILED(FORMAT));
    }
}

/* Optional members may be away, required ones may not. */
static void test_optional_members(void **state)
{
    (void)state;
    replace(ak_span("\x6apublic_key\xf6", 12), AK_SPAN_EMPTY);
    made.payload[0] = 0xa8;
    made_nitro_sign(&made);
    expect(0);
    made_nitro_payload(&made);
    made.payload[made.payload_len++] = 0; /* rest */
    made_nitro_sign(&made);
    expect(FAILED(FORMAT));
    made_nitro_payload(&made);
    made.payload_len--;
    made_nitro_sign(&made);
    expect(FAILED(FORMAT));
    made.payload_len = 1;
    made.payload[0] = 0xa0;
    made_nitro_sign(&made);
    expect(FAILED(FORMAT));
}

static void test_field_sizes(void **state)
{
    static uint8_t item[1100];
    (void)state;
    for (size_t len = AK_NITRO_FIELD_MAX - 1; len <= AK_NITRO_FIELD_MAX + 1; len++) {
        struct ak_buf buf = AK_BUF_ARR(item);
        static const uint8_t zeros[AK_NITRO_FIELD_MAX + 1];
        ak_cbor_put_text(&buf, AK_SPAN_LIT("user_data"));
        ak_cbor_put_bytes(&buf, ak_span(zeros, len));
        replace(AK_SPAN_LIT("\x69user_data\x44"
                            "data"),
            ak_buf_span(&buf));
        expect(len > AK_NITRO_FIELD_MAX ? FAILED(FORMAT) : 0);
    }
}

static void test_cose(void **state)
{
    (void)state;
    made.doc[6] = 0xa1; /* a map that is cut short */
    expect(FAILED(FORMAT));
    made_nitro_sign(&made);
    memmove(made.doc + 9, made.doc + 7, made.doc_len - 7); /* {1: 1} instead of {}: nothing signs it */
    memcpy(made.doc + 6, "\xa1\x01\x01", 3);
    made.doc_len += 2;
    expect(FAILED(FORMAT));
    made_nitro_sign(&made);
    made.doc[5] = 0x23; /* ES512 */
    expect(FAILED(VERSION));
    made_nitro_sign(&made);
    made.doc[made.doc_len++] = 0;
    expect(FAILED(FORMAT));
    made.doc_len -= 2;
    expect(FAILED(FORMAT));
    made.doc_len = 0;
    expect(FAILED(FORMAT));
    made_nitro_sign(&made);
    made.doc[made.doc_len - 1] ^= 1;
    expect(FAILED(SIGNATURE));
}

static void resign(void)
{
    (void)made_cert_sign(&made.leaf);
    made_nitro_payload(&made);
    made_nitro_sign(&made);
}

static void test_certificates(void **state)
{
    (void)state;
    made.pinned.sha256[0] ^= 1;
    expect(FAILED(CHAIN));
    made.pinned.sha256[0] ^= 1;
    made.leaf.until_s = made.leaf.from_s + 3 * 3600 + 60;
    resign();
    expect(0);
    made.leaf.until_s++;
    resign();
    expect(FAILED(CERTIFICATE));
    made.leaf.until_s = MADE_UNTIL_S;
    made.leaf.signer = made.root_key; /* not the one it names */
    resign();
    expect(FAILED(CHAIN));
    made.leaf.signer = made.ca_key;
    EVP_PKEY *kept = made.leaf_key;
    made.leaf_key = made_ec("P-384"); /* signs, but is not the certificate's */
    resign();
    expect(FAILED(SIGNATURE));
    EVP_PKEY_free(made.leaf_key);
    made.leaf_key = kept;
    made.leaf.key = made_ec("P-256");
    resign();
    expect(FAILED(CERTIFICATE));
    EVP_PKEY_free(made.leaf.key);
    made.leaf.key = kept;
    resign();
    expect(0);
    replace(ak_span(made.leaf.der, 4), ak_span("\x31\x82\x01\x00", 4)); /* no certificate */
    expect(FAILED(CHAIN));
}

static void test_time(void **state)
{
    (void)state;
    verify_at(MADE_FROM_S - 1, FAILED(TIME));
    verify_at(MADE_FROM_S, 0);
    verify_at(MADE_UNTIL_S - 1, 0);
    verify_at(MADE_UNTIL_S, FAILED(TIME));
    made.leaf.from_s = made.ca.from_s = made.root.from_s = MADE_FROM_S - 3600;
    made.leaf.until_s = MADE_FROM_S + 3600;
    ak_sha256(made_cert_sign(&made.root), made.pinned.sha256);
    (void)made_cert_sign(&made.ca);
    resign();
    verify_at(MADE_AT_S - 300, 0);
    verify_at(MADE_AT_S - 301, FAILED(TIME)); /* made in the future */
    verify_at(UINT64_MAX, FAILED(CHAIN));
}

static void test_freshness(void **state)
{
    (void)state;
    policy.nonce.bytes[0] ^= 1;
    expect(FAILED(FRESHNESS));
    policy.nonce.given = false;
    expect(FAILED(FRESHNESS));
    policy.max_age_s = 100;
    verify_at(MADE_AT_S + 100, 0);
    verify_at(MADE_AT_S + 101, FAILED(FRESHNESS));
    policy.max_age_s = 0;
    policy.without_freshness = true;
    expect(0);
    assert_int_equal(verdict.unchecked, FAILED(FRESHNESS));
}

static void test_policy(void **state)
{
    static const uint8_t zeros[48];
    uint8_t pcr0[48];
    (void)state;
    set_data(&policy.user_data, "data");
    expect(0);
    set_data(&policy.user_data, "dato");
    expect(FAILED(REPORT_DATA));
    policy.user_data.given = false;
    set_data(&policy.public_key, "k");
    expect(FAILED(REPORT_DATA)); /* there is none */
    policy.public_key.given = false;
    policy.registers[0].value[47] ^= 1;
    expect(FAILED(MEASUREMENT));
    memset(pcr0, 0x10, sizeof pcr0);
    replace(AK_SPAN_ARR(pcr0), AK_SPAN_ARR(zeros));
    expect(FAILED(MEASUREMENT) | FAILED(DEBUG));
    memset(policy.registers[0].value, 0, 48);
    expect(FAILED(DEBUG));
    policy.allow_debug = true;
    expect(0);
    assert_int_equal(verdict.trust[AK_ATTEST_RUNTIME_OPAQUE], AK_TRUST_CONTRAINDICATED);
    policy.product_count = 1;
    (void)snprintf(policy.products[0], sizeof policy.products[0], "Genoa");
    expect(FAILED(PRODUCT));
}

/* Without PCR 0 nobody knows the image, and debug is not excluded. */
static void test_no_pcr0(void **state)
{
    uint8_t item[51] = {0, 0x58, 0x30};
    (void)state;
    memset(item + 3, 0x10, 48);
    replace(AK_SPAN_ARR(item), AK_SPAN_EMPTY);
    for (size_t at = 0; at + 6 < made.payload_len; at++)
        if (memcmp(made.payload + at, "\x64pcrs\xb0", 6) == 0) made.payload[at + 5] = 0xaf;
    made_nitro_sign(&made);
    expect(FAILED(MEASUREMENT) | FAILED(DEBUG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepted, begin, end),
        cmocka_unit_test_setup_teardown(test_members, begin, end),
        cmocka_unit_test_setup_teardown(test_optional_members, begin, end),
        cmocka_unit_test_setup_teardown(test_field_sizes, begin, end),
        cmocka_unit_test_setup_teardown(test_cose, begin, end),
        cmocka_unit_test_setup_teardown(test_certificates, begin, end),
        cmocka_unit_test_setup_teardown(test_time, begin, end),
        cmocka_unit_test_setup_teardown(test_freshness, begin, end),
        cmocka_unit_test_setup_teardown(test_policy, begin, end),
        cmocka_unit_test_setup_teardown(test_no_pcr0, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
