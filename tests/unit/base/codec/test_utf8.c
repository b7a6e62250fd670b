/* UTF-8: every code point both ways, every pair of bytes, what is cut short or overlong. */
#include "unit/check.h"

#include "base/codec/utf8.h"

static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, point >>= 6) out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)((0xf00 >> len & 0xff) | point);
    return len;
}

static void every_code_point(void **state)
{
    (void)state;
    uint8_t text[4];
    for (uint32_t point = 0; point < 0x120000; point++) {
        size_t len = encode(point, text);
        bool good = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        enum ak_err err = ak_utf8_validate(ak_span(text, len));
        if (err != (good ? AK_OK : AK_E_FORMAT) || ak_utf8_step(ak_span(text, len)) != (good ? len : 0))
            fail_msg("U+%04x", (unsigned)point);
        if (len > 1 && ak_utf8_validate(ak_span(text, len - 1)) == AK_OK)
            fail_msg("U+%04x cut", (unsigned)point);
    }
}

/* Two bytes are well-formed where both are ASCII or they are U+0080 to U+07FF. */
static void every_pair_of_bytes(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t text[2] = {(uint8_t)a, (uint8_t)b};
            bool good = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
            assert_int_equal(ak_utf8_validate(AK_SPAN_ARR(text)), good ? AK_OK : AK_E_FORMAT);
        }
    }
}

static void overlong_and_foreign(void **state)
{
    (void)state;
    const char *bad[] = {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\x80", "\xe2\x82", "\xe2\x28\xa1", "\xe2\x82\x28", "\xf0\x90\x8d\x28"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_equal(ak_utf8_validate(ak_span_str(bad[i])), AK_E_FORMAT);
    for (size_t cut = 1; cut < 4; cut++) /* what lies behind the text would complete it */
        assert_int_equal(ak_utf8_step(ak_span("\xf4\x8f\xbf\xbf", cut)), 0);
    assert_int_equal(ak_utf8_step(AK_SPAN_EMPTY), 0);
    assert_int_equal(ak_utf8_validate(AK_SPAN_EMPTY), AK_OK);
    assert_int_equal(ak_utf8_validate(AK_SPAN_LIT("\xef\xbf\xbd\xf4\x8f\xbf\xbf")), AK_OK);
}

/* The run over eight bytes at once must not hide a bad byte, wherever it stands. */
static void bad_byte_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            uint8_t text[40];
            memset(text, 'a', sizeof text);
            assert_int_equal(ak_utf8_validate(ak_span(text, len)), AK_OK);
            text[at] = 0xff;
            assert_int_equal(ak_utf8_validate(ak_span(text, len)), AK_E_FORMAT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(every_pair_of_bytes),
        cmocka_unit_test(overlong_and_foreign),
        cmocka_unit_test(bad_byte_at_every_place),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
