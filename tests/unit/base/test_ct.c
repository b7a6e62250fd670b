/* Secrets compared: each bit of each byte counts, and so does the length. That time does not depend on them
 * is shown in tests/constant-time. */
#include "unit/check.h"

#include "base/ct.h"

static void one_bit_makes_them_differ(void **state)
{
    uint8_t a[33], b[33];
    (void)state;
    for (size_t len = 1; len <= sizeof a; len++) {
        for (size_t i = 0; i < len; i++) a[i] = b[i] = (uint8_t)(i * 37 + len);
        assert_true(ak_ct_eq(ak_span(a, len), ak_span(b, len)));
        for (size_t bit = 0; bit < 8 * len; bit++) {
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(ak_ct_eq(ak_span(a, len), ak_span(b, len)));
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void one_byte_more_or_less_makes_them_differ(void **state)
{
    static const uint8_t zeros[34];
    (void)state;
    for (size_t len = 31; len <= 34; len++)
        assert_int_equal(ak_ct_eq(ak_span(zeros, 32), ak_span(zeros, len)), len == 32);
    assert_false(ak_ct_eq(AK_SPAN_EMPTY, ak_span(zeros, 1)));
    assert_false(ak_ct_eq(ak_span(zeros, 1), AK_SPAN_EMPTY));
    assert_true(ak_ct_eq(AK_SPAN_EMPTY, ak_span(zeros, 0)));
}

static void zero_is_every_bit_zero(void **state)
{
    uint8_t a[33] = {0};
    (void)state;
    assert_true(ak_ct_is_zero(AK_SPAN_EMPTY));
    assert_true(ak_ct_is_zero(AK_SPAN_ARR(a)));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        a[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_false(ak_ct_is_zero(AK_SPAN_ARR(a)));
        assert_int_equal(ak_ct_is_zero(ak_span(a, bit / 8)), true); /* ends before it */
        a[bit / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bit_makes_them_differ),
        cmocka_unit_test(one_byte_more_or_less_makes_them_differ),
        cmocka_unit_test(zero_is_every_bit_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
