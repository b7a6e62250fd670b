/* Views of bytes: order, prefixes, searches, cutting. */
#include "unit/check.h"

#include "base/span.h"

static void orders_bytewise(void **state)
{
    (void)state;
    assert_int_equal(ak_span_cmp(AK_SPAN_LIT("abc"), AK_SPAN_LIT("abc")), 0);
    assert_true(ak_span_cmp(AK_SPAN_LIT("ab"), AK_SPAN_LIT("abc")) < 0);
    assert_true(ak_span_cmp(AK_SPAN_LIT("b"), AK_SPAN_LIT("abc")) > 0);
    assert_true(ak_span_cmp(AK_SPAN_EMPTY, AK_SPAN_LIT("a")) < 0);
    assert_int_equal(ak_span_cmp(AK_SPAN_EMPTY, AK_SPAN_EMPTY), 0);
}

static void finds_prefix_suffix_and_middle(void **state)
{
    (void)state;
    struct ak_span text = AK_SPAN_LIT("agentkeys");
    assert_true(ak_span_starts(text, AK_SPAN_LIT("agent")));
    assert_false(ak_span_starts(AK_SPAN_LIT("age"), AK_SPAN_LIT("agent")));
    assert_true(ak_span_ends(text, AK_SPAN_LIT("keys")));
    assert_false(ak_span_ends(text, AK_SPAN_LIT("key")));
    assert_false(ak_span_ends(AK_SPAN_LIT("ys"), AK_SPAN_LIT("keys")));
    assert_true(ak_span_contains(text, AK_SPAN_LIT("ntke")));
    assert_false(ak_span_contains(text, AK_SPAN_LIT("ntkx")));
    assert_false(ak_span_contains(text, AK_SPAN_EMPTY));
    assert_int_equal(ak_span_find(text, 0, 'k'), 5);
    assert_int_equal(ak_span_find(text, 6, 'k'), text.len);
    assert_int_equal(ak_span_find(AK_SPAN_EMPTY, 0, 'k'), 0);
}

static void cuts_to_what_there_is(void **state)
{
    (void)state;
    struct ak_span text = AK_SPAN_LIT("agent");
    assert_true(ak_span_eq(ak_span_sub(text, 1, 3), AK_SPAN_LIT("gen")));
    assert_true(ak_span_eq(ak_span_sub(text, 3, 99), AK_SPAN_LIT("nt")));
    assert_int_equal(ak_span_sub(text, 5, 1).len, 0);
    assert_int_equal(ak_span_sub(text, SIZE_MAX, SIZE_MAX).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_bytewise),
        cmocka_unit_test(finds_prefix_suffix_and_middle),
        cmocka_unit_test(cuts_to_what_there_is),
    };
    return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
