/* A crash, or a failure that passes, at every system call of writing and destroying, with every way the disk
 * may have forgotten what was not synced. Held: no key that was acknowledged is lost (I14); no store that was
 * ever written opens an epoch whose destruction was acknowledged (I13). */
#include "store.h"

#include <errno.h>

enum { OLD_MAX = 64, STEPS = 8, KEYS = 8 };

static const enum memfs_data data_ways[] = {MEMFS_DATA_LOST, MEMFS_DATA_KEPT, MEMFS_DATA_TORN};
static const size_t change_ways[] = {0, 1, 2, MEMFS_LOG};

/* Every store ever written, whole or not. */
static struct {
    uint8_t bytes[MEMFS_FILE_MAX];
    size_t len;
} old[OLD_MAX];
static size_t old_count;

static void remember(void *ctx, const char *name, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (strncmp(name, AK_EPOCHS_NAME, strlen(AK_EPOCHS_NAME)) != 0 || len == 0) return;
    assert_true(old_count < OLD_MAX);
    memcpy(old[old_count].bytes, bytes, len);
    old[old_count++].len = len;
}

/* One account's epochs come and go, another's stay. */
static const struct {
    bool drop;
    uint8_t account;
    uint32_t epoch;
} steps[STEPS] = {{false, 1, 1}, {false, 2, 1}, {false, 1, 2}, {true, 1, 1}, {false, 1, 3}, {true, 1, 2},
    {false, 2, 2}, {true, 2, 1}};

enum fate { UNKNOWN, LIVE, GONE };
static enum fate fates[3][4]; /* by account and epoch; as far as acknowledged */

static enum ak_err take_step(size_t i)
{
    enum fate *fate = &fates[steps[i].account][steps[i].epoch];
    if (steps[i].drop) *fate = UNKNOWN; /* from here on it may be gone */
    enum ak_err err = steps[i].drop ? store_drop(steps[i].account, steps[i].epoch)
                                    : store_add(steps[i].account, steps[i].epoch);
    if (!err) *fate = steps[i].drop ? GONE : LIVE;
    return err;
}

/* Until something fails. */
static void live(void)
{
    memset(fates, 0, sizeof fates);
    if (store_open_tee(true) == AK_OK && store_open() == AK_OK)
        for (size_t i = 0; i < STEPS; i++)
            if (take_step(i)) break;
    store_close();
}

/* A failure that passes: whoever asked asks again. */
static void live_on(void)
{
    memset(fates, 0, sizeof fates);
    for (size_t tries = 0; store_open_tee(true) != AK_OK || store_open() != AK_OK; tries++) {
        assert_true(tries < 3);
        store_close();
    }
    for (size_t i = 0; i < STEPS; i++) {
        size_t tries = 0;
        while (take_step(i)) assert_true(++tries < 3);
    }
    store_close();
}

static unsigned calls_of_a_life(void)
{
    memfs_init(&fs);
    live();
    assert_int_equal(fates[2][2], LIVE);
    assert_int_equal(fates[2][1], GONE);
    return fs.calls;
}

static void nothing_lives_but_what_must(const struct ak_epoch_table *table, bool newest)
{
    for (uint8_t account = 1; account < 3; account++)
        for (uint32_t epoch = 1; epoch < 4; epoch++) {
            if (fates[account][epoch] == GONE) assert_false(store_has(table, account, epoch));
            if (fates[account][epoch] == LIVE && newest) assert_true(store_has(table, account, epoch));
        }
}

static void old_stores_keep_their_secrets(unsigned slot)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    static uint8_t copy[MEMFS_FILE_MAX];
    struct ak_epoch_record records[KEYS];
    struct ak_buf buf = AK_BUF_ARR(ek.bytes);
    if (tee.ops->slot_read(tee.impl, slot, &buf) != AK_OK) return;
    for (size_t i = 0; i < old_count; i++) {
        struct ak_epoch_table table = ak_epoch_table(records, KEYS);
        memcpy(copy, old[i].bytes, old[i].len);
        if (ak_epoch_store_decode(copy, old[i].len, store_log_id, &ek, &table) == AK_OK)
            nothing_lives_but_what_must(&table, false);
    }
}

static void start_and_look(void)
{
    enum ak_err err = store_open_tee(true);
    if (!err) {
        for (unsigned slot = 0; slot < AK_TEE_SLOTS; slot++) old_stores_keep_their_secrets(slot);
        err = store_open();
    }
    assert_int_equal(err, AK_OK);
    nothing_lives_but_what_must(&epochs.table, true);
    for (unsigned slot = 0; slot < AK_TEE_SLOTS; slot++) old_stores_keep_their_secrets(slot);
}

static void begin(unsigned fail_at, bool once)
{
    memfs_init(&fs);
    fs.seen = remember;
    fs.fail_at = fail_at;
    fs.fail_once = once;
    fs.fail_errno = fail_at % 2 ? EIO : ENOSPC;
    old_count = 0;
}

static void a_crash_anywhere(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life(), runs = 0;
    for (unsigned at = 1; at <= calls + 1; at++)
        for (size_t way = 0; way < AK_COUNT(data_ways) * AK_COUNT(change_ways); way++, runs++) {
            begin(at, false);
            live();
            memfs_crash(&fs, data_ways[way % 3], change_ways[way / 3]);
            start_and_look();
            assert_int_equal(store_add(7, 1), AK_OK); /* and it goes on */
            assert_int_equal(store_drop(7, 1), AK_OK);
            store_close();
        }
    print_message("%u calls, %u runs\n", calls, runs);
}

static void a_crash_while_starting_after_a_crash(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life();
    for (unsigned at = 1; at <= calls; at += 2)
        for (unsigned second = 1; second < 24; second++) {
            begin(at, false);
            live();
            memfs_crash(&fs, data_ways[second % 3], change_ways[at % 4]);
            fs.fail_at = second;
            if (store_open_tee(true) == AK_OK) (void)store_open();
            store_close();
            memfs_crash(&fs, data_ways[at % 3], change_ways[second % 4]);
            start_and_look();
            store_close();
        }
}

/* A process that died, a start that sees what it left in the page cache, then a power cut: what is seen is
 * not yet durable, and must be before the other slot goes. */
static void a_death_a_start_and_a_power_cut(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life();
    for (unsigned at = 1; at <= calls + 1; at++)
        for (size_t way = 0; way < AK_COUNT(data_ways) * AK_COUNT(change_ways); way++) {
            begin(at, false);
            live();
            fs.fail_at = 0;
            start_and_look();
            store_close();
            memfs_crash(&fs, data_ways[way % 3], change_ways[way / 3]);
            start_and_look();
            store_close();
        }
}

/* A sync that failed leaves open which store is on disk: the key of either may still be needed, until one of
 * them is durable for certain. */
static void a_failure_that_passes_and_a_crash(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life();
    for (unsigned at = 1; at <= calls; at++) {
        unsigned in_all = 0;
        begin(at, true);
        live_on();
        in_all = fs.calls;
        for (unsigned second = at + 1; second <= in_all; second++) {
            begin(at, true);
            memset(fates, 0, sizeof fates);
            if (store_open_tee(true) == AK_OK && store_open() == AK_OK)
                for (size_t i = 0; i < STEPS && fs.calls < second; i++) {
                    if (take_step(i) == AK_OK) continue;
                    fs.fail_at = second; /* the next one is the last */
                    fs.fail_once = false;
                    if (take_step(i) != AK_OK) break;
                }
            store_close();
            memfs_crash(&fs, data_ways[second % 3], change_ways[second % 4]);
            start_and_look();
            store_close();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crash_anywhere),
        cmocka_unit_test(a_crash_while_starting_after_a_crash),
        cmocka_unit_test(a_death_a_start_and_a_power_cut),
        cmocka_unit_test(a_failure_that_passes_and_a_crash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
