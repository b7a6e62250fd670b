/* Parsers of TPMS_ATTEST, TPMT_PUBLIC and TPMT_SIGNATURE: each limit, each algorithm, each truncation. */
#include "unit/check.h"

#include "unit/attest/made_tpm.h"

static struct made_tpm tpm;

static enum ak_err parse_attest(struct ak_tpm_attest *out)
{
    made_tpm_make(&tpm);
    return ak_tpm_attest_parse(ak_span(tpm.attest, tpm.attest_len), out);
}

static void test_truncated(void **state)
{
    struct ak_tpm_attest attest;
    struct ak_tpm_public key;
    struct ak_tpm_signature signature;
    (void)state;
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    for (size_t i = 0; i < tpm.attest_len; i++)
        assert_int_equal(ak_tpm_attest_parse(ak_span(tpm.attest, i), &attest), AK_E_FORMAT);
    for (size_t i = 0; i < tpm.public_len; i++)
        assert_int_not_equal(ak_tpm_public_parse(ak_span(tpm.public_area, i), &key), AK_OK);
    for (size_t i = 0; i < tpm.signature_len; i++)
        assert_int_equal(ak_tpm_signature_parse(ak_span(tpm.signature, i), &signature), AK_E_FORMAT);
    assert_int_equal(ak_tpm_attest_parse(ak_span(tpm.attest, tpm.attest_len + 1), &attest), AK_E_FORMAT);
    assert_int_equal(attest.type, 0);
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len + 1), &key), AK_E_FORMAT);
    assert_int_equal(key.type, 0);
    assert_int_equal(
        ak_tpm_signature_parse(ak_span(tpm.signature, tpm.signature_len + 1), &signature), AK_E_FORMAT);
    assert_int_equal(signature.alg, 0);
    tpm.type = AK_TPM_ST_NV;
    made_tpm_make(&tpm);
    for (size_t i = 0; i < tpm.attest_len; i++)
        assert_int_equal(ak_tpm_attest_parse(ak_span(tpm.attest, i), &attest), AK_E_FORMAT);
    made_tpm_done(&tpm);
}

static void test_attest_limits(void **state)
{
    struct ak_tpm_attest attest;
    (void)state;
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    tpm.extra_len = 64;
    assert_int_equal(parse_attest(&attest), AK_OK);
    tpm.attest[41] = 65; /* behind magic, type and the name */
    tpm.attest_len++;
    assert_int_equal(ak_tpm_attest_parse(ak_span(tpm.attest, tpm.attest_len), &attest), AK_E_FORMAT);
    tpm.safe = 2;
    assert_int_equal(parse_attest(&attest), AK_E_FORMAT);
    tpm.safe = 0;
    assert_int_equal(parse_attest(&attest), AK_OK);
    assert_false(attest.clock_safe);
    tpm.selection_count = AK_TPM_BANKS_MAX;
    assert_int_equal(parse_attest(&attest), AK_OK);
    tpm.selection_count = AK_TPM_BANKS_MAX + 1;
    assert_int_equal(parse_attest(&attest), AK_E_UNSUPPORTED);
    tpm.selection_count = 1;
    tpm.select_len = 32;
    assert_int_equal(parse_attest(&attest), AK_OK);
    tpm.select_len = 33;
    assert_int_equal(parse_attest(&attest), AK_E_FORMAT);
    tpm.select_len = 4;
    tpm.selections[0].pcrs = UINT32_C(1) << 23;
    assert_int_equal(parse_attest(&attest), AK_OK);
    assert_int_equal(attest.selections[0].pcrs, UINT32_C(1) << 23);
    tpm.selections[0].pcrs = UINT32_C(1) << 24;
    assert_int_equal(parse_attest(&attest), AK_E_UNSUPPORTED);
    made_tpm_done(&tpm);
}

static void test_public(void **state)
{
    /* of an endorsement key: storage, RSA, policy of 32 bytes, AES-128-CFB */
    static const uint8_t head[] = {0x00, 0x01, 0x00, 0x0b, 0x00, 0x03, 0x00, 0xb2, 0x00, 0x20};
    static const uint8_t tail[] = {
        0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
    uint8_t area[2 + sizeof head + 32 + sizeof tail + 256];
    struct ak_tpm_public key;
    (void)state;
    memset(area, 0x81, sizeof area);
    area[0] = (sizeof area - 2) >> 8;
    area[1] = (sizeof area - 2) & 0xff;
    memcpy(area + 2, head, sizeof head);
    memcpy(area + 2 + sizeof head + 32, tail, sizeof tail);
    assert_int_equal(ak_tpm_public_parse(AK_SPAN_ARR(area), &key), AK_OK); /* TPM2B */
    assert_int_equal(key.symmetric, AK_TPM_ALG_AES);
    assert_int_equal(key.exponent, 65537);
    assert_int_equal(key.modulus.len, 256);
    assert_non_null(ak_tpm_public_unfit(&key));
    assert_int_equal(ak_tpm_public_parse(ak_span(area + 2, sizeof area - 2), &key), AK_OK); /* TPMT */
    area[1]++;
    assert_int_not_equal(ak_tpm_public_parse(AK_SPAN_ARR(area), &key), AK_OK);
}

static void test_public_algorithms(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum ak_err err;
    } rows[] = {{1, 0x08, AK_E_UNSUPPORTED}, /* KEYEDHASH */
        {3, 0x0c, AK_E_UNSUPPORTED},         /* name of SHA-384 */
        {9, 1, AK_E_UNSUPPORTED},            /* shifted by a byte of policy */
        {11, 0x13, AK_E_UNSUPPORTED},        /* symmetric Camellia */
        {13, 0x14, AK_E_UNSUPPORTED},        /* RSASSA of an ECC key */
        {17, 0x04, AK_E_FORMAT},             /* P-384 with coordinates of 32 bytes */
        {17, 0x05, AK_E_UNSUPPORTED},        /* P-521 */
        {19, 0x20, AK_E_UNSUPPORTED},        /* a KDF */
        {21, 0x1f, AK_E_FORMAT}};            /* x of 31 bytes */
    struct ak_tpm_public key;
    (void)state;
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        uint8_t before = tpm.public_area[rows[i].at];
        tpm.public_area[rows[i].at] = rows[i].value;
        if (ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len), &key) != rows[i].err)
            fail_msg("row %zu", i);
        tpm.public_area[rows[i].at] = before;
    }
    made_tpm_done(&tpm);
    made_tpm_init(&tpm, AK_TPM_ALG_RSASSA);
    tpm.public_area[17] = 1; /* 2049 bits */
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len), &key), AK_E_FORMAT);
    tpm.public_area[16] = tpm.public_area[17] = tpm.public_area[22] = tpm.public_area[23] = 0;
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, 24), &key), AK_E_UNSUPPORTED);
    tpm.public_area[13] = 0x18; /* ECDSA of an RSA key */
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len), &key), AK_E_UNSUPPORTED);
    made_tpm_done(&tpm);
}

/* A key without a scheme, one of P-384, and a policy of more than 64 bytes. */
static void test_public_unfit(void **state)
{
    static const uint8_t p384[] = {0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72, 0x00, 0x00, 0x00, 0x10,
        0x00, 0x10, 0x00, 0x04, 0x00, 0x10, 0x00, 0x30};
    uint8_t area[sizeof p384 + 48 + 2 + 48];
    struct ak_tpm_public key;
    struct ak_pubkey pub;
    (void)state;
    memset(area, 1, sizeof area);
    memcpy(area, p384, sizeof p384);
    area[sizeof p384 + 48] = 0;
    area[sizeof p384 + 49] = 48;
    assert_int_equal(ak_tpm_public_parse(AK_SPAN_ARR(area), &key), AK_OK);
    assert_string_equal(ak_tpm_public_unfit(&key), "the key has no signing scheme");
    assert_int_equal(ak_tpm_public_key(&key, &pub), AK_E_MEANING); /* not on the curve */
    area[9] = 65;
    assert_int_equal(ak_tpm_public_parse(AK_SPAN_ARR(area), &key), AK_E_FORMAT);
}

static void test_signature(void **state)
{
    struct ak_tpm_signature signature;
    struct ak_tpm_public key;
    struct ak_span message;
    (void)state;
    made_tpm_init(&tpm, AK_TPM_ALG_ECDSA);
    message = ak_span(tpm.attest, tpm.attest_len);
    assert_int_equal(ak_tpm_public_parse(ak_span(tpm.public_area, tpm.public_len), &key), AK_OK);
    struct ak_span bytes = ak_span(tpm.signature, tpm.signature_len);
    assert_int_equal(ak_tpm_signature_parse(bytes, &signature), AK_OK);
    assert_int_equal(ak_tpm_signature_verify(&signature, &key, message), AK_OK);
    signature.r.len--;
    assert_int_equal(ak_tpm_signature_verify(&signature, &key, message), AK_E_AUTH);
    signature.r.len++;
    signature.hash = AK_TPM_ALG_SHA384;
    assert_int_equal(ak_tpm_signature_verify(&signature, &key, message), AK_E_MEANING);
    key.scheme_hash = AK_TPM_ALG_SHA384;
    assert_int_equal(ak_tpm_signature_verify(&signature, &key, message), AK_E_UNSUPPORTED);
    tpm.signature[1] = 0x1a; /* ECDAA */
    assert_int_equal(ak_tpm_signature_parse(bytes, &signature), AK_E_UNSUPPORTED);
    tpm.signature[1] = 0x18;
    tpm.signature[5] = 49;
    assert_int_equal(ak_tpm_signature_parse(ak_span(tpm.signature, 57), &signature), AK_E_FORMAT);
    made_tpm_done(&tpm);
}

/* P-384 parses as a key; its signatures are for SHA-384, which no quote here is of. */
static void test_p384_signs_nothing(void **state)
{
    uint8_t point[97];
    size_t len = 0;
    struct ak_tpm_public key = {.type = AK_TPM_ALG_ECC,
        .scheme = AK_TPM_ALG_ECDSA,
        .scheme_hash = AK_TPM_ALG_SHA256,
        .coordinate_len = 48};
    struct ak_tpm_signature signature = {.alg = AK_TPM_ALG_ECDSA, .hash = AK_TPM_ALG_SHA256};
    (void)state;
    EVP_PKEY *made = made_ec("P-384");
    assert_int_equal(EVP_PKEY_get_octet_string_param(made, "pub", point, sizeof point, &len), 1);
    key.x = ak_span(point + 1, 48);
    key.y = ak_span(point + 49, 48);
    assert_int_equal(ak_tpm_signature_verify(&signature, &key, AK_SPAN_LIT("x")), AK_E_UNSUPPORTED);
    EVP_PKEY_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_attest_limits),
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_public_algorithms),
        cmocka_unit_test(test_public_unfit),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_p384_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
