/* A crash at every system call of init, of writes, and of the start after a crash, with every way the disk
 * may have forgotten what was not synced. Held: nothing acknowledged is undone; no crash locks out; no file
 * that was ever written before a start is accepted after the next one (I12). */
#include "unit/check.h"

#include <errno.h>

#include "unit/io/tee/world.h"

enum { WRITES = 2, OLD_MAX = 64 };

static const enum memfs_data data_ways[] = {MEMFS_DATA_LOST, MEMFS_DATA_KEPT, MEMFS_DATA_TORN};
static const size_t change_ways[] = {0, 1, 2, MEMFS_LOG};

/* Every sealed file ever written, whole or not. */
static struct {
    uint8_t bytes[MEMFS_FILE_MAX];
    size_t len;
} old[OLD_MAX];
static size_t old_count;

static void remember(void *ctx, const char *name, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (strncmp(name, AK_SEALED_NAME, strlen(AK_SEALED_NAME)) != 0 || len == 0) return;
    if (old_count && old[old_count - 1].len == len && memcmp(old[old_count - 1].bytes, bytes, len) == 0)
        return;
    assert_true(old_count < OLD_MAX);
    memcpy(old[old_count].bytes, bytes, len);
    old[old_count++].len = len;
}

static unsigned acknowledged, attempted;

/* init and WRITES states, until something fails. */
static void live(void)
{
    struct ak_seal_state state;
    acknowledged = 0;
    attempted = 1;
    if (world_init(1) == AK_SEALED_OK) {
        for (acknowledged = 1; acknowledged <= WRITES; acknowledged++) {
            attempted = acknowledged + 1;
            world_state(&state, attempted);
            if (ak_sealed_file_write(&sealed, &state)) break;
        }
    }
    world_stop();
}

static unsigned calls_of_a_life(void)
{
    memfs_init(&fs);
    live();
    assert_int_equal(acknowledged, WRITES + 1);
    return fs.calls;
}

/* Starts; where init never got as far as a state, it can be done again. */
static void must_start(void)
{
    static struct ak_seal_state got;
    enum ak_sealed_result result = world_start(&got);
    if (result == AK_SEALED_NO_STATE) {
        assert_int_equal(acknowledged, 0);
        world_stop();
        assert_int_equal(world_init(1), AK_SEALED_OK);
        world_stop();
        result = world_start(&got);
    }
    assert_int_equal(result, AK_SEALED_OK);
    assert_in_range(got.checkpoint_size, acknowledged, attempted);
}

/* The disk as it is now, with each older sealed file put in the place of the newest. */
static void older_files_are_refused(size_t count)
{
    static struct memfs now;
    static struct ak_seal_state got;
    world_stop();
    now = fs;
    for (size_t i = 0; i < count; i++) {
        fs = now;
        memfs_put(&fs, 0, AK_SEALED_NAME, old[i].bytes, old[i].len);
        enum ak_sealed_result result = world_start(&got);
        assert_true(
            result == AK_SEALED_STALE || result == AK_SEALED_DAMAGED || result == AK_SEALED_FOREIGN_COUNTER);
        world_stop();
    }
    fs = now;
}

static void crash_and_start(unsigned at, int error, bool short_writes, size_t data, size_t changes)
{
    memfs_init(&fs);
    fs.short_writes = short_writes;
    fs.seen = remember;
    fs.fail_at = at;
    fs.fail_errno = error;
    old_count = 0;
    live();
    memfs_crash(&fs, data_ways[data], change_ways[changes]);
}

static void one_crash(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life(), runs = 0;
    for (unsigned at = 1; at <= calls + 1; at++) {
        for (size_t way = 0; way < AK_COUNT(data_ways) * AK_COUNT(change_ways); way++, runs++) {
            crash_and_start(at, at % 2 ? EIO : ENOSPC, false, way % 3, way / 3);
            size_t before = old_count;
            must_start();
            older_files_are_refused(before);
        }
    }
    print_message("%u calls, %u runs\n", calls, runs);
}

static void two_crashes(void **state)
{
    (void)state;
    unsigned calls = calls_of_a_life(), runs = 0;
    static struct memfs after_first;
    static struct ak_seal_state got;
    for (unsigned at = 1; at <= calls; at++) {
        for (size_t way = 0; way < AK_COUNT(data_ways); way++) {
            crash_and_start(at, EIO, false, way, way == 1 ? 3 : 0);
            after_first = fs;
            size_t first_count = old_count;
            /* Crash the start after it at each of its calls, until one goes through. */
            for (unsigned second = 1;; second++, runs++) {
                fs = after_first;
                old_count = first_count;
                fs.fail_at = second;
                enum ak_sealed_result result = world_start(&got);
                world_stop();
                if (result == AK_SEALED_OK || result == AK_SEALED_NO_STATE) break;
                memfs_crash(&fs, data_ways[second % 3], change_ways[second / 3 % 4]);
                size_t before = old_count;
                must_start();
                older_files_are_refused(before);
            }
        }
    }
    print_message("%u runs\n", runs);
}

static void short_writes_are_continued(void **state)
{
    (void)state;
    crash_and_start(0, EIO, true, 0, 0);
    assert_int_equal(acknowledged, WRITES + 1);
    must_start();
    world_stop();
}

/* After a failed write nothing more is written: what follows would be acknowledged on top of the unknown. */
static void dead_after_failure(void **state)
{
    (void)state;
    struct ak_seal_state next;
    memfs_init(&fs);
    assert_int_equal(world_init(1), AK_SEALED_OK);
    unsigned before = fs.calls;
    world_state(&next, 2);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
    unsigned calls = fs.calls - before;
    for (unsigned at = 1; at <= calls; at++) {
        world_stop();
        memfs_init(&fs);
        assert_int_equal(world_init(1), AK_SEALED_OK);
        fs.fail_at = fs.calls + at;
        world_state(&next, 2);
        if (ak_sealed_file_write(&sealed, &next) == AK_OK) continue; /* closing after a read may fail */
        fs.fail_at = 0;
        assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_STATE);
        assert_int_equal(ak_sealed_file_check(&sealed), AK_E_STATE);
    }
    world_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_crash),
        cmocka_unit_test(two_crashes),
        cmocka_unit_test(short_writes_are_continued),
        cmocka_unit_test(dead_after_failure),
    };
    return cmocka_run_group_tests_name("sealed_crash", tests, NULL, NULL);
}
