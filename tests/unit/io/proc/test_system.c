/* The thin doors: clocks, randomness, pages for arenas. */
#include "unit/check.h"

#include <time.h>

#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

/* time() reads a coarser clock, which may still be in the second before. */
static uint64_t system_ms(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void clocks_agree_with_the_system(void **state)
{
    (void)state;
    uint64_t before = system_ms(), wall = ak_clock_wall_ms(), after = system_ms();
    assert_in_range(wall, before, after);
    uint64_t first = ak_clock_mono_ns(), second = ak_clock_mono_ns();
    assert_true(second >= first);
    assert_in_range(ak_clock_mono_ms(), second / 1000000, second / 1000000 + 10000);
}

static void randomness_fills_all(void **state)
{
    (void)state;
    uint8_t a[1024] = {0}, b[1024] = {0};
    ak_random_bytes(a, sizeof a);
    ak_random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof a; i++) zeros += a[i] == 0;
    assert_true(zeros < 40); /* expected 4; 40 has probability under 2^-60 */
    ak_random_bytes(a, 0);
}

static void arena_gets_zeroed_pages(void **state)
{
    (void)state;
    struct ak_arena arena;
    ak_arena_init(&arena, ak_arena_hooks_mmap(), 1 << 20);
    uint8_t *bytes = ak_arena_alloc(&arena, 100000);
    assert_non_null(bytes);
    for (size_t i = 0; i < 100000; i++) assert_int_equal(bytes[i], 0);
    assert_null(ak_arena_alloc(&arena, 1 << 20));
    ak_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_agree_with_the_system),
        cmocka_unit_test(randomness_fills_all),
        cmocka_unit_test(arena_gets_zeroed_pages),
    };
    return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
