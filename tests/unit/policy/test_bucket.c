/* The bucket: burst, refill, debts that stay (I7). The model test beside it compares whole histories. */
#include "base/attr.h"
#include "core/policy/bucket.h"
#include "unit/check.h"

#define SECOND   UINT64_C(1000000)
#define START_US (UINT64_C(1767225600) * SECOND)

/* How many uses pass at one moment. */
static uint32_t drain(uint64_t *tat, uint64_t floor, uint32_t rate, uint64_t now)
{
    for (uint32_t n = 0;; n++) {
        struct ak_bucket_result r = ak_bucket_take(*tat, floor, rate, now);
        if (!r.allowed) return n;
        *tat = r.tat_us;
    }
}

static void test_burst_is_rate(void **state)
{
    (void)state;
    const uint32_t rates[] = {1, 2, 3, 7, 59, 60, 61, 99, 100, 101, 7745, 8001, 9999, 10000};
    for (size_t i = 0; i < AK_COUNT(rates); i++) {
        uint64_t tat = 0;
        assert_int_equal(ak_bucket_left(tat, 0, rates[i], START_US), rates[i]);
        assert_int_equal(drain(&tat, 0, rates[i], START_US), rates[i]);
        assert_int_equal(ak_bucket_left(tat, 0, rates[i], START_US), 0);
    }
}

static void test_refill_is_exact(void **state)
{
    (void)state;
    uint64_t tat = 0, now = START_US; /* 10000 a minute: one each 6000 us */
    assert_int_equal(drain(&tat, 0, 10000, now), 10000);
    assert_false(ak_bucket_take(tat, 0, 10000, now + 5999).allowed);
    assert_true(ak_bucket_take(tat, 0, 10000, now + 6000).allowed);
    assert_int_equal(drain(&tat, 0, 10000, now + 60 * SECOND), 10000);
}

static void test_retry_is_rounded_up(void **state)
{
    (void)state;
    uint64_t tat = 0;
    assert_int_equal(drain(&tat, 0, 10, START_US), 10); /* one each 6 s */
    struct ak_bucket_result r = ak_bucket_take(tat, 0, 10, START_US);
    assert_false(r.allowed);
    assert_int_equal(r.tat_us, tat);
    assert_int_equal(r.retry_after_secs, 6);
    assert_int_equal(ak_bucket_take(tat, 0, 10, START_US + 1).retry_after_secs, 6);
    assert_int_equal(ak_bucket_take(tat, 0, 10, START_US + SECOND).retry_after_secs, 5);
    assert_int_equal(ak_bucket_take(tat, 0, 10, START_US + 6 * SECOND - 1).retry_after_secs, 1);
    assert_true(ak_bucket_take(tat, 0, 10, START_US + 6 * SECOND).allowed);
}

static void test_retry_is_enough(void **state)
{
    (void)state;
    for (uint32_t rate = 1; rate <= 10000; rate += 37) {
        uint64_t tat = 0;
        (void)drain(&tat, 0, rate, START_US);
        struct ak_bucket_result r = ak_bucket_take(tat, 0, rate, START_US);
        assert_true(ak_bucket_take(tat, 0, rate, START_US + r.retry_after_secs * SECOND).allowed);
    }
}

/* I7: a clock that goes back only makes it stricter. */
static void test_clock_back(void **state)
{
    (void)state;
    uint64_t tat = 0;
    (void)drain(&tat, 0, 100, START_US);
    assert_false(ak_bucket_take(tat, 0, 100, START_US - SECOND).allowed);
    assert_false(ak_bucket_take(tat, 0, 100, 0).allowed);
    assert_int_equal(ak_bucket_take(tat, 0, 100, 0).retry_after_secs > 1767225600U, true);
    assert_int_equal(ak_bucket_left(tat, 0, 100, 0), 0);
}

/* I7: a changed rate keeps the debt, to the use that rounding may free above 7745 a minute. */
static void test_changed_rate(void **state)
{
    (void)state;
    for (uint32_t from = 1; from <= 10000; from += 101) {
        for (uint32_t to = 1; to <= 10000; to += 211) {
            uint64_t tat = 0;
            (void)drain(&tat, 0, from, START_US);
            assert_true(ak_bucket_left(tat, 0, to, START_US) <= (to > 7745 ? 1 : 0));
        }
    }
}

/* I7: after an unclean stop every bucket is empty, whatever its rate, and then refills. */
static void test_floor(void **state)
{
    (void)state;
    uint64_t floor = ak_bucket_floor(START_US);
    for (uint32_t rate = 1; rate <= 10000; rate++) {
        assert_int_equal(ak_bucket_left(0, floor, rate, START_US), 0);
        struct ak_bucket_result r = ak_bucket_take(0, floor, rate, START_US);
        assert_false(r.allowed);
        assert_true(r.retry_after_secs <= 61);
        assert_int_equal(r.tat_us, 0);
    }
    struct ak_bucket_result later = ak_bucket_take(0, floor, 100, START_US + SECOND);
    assert_true(later.allowed);
    assert_true(later.tat_us > floor);
    uint64_t tat = 0;
    assert_int_equal(drain(&tat, floor, 100, START_US + 61 * SECOND), 100);
}

static void test_edges(void **state)
{
    (void)state;
    assert_false(ak_bucket_take(0, 0, 0, START_US).allowed);
    assert_int_equal(ak_bucket_take(0, 0, 0, START_US).retry_after_secs, UINT32_MAX);
    assert_int_equal(ak_bucket_left(0, 0, 0, START_US), 0);
    assert_int_equal(ak_bucket_left(0, 0, 10001, START_US), 10000);
    assert_int_equal(ak_bucket_left(0, 0, UINT32_MAX, START_US), 10000);
    assert_false(ak_bucket_take(UINT64_MAX, 0, 100, START_US).allowed);
    assert_false(ak_bucket_take(UINT64_MAX, 0, 100, UINT64_MAX).allowed);
    assert_false(ak_bucket_take(0, 0, 100, UINT64_MAX).allowed);
    assert_int_equal(ak_bucket_floor(UINT64_MAX), UINT64_MAX);
}

/* The hour's bucket: its burst is the rate, one more each 3600 s / rate, and after an unclean start none. */
static void test_hour(void **state)
{
    (void)state;
    uint64_t tat = 0;
    for (unsigned i = 0; i < 30; i++) {
        struct ak_bucket_result r = ak_bucket_take_hour(tat, 0, 30, START_US);
        assert_true(r.allowed);
        tat = r.tat_us;
    }
    struct ak_bucket_result over = ak_bucket_take_hour(tat, 0, 30, START_US);
    assert_false(over.allowed);
    assert_int_equal(over.retry_after_secs, 120);
    assert_int_equal(over.tat_us, tat);
    assert_false(ak_bucket_take_hour(tat, 0, 30, START_US + 120 * SECOND - 1).allowed);
    assert_true(ak_bucket_take_hour(tat, 0, 30, START_US + 120 * SECOND).allowed);
    uint64_t floor = ak_bucket_floor(START_US);
    assert_false(ak_bucket_take_hour(0, floor, 30, START_US).allowed);
    assert_false(ak_bucket_take_hour(0, floor, 30, START_US + 119 * SECOND).allowed);
    assert_true(ak_bucket_take_hour(0, floor, 30, START_US + 121 * SECOND).allowed);
    assert_false(ak_bucket_take_hour(0, UINT64_MAX, 30, START_US).allowed);
    assert_false(ak_bucket_take_hour(0, 0, 0, START_US).allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_burst_is_rate),
        cmocka_unit_test(test_refill_is_exact), cmocka_unit_test(test_retry_is_rounded_up),
        cmocka_unit_test(test_retry_is_enough), cmocka_unit_test(test_clock_back),
        cmocka_unit_test(test_changed_rate), cmocka_unit_test(test_floor), cmocka_unit_test(test_edges),
        cmocka_unit_test(test_hour)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
