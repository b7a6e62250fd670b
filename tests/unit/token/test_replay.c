/* Single use: once in each live slot, never a live one forgotten, full refuses (I10, I18). */
#include "core/token/replay.h"
#include "unit/check.h"

enum { PLACES = 64 };
static struct ak_replay_place places[2 * PLACES];
static const uint8_t seed[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct ak_replay fresh(uint64_t slot)
{
    struct ak_replay r;
    assert_int_equal(ak_replay_init(&r, places, PLACES, seed, slot), AK_OK);
    return r;
}

static enum ak_err use(struct ak_replay *r, uint32_t n, uint64_t slot, uint64_t current)
{
    uint8_t hash[32] = {0};
    memcpy(hash, &n, sizeof n);
    hash[15] = 0x40;
    return ak_replay_use(r, hash, slot, current);
}

static void test_once(void **state)
{
    (void)state;
    struct ak_replay r = fresh(100);
    assert_int_equal(use(&r, 1, 100, 100), AK_OK);
    assert_int_equal(use(&r, 1, 100, 100), AK_E_REPLAY);
    assert_int_equal(use(&r, 2, 100, 100), AK_OK);
    assert_int_equal(use(&r, 1, 100, 101), AK_E_REPLAY); /* the slot before is live too */
    assert_int_equal(use(&r, 3, 100, 101), AK_OK);
    assert_int_equal(use(&r, 3, 101, 101), AK_OK); /* another nonce: another proof */
    assert_int_equal(use(&r, 3, 101, 101), AK_E_REPLAY);
    assert_int_equal(use(&r, 1, 100, 102), AK_E_EXPIRED);
    assert_int_equal(use(&r, 3, 101, 102), AK_E_REPLAY);
    assert_int_equal(use(&r, 1, 102, 102), AK_OK);
}

static void test_slots(void **state)
{
    (void)state;
    struct ak_replay r = fresh(100);
    assert_int_equal(use(&r, 1, 101, 100), AK_E_ARG);
    assert_int_equal(use(&r, 1, 98, 100), AK_E_EXPIRED);
    assert_int_equal(use(&r, 1, 99, 100), AK_OK);
    assert_int_equal(use(&r, 1, 99, 100), AK_E_REPLAY);
    assert_int_equal(use(&r, 2, 100, 100), AK_OK);
    assert_int_equal(use(&r, 2, 500, 500), AK_OK); /* a long silence */
    assert_int_equal(use(&r, 1, 499, 500), AK_OK);
    assert_int_equal(use(&r, 2, 500, 500), AK_E_REPLAY);
    assert_int_equal(use(&r, 2, 100, 100), AK_E_EXPIRED); /* time that goes back opens nothing */
    assert_int_equal(use(&r, 2, 500, 500), AK_E_REPLAY);
}

/* Full refuses new ones, and each old one is still known. */
static void test_full(void **state)
{
    (void)state;
    struct ak_replay r = fresh(100);
    uint32_t n = 0;
    while (use(&r, n, 100, 100) == AK_OK) n++;
    assert_int_equal(n, PLACES / 4 * 3);
    assert_int_equal(use(&r, n, 100, 100), AK_E_FULL);
    for (uint32_t i = 0; i < n; i++) assert_int_equal(use(&r, i, 100, 100), AK_E_REPLAY);
    assert_int_equal(use(&r, n, 101, 101), AK_OK); /* the next slot has room */
    assert_int_equal(use(&r, n, 100, 101), AK_E_FULL);
    for (uint32_t i = 0; i < n; i++) assert_int_equal(use(&r, i, 100, 101), AK_E_REPLAY);
    assert_int_equal(use(&r, n, 102, 102), AK_OK);
}

static void test_zero_hash(void **state)
{
    (void)state;
    struct ak_replay r = fresh(0);
    const uint8_t zero[32] = {0};
    assert_int_equal(ak_replay_use(&r, zero, 0, 0), AK_OK);
    assert_int_equal(ak_replay_use(&r, zero, 0, 0), AK_E_REPLAY);
}

/* Many hashes that would meet in one place without the seed: all are kept apart. */
static void test_same_low_bits(void **state)
{
    (void)state;
    struct ak_replay r = fresh(7);
    for (uint32_t i = 0; i < 40; i++) assert_int_equal(use(&r, i << 16, 7, 7), AK_OK);
    for (uint32_t i = 0; i < 40; i++) assert_int_equal(use(&r, i << 16, 7, 7), AK_E_REPLAY);
}

static void test_init_refuses(void **state)
{
    (void)state;
    struct ak_replay r;
    const uint32_t bad[] = {0, 1, 2, 3, 5, 63};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ak_replay_init(&r, places, bad[i], seed, 0), AK_E_ARG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_once), cmocka_unit_test(test_slots),
        cmocka_unit_test(test_full), cmocka_unit_test(test_zero_hash), cmocka_unit_test(test_same_low_bits),
        cmocka_unit_test(test_init_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
