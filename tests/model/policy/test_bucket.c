/* The bucket against a bucket of credit that is filled tick by tick, and against the sliding window that its
 * header promises (I7). */
#include "core/policy/bucket.h"
#include "model/random.h"
#include "unit/check.h"

enum { USES_KEPT = 4096 };

/* Credit in microseconds of refill: a use costs an interval, a full bucket holds `rate` of them. */
struct naive {
    uint64_t interval, credit, at_us;
    uint32_t rate;
};

static struct naive naive_start(uint32_t rate, uint64_t now)
{
    uint64_t interval = 60000000 / rate + (60000000 % rate != 0);
    return (struct naive){interval, interval * rate, now, rate};
}

static bool naive_take(struct naive *n, uint64_t now)
{
    n->credit += now - n->at_us;
    n->at_us = now;
    if (n->credit > n->interval * n->rate) n->credit = n->interval * n->rate;
    if (n->credit < n->interval) return false;
    n->credit -= n->interval;
    return true;
}

/* Idle, dense and bursting times. */
static uint64_t step_us(struct test_random *random, uint64_t interval)
{
    switch (test_random_below(random, 8)) {
    case 0: return test_random_below(random, 90000000);
    case 1: return interval;
    case 2: return interval > 0 ? interval - 1 : 0;
    case 3: return test_random_below(random, 2 * interval + 1);
    default: return 0;
    }
}

static void test_against_credit(void **state)
{
    (void)state;
    const uint32_t rates[] = {1, 2, 3, 7, 10, 60, 99, 100, 997, 5000, 8001, 9999, 10000};
    struct test_random random = {1};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        uint64_t now = UINT64_C(1000000000) + test_random_below(&random, 1000000000), tat = 0;
        struct naive n = naive_start(rates[i], now);
        for (unsigned k = 0; k < 200000; k++) {
            now += step_us(&random, n.interval);
            struct ak_bucket_result r = ak_bucket_take(tat, 0, rates[i], now);
            uint64_t left = ak_bucket_left(tat, 0, rates[i], now);
            bool allowed = naive_take(&n, now);
            if (r.allowed != allowed) fail();
            if (left != (n.credit + (allowed ? n.interval : 0)) / n.interval) fail();
            if (!allowed) {
                uint64_t wait = n.interval - n.credit;
                if (r.retry_after_secs != (wait + 999999) / 1000000) fail();
                if (r.tat_us != tat) fail();
            }
            tat = r.tat_us;
        }
    }
}

/* Over any stretch of time t: at most rate + t / interval uses. */
static void test_sliding_window(void **state)
{
    (void)state;
    static uint64_t used[USES_KEPT];
    struct test_random random = {2};
    for (unsigned round = 0; round < 40; round++) {
        uint32_t rate = (uint32_t)(1 + test_random_below(&random, 200));
        uint64_t interval = 60000000 / rate + (60000000 % rate != 0), now = 1, tat = 0;
        size_t count = 0;
        while (count < 1000) {
            now += step_us(&random, interval);
            struct ak_bucket_result r = ak_bucket_take(tat, 0, rate, now);
            tat = r.tat_us;
            if (r.allowed) used[count++] = now;
        }
        for (size_t a = 0; a < count; a++)
            for (size_t b = a; b < count; b++)
                if (b - a + 1 > rate + (used[b] - used[a]) / interval) fail();
    }
}

/* Unclean stops and lost seconds (seen time falls back to the last entry) never give more than the same
 * history without them. */
static void test_disturbances_never_refill(void **state)
{
    (void)state;
    struct test_random random = {3};
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t rate = (uint32_t)(1 + test_random_below(&random, 1000));
        uint64_t now = UINT64_C(1) << 40, lost = 0, calm = 0, shaken = 0, floor = 0;
        uint64_t calm_uses = 0, shaken_uses = 0;
        for (unsigned k = 0; k < 300; k++) {
            now += step_us(&random, 60000000 / rate);
            if (test_random_below(&random, 20) == 0) lost += test_random_below(&random, 100000000);
            if (test_random_below(&random, 50) == 0) floor = ak_bucket_floor(now - lost);
            struct ak_bucket_result a = ak_bucket_take(calm, 0, rate, now);
            struct ak_bucket_result b = ak_bucket_take(shaken, floor, rate, now - lost);
            calm_uses += a.allowed;
            shaken_uses += b.allowed;
            calm = a.tat_us;
            shaken = b.tat_us;
            if (shaken_uses > calm_uses) fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_credit),
        cmocka_unit_test(test_sliding_window), cmocka_unit_test(test_disturbances_never_refill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
