/* The keeper reads its counter back while it runs, and ends where it is not what it wrote (I12): in time,
 * only where the counter is hardware, and also where the TEE no longer answers. */
#include "unit/check.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "programs/worker/keeper.h"
#include "rollback/fake_tee.h"

static struct fake_tee chip;
static struct ak_keeper keeper;
static struct ak_seal_state sealed;
static bool stuck;

static void work(void *ctx)
{
    while (__atomic_load_n(&stuck, __ATOMIC_SEQ_CST)) usleep(1000);
    ak_keeper_seal_work(ctx);
}

static int setup(void **state)
{
    (void)state;
    fake_tee_init(&chip, 7);
    memset(&keeper, 0, sizeof keeper);
    keeper.tee = (struct ak_tee){&fake_tee_ops, &chip};
    keeper.sealed = (struct ak_sealed_file){.tee = &keeper.tee, .n = chip.counter, .usable = true};
    keeper.state = &sealed;
    keeper.sealing = (struct ak_sealing){.file = &keeper.sealed, .state = &sealed};
    keeper.event_fd = eventfd(0, 0);
    return ak_helper_start(&keeper.sealer, work, &keeper.sealing, keeper.event_fd) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    __atomic_store_n(&stuck, false, __ATOMIC_SEQ_CST);
    ak_helper_stop(&keeper.sealer);
    return close(keeper.event_fd);
}

/* One turn of the loop at this time, with the check's end taken where one was begun. */
static void turn(uint64_t now_ms)
{
    ak_keeper_check_if_due(&keeper, now_ms);
    if (ak_helper_idle(&keeper.sealer)) return;
    uint64_t count;
    assert_int_equal(read(keeper.event_fd, &count, sizeof count), sizeof count);
    ak_keeper_seal_done(&keeper);
}

static void reads_in_time(void **state)
{
    (void)state;
    ak_keeper_check_if_due(&keeper, AK_SEAL_CHECK_MS - 1);
    assert_int_equal(chip.reads, 0);
    turn(AK_SEAL_CHECK_MS);
    assert_int_equal(chip.reads, 1);
    turn(2 * AK_SEAL_CHECK_MS - 1);
    assert_int_equal(chip.reads, 1);
    turn(2 * AK_SEAL_CHECK_MS);
    turn(2 * AK_SEAL_CHECK_MS + 1);
    assert_int_equal(chip.reads, 2);
    assert_false(keeper.fatal);
    assert_true(AK_SEAL_CHECK_MS + 1000 <= 5000); /* the loop turns at least once a second */
}

static void software_is_not_asked(void **state)
{
    (void)state;
    chip.caps = AK_TEE_INSECURE_DEV;
    turn(100 * AK_SEAL_CHECK_MS);
    assert_int_equal(chip.reads, 0);
    assert_false(keeper.fatal);
}

static void counter_that_moved(void **state)
{
    (void)state;
    chip.counter++;
    turn(AK_SEAL_CHECK_MS);
    assert_true(keeper.fatal);
}

static void counter_that_went_back(void **state)
{
    (void)state;
    chip.counter--;
    turn(AK_SEAL_CHECK_MS);
    assert_true(keeper.fatal);
}

static void chip_that_is_gone(void **state)
{
    (void)state;
    chip.fail_at = 1;
    turn(AK_SEAL_CHECK_MS);
    assert_true(keeper.fatal);
}

static void chip_that_does_not_answer(void **state)
{
    (void)state;
    __atomic_store_n(&stuck, true, __ATOMIC_SEQ_CST);
    ak_keeper_check_if_due(&keeper, AK_SEAL_CHECK_MS);
    ak_keeper_check_if_due(&keeper, AK_SEAL_LATE_MS - 1);
    assert_false(keeper.fatal);
    ak_keeper_check_if_due(&keeper, AK_SEAL_LATE_MS);
    assert_true(keeper.fatal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(software_is_not_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_that_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_that_went_back, setup, teardown),
        cmocka_unit_test_setup_teardown(chip_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(chip_that_does_not_answer, setup, teardown),
    };
    return cmocka_run_group_tests_name("rollback_watch", tests, NULL, NULL);
}
