/* Hexadecimal: every byte both ways, every character that is not a digit, lengths at each side of the room.
 */
#include "unit/check.h"

#include "base/codec/hex.h"

static void all_bytes_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[256];
    char text[512];
    uint8_t back[256];
    size_t len = 0;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, AK_SPAN_ARR(bytes));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_memory_equal(text + 510, "ff", 2);
    assert_int_equal(ak_hex_decode(ak_buf_span(&buf), back, sizeof back, &len), AK_OK);
    assert_int_equal(len, 256);
    assert_memory_equal(back, bytes, 256);
    assert_int_equal(ak_hex_decode_fixed(ak_buf_span(&buf), back, 256), AK_OK);
}

static void encoding_needs_its_room(void **state)
{
    (void)state;
    char text[4];
    struct ak_buf buf = ak_buf(text, 3);
    ak_hex_encode(&buf, AK_SPAN_LIT("ab"));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    assert_int_equal(buf.len, 0);
    buf = ak_buf(text, 4);
    ak_hex_encode(&buf, AK_SPAN_LIT("ab"));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_memory_equal(text, "6162", 4);
    buf = ak_buf(text, 4);
    ak_hex_encode(&buf, ak_span(text, SIZE_MAX / 2 + 2));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
}

static bool is_digit(int c, bool any_case)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (any_case && c >= 'A' && c <= 'F');
}

static void every_character_at_every_place(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 4; at++) {
            uint8_t text[4] = {'1', '1', '1', '1'};
            uint8_t out[2] = {9, 9};
            size_t len = 9;
            text[at] = (uint8_t)c;
            enum ak_err want = is_digit(c, false) ? AK_OK : AK_E_FORMAT;
            assert_int_equal(ak_hex_decode(AK_SPAN_ARR(text), out, 2, &len), want);
            assert_int_equal(len, want == AK_OK ? 2 : 0);
            if (want != AK_OK) assert_int_equal(out[0] | out[1], 0);
            assert_int_equal(ak_hex_decode_fixed(AK_SPAN_ARR(text), out, 2), want);
            want = is_digit(c, true) ? AK_OK : AK_E_FORMAT;
            assert_int_equal(ak_hex_decode_any(AK_SPAN_ARR(text), out, 2, &len), want);
        }
    }
}

static void any_case_takes_mixed_text(void **state)
{
    (void)state;
    uint8_t out[3];
    size_t len = 0;
    assert_int_equal(ak_hex_decode_any(AK_SPAN_LIT("aBCdEf"), out, 3, &len), AK_OK);
    assert_memory_equal(out, "\xab\xcd\xef", 3);
}

static void lengths_at_each_side(void **state)
{
    (void)state;
    uint8_t out[4] = {0};
    size_t len = 9;
    assert_int_equal(ak_hex_decode(AK_SPAN_EMPTY, NULL, 0, &len), AK_OK);
    assert_int_equal(len, 0);
    assert_int_equal(ak_hex_decode(AK_SPAN_LIT("0"), out, 4, &len), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode(AK_SPAN_LIT("00000"), out, 4, &len), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode(AK_SPAN_LIT("000000"), out, 2, &len), AK_E_LIMIT);
    assert_int_equal(ak_hex_decode(AK_SPAN_LIT("000000"), out, 3, &len), AK_OK);
    assert_int_equal(ak_hex_decode(AK_SPAN_LIT("000000"), out, 4, &len), AK_OK);
    assert_int_equal(len, 3);
}

static void fixed_takes_its_length_only(void **state)
{
    (void)state;
    uint8_t out[2] = {9, 9};
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("010"), out, 2), AK_E_FORMAT);
    assert_int_equal(out[0] | out[1], 0);
    out[0] = out[1] = 9;
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("01020"), out, 2), AK_E_FORMAT);
    assert_int_equal(out[0] | out[1], 0);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("01"), out, 2), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("01020"), out, 2), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("010203"), out, 2), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("0x01"), out, 2), AK_E_FORMAT);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("0102"), out, 2), AK_OK);
    assert_memory_equal(out, "\x01\x02", 2);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_EMPTY, NULL, 0), AK_OK);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT("0"), NULL, 0), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_round_trip),
        cmocka_unit_test(encoding_needs_its_room),
        cmocka_unit_test(every_character_at_every_place),
        cmocka_unit_test(any_case_takes_mixed_text),
        cmocka_unit_test(lengths_at_each_side),
        cmocka_unit_test(fixed_takes_its_length_only),
    };
    return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
