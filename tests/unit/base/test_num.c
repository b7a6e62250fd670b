/* Canonical decimals at each edge, saturating arithmetic. */
#include "unit/check.h"

#include "base/num.h"

static enum ak_err parse(const char *text, uint64_t max, uint64_t *out)
{
    return ak_num_parse_u64(ak_span_str(text), max, out);
}

static void accepts_canonical_only(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_int_equal(parse("0", 9, &value), AK_OK);
    assert_true(value == 0);
    assert_int_equal(parse("18446744073709551615", UINT64_MAX, &value), AK_OK);
    assert_true(value == UINT64_MAX);
    const char *bad[] = {"", "00", "01", "-1", "+1", " 1", "1 ", "1a", "0x1"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(parse(bad[i], UINT64_MAX, &value), AK_E_FORMAT);
        assert_true(value == 0);
    }
}

static void limits_at_each_side(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_int_equal(parse("99", 100, &value), AK_OK);
    assert_int_equal(parse("100", 100, &value), AK_OK);
    assert_int_equal(parse("101", 100, &value), AK_E_LIMIT);
    assert_int_equal(parse("18446744073709551616", UINT64_MAX, &value), AK_E_LIMIT);
    assert_int_equal(parse("99999999999999999999999", UINT64_MAX, &value), AK_E_LIMIT);
}

static void saturates(void **state)
{
    (void)state;
    assert_true(ak_num_add_sat(UINT64_MAX, 1) == UINT64_MAX);
    assert_true(ak_num_add_sat(2, 3) == 5);
    assert_true(ak_num_mul_sat(UINT64_MAX, 2) == UINT64_MAX);
    assert_true(ak_num_mul_sat(2, 3) == 6);
    assert_true(ak_num_sub_sat(2, 3) == 0);
    assert_true(ak_num_sub_sat(3, 2) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_canonical_only),
        cmocka_unit_test(limits_at_each_side),
        cmocka_unit_test(saturates),
    };
    return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
