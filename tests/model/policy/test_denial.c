/* Merged refusals against a plain list: every refusal is in exactly one entry, with the right path and rule,
 * and a path and rule have at most two entries a minute (I18). */
#include "core/policy/denial.h"
#include "model/random.h"
#include "unit/check.h"

enum { REFS = 40 };
static struct ak_denial_table table;
static uint64_t noted[REFS][AK_RULE_COUNT], written[REFS][AK_RULE_COUNT];

static void fetch(uint64_t now, bool all)
{
    struct ak_denial_due due;
    while (ak_denial_next_due(&table, now, all, &due)) {
        assert_true(due.ref < REFS && due.count > 0);
        assert_true(due.last_ms <= now && due.minute_ms <= due.last_ms);
        written[due.ref][due.rule] += due.count;
    }
}

static void test_conservation(void **state)
{
    (void)state;
    struct test_random random = {4};
    uint64_t now = UINT64_C(1767225600000), entries = 0, start = now;
    ak_denial_init(&table);
    for (unsigned k = 0; k < 300000; k++) {
        now += test_random_below(&random, 50);
        uint64_t ref = test_random_below(&random, REFS);
        enum ak_rule rule = (enum ak_rule)(1 + test_random_below(&random, AK_RULE_COUNT - 1));
        if (test_random_below(&random, 10) != 0) fetch(now, false);
        noted[ref][rule]++;
        if (ak_denial_note(&table, ref, rule, now)) {
            written[ref][rule]++;
            entries++;
        }
    }
    fetch(now, true);
    for (size_t ref = 0; ref < REFS; ref++)
        for (size_t rule = 0; rule < AK_RULE_COUNT; rule++)
            assert_int_equal(written[ref][rule], noted[ref][rule]);
    uint64_t minutes = (now - start) / 60000 + 2;
    assert_true(entries <= minutes * REFS * (AK_RULE_COUNT - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conservation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
