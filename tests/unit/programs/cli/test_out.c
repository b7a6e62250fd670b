/* What goes to a person's terminal steers nothing there, and JSON keeps its meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/codec/json.h"
#include "programs/command/out.h"
#include "unit/programs/cli/capture.h"

static const char *put(struct ak_span json)
{
    capture();
    ak_out_json(json);
    release();
    return out_text;
}

/* UTF-8 of a character of the first plane. */
static struct ak_span json_of(unsigned code, char room[16])
{
    struct ak_buf buf = ak_buf(room, 16);
    ak_buf_put_str(&buf, "{\"a\":\"");
    if (code >= 0x800) ak_buf_put_u8(&buf, (uint8_t)(0xe0 | code >> 12));
    if (code >= 0x800) ak_buf_put_u8(&buf, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
    if (code >= 0x80 && code < 0x800) ak_buf_put_u8(&buf, (uint8_t)(0xc0 | code >> 6));
    ak_buf_put_u8(&buf, (uint8_t)(code < 0x80 ? code : 0x80 | (code & 0x3f)));
    ak_buf_put_str(&buf, "\"}");
    return ak_buf_span(&buf);
}

/* The edges of each range, inside and outside. */
static void test_json_steers_no_terminal(void **state)
{
    (void)state;
    static const unsigned escaped[] = {
        0x7f, 0x80, 0x9b, 0x9f, 0x61c, 0x200e, 0x200f, 0x2028, 0x202a, 0x202e, 0x2066, 0x2069};
    static const unsigned kept[] = {0x20, 0x7e, 0xa0, 0xe9, 0xff, 0x61b, 0x61d, 0x200d, 0x2010, 0x2027,
        0x202f, 0x2065, 0x206a, 0x4e2d, 0x1002, 0x7ff, 0x800};
    char room[16], want[32];
    for (size_t i = 0; i < AK_COUNT(escaped); i++) {
        (void)snprintf(want, sizeof want, "{\"a\":\"\\u%04x\"}\n", escaped[i]);
        assert_string_equal(put(json_of(escaped[i], room)), want);
    }
    for (size_t i = 0; i < AK_COUNT(kept); i++) {
        struct ak_span json = json_of(kept[i], room);
        (void)snprintf(want, sizeof want, "%.*s\n", (int)json.len, (const char *)json.ptr);
        assert_string_equal(put(json), want);
    }
    assert_string_equal(put(AK_SPAN_LIT("\"\xf0\x9f\x82\x80\"")), "\"\xf0\x9f\x82\x80\"\n"); /* U+1F080 */
    assert_string_equal(put(AK_SPAN_LIT("\"\xe2\x80")), "\"\xe2\x80\n"); /* cut: nothing is read behind it */
    assert_string_equal(put(AK_SPAN_EMPTY), "\n");
}

static void test_rows_of_strangers(void **state)
{
    (void)state;
    capture();
    ak_out_row_text("name", AK_SPAN_LIT("a\x1b[2J\nb\xc2\x9b\xe2\x80\x8e"));
    release();
    assert_string_equal(out_text, "name           a\?[2J\?b\?\?\?\?\?\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_steers_no_terminal),
        cmocka_unit_test(test_rows_of_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
