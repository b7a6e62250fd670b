/* The buddy allocator against a plain model: no overlap, all zeroed, everything joins again, misuse aborts.
 */
#include "unit/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/secmem_pool.h"

enum { SIZE = 64 * 1024 };
static uint8_t memory[SIZE] __attribute__((aligned(64)));
static uint8_t units[SIZE / AK_POOL_UNIT + 1]; /* the last is of no block */
static struct ak_pool pool;

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    memset(units, 0, sizeof units);
    ak_pool_init(&pool, memory, SIZE, units);
    return 0;
}

static void sizes_round_up(void **state)
{
    (void)state;
    const struct {
        size_t len, block;
    } cases[] = {{1, 64}, {63, 64}, {64, 64}, {65, 128}, {128, 128}, {129, 256}, {SIZE / 2, SIZE / 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *block = ak_pool_alloc(&pool, cases[i].len);
        assert_non_null(block);
        assert_int_equal(AK_POOL_UNIT << ak_pool_block_order(&pool, block), cases[i].block);
        assert_int_equal(pool.used, cases[i].block);
        ak_pool_free(&pool, block);
        assert_int_equal(pool.used, 0);
    }
    assert_int_equal(ak_pool_order(0), 0);
    assert_int_equal(ak_pool_order((size_t)AK_POOL_UNIT << (AK_POOL_ORDERS - 1)), AK_POOL_ORDERS - 1);
    assert_int_equal(ak_pool_order(((size_t)AK_POOL_UNIT << (AK_POOL_ORDERS - 1)) + 1), AK_POOL_ORDERS);
    assert_int_equal(ak_pool_order(SIZE_MAX), AK_POOL_ORDERS);
    assert_null(ak_pool_alloc(&pool, 0));
    assert_null(ak_pool_alloc(&pool, SIZE + 1));
    void *all = ak_pool_alloc(&pool, SIZE);
    assert_ptr_equal(all, memory);
    assert_null(ak_pool_alloc(&pool, 1));
    ak_pool_free(&pool, all);
}

static void every_unit_once(void **state)
{
    (void)state;
    void *blocks[SIZE / AK_POOL_UNIT];
    for (size_t i = 0; i < SIZE / AK_POOL_UNIT; i++) {
        blocks[i] = ak_pool_alloc(&pool, 64);
        assert_non_null(blocks[i]);
        for (size_t b = 0; b < 64; b++) assert_int_equal(((uint8_t *)blocks[i])[b], 0);
        memset(blocks[i], 0xee, 64);
    }
    assert_null(ak_pool_alloc(&pool, 1));
    for (size_t i = 0; i < SIZE / AK_POOL_UNIT; i += 2) ak_pool_free(&pool, blocks[i]);
    assert_null(ak_pool_alloc(&pool, 65)); /* no two neighbours are free */
    for (size_t i = 1; i < SIZE / AK_POOL_UNIT; i += 2) ak_pool_free(&pool, blocks[i]);
    assert_ptr_equal(ak_pool_alloc(&pool, SIZE), memory);
}

static void random_walk_keeps_blocks_apart(void **state)
{
    (void)state;
    struct {
        uint8_t *ptr;
        size_t len;
        uint8_t mark;
    } live[64] = {{NULL, 0, 0}};
    uint32_t seed = 1;
    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        size_t at = seed >> 26;
        if (live[at].ptr) {
            for (size_t i = 0; i < live[at].len; i++) assert_int_equal(live[at].ptr[i], live[at].mark);
            ak_pool_free(&pool, live[at].ptr);
            live[at].ptr = NULL;
            continue;
        }
        live[at].len = 1 + ((seed >> 8) & 0xfff);
        live[at].mark = (uint8_t)(step | 1);
        live[at].ptr = ak_pool_alloc(&pool, live[at].len);
        if (!live[at].ptr) continue;
        for (size_t i = 0; i < live[at].len; i++) assert_int_equal(live[at].ptr[i], 0);
        memset(live[at].ptr, live[at].mark, live[at].len);
    }
    for (size_t i = 0; i < 64; i++)
        if (live[i].ptr) ak_pool_free(&pool, live[i].ptr);
    assert_int_equal(pool.used, 0);
    assert_ptr_equal(ak_pool_alloc(&pool, SIZE), memory);
    for (size_t i = 0; i < SIZE; i++) assert_int_equal(memory[i], 0); /* freed blocks were wiped */
}

static bool aborts(void *ptr)
{
    pid_t pid = fork();
    if (pid == 0) {
        ak_pool_free(&pool, ptr);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static bool aborts_again(void *ptr)
{
    pid_t pid = fork();
    if (pid == 0) {
        ak_pool_take_again(&pool, ptr);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void misuse_aborts(void **state)
{
    (void)state;
    uint8_t *block = ak_pool_alloc(&pool, 200);
    assert_true(aborts(block + 64));
    assert_true(aborts(block + 1));
    units[SIZE / AK_POOL_UNIT] = units[(block - memory) / AK_POOL_UNIT]; /* as if one lived there, too */
    assert_true(aborts(memory + SIZE));
    assert_true(aborts(units));
    ak_pool_free(&pool, block);
    assert_true(aborts(block));
    assert_false(ak_pool_owns(&pool, memory + SIZE));
    assert_true(ak_pool_owns(&pool, memory + SIZE - 1));
    assert_false(ak_pool_owns(&pool, NULL));
}

/* What is aside is wiped, belongs to nobody else, and is neither freed nor taken twice. */
static void aside(void **state)
{
    (void)state;
    uint8_t *block = ak_pool_alloc(&pool, 100);
    uint8_t *buddy = ak_pool_alloc(&pool, 100);
    memset(block, 0xee, 128);
    ak_pool_put_aside(&pool, block);
    for (size_t i = 0; i < 128; i++) assert_int_equal(block[i], 0);
    assert_int_equal(pool.used, 256);
    assert_true(aborts(block)); /* free */
    ak_pool_free(&pool, buddy); /* does not join */
    assert_ptr_equal(ak_pool_alloc(&pool, 128), buddy);
    ak_pool_take_again(&pool, block);
    assert_int_equal(ak_pool_block_order(&pool, block), 1);
    assert_true(aborts_again(block));
    ak_pool_free(&pool, block);
    ak_pool_free(&pool, buddy);
    assert_int_equal(pool.used, 0);
    assert_ptr_equal(ak_pool_alloc(&pool, SIZE), memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_round_up, setup),
        cmocka_unit_test_setup(every_unit_once, setup),
        cmocka_unit_test_setup(random_walk_keeps_blocks_apart, setup),
        cmocka_unit_test_setup(misuse_aborts, setup),
        cmocka_unit_test_setup(aside, setup),
    };
    return cmocka_run_group_tests_name("secmem_pool", tests, NULL, NULL);
}
