/* The sealed state against whoever owns the disk but not the counter. Held: nothing acknowledged is undone,
 * no file of before the last advance is served again, a copy beside the original is noticed, and no crash
 * locks the installation out (I7, I11, I12). */
#include "unit/check.h"

#include <errno.h>

#include "io/tee/sealed_file.h"
#include "rollback/fake_tee.h"
#include "unit/io/tee/memfs.h"

enum { WRITES = 3, DISKS_MAX = 400 };

/* One machine: a disk in memory, a handle on the TEE, the open file. */
struct machine {
    struct memfs fs;
    struct ak_file_ops ops;
    struct ak_tee tee;
    struct ak_sealed_file file;
    struct ak_seal_state got;
};
static const uint8_t config[] = {0xcf};
static const struct ak_sealed_trust trust = {.config = {config, sizeof config}};
static struct fake_tee chip;
static struct machine one, two;

static void make_state(struct ak_seal_state *state, uint64_t remembered)
{
    memset(state, 0, sizeof *state);
    state->checkpoint_size = remembered;
    state->root_count = 1;
    state->roots[0].version = 1;
    state->roots[0].suite = AK_SEAL_ROOT_AK1;
    memset(state->roots[0].secret.bytes, 0x5e, 32);
    memcpy(state->trust, config, sizeof config);
    state->trust_len = sizeof config;
}

static void open_machine(struct machine *machine)
{
    machine->ops = memfs_ops(&machine->fs);
    machine->tee = (struct ak_tee){&fake_tee_ops, &chip};
    assert_int_equal(ak_sealed_file_open(&machine->file, MEMFS_DIR_FD, &machine->ops, &machine->tee, &trust),
        AK_SEALED_OK);
}

static enum ak_sealed_result start(struct machine *machine)
{
    open_machine(machine);
    return ak_sealed_file_start(&machine->file, &machine->got);
}

static enum ak_err write_next(struct machine *machine, uint64_t remembered)
{
    struct ak_seal_state state;
    make_state(&state, remembered);
    return ak_sealed_file_write(&machine->file, &state);
}

static enum ak_sealed_result init(struct machine *machine)
{
    struct ak_seal_state state;
    make_state(&state, 1);
    open_machine(machine);
    return ak_sealed_file_create(&machine->file, &state);
}

static int setup(void **state)
{
    (void)state;
    fake_tee_init(&chip, 7);
    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    memfs_init(&one.fs);
    memfs_init(&two.fs);
    return init(&one) == AK_SEALED_OK ? 0 : -1;
}

static bool is_refused(enum ak_sealed_result result)
{
    return result == AK_SEALED_STALE || result == AK_SEALED_DAMAGED;
}

/* ---- a crash between each pair of steps, and later any earlier disk in the place of today's ---- */

static struct {
    uint8_t bytes[MEMFS_FILE_MAX];
    size_t len;
} disks[DISKS_MAX]; /* every sealed file that was ever readable, whole or not */
static size_t disk_count;

static void keep_disk(void *ctx, const char *name, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (strncmp(name, AK_SEALED_NAME, strlen(AK_SEALED_NAME)) != 0 || len == 0) return;
    assert_true(disk_count < DISKS_MAX);
    memcpy(disks[disk_count].bytes, bytes, len);
    disks[disk_count++].len = len;
}

/* Disk calls fail from `disk_at` on, the TEE's from `chip_at` on; the writes that were acknowledged. */
static unsigned live(unsigned disk_at, unsigned chip_at)
{
    unsigned acknowledged = 1;
    setup(NULL);
    disk_count = 0;
    one.fs.seen = keep_disk;
    one.fs.fail_at = disk_at ? one.fs.calls + disk_at : 0;
    chip.fail_at = chip_at ? chip.calls + chip_at : 0;
    while (acknowledged <= WRITES && write_next(&one, acknowledged + 1) == AK_OK) acknowledged++;
    chip.fail_at = 0;
    return acknowledged;
}

static void starts_and_refuses_the_past(unsigned acknowledged)
{
    size_t before = disk_count;
    static struct memfs now;
    assert_int_equal(start(&one), AK_SEALED_OK);
    assert_in_range(one.got.checkpoint_size, acknowledged, acknowledged + 1);
    now = one.fs;
    for (size_t i = 0; i < before; i++) {
        uint64_t counter = chip.counter;
        memfs_put(&one.fs, 0, AK_SEALED_NAME, disks[i].bytes, disks[i].len);
        assert_true(is_refused(start(&one)));
        assert_int_equal(one.got.root_count, 0);
        assert_true(chip.counter == counter); /* a refused disk moves nothing, so today's still starts */
        one.fs = now;
    }
    assert_int_equal(start(&one), AK_SEALED_OK);
}

static void crash_between_steps(void **state)
{
    (void)state;
    unsigned runs = 0;
    for (unsigned at = 1; at < 40; at++)
        for (unsigned way = 0; way < 6; way++, runs++) {
            unsigned acknowledged = live(at, 0);
            memfs_crash(&one.fs, (enum memfs_data)(way % 3), way / 3 ? MEMFS_LOG : 0);
            starts_and_refuses_the_past(acknowledged);
        }
    for (unsigned at = 1; at < 4 * WRITES; at++, runs++) {
        unsigned acknowledged = live(0, at);
        memfs_crash(&one.fs, MEMFS_DATA_LOST, 0);
        starts_and_refuses_the_past(acknowledged);
    }
    print_message("%u crashes\n", runs);
}

/* The file of a step that never got as far as the counter is kept by somebody and put back when the counter
 * stands where it would fit, had the start not advanced past it. */
static void interrupted_step_put_back_later(void **state)
{
    (void)state;
    setup(NULL);
    uint8_t kept[MEMFS_FILE_MAX];
    chip.fail_at = chip.calls + 3; /* the write reads the counter, seals, advances: it never advances */
    assert_int_equal(write_next(&one, 2), AK_E_IO);
    chip.fail_at = 0;
    struct memfs_inode *file = memfs_find(&one.fs, 0, AK_SEALED_NAME);
    size_t len = file->len;
    memcpy(kept, file->bytes, len);
    assert_int_equal(start(&one), AK_SEALED_OK); /* one ahead: finished, and advanced past */
    assert_true(one.got.checkpoint_size == 2);
    for (unsigned later = 0; later < 4; later++) {
        memfs_put(&one.fs, 0, AK_SEALED_NAME, kept, len);
        assert_int_equal(start(&one), AK_SEALED_STALE);
        setup(NULL);
        chip.fail_at = chip.calls + 3;
        assert_int_equal(write_next(&one, 2), AK_E_IO);
        chip.fail_at = 0;
        memcpy(kept, memfs_find(&one.fs, 0, AK_SEALED_NAME)->bytes, len);
        assert_int_equal(start(&one), AK_SEALED_OK);
        for (unsigned i = 0; i < later; i++) assert_int_equal(write_next(&one, 3 + i), AK_OK);
    }
}

/* The same with the rename lost: the file n+1 exists only in somebody's hands, the disk is level. */
static void interrupted_step_kept_outside(void **state)
{
    (void)state;
    uint8_t kept[MEMFS_FILE_MAX];
    static struct memfs level;
    setup(NULL);
    level = one.fs;
    chip.fail_at = chip.calls + 3;
    assert_int_equal(write_next(&one, 2), AK_E_IO);
    chip.fail_at = 0;
    struct memfs_inode *file = memfs_find(&one.fs, 0, AK_SEALED_NAME);
    size_t len = file->len;
    memcpy(kept, file->bytes, len);
    one.fs = level;
    assert_int_equal(start(&one), AK_SEALED_OK);
    assert_true(one.got.checkpoint_size == 1);
    memfs_put(&one.fs, 0, AK_SEALED_NAME, kept, len);
    assert_int_equal(start(&one), AK_SEALED_STALE);
}

/* ---- two at once ---- */

static void live_clone_is_noticed(void **state)
{
    (void)state;
    setup(NULL);
    assert_int_equal(start(&one), AK_SEALED_OK);
    two.fs = one.fs;
    assert_int_equal(ak_sealed_file_check(&one.file), AK_OK);
    assert_int_equal(start(&two), AK_SEALED_OK); /* the clone has moved the counter … */
    assert_int_equal(ak_sealed_file_check(&one.file), AK_E_CONFLICT);
    assert_int_equal(write_next(&one, 5), AK_E_CONFLICT); /* … and the original acknowledges nothing more */
    assert_int_equal(write_next(&one, 5), AK_E_STATE);
    assert_int_equal(ak_sealed_file_check(&one.file), AK_E_STATE);
    assert_int_equal(start(&one), AK_SEALED_STALE);
    assert_int_equal(ak_sealed_file_check(&two.file), AK_OK); /* exactly one goes on */
    assert_int_equal(write_next(&two, 5), AK_OK);
}

/* The second start runs whole between two steps of the first, at each of them. */
static struct machine *racer;
static enum ak_sealed_result racer_result;
static unsigned race_at;

static void race(void)
{
    struct machine *other = racer;
    if (!other || race_at-- > 0) return;
    racer = NULL;
    racer_result = start(other);
}

static enum ak_err racing_read(void *impl, uint8_t out_id[16], uint64_t *out_value)
{
    race();
    return fake_tee_ops.counter_read(impl, out_id, out_value);
}

static enum ak_err racing_advance(void *impl, uint64_t expected)
{
    race();
    return fake_tee_ops.counter_advance(impl, expected);
}

/* Exactly one of them may go on, and it does; the other is refused now or at its next check. */
static void one_goes_on(enum ak_sealed_result first)
{
    bool first_lives = first == AK_SEALED_OK && ak_sealed_file_check(&one.file) == AK_OK;
    bool second_lives = racer_result == AK_SEALED_OK && ak_sealed_file_check(&two.file) == AK_OK;
    assert_true(first_lives != second_lives);
    struct machine *winner = first_lives ? &one : &two;
    winner->tee.ops = &fake_tee_ops;
    assert_int_equal(write_next(winner, 9), AK_OK);
    assert_int_equal(start(winner), AK_SEALED_OK);
    assert_true(winner->got.checkpoint_size == 9);
    assert_int_not_equal(start(first_lives ? &two : &one), AK_SEALED_OK);
}

static void two_starts_race(void **state)
{
    (void)state;
    struct ak_tee_ops racing = fake_tee_ops;
    racing.counter_read = racing_read;
    racing.counter_advance = racing_advance;
    unsigned races = 0;
    for (unsigned at = 0; at < 5; at++, races++) { /* a level start reads and advances five times */
        setup(NULL);
        two.fs = one.fs;
        racer = &two;
        race_at = at;
        open_machine(&one);
        one.tee.ops = &racing;
        enum ak_sealed_result result = ak_sealed_file_start(&one.file, &one.got);
        assert_null(racer);
        one_goes_on(result);
    }
    print_message("%u races\n", races);
}

/* ---- other chips, other numbers ---- */

static void other_chip(void **state)
{
    (void)state;
    setup(NULL);
    fake_tee_init(&chip, 8);
    chip.counter = one.file.n;
    assert_int_equal(start(&one), AK_SEALED_FOREIGN_COUNTER);
    /* with the id copied, too, its key opens nothing */
    memset(chip.id, 7, sizeof chip.id);
    assert_int_equal(start(&one), AK_SEALED_DAMAGED);
}

static void counter_at_each_distance(void **state)
{
    (void)state;
    static const struct {
        int64_t ahead;
        enum ak_sealed_result result;
    } cases[] = {{-2, AK_SEALED_AHEAD}, {-1, AK_SEALED_OK}, {0, AK_SEALED_OK}, {1, AK_SEALED_STALE},
        {2, AK_SEALED_STALE}, {1000000, AK_SEALED_STALE}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        setup(NULL);
        chip.counter = (uint64_t)((int64_t)chip.counter + cases[i].ahead);
        assert_int_equal(start(&one), cases[i].result);
        assert_int_equal(one.got.root_count, cases[i].result == AK_SEALED_OK ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_between_steps),
        cmocka_unit_test(interrupted_step_put_back_later),
        cmocka_unit_test(interrupted_step_kept_outside),
        cmocka_unit_test(live_clone_is_noticed),
        cmocka_unit_test(two_starts_race),
        cmocka_unit_test(other_chip),
        cmocka_unit_test(counter_at_each_distance),
    };
    return cmocka_run_group_tests_name("rollback_disk", tests, NULL, NULL);
}
