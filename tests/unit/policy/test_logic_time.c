/* Logic time: never back, never faster than the monotonic clock, no credit for a stop (I7, I16). */
#include "core/policy/bucket.h"
#include "core/policy/logic_time.h"
#include "unit/check.h"

#define WALL UINT64_C(1767225600000)

static void test_first_start(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 500);
    assert_int_equal(t.logic_ms, WALL);
    assert_int_equal(ak_logic_time_seen_ms(&t), 0);
    assert_false(ak_logic_time_advance(&t, WALL + 1000, 1500).stepped);
    assert_int_equal(t.logic_ms, WALL + 1000);
    assert_int_equal(ak_logic_time_seen_ms(&t), 1000);
    assert_int_equal(ak_logic_time_seen_us(&t), 1000000);
}

static void test_stop_gives_no_seen_time(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 0);
    (void)ak_logic_time_advance(&t, WALL + 5000, 5000);
    uint64_t last = t.logic_ms, unseen = t.unseen_ms, seen = ak_logic_time_seen_ms(&t);
    struct ak_logic_time next;
    ak_logic_time_start(&next, last, unseen, WALL + 3600000, 7);
    assert_int_equal(next.logic_ms, WALL + 3600000);
    assert_int_equal(ak_logic_time_seen_ms(&next), seen);
    assert_int_equal(next.unseen_ms, unseen + ak_logic_time_gap(last, next.logic_ms));
    assert_false(ak_logic_time_advance(&next, WALL + 3600000, 7).stepped);
}

/* I7: the debt of a bucket is the same after an hour's stop. */
static void test_stop_refills_no_bucket(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 0);
    uint64_t tat = 0;
    for (int i = 0; i < 100; i++) tat = ak_bucket_take(tat, 0, 100, ak_logic_time_seen_us(&t)).tat_us;
    struct ak_logic_time next;
    ak_logic_time_start(&next, t.logic_ms, t.unseen_ms, WALL + 3600000, 0);
    assert_false(ak_bucket_take(tat, 0, 100, ak_logic_time_seen_us(&next)).allowed);
    (void)ak_logic_time_advance(&next, WALL + 3600600, 600);
    assert_true(ak_bucket_take(tat, 0, 100, ak_logic_time_seen_us(&next)).allowed);
}

static void test_wall_behind_at_start(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, WALL, 42, WALL - 10000, 1000);
    assert_int_equal(t.logic_ms, WALL);
    assert_int_equal(t.unseen_ms, 42);
    struct ak_clock_step step = ak_logic_time_advance(&t, WALL - 10000, 1000);
    assert_true(step.stepped);
    assert_int_equal(step.by_ms, -10000);
    assert_int_equal(t.logic_ms, WALL);
    assert_false(ak_logic_time_advance(&t, WALL - 9000, 2000).stepped);
    assert_int_equal(t.logic_ms, WALL + 1000);
}

static void test_steps_are_told_once(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 0);
    assert_false(ak_logic_time_advance(&t, WALL + 100 + AK_CLOCK_STEP_MS, 100).stepped);
    struct ak_clock_step step = ak_logic_time_advance(&t, WALL + 200 + AK_CLOCK_STEP_MS + 1, 200);
    assert_true(step.stepped);
    assert_int_equal(step.by_ms, AK_CLOCK_STEP_MS + 1);
    assert_int_equal(t.logic_ms, WALL + 200);
    assert_false(ak_logic_time_advance(&t, WALL + 300 + AK_CLOCK_STEP_MS + 1, 300).stepped);
    step = ak_logic_time_advance(&t, WALL + 400, 400);
    assert_true(step.stepped);
    assert_int_equal(step.by_ms, -(AK_CLOCK_STEP_MS + 1));
    assert_int_equal(t.logic_ms, WALL + 400);
    assert_false(ak_logic_time_advance(&t, WALL + 500, 500).stepped);
}

/* A year forward and back within a run moves nothing. */
static void test_big_steps_move_nothing(void **state)
{
    (void)state;
    const uint64_t year = UINT64_C(31536000000);
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 0);
    assert_true(ak_logic_time_advance(&t, WALL + year, 10).stepped);
    assert_int_equal(t.logic_ms, WALL + 10);
    assert_true(ak_logic_time_advance(&t, WALL - year, 20).stepped);
    assert_int_equal(t.logic_ms, WALL + 20);
    assert_int_equal(ak_logic_time_seen_ms(&t), 20);
}

static void test_monotonic_back_stands_still(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, 0, 0, WALL, 1000);
    (void)ak_logic_time_advance(&t, WALL + 1000, 2000);
    for (int i = 0; i < 10; i++) {
        (void)ak_logic_time_advance(&t, WALL, 0);
        (void)ak_logic_time_advance(&t, WALL, 2000);
    }
    assert_int_equal(t.logic_ms, WALL + 1000);
}

static void test_extremes(void **state)
{
    (void)state;
    struct ak_logic_time t;
    ak_logic_time_start(&t, UINT64_MAX, UINT64_MAX, 0, 0);
    (void)ak_logic_time_advance(&t, 0, UINT64_MAX);
    assert_int_equal(t.logic_ms, UINT64_MAX);
    assert_int_equal(ak_logic_time_seen_ms(&t), 0);
    t = (struct ak_logic_time){.logic_ms = UINT64_MAX};
    assert_int_equal(ak_logic_time_seen_us(&t), UINT64_MAX);
    assert_int_equal(ak_logic_time_gap(10, 10), 0);
    assert_int_equal(ak_logic_time_gap(11, 10), 0);
    assert_int_equal(ak_logic_time_gap(10, 12), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_start),
        cmocka_unit_test(test_stop_gives_no_seen_time), cmocka_unit_test(test_stop_refills_no_bucket),
        cmocka_unit_test(test_wall_behind_at_start), cmocka_unit_test(test_steps_are_told_once),
        cmocka_unit_test(test_big_steps_move_nothing), cmocka_unit_test(test_monotonic_back_stands_still),
        cmocka_unit_test(test_extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
