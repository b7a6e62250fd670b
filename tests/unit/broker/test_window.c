/* Exactly so many uses within any time of that length, and never more by a clock that steps. */
#include "unit/check.h"

#include "core/broker/window.h"

enum { HOUR = 3600 };

static struct ak_window window;
static uint64_t retry_s;

static bool take(uint64_t now_s, size_t max)
{
    return ak_window_take(&window, now_s, HOUR, max, &retry_s);
}

static int clear(void **state)
{
    (void)state;
    memset(&window, 0, sizeof window);
    return 0;
}

static void takes_n_and_no_more(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 5; i++) assert_true(take(1000 + i, 5));
    assert_false(take(1005, 5));
    assert_int_equal(retry_s, HOUR - 5);
    assert_false(take(1000 + HOUR - 1, 5));
    assert_int_equal(retry_s, 1);
    assert_true(take(1000 + HOUR, 5));
    assert_int_equal(retry_s, 0);
    assert_false(take(1000 + HOUR, 5)); /* the second oldest is still inside */
    assert_int_equal(retry_s, 1);
}

static void any_hour_has_n_at_most(void **state)
{
    (void)state;
    uint64_t taken[256];
    size_t count = 0;
    for (uint64_t now = 1; now < 6 * HOUR && count < AK_COUNT(taken); now += 97)
        if (take(now, 5)) taken[count++] = now;
    assert_true(count >= 25);
    for (size_t i = 5; i < count; i++) assert_true(taken[i] - taken[i - 5] >= HOUR);
}

static void clock_back_gives_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3; i++) assert_true(take(100000, 3));
    assert_false(take(50, 3));
    assert_int_equal(retry_s, HOUR);
    assert_true(take(50 + HOUR, 3));
}

static void lower_limit_counts_the_newest(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) assert_true(take(1000 + 10 * i, 10));
    assert_false(take(1100, 2));
    assert_int_equal(retry_s, HOUR - (1100 - 1080));
}

static void round_trip(void **state)
{
    (void)state;
    uint8_t bytes[AK_WINDOW_BYTES_MAX + 8];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_window again;
    for (uint64_t i = 0; i < AK_WINDOW_USES_MAX; i++) assert_true(take(UINT32_MAX + i, AK_WINDOW_USES_MAX));
    ak_window_put(&window, &buf);
    assert_int_equal(buf.len, AK_WINDOW_BYTES_MAX);
    assert_int_equal(ak_window_read(ak_buf_span(&buf), &again), AK_OK);
    assert_memory_equal(&again, &window, sizeof window);
    assert_int_equal(ak_window_read(ak_span(bytes, 7), &again), AK_E_FORMAT);
    assert_int_equal(ak_window_read(ak_span(bytes, AK_WINDOW_BYTES_MAX + 8), &again), AK_E_FORMAT);
    bytes[0] = 1; /* later than the next */
    assert_int_equal(ak_window_read(ak_buf_span(&buf), &again), AK_E_FORMAT);
    assert_int_equal(again.count, 0);
    assert_int_equal(ak_window_read(AK_SPAN_EMPTY, &again), AK_OK);
    assert_int_equal(again.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(takes_n_and_no_more, clear),
        cmocka_unit_test_setup(any_hour_has_n_at_most, clear),
        cmocka_unit_test_setup(clock_back_gives_nothing, clear),
        cmocka_unit_test_setup(lower_limit_counts_the_newest, clear),
        cmocka_unit_test_setup(round_trip, clear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
