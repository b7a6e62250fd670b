/* The table of pending requests: bounded, answered once, expired on time (I10, I18). */
#include "core/policy/pairing.h"
#include "unit/check.h"

#define NOW UINT64_C(1767225600000)

static void id_of(uint32_t n, uint8_t out_id[16])
{
    memset(out_id, 0, 16);
    memcpy(out_id, &n, sizeof n);
    out_id[15] = 1;
}

static enum ak_err add(struct ak_pair_table *t, uint32_t n, uint64_t source, uint64_t now, uint32_t *slot)
{
    uint8_t id[16], random[5] = {0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    struct ak_pair_code code;
    id_of(n, id);
    ak_pair_code_make(random, &code);
    return ak_pair_table_add(t, id, &code, source, now, slot);
}

static void code_of(uint32_t n, struct ak_pair_code *out_code)
{
    uint8_t random[5] = {0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    ak_pair_code_make(random, out_code);
}

static void test_life(void **state)
{
    (void)state;
    struct ak_pair_slot slots[4];
    struct ak_pair_table t;
    ak_pair_table_init(&t, slots, 4);
    uint32_t slot = 0, found = 0;
    assert_int_equal(add(&t, 1, 7, NOW, &slot), AK_OK);
    assert_int_equal(t.live, 1);
    struct ak_pair_code code;
    uint8_t id[16];
    code_of(1, &code);
    id_of(1, id);
    assert_int_equal(ak_pair_table_by_code(&t, &code, NOW + AK_PAIR_LIFETIME_MS - 1, &found), AK_OK);
    assert_int_equal(found, slot);
    assert_int_equal(ak_pair_table_by_id(&t, id, NOW, &found), AK_OK);
    assert_int_equal(found, slot);
    assert_int_equal(ak_pair_table_by_code(&t, &code, NOW + AK_PAIR_LIFETIME_MS, &found), AK_E_NOT_FOUND);
    assert_int_equal(found, UINT32_MAX);
    code_of(2, &code);
    id_of(2, id);
    assert_int_equal(ak_pair_table_by_code(&t, &code, NOW, &found), AK_E_NOT_FOUND);
    assert_int_equal(ak_pair_table_by_id(&t, id, NOW, &found), AK_E_NOT_FOUND);
    ak_pair_table_drop(&t, slot);
    ak_pair_table_drop(&t, slot);
    ak_pair_table_drop(&t, 99);
    assert_int_equal(t.live, 0);
}

/* An empty slot's zero code and id are nobody's. */
static void test_zero_finds_nothing(void **state)
{
    (void)state;
    struct ak_pair_slot slots[4];
    struct ak_pair_table t;
    ak_pair_table_init(&t, slots, 4);
    struct ak_pair_code zero = {{0}};
    const uint8_t id[16] = {0};
    uint32_t found = 0;
    assert_int_equal(ak_pair_table_by_code(&t, &zero, 0, &found), AK_E_NOT_FOUND);
    assert_int_equal(ak_pair_table_by_id(&t, id, 0, &found), AK_E_NOT_FOUND);
}

/* I10: two approvals of one request. */
static void test_answered_once(void **state)
{
    (void)state;
    const enum ak_pair_state answers[] = {AK_PAIR_APPROVED, AK_PAIR_REFUSED};
    for (size_t a = 0; a < 2; a++) {
        for (size_t b = 0; b < 2; b++) {
            struct ak_pair_slot slots[1];
            struct ak_pair_table t;
            ak_pair_table_init(&t, slots, 1);
            uint32_t slot = 0;
            assert_int_equal(add(&t, 1, 7, NOW, &slot), AK_OK);
            assert_int_equal(ak_pair_table_answer(&t, slot, answers[a], NOW), AK_OK);
            assert_int_equal(ak_pair_table_answer(&t, slot, answers[b], NOW), AK_E_CONFLICT);
            assert_int_equal(slots[0].state, answers[a]);
        }
    }
}

static void test_answer_refuses(void **state)
{
    (void)state;
    struct ak_pair_slot slots[2];
    struct ak_pair_table t;
    ak_pair_table_init(&t, slots, 2);
    uint32_t slot = 0;
    assert_int_equal(add(&t, 1, 7, NOW, &slot), AK_OK);
    assert_int_equal(ak_pair_table_answer(&t, slot, AK_PAIR_PENDING, NOW), AK_E_ARG);
    assert_int_equal(ak_pair_table_answer(&t, slot, AK_PAIR_FREE, NOW), AK_E_ARG);
    assert_int_equal(ak_pair_table_answer(&t, slot + 1, AK_PAIR_APPROVED, NOW), AK_E_NOT_FOUND);
    assert_int_equal(ak_pair_table_answer(&t, 2, AK_PAIR_APPROVED, NOW), AK_E_NOT_FOUND);
    assert_int_equal(
        ak_pair_table_answer(&t, slot, AK_PAIR_APPROVED, NOW + AK_PAIR_LIFETIME_MS), AK_E_EXPIRED);
    assert_int_equal(slots[slot].state, AK_PAIR_PENDING);
}

static void test_taken(void **state)
{
    (void)state;
    struct ak_pair_slot slots[4];
    struct ak_pair_table t;
    ak_pair_table_init(&t, slots, 4);
    uint32_t slot = 0;
    assert_int_equal(add(&t, 1, 7, NOW, &slot), AK_OK);
    struct ak_pair_code one, two;
    uint8_t id_one[16], id_two[16];
    code_of(1, &one);
    code_of(2, &two);
    id_of(1, id_one);
    id_of(2, id_two);
    assert_int_equal(ak_pair_table_add(&t, id_two, &one, 7, NOW, &slot), AK_E_EXISTS);
    assert_int_equal(slot, UINT32_MAX);
    assert_int_equal(ak_pair_table_add(&t, id_one, &two, 7, NOW, &slot), AK_E_EXISTS);
    assert_int_equal(ak_pair_table_add(&t, id_one, &one, 7, NOW + AK_PAIR_LIFETIME_MS, &slot), AK_OK);
}

/* I18: ten thousand requests; the table refuses new ones and drops no live one. */
static void test_full(void **state)
{
    (void)state;
    static struct ak_pair_slot slots[AK_LIMIT_PAIR_PENDING];
    struct ak_pair_table t;
    uint32_t slot = 0, cap = 300;
    ak_pair_table_init(&t, slots, cap);
    for (uint32_t n = 0; n < 100; n++) assert_int_equal(add(&t, n, 1, NOW + n, &slot), AK_OK);
    assert_int_equal(add(&t, 100, 1, NOW, &slot), AK_E_LIMIT);
    for (uint32_t n = 100; n < cap; n++) assert_int_equal(add(&t, n, 2 + n, NOW, &slot), AK_OK);
    assert_int_equal(add(&t, cap, 2, NOW, &slot), AK_E_FULL);
    assert_int_equal(t.live, cap);
    for (uint32_t n = 0; n < cap; n++) {
        struct ak_pair_code code;
        code_of(n, &code);
        assert_int_equal(ak_pair_table_by_code(&t, &code, NOW + 1000, &slot), AK_OK);
    }
    /* The first of source 1 ends: it makes room for one, and its source may ask again. */
    assert_int_equal(add(&t, cap, 1, NOW + AK_PAIR_LIFETIME_MS, &slot), AK_OK);
    ak_pair_table_init(&t, slots, AK_LIMIT_PAIR_PENDING);
    for (uint32_t n = 0; n < 100; n++) assert_int_equal(add(&t, n, n, NOW, &slot), AK_OK);
}

/* Of one network a thousand, whatever its sources; the upper half of a source is its network. */
static void test_a_network_takes_a_tenth(void **state)
{
    (void)state;
    static struct ak_pair_slot slots[AK_LIMIT_PAIR_PENDING];
    struct ak_pair_table t;
    uint32_t slot = 0, n = 0;
    const uint64_t net = UINT64_C(7) << 32;
    ak_pair_table_init(&t, slots, AK_LIMIT_PAIR_PENDING);
    for (; n < AK_LIMIT_PAIR_PENDING_NET; n++) assert_int_equal(add(&t, n, net | n, NOW, &slot), AK_OK);
    assert_int_equal(add(&t, n, net | n, NOW, &slot), AK_E_LIMIT);
    assert_int_equal(slot, UINT32_MAX);
    assert_int_equal(add(&t, n, (net + (UINT64_C(1) << 32)) | n, NOW, &slot), AK_OK);
    ak_pair_table_drop(&t, 0);
    assert_int_equal(add(&t, n + 1, net | n, NOW, &slot), AK_OK);
    assert_int_equal(add(&t, n + 2, net | n, NOW, &slot), AK_E_LIMIT);
    assert_int_equal(add(&t, n + 2, net | n, NOW + AK_PAIR_LIFETIME_MS, &slot), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_zero_finds_nothing),
        cmocka_unit_test(test_answered_once), cmocka_unit_test(test_answer_refuses),
        cmocka_unit_test(test_taken), cmocka_unit_test(test_full),
        cmocka_unit_test(test_a_network_takes_a_tenth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
