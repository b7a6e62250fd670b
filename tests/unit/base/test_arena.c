/* The arena: alignment, zeroed memory, its cap, a hook that says no. */
#include "unit/check.h"

#include "base/arena.h"
#include "unit/heap_hooks.h"

static void hands_out_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct ak_arena arena;
    ak_arena_init(&arena, ak_test_heap_hooks(), 1 << 20);
    for (size_t len = 1; len < 5000; len += 37) {
        uint8_t *at = ak_arena_alloc(&arena, len);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % 16, 0);
        for (size_t i = 0; i < len; i++) assert_int_equal(at[i], 0);
        memset(at, 0xff, len);
    }
    ak_arena_done(&arena);
}

static void keeps_its_cap(void **state)
{
    (void)state;
    struct ak_arena arena;
    ak_arena_init(&arena, ak_test_heap_hooks(), 128 * 1024);
    assert_non_null(ak_arena_alloc(&arena, 60000));
    assert_non_null(ak_arena_alloc(&arena, 60000));
    assert_null(ak_arena_alloc(&arena, 60000));
    assert_null(ak_arena_alloc(&arena, SIZE_MAX));
    assert_null(ak_arena_alloc(&arena, SIZE_MAX - 20));
    assert_true(arena.held <= 128 * 1024);
    ak_arena_done(&arena);
}

static void *no_memory(void *ctx, size_t len)
{
    (void)ctx;
    (void)len;
    return NULL;
}

static void says_full_where_the_hook_does(void **state)
{
    (void)state;
    struct ak_arena arena;
    struct ak_arena_hooks hooks = ak_test_heap_hooks();
    hooks.grow = no_memory;
    ak_arena_init(&arena, hooks, 1 << 20);
    struct ak_span copy = AK_SPAN_LIT("left");
    assert_int_equal(ak_arena_copy(&arena, AK_SPAN_LIT("x"), &copy), AK_E_FULL);
    assert_int_equal(copy.len, 0);
    assert_int_equal(ak_arena_copy(&arena, AK_SPAN_EMPTY, &copy), AK_OK);
    ak_arena_done(&arena);
}

static void copies(void **state)
{
    (void)state;
    struct ak_arena arena;
    ak_arena_init(&arena, ak_test_heap_hooks(), 1 << 20);
    struct ak_span copy = AK_SPAN_EMPTY;
    char text[] = "agent";
    assert_int_equal(ak_arena_copy(&arena, ak_span(text, 5), &copy), AK_OK);
    text[0] = 'X';
    assert_true(ak_span_eq(copy, AK_SPAN_LIT("agent")));
    ak_arena_done(&arena);
}

/* A large arena takes whole huge pages, also for one long piece; never past its cap. */
static void large_arenas_take_large_blocks(void **state)
{
    (void)state;
    enum { HUGE_PAGE = 2 * 1024 * 1024, FIRST = 64 * 1024 * 1024 };
    struct ak_arena arena;
    ak_arena_init(&arena, ak_test_heap_hooks(), FIRST + 5 * HUGE_PAGE);
    assert_non_null(ak_arena_alloc(&arena, FIRST));
    size_t held = arena.held;
    assert_non_null(ak_arena_alloc(&arena, 1));
    assert_int_equal(arena.held - held, HUGE_PAGE);
    assert_non_null(ak_arena_alloc(&arena, HUGE_PAGE + 1));
    assert_int_equal(arena.held - held, 3 * HUGE_PAGE);
    assert_null(ak_arena_alloc(&arena, 2 * HUGE_PAGE));
    assert_null(ak_arena_alloc(&arena, SIZE_MAX - 64));
    assert_int_equal(arena.held - held, 3 * HUGE_PAGE);
    ak_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_zeroed_aligned_memory),
        cmocka_unit_test(keeps_its_cap),
        cmocka_unit_test(says_full_where_the_hook_does),
        cmocka_unit_test(copies),
        cmocka_unit_test(large_arenas_take_large_blocks),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
