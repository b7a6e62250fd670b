/* COSE_Sign1: what is read, what is refused, and each byte of a signed one. */
#include "unit/check.h"

#include "base/codec/cbor.h"
#include "core/attest/cose.h"
#include "unit/attest/made.h"

static uint8_t memory[AK_COSE_MAX + 64];

/* [protected, {}, payload, sig] with heads as given. */
static struct ak_span make(
    const char *protected_hex_head, struct ak_span header, struct ak_span payload, size_t sig_len)
{
    static const uint8_t sig[128];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_buf_put_str(&buf, protected_hex_head);
    ak_cbor_put_array(&buf, 4);
    ak_cbor_put_bytes(&buf, header);
    ak_cbor_put_map(&buf, 0);
    ak_cbor_put_bytes(&buf, payload);
    ak_cbor_put_bytes(&buf, ak_span(sig, sig_len));
    assert_false(buf.failed);
    return ak_buf_span(&buf);
}

static enum ak_err parse(struct ak_span bytes)
{
    struct ak_cose_sign1 got;
    enum ak_err err = ak_cose_sign1_parse(bytes, &got);
    if (err != AK_OK) assert_true(got.payload.ptr == NULL && got.sig.ptr == NULL && got.protected_.len == 0);
    return err;
}

static const uint8_t es256[] = {0xa1, 0x01, 0x26}, es384[] = {0xa1, 0x01, 0x38, 0x22};

static void test_headers(void **state)
{
    static const uint8_t es512[] = {0xa1, 0x01, 0x38, 0x23}, none[] = {0xa0};
    static const uint8_t kid[] = {0xa2, 0x01, 0x26, 0x04, 0x41, 0x31};
    static const uint8_t longer[] = {0xa1, 0x01, 0x38, 0x06}; /* -7, not shortest */
    struct ak_cose_sign1 got;
    (void)state;
    assert_int_equal(ak_cose_sign1_parse(make("", AK_SPAN_ARR(es384), AK_SPAN_LIT("pay"), 96), &got), AK_OK);
    assert_int_equal(got.alg, AK_SIG_P384_SHA384);
    assert_true(
        ak_span_eq(got.payload, AK_SPAN_LIT("pay")) && got.payload_item.len == 4 && got.sig.len == 96);
    assert_int_equal(
        ak_cose_sign1_parse(make("\xd2", AK_SPAN_ARR(es256), AK_SPAN_LIT("pay"), 64), &got), AK_OK);
    assert_int_equal(got.alg, AK_SIG_P256_SHA256);
    assert_int_equal(parse(make("\xd1", AK_SPAN_ARR(es256), AK_SPAN_LIT("pay"), 64)), AK_E_FORMAT);
    assert_int_equal(parse(make("\xd2\xd2", AK_SPAN_ARR(es256), AK_SPAN_LIT("pay"), 64)), AK_E_FORMAT);
    assert_int_equal(parse(make("", AK_SPAN_ARR(es512), AK_SPAN_LIT("pay"), 96)), AK_E_UNSUPPORTED);
    assert_int_equal(parse(make("", AK_SPAN_ARR(none), AK_SPAN_LIT("pay"), 96)), AK_E_UNSUPPORTED);
    assert_int_equal(parse(make("", AK_SPAN_EMPTY, AK_SPAN_LIT("pay"), 96)), AK_E_UNSUPPORTED);
    assert_int_equal(parse(make("", AK_SPAN_ARR(kid), AK_SPAN_LIT("pay"), 64)), AK_E_UNSUPPORTED);
    assert_int_equal(parse(make("", AK_SPAN_ARR(longer), AK_SPAN_LIT("pay"), 64)), AK_E_UNSUPPORTED);
}

static void test_structure(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t len;
    } rows[] = {
        {"empty", {0}, 0},
        {"tag alone", {0xd2}, 1},
        {"three items", {0x83, 0x43, 0xa1, 1, 0x26, 0xa0, 0x40}, 7},
        {"indefinite array", {0x9f, 0x43, 0xa1, 1, 0x26, 0xa0, 0x40, 0x40, 0xff}, 9},
        {"indefinite payload", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x5f, 0x41, 1, 0xff, 0x40}, 11},
        {"indefinite map", {0x84, 0x43, 0xa1, 1, 0x26, 0xbf, 0xff, 0x40, 0x40}, 9},
        {"detached payload", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0xf6, 0x40}, 8},
        {"payload as text", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x60, 0x40}, 8},
        {"unprotected as bytes", {0x84, 0x43, 0xa1, 1, 0x26, 0x40, 0x40, 0x40}, 8},
        {"header as map", {0x84, 0xa1, 1, 0x26, 0xa0, 0x40, 0x40}, 7},
        {"1 GiB payload", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x5a, 0x40, 0, 0, 0, 0x40}, 12},
        {"2^63 signature", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x40, 0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0}, 16},
        {"long head", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x58, 1, 7, 0x40}, 10},
        {"twice in the unprotected map", {0x84, 0x43, 0xa1, 1, 0x26, 0xa2, 1, 1, 1, 1, 0x40, 0x40}, 12},
        {"rest", {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x40, 0x40, 0}, 9},
    };
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++)
        if (parse(ak_span(rows[i].bytes, rows[i].len)) != AK_E_FORMAT) fail_msg("%s", rows[i].what);
    static const uint8_t good[] = {0x84, 0x43, 0xa1, 1, 0x26, 0xa0, 0x40, 0x40};
    assert_int_equal(parse(AK_SPAN_ARR(good)), AK_OK);
}

static void test_size(void **state)
{
    static const uint8_t payload[AK_COSE_MAX];
    (void)state;
    size_t around = make("", AK_SPAN_ARR(es256), ak_span(payload, 1000), 64).len - 1000;
    for (size_t len = AK_COSE_MAX - 1; len <= AK_COSE_MAX + 1; len++)
        assert_int_equal(parse(make("", AK_SPAN_ARR(es256), ak_span(payload, len - around), 64)),
            len > AK_COSE_MAX ? AK_E_LIMIT : AK_OK);
}

/* Signed with each curve; every byte of it altered. */
static void test_each_byte(void **state)
{
    const struct {
        const char *curve;
        struct ak_span header;
        size_t half;
    } rows[] = {{"P-256", AK_SPAN_ARR(es256), 32}, {"P-384", AK_SPAN_ARR(es384), 48}};
    static const uint8_t start[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1'};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        EVP_PKEY *evp = made_ec(rows[i].curve);
        uint8_t tbs_memory[64], xy[97];
        size_t xy_len = 0;
        struct ak_buf tbs = AK_BUF_ARR(tbs_memory);
        struct ak_pubkey key;
        struct ak_cose_sign1 got;
        assert_int_equal(EVP_PKEY_get_octet_string_param(evp, "encoded-pub-key", xy, sizeof xy, &xy_len), 1);
        assert_int_equal(ak_pubkey_from_point(ak_span(xy + 1, xy_len - 1), &key), AK_OK);
        ak_buf_put(&tbs, AK_SPAN_ARR(start));
        ak_cbor_put_bytes(&tbs, rows[i].header);
        ak_cbor_put_bytes(&tbs, AK_SPAN_EMPTY);
        ak_cbor_put_bytes(&tbs, AK_SPAN_LIT("payload"));
        size_t len = make("", rows[i].header, AK_SPAN_LIT("payload"), 2 * rows[i].half).len;
        made_sign(evp, ak_buf_span(&tbs), memory + len - 2 * rows[i].half, rows[i].half);
        assert_int_equal(ak_cose_sign1_parse(ak_span(memory, len), &got), AK_OK);
        assert_int_equal(ak_cose_sign1_verify(&got, &key), AK_OK);
        for (size_t at = 0; at < len; at++) {
            memory[at] ^= (uint8_t)(1u << at % 8);
            if (ak_cose_sign1_parse(ak_span(memory, len), &got) == AK_OK)
                assert_int_not_equal(ak_cose_sign1_verify(&got, &key), AK_OK);
            memory[at] ^= (uint8_t)(1u << at % 8);
        }
        ak_pubkey_done(&key);
        EVP_PKEY_free(evp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
