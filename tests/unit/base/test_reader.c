/* The bounded reader: exact ends, failure that sticks, nothing left over. */
#include "unit/check.h"

#include "base/reader.h"

static void reads_back_what_was_written(void **state)
{
    (void)state;
    const uint8_t mem[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(mem));
    assert_int_equal(ak_reader_u8(&reader), 1);
    assert_int_equal(ak_reader_u16(&reader), 0x0203);
    assert_int_equal(ak_reader_u32(&reader), 0x04050607);
    assert_int_equal(ak_reader_finish(&reader), AK_E_FORMAT);
    assert_true(ak_reader_u64(&reader) == 0x08090a0b0c0d0e0f);
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

static void failure_sticks_and_gives_zero(void **state)
{
    (void)state;
    const uint8_t mem[] = {1, 2, 3};
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(mem));
    assert_int_equal(ak_reader_u32(&reader), 0);
    assert_int_equal(ak_reader_u8(&reader), 0);
    assert_int_equal(ak_reader_finish(&reader), AK_E_FORMAT);
    uint8_t out[2] = {9, 9};
    ak_reader_copy(&reader, out, sizeof out);
    assert_int_equal(out[0] | out[1], 0);
}

static void huge_take_fails(void **state)
{
    (void)state;
    const uint8_t mem[] = {1, 2, 3};
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(mem));
    assert_int_equal(ak_reader_take(&reader, SIZE_MAX).len, 0);
    assert_true(reader.failed);
}

static void empty_is_finished(void **state)
{
    (void)state;
    struct ak_reader reader = ak_reader(AK_SPAN_EMPTY);
    assert_int_equal(ak_reader_take(&reader, 0).len, 0);
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(failure_sticks_and_gives_zero),
        cmocka_unit_test(huge_take_fails),
        cmocka_unit_test(empty_is_finished),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
