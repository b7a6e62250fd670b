/* Wiping: exactly what was asked for, and each kind of secret whole. That nothing is left behind an operation
 * is shown in crypto/test_residue.c. */
#include "unit/check.h"

#include "base/attr.h"
#include "base/wipe.h"

static void wipes_its_bytes_and_no_other(void **state)
{
    uint8_t bytes[64];
    (void)state;
    for (size_t len = 0; len <= 34; len++) {
        memset(bytes, 0xa5, sizeof bytes);
        ak_wipe(bytes + 8, len);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], i >= 8 && i < 8 + len ? 0 : 0xa5);
    }
    ak_wipe(NULL, 0);
}

static void each_kind_of_secret_is_wiped_whole(void **state)
{
    static const uint8_t zeros[64];
    struct ak_secret32 half;
    struct ak_secret64 whole;
    (void)state;
    memset(&half, 0xa5, sizeof half);
    memset(&whole, 0xa5, sizeof whole);
    ak_secret32_done(&half);
    ak_secret64_done(&whole);
    assert_memory_equal(&half, zeros, sizeof half);
    assert_memory_equal(&whole, zeros, sizeof whole);
}

static void wiping_the_stack_leaves_the_callers_own(void **state)
{
    uint8_t own[256];
    (void)state;
    memset(own, 0xa5, sizeof own);
    ak_wipe_stack();
    for (size_t i = 0; i < sizeof own; i++) assert_int_equal(own[i], 0xa5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipes_its_bytes_and_no_other),
        cmocka_unit_test(each_kind_of_secret_is_wiped_whole),
        cmocka_unit_test(wiping_the_stack_leaves_the_callers_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
