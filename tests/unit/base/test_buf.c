/* The bounded writer: what fits exactly, what does not, and that failure sticks. */
#include "unit/check.h"

#include "base/buf.h"

static void fills_to_the_last_byte(void **state)
{
    (void)state;
    uint8_t mem[15];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_u8(&buf, 1);
    ak_buf_put_u16(&buf, 0x0203);
    ak_buf_put_u32(&buf, 0x04050607);
    ak_buf_put_u64(&buf, 0x08090a0b0c0d0e0f);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(buf.len, 15);
    for (uint8_t i = 0; i < 15; i++) assert_int_equal(mem[i], i + 1);
}

static void failure_sticks(void **state)
{
    (void)state;
    uint8_t mem[3];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_u16(&buf, 7);
    ak_buf_put_u16(&buf, 7);
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    ak_buf_put_u8(&buf, 1);
    assert_int_equal(buf.len, 2);
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    assert_null(ak_buf_grow(&buf, 0));
}

static void huge_length_does_not_wrap(void **state)
{
    (void)state;
    uint8_t mem[3];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_u8(&buf, 1);
    assert_null(ak_buf_grow(&buf, SIZE_MAX));
}

static void decimals_are_canonical(void **state)
{
    (void)state;
    char mem[32];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_dec(&buf, 0);
    ak_buf_put_str(&buf, " ");
    ak_buf_put_dec(&buf, UINT64_MAX);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(mem, "0 18446744073709551615");
}

static void a_strangers_text_steers_nothing(void **state)
{
    (void)state;
    char mem[16];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_shown(&buf, AK_SPAN_LIT("a ~\x1b[\n\x7f\xc2\x9b\xe2\x80\x8e\x1f"));
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(mem, "a ~\?[\?\?\?\?\?\?\?\?");
    ak_buf_put_shown(&buf, AK_SPAN_LIT("four"));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    assert_int_equal(buf.len, 13);
}

static void terminator_needs_its_byte(void **state)
{
    (void)state;
    char mem[2];
    struct ak_buf buf = AK_BUF_ARR(mem);
    ak_buf_put_str(&buf, "ab");
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(ak_buf_terminate(&buf), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_to_the_last_byte),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(huge_length_does_not_wrap),
        cmocka_unit_test(decimals_are_canonical),
        cmocka_unit_test(a_strangers_text_steers_nothing),
        cmocka_unit_test(terminator_needs_its_byte),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
