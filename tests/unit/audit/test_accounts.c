/* The table of accounts: found again after growth, bounded, and refusing when memory ends (I18). */
#include "unit/audit/gen.h"
#include "unit/heap_hooks.h"

#include "audit/accounts.h"

enum { COUNT = 5000 };

static void each_is_found_again(void **state)
{
    struct ak_arena arena;
    struct ak_audit_accounts accounts;
    struct ak_audit_account *account = NULL;
    uint8_t anchor[32];
    (void)state;
    ak_arena_init(&arena, ak_test_heap_hooks(), (size_t)16 << 20);
    ak_audit_accounts_init(&accounts, &arena, 12345);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < COUNT; i++) {
            gen_anchor(i, anchor);
            assert_int_equal(ak_audit_accounts_get(&accounts, anchor, &account), AK_OK);
            assert_memory_equal(account->anchor, anchor, 32);
            assert_int_equal(account->seq, round == 0 ? 0 : i + round);
            account->seq = i + round + 1;
        }
        assert_int_equal(accounts.count, COUNT);
    }
    assert_true(arena.used <= (size_t)160 * COUNT + 4096);
    ak_arena_done(&arena);
}

/* Anchors that differ in one bit only are different accounts, under any seed. */
static void near_anchors_are_apart(void **state)
{
    const uint64_t seeds[] = {0, 1, UINT64_MAX};
    (void)state;
    for (unsigned s = 0; s < AK_COUNT(seeds); s++) {
        struct ak_arena arena;
        struct ak_audit_accounts accounts;
        struct ak_audit_account *account = NULL;
        uint8_t anchor[32] = {0};
        ak_arena_init(&arena, ak_test_heap_hooks(), (size_t)1 << 20);
        ak_audit_accounts_init(&accounts, &arena, seeds[s]);
        for (unsigned bit = 0; bit < 256; bit++) {
            anchor[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(ak_audit_accounts_get(&accounts, anchor, &account), AK_OK);
            assert_int_equal(account->seq, 0);
            account->seq = 1;
            anchor[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(accounts.count, 256);
        ak_arena_done(&arena);
    }
}

static void full_arena_is_said(void **state)
{
    struct ak_arena arena;
    struct ak_audit_accounts accounts;
    struct ak_audit_account *account = NULL;
    uint8_t anchor[32];
    uint64_t made = 0;
    (void)state;
    ak_arena_init(&arena, ak_test_heap_hooks(), 0);
    ak_audit_accounts_init(&accounts, &arena, 1);
    gen_anchor(0, anchor);
    assert_int_equal(ak_audit_accounts_get(&accounts, anchor, &account), AK_E_FULL);
    assert_null(account);
    arena.cap = (size_t)96 << 10; /* a block */
    while (gen_anchor(made, anchor), ak_audit_accounts_get(&accounts, anchor, &account) == AK_OK) made++;
    assert_null(account);
    assert_in_range(made, 64, 2048);
    assert_int_equal(accounts.count, made);
    gen_anchor(0, anchor); /* what was there is still found */
    assert_int_equal(ak_audit_accounts_get(&accounts, anchor, &account),
        2 * accounts.count >= accounts.slot_count ? AK_E_FULL : AK_OK);
    ak_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_again),
        cmocka_unit_test(near_anchors_are_apart),
        cmocka_unit_test(full_arena_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
