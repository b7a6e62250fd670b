/* The hash index: everything entered is found, nothing else; it grows, survives keys of one hash, and tells
 * when memory ends. */
#include "unit/check.h"

#include <limits.h>

#include "core/state/index.h"
#include "unit/heap_hooks.h"

enum { ITEMS = 5000 };

static const uint64_t seed[2] = {0x0123456789abcdef, 0xfedcba9876543210};
static struct ak_arena arena;
static int grows_left; /* blocks that the arena still gets */
static struct ak_index index_;
static uint32_t wanted;
static uint64_t weak_mask; /* hashes are cut to these bits */

static uint64_t hash_of(const struct ak_index *index, uint32_t number)
{
    return ak_index_hash(index, number, AK_SPAN_LIT("key")) & weak_mask;
}

static bool same(const void *ctx, uint32_t number)
{
    return *(const uint32_t *)ctx == number;
}

static uint64_t hash(const struct ak_index *index, const void *ctx, uint32_t number)
{
    (void)ctx;
    return hash_of(index, number);
}

static const struct ak_index_ops ops = {same, hash, &wanted};

static uint32_t find(uint32_t number)
{
    wanted = number;
    return ak_index_find(&index_, hash_of(&index_, number), &ops);
}

static enum ak_err add(uint32_t number)
{
    wanted = number;
    return ak_index_add(&index_, hash_of(&index_, number), number, &ops);
}

static void *grow(void *ctx, size_t len)
{
    return grows_left-- > 0 ? ak_test_heap_grow(ctx, len) : NULL;
}

static int setup(void **state)
{
    (void)state;
    weak_mask = UINT64_MAX;
    struct ak_arena_hooks hooks = ak_test_heap_hooks();
    hooks.grow = grow;
    grows_left = INT_MAX;
    ak_arena_init(&arena, hooks, SIZE_MAX);
    ak_index_init(&index_, &arena, seed);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_arena_done(&arena);
    return 0;
}

static void finds_what_was_entered(void **state)
{
    (void)state;
    assert_int_equal(find(0), AK_INDEX_NONE);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(find(i), AK_INDEX_NONE);
        assert_int_equal(add(i), AK_OK);
        assert_int_equal(find(i), i);
        assert_int_equal(index_.used, i + 1);
        assert_true(index_.used <= (index_.mask + 1) / 4 * 3);
    }
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(find(i), i);
    assert_int_equal(find(ITEMS), AK_INDEX_NONE);
}

static void keys_of_one_hash(void **state)
{
    (void)state;
    weak_mask = 1;
    for (uint32_t i = 0; i < 900; i++) assert_int_equal(add(i), AK_OK);
    for (uint32_t i = 0; i < 900; i++) assert_int_equal(find(i), i);
    assert_int_equal(find(900), AK_INDEX_NONE);
}

/* The last place is followed by the first. */
static void goes_round_the_end(void **state)
{
    (void)state;
    assert_int_equal(add(1), AK_OK);
    uint64_t end = index_.mask;
    for (uint32_t i = 10; i < 13; i++) {
        wanted = i;
        assert_int_equal(ak_index_add(&index_, end, i, &ops), AK_OK);
    }
    for (wanted = 10; wanted < 13; wanted++) assert_int_equal(ak_index_find(&index_, end, &ops), wanted);
}

static void no_memory_is_told_and_harms_nothing(void **state)
{
    (void)state;
    grows_left = 0;
    assert_int_equal(ak_index_reserve(&index_, &ops), AK_E_FULL);
    assert_int_equal(add(0), AK_E_FULL);
    assert_int_equal(find(0), AK_INDEX_NONE);
    grows_left = INT_MAX;
    uint32_t count = 0;
    while (count == 0 || index_.used < (index_.mask + 1) / 4 * 3) assert_int_equal(add(count++), AK_OK);
    grows_left = 0;
    while (ak_index_reserve(&index_, &ops) == AK_OK) assert_int_equal(add(count++), AK_OK);
    assert_int_equal(add(count), AK_E_FULL);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(find(i), i);
    assert_int_equal(find(count), AK_INDEX_NONE);
}

static void a_reserved_place_needs_no_memory(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(ak_index_reserve(&index_, &ops), AK_OK);
        size_t used = arena.used;
        assert_int_equal(add(i), AK_OK);
        assert_int_equal(arena.used, used);
    }
}

static enum ak_err claim(uint32_t number)
{
    wanted = number;
    return ak_index_claim(&index_, hash_of(&index_, number), number, &ops);
}

static void what_is_there_cannot_be_claimed(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(claim(i), AK_OK);
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(claim(i), AK_E_EXISTS);
    assert_int_equal(index_.used, ITEMS);
}

static void expected_items_need_no_memory(void **state)
{
    (void)state;
    assert_int_equal(ak_index_expect(&index_, AK_INDEX_ITEMS_MAX + 1), AK_E_FULL);
    grows_left = 0;
    assert_int_equal(ak_index_expect(&index_, ITEMS), AK_E_FULL);
    assert_int_equal(find(0), AK_INDEX_NONE);
    grows_left = INT_MAX;
    assert_int_equal(ak_index_expect(&index_, ITEMS), AK_OK);
    grows_left = 0;
    assert_int_equal(ak_index_expect(&index_, ITEMS), AK_OK); /* it is there */
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(claim(i), AK_OK);
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(find(i), i);
}

/* Number, bytes, their length and both halves of the seed count. */
static void the_hash_is_keyed(void **state)
{
    (void)state;
    static const uint8_t bytes[24] = {0};
    struct ak_index other;
    uint64_t first = ak_index_hash(&index_, 1, AK_SPAN_LIT("abcdefghi"));
    assert_true(first == ak_index_hash(&index_, 1, AK_SPAN_LIT("abcdefghi")));
    assert_true(first != ak_index_hash(&index_, 2, AK_SPAN_LIT("abcdefghi")));
    assert_true(first != ak_index_hash(&index_, 1, AK_SPAN_LIT("abcdefghj")));
    assert_true(first != ak_index_hash(&index_, 1, AK_SPAN_LIT("bbcdefghi")));
    for (size_t a = 0; a < sizeof bytes; a++)
        for (size_t b = 0; b < a; b++)
            assert_true(
                ak_index_hash(&index_, 0, ak_span(bytes, a)) != ak_index_hash(&index_, 0, ak_span(bytes, b)));
    for (int i = 0; i < 2; i++) {
        uint64_t changed[2] = {seed[0], seed[1]};
        changed[i] ^= 2;
        ak_index_init(&other, &arena, changed);
        assert_true(first != ak_index_hash(&other, 1, AK_SPAN_LIT("abcdefghi")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_what_was_entered, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_of_one_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_round_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_told_and_harms_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reserved_place_needs_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_there_cannot_be_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(expected_items_need_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hash_is_keyed, setup, teardown),
    };
    return cmocka_run_group_tests_name("engine index", tests, NULL, NULL);
}
