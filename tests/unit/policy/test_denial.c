/* Merged refusals: a million make a small log, none is lost (I18). */
#include "core/policy/denial.h"
#include "unit/check.h"

#define MINUTE UINT64_C(60000)
#define NOW    (UINT64_C(29453760) * MINUTE)

static struct ak_denial_table table;

static void test_first_is_an_entry(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    assert_true(ak_denial_note(&table, 1, AK_RULE_SCOPE, NOW));
    assert_false(ak_denial_note(&table, 1, AK_RULE_SCOPE, NOW + 1));
    assert_false(ak_denial_note(&table, 1, AK_RULE_SCOPE, NOW + 59999));
    assert_true(ak_denial_note(&table, 1, AK_RULE_RATE, NOW + 2));
    assert_true(ak_denial_note(&table, 2, AK_RULE_SCOPE, NOW + 3));
    assert_false(ak_denial_next_due(&table, NOW + 59999, false, &due));
    assert_true(ak_denial_next_due(&table, NOW + MINUTE, false, &due));
    assert_int_equal(due.ref, 1);
    assert_int_equal(due.rule, AK_RULE_SCOPE);
    assert_int_equal(due.count, 2);
    assert_int_equal(due.minute_ms, NOW);
    assert_int_equal(due.last_ms, NOW + 59999);
    assert_false(ak_denial_next_due(&table, NOW + MINUTE, false, &due));
    assert_int_equal(due.count, 0);
    assert_true(ak_denial_note(&table, 1, AK_RULE_SCOPE, NOW + MINUTE));
}

static void test_million(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    unsigned entries = 0;
    uint64_t merged = 0;
    for (uint64_t i = 0; i < 1000000; i++) {
        uint64_t now = NOW + i / 10; /* over 100 s: two minutes */
        while (ak_denial_next_due(&table, now, false, &due)) entries++, merged += due.count;
        if (ak_denial_note(&table, i % 5, (enum ak_rule)(1 + i % 11), now)) entries++, merged++;
    }
    while (ak_denial_next_due(&table, NOW + 200000, true, &due)) entries++, merged += due.count;
    assert_int_equal(merged, 1000000);
    assert_true(entries <= 2 * 2 * 55);
}

/* More paths than places: the rest is one count. */
static void test_table_full(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    unsigned entries = 0;
    for (uint64_t ref = 0; ref < 100000; ref++) entries += ak_denial_note(&table, ref, AK_RULE_RATE, NOW);
    assert_int_equal(entries, AK_DENIAL_SLOTS / 4 * 3);
    assert_true(ak_denial_next_due(&table, NOW + MINUTE, false, &due));
    assert_int_equal(due.ref, AK_DENIAL_REF_OTHER);
    assert_int_equal(due.rule, AK_RULE_NONE);
    assert_int_equal(due.count, 100000 - entries);
    assert_false(ak_denial_next_due(&table, NOW + MINUTE, false, &due));
    assert_true(ak_denial_note(&table, 5, AK_RULE_RATE, NOW + MINUTE));
}

/* Not fetched in time: later refusals count, nothing is lost, and the table comes back. */
static void test_not_fetched(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    assert_true(ak_denial_note(&table, 1, AK_RULE_RATE, NOW));
    assert_false(ak_denial_note(&table, 1, AK_RULE_RATE, NOW));
    assert_false(ak_denial_note(&table, 1, AK_RULE_RATE, NOW + MINUTE));
    assert_false(ak_denial_note(&table, 2, AK_RULE_RATE, NOW + MINUTE));
    uint64_t merged = 0;
    while (ak_denial_next_due(&table, NOW + MINUTE, false, &due)) merged += due.count;
    assert_int_equal(merged, 3);
    assert_true(ak_denial_note(&table, 2, AK_RULE_RATE, NOW + MINUTE));
}

/* Refused again between two fetches of the same flush. */
static void test_noted_while_fetching(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    for (uint64_t ref = 0; ref < 8; ref++) {
        (void)ak_denial_note(&table, ref, AK_RULE_RATE, NOW);
        (void)ak_denial_note(&table, ref, AK_RULE_RATE, NOW);
    }
    uint64_t merged = 0;
    unsigned fetched = 0;
    while (ak_denial_next_due(&table, NOW + MINUTE, false, &due)) {
        merged += due.count;
        if (++fetched == 4) assert_false(ak_denial_note(&table, due.ref, AK_RULE_RATE, NOW + MINUTE));
    }
    assert_int_equal(merged, 9);
    assert_int_equal(fetched, 9);
}

static void test_all_at_stop(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    (void)ak_denial_note(&table, 1, AK_RULE_RATE, NOW);
    (void)ak_denial_note(&table, 1, AK_RULE_RATE, NOW);
    assert_true(ak_denial_next_due(&table, NOW, true, &due));
    assert_int_equal(due.count, 1);
    assert_false(ak_denial_next_due(&table, NOW, true, &due));
}

static void test_quiet_minutes_need_no_fetch(void **state)
{
    (void)state;
    ak_denial_init(&table);
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(ak_denial_note(&table, 1, AK_RULE_RATE, NOW + i * MINUTE));
    }
    assert_false(ak_denial_note(&table, 1, AK_RULE_RATE, NOW)); /* time does not go back */
}

static void test_count_saturates(void **state)
{
    (void)state;
    struct ak_denial_due due;
    ak_denial_init(&table);
    (void)ak_denial_note(&table, 1, AK_RULE_RATE, NOW);
    (void)ak_denial_note(&table, 1, AK_RULE_RATE, NOW);
    for (size_t i = 0; i < AK_DENIAL_SLOTS; i++) {
        if (table.slots[i].rule != 0) table.slots[i].further = UINT32_MAX;
    }
    (void)ak_denial_note(&table, 1, AK_RULE_RATE, NOW);
    assert_true(ak_denial_next_due(&table, NOW, true, &due));
    assert_int_equal(due.count, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_is_an_entry),
        cmocka_unit_test(test_million), cmocka_unit_test(test_table_full), cmocka_unit_test(test_not_fetched),
        cmocka_unit_test(test_noted_while_fetching), cmocka_unit_test(test_all_at_stop),
        cmocka_unit_test(test_quiet_minutes_need_no_fetch), cmocka_unit_test(test_count_saturates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
