/* The array in pieces: items never move, new ones are zero, memory that ends is told. */
#include "unit/check.h"

#include <limits.h>

#include "core/state/vec.h"
#include "unit/heap_hooks.h"

static struct ak_arena arena;
static int grows_left; /* blocks that the arena still gets */
static struct ak_vec vec;

static void *grow(void *ctx, size_t len)
{
    return grows_left-- > 0 ? ak_test_heap_grow(ctx, len) : NULL;
}

static int setup(void **state)
{
    (void)state;
    struct ak_arena_hooks hooks = ak_test_heap_hooks();
    hooks.grow = grow;
    grows_left = INT_MAX;
    ak_arena_init(&arena, hooks, SIZE_MAX);
    ak_vec_init(&vec, &arena, sizeof(uint64_t));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_arena_done(&arena);
    return 0;
}

static void items_stay_where_they_are(void **state)
{
    (void)state;
    static uint64_t *items[3 * AK_VEC_PIECE + 1];
    for (uint32_t i = 0; i < AK_COUNT(items); i++) {
        assert_int_equal(vec.count, i);
        items[i] = ak_vec_add(&vec);
        assert_non_null(items[i]);
        assert_int_equal(*items[i], 0);
        *items[i] = i + 1;
    }
    for (uint32_t i = 0; i < AK_COUNT(items); i++) {
        assert_ptr_equal(ak_vec_at(&vec, i), items[i]);
        assert_int_equal(*items[i], i + 1);
    }
}

static void a_reserved_place_needs_no_memory(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= AK_VEC_PIECE; i++) {
        assert_int_equal(ak_vec_reserve(&vec), AK_OK);
        assert_int_equal(ak_vec_reserve(&vec), AK_OK);
        assert_int_equal(vec.count, i);
        grows_left = 0;
        size_t used = arena.used;
        assert_non_null(ak_vec_add(&vec));
        assert_int_equal(arena.used, used);
        grows_left = INT_MAX;
    }
}

/* Neither the table of pieces, nor the first piece, nor the second one can be had. */
static void no_memory_is_told(void **state)
{
    (void)state;
    struct ak_vec big;
    grows_left = 0;
    assert_int_equal(ak_vec_reserve(&vec), AK_E_FULL);
    assert_null(ak_vec_add(&vec));
    assert_int_equal(vec.count, 0);
    grows_left = 1;
    ak_vec_init(&big, &arena, 4096);
    assert_int_equal(ak_vec_reserve(&big), AK_E_FULL);
    assert_non_null(big.pieces);
    assert_null(ak_vec_add(&big));
    grows_left = INT_MAX;
    for (uint32_t i = 0; i < AK_VEC_PIECE; i++) assert_non_null(ak_vec_add(&big));
    grows_left = 0;
    assert_null(ak_vec_add(&big));
    assert_int_equal(big.count, AK_VEC_PIECE);
    assert_non_null(ak_vec_at(&big, AK_VEC_PIECE - 1));
}

static void the_last_place(void **state)
{
    (void)state;
    assert_non_null(ak_vec_add(&vec));
    vec.count = (uint32_t)AK_VEC_PIECE * AK_VEC_PIECES - 1;
    assert_non_null(ak_vec_add(&vec));
    assert_int_equal(ak_vec_reserve(&vec), AK_E_FULL);
    assert_null(ak_vec_add(&vec));
    assert_int_equal(vec.count, (uint32_t)AK_VEC_PIECE * AK_VEC_PIECES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(items_stay_where_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reserved_place_needs_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_place, setup, teardown),
    };
    return cmocka_run_group_tests_name("engine vec", tests, NULL, NULL);
}
