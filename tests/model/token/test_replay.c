/* The replay set against a plain list of everything used (I10). */
#include "core/token/replay.h"
#include "model/random.h"
#include "unit/check.h"

enum { PLACES = 64, LIST = 400000 };
static struct ak_replay_place places[2 * PLACES];
static struct {
    uint32_t n;
    uint64_t slot;
} list[LIST];

static bool listed(size_t count, uint32_t n, uint64_t slot)
{
    for (size_t i = count; i-- > 0 && list[i].slot + 2 >= slot;)
        if (list[i].n == n && list[i].slot == slot) return true;
    return false;
}

static void test_against_list(void **state)
{
    (void)state;
    struct test_random random = {5};
    const uint8_t seed[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    struct ak_replay replay;
    uint64_t current = 1000;
    size_t count = 0;
    assert_int_equal(ak_replay_init(&replay, places, PLACES, seed, current), AK_OK);
    unsigned full = 0, replayed = 0;
    for (unsigned k = 0; k < 300000; k++) {
        if (test_random_below(&random, 100) == 0) current += test_random_below(&random, 4);
        uint64_t slot = current - test_random_below(&random, 4);
        uint32_t n = (uint32_t)test_random_below(&random, 90);
        uint8_t hash[32] = {0};
        memcpy(hash + (n % 3) * 4, &n, sizeof n);
        enum ak_err err = ak_replay_use(&replay, hash, slot, current);
        if (slot + 1 < current) {
            if (err != AK_E_EXPIRED) fail();
        } else if (listed(count, n, slot)) {
            if (err != AK_E_REPLAY) fail();
            replayed++;
        } else if (err == AK_OK) {
            list[count].n = n;
            list[count++].slot = slot;
        } else {
            if (err != AK_E_FULL) fail();
            full++;
        }
    }
    assert_true(full > 1000 && replayed > 1000 && count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
