/* Base64: the RFC's examples, every character at every place, unused bits, padding, room. */
#include "unit/check.h"

#include "base/codec/base64.h"

struct sample {
    const char *bytes, *padded, *bare;
};
/* RFC 4648 10 */
static const struct sample samples[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

static enum ak_err url(const char *text, uint8_t *out, size_t cap, size_t *out_len)
{
    return ak_base64url_decode(ak_span_str(text), out, cap, out_len);
}

static enum ak_err standard(const char *text, uint8_t *out, size_t cap, size_t *out_len)
{
    return ak_base64_decode(ak_span_str(text), out, cap, out_len);
}

static void published_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        struct ak_span bytes = ak_span_str(samples[i].bytes);
        char text[16];
        uint8_t out[8];
        size_t len = 9;
        struct ak_buf buf = AK_BUF_ARR(text);
        ak_base64_encode(&buf, bytes);
        assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(samples[i].padded)));
        buf = AK_BUF_ARR(text);
        ak_base64url_encode(&buf, bytes);
        assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(samples[i].bare)));
        assert_int_equal(standard(samples[i].padded, out, sizeof out, &len), AK_OK);
        assert_true(ak_span_eq(ak_span(out, len), bytes));
        assert_int_equal(url(samples[i].bare, out, sizeof out, &len), AK_OK);
        assert_true(ak_span_eq(ak_span(out, len), bytes));
        assert_int_equal(ak_base64url_decode_fixed(ak_span_str(samples[i].bare), out, bytes.len), AK_OK);
    }
}

static void alphabets_differ_in_two_characters(void **state)
{
    (void)state;
    char text[8];
    uint8_t out[8];
    size_t len = 0;
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64url_encode(&buf, AK_SPAN_LIT("\xfb\xff\xfe"));
    ak_base64_encode(&buf, AK_SPAN_LIT("\xfb\xff\xfe"));
    assert_memory_equal(text, "-__-+//+", 8);
    assert_int_equal(url("-__-", out, 8, &len), AK_OK);
    assert_memory_equal(out, "\xfb\xff\xfe", 3);
    assert_int_equal(url("+//+", out, 8, &len), AK_E_FORMAT);
    assert_int_equal(standard("-__-", out, 8, &len), AK_E_FORMAT);
}

/* Whatever four, three or two characters are decoded, encoding gives them back; else they are refused. */
static void one_text_for_each_byte_string(void **state)
{
    (void)state;
    size_t accepted[5] = {0};
    for (size_t text_len = 2; text_len <= 4; text_len++) {
        for (int c = 0; c < 256; c++) {
            for (size_t at = 0; at < text_len; at++) {
                uint8_t text[4] = {'A', 'A', 'A', 'A'};
                uint8_t out[3] = {9, 9, 9};
                char back[4];
                size_t len = 9;
                text[at] = (uint8_t)c;
                if (ak_base64url_decode(ak_span(text, text_len), out, sizeof out, &len) != AK_OK) {
                    assert_int_equal(len, 0);
                    for (size_t i = 0; i < text_len - 1; i++) assert_int_equal(out[i], 0);
                    continue;
                }
                accepted[text_len]++;
                struct ak_buf buf = AK_BUF_ARR(back);
                ak_base64url_encode(&buf, ak_span(out, len));
                assert_true(ak_span_eq(ak_buf_span(&buf), ak_span(text, text_len)));
            }
        }
    }
    assert_int_equal(accepted[2], 64 + 4);
    assert_int_equal(accepted[3], 64 + 64 + 16);
    assert_int_equal(accepted[4], 4 * 64);
}

static void refuses_other_texts(void **state)
{
    (void)state;
    uint8_t out[16];
    size_t len = 9;
    const char *bad_url[] = {
        "A", "AAAAA", "Zh", "Zm9=", "Zg==", "Zm9v ", " Zm9v", "Zm\n9v", "Zm9v\n", "Z.9v"};
    for (size_t i = 0; i < AK_COUNT(bad_url); i++) {
        assert_int_equal(url(bad_url[i], out, sizeof out, &len), AK_E_FORMAT);
        assert_int_equal(len, 0);
    }
    const char *bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "====", "A===", "=AAA", "AA=A",
        "AAAA====", "AAAA==", "Zm9v=", "Zg==Zg==", "AA==\n"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(standard(bad[i], out, sizeof out, &len), AK_E_FORMAT);
        assert_int_equal(len, 0);
    }
}

static void room_at_each_side(void **state)
{
    (void)state;
    uint8_t out[8];
    char text[8];
    size_t len = 0;
    assert_int_equal(url("Zm9vYg", out, 3, &len), AK_E_LIMIT);
    assert_int_equal(url("Zm9vYg", out, 4, &len), AK_OK);
    assert_int_equal(url("Zm9vYg", out, 5, &len), AK_OK);
    assert_int_equal(len, 4);
    assert_int_equal(standard("Zm9vYg==", out, 3, &len), AK_E_LIMIT);
    assert_int_equal(standard("Zm9vYg==", out, 4, &len), AK_OK);
    for (size_t cap = 5; cap <= 7; cap++) {
        struct ak_buf buf = ak_buf(text, cap);
        ak_base64url_encode(&buf, AK_SPAN_LIT("foob"));
        assert_int_equal(ak_buf_check(&buf), cap < 6 ? AK_E_FULL : AK_OK);
    }
    for (size_t cap = 7; cap <= 8; cap++) {
        struct ak_buf buf = ak_buf(text, cap);
        ak_base64_encode(&buf, AK_SPAN_LIT("foob"));
        assert_int_equal(ak_buf_check(&buf), cap < 8 ? AK_E_FULL : AK_OK);
    }
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64_encode(&buf, ak_span(text, SIZE_MAX));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    buf = AK_BUF_ARR(text);
    ak_base64_encode(&buf, ak_span(text, (SIZE_MAX / 4 + 1) * 3)); /* whose text would have 2^64 characters */
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
}

/* What lies behind the text may be of the alphabet, too. */
static void looks_at_nothing_behind_its_text(void **state)
{
    (void)state;
    static const char text[] = "AAAAAAAA";
    for (size_t text_len = 1; text_len <= 5; text_len += 4) {
        uint8_t out[8] = {9, 9, 9, 9};
        size_t len = 9;
        assert_int_equal(ak_base64url_decode(ak_span(text, text_len), out, sizeof out, &len), AK_E_FORMAT);
        assert_int_equal(len, 0);
        assert_int_equal(out[text_len / 4 * 3], 9);
    }
}

static void fixed_takes_its_length_only(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("Zm9vYg"), out, 3), AK_E_FORMAT);
    assert_int_equal(out[0] | out[1] | out[2], 0);
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("Zm9v"), out, 4), AK_E_FORMAT);
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("Zm9vY"), out, 4), AK_E_FORMAT);
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("Zm9vYh"), out, 4), AK_E_FORMAT);
    assert_int_equal(out[0], 0);
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("Zm9vYg"), out, 4), AK_OK);
    assert_memory_equal(out, "foob", 4);
    assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_LIT("AA"), NULL, 0), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(alphabets_differ_in_two_characters),
        cmocka_unit_test(one_text_for_each_byte_string),
        cmocka_unit_test(refuses_other_texts),
        cmocka_unit_test(room_at_each_side),
        cmocka_unit_test(looks_at_nothing_behind_its_text),
        cmocka_unit_test(fixed_takes_its_length_only),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
