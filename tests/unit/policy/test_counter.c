/* Uses per day (I7: nothing lowers them but time that was seen). */
#include "core/policy/counter.h"
#include "unit/check.h"

#define SECOND UINT64_C(1000000)

static void test_counts_a_window(void **state)
{
    (void)state;
    struct ak_day_counter c = {0};
    assert_int_equal(ak_day_counter_uses(&c, 5 * SECOND), 0);
    for (uint32_t i = 1; i <= 3; i++) {
        c = ak_day_counter_add(&c, (4 + i) * SECOND);
        assert_int_equal(c.start_us, 5 * SECOND);
        assert_int_equal(ak_day_counter_uses(&c, (4 + i) * SECOND), i);
    }
    uint64_t end = 5 * SECOND + AK_COUNTER_DAY_US;
    assert_int_equal(ak_day_counter_uses(&c, end - 1), 3);
    assert_int_equal(ak_day_counter_uses(&c, end), 0);
    c = ak_day_counter_add(&c, end);
    assert_int_equal(c.start_us, end);
    assert_int_equal(c.uses, 1);
}

static void test_first_use_after_a_day_of_nothing(void **state)
{
    (void)state;
    struct ak_day_counter c = {0};
    c = ak_day_counter_add(&c, AK_COUNTER_DAY_US / 2);
    assert_int_equal(c.start_us, AK_COUNTER_DAY_US / 2);
}

static void test_clock_back_keeps(void **state)
{
    (void)state;
    struct ak_day_counter c = {100 * SECOND, 7};
    assert_int_equal(ak_day_counter_uses(&c, 0), 7);
    c = ak_day_counter_add(&c, 0);
    assert_int_equal(c.uses, 8);
    assert_int_equal(c.start_us, 100 * SECOND);
}

static void test_saturates(void **state)
{
    (void)state;
    struct ak_day_counter c = {0, UINT32_MAX};
    assert_int_equal(ak_day_counter_add(&c, 1).uses, UINT32_MAX);
}

static void test_wait(void **state)
{
    (void)state;
    struct ak_day_counter c = {10 * SECOND, 1};
    assert_int_equal(ak_day_counter_wait_secs(&c, 10 * SECOND), 86400);
    assert_int_equal(ak_day_counter_wait_secs(&c, 10 * SECOND + 1), 86400);
    assert_int_equal(ak_day_counter_wait_secs(&c, 11 * SECOND), 86399);
    assert_int_equal(ak_day_counter_wait_secs(&c, 10 * SECOND + AK_COUNTER_DAY_US), 1);
    struct ak_day_counter far = {UINT64_MAX - 1, 1};
    assert_int_equal(ak_day_counter_wait_secs(&far, 0), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts_a_window),
        cmocka_unit_test(test_first_use_after_a_day_of_nothing), cmocka_unit_test(test_clock_back_keeps),
        cmocka_unit_test(test_saturates), cmocka_unit_test(test_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
