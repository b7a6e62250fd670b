/* The epoch store on disk: what opens, what is refused, which slot is used, and that a slot that does not
 * erase is noticed. */
#include "store.h"

#include <errno.h>

static bool slot_is_empty(unsigned slot)
{
    uint8_t bytes[AK_TEE_SLOT_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    return tee.ops->slot_read(tee.impl, slot, &buf) == AK_E_NOT_FOUND;
}

static void nothing_is_made_before_the_first_key(void **state)
{
    (void)state;
    assert_false(epochs.exists);
    assert_int_equal(epochs.table.count, 0);
    assert_null(memfs_find(&fs, 0, AK_EPOCHS_NAME));
    assert_true(slot_is_empty(0) && slot_is_empty(1));
    assert_int_equal(store_restart(), AK_OK);
    assert_false(epochs.exists);
}

static void what_was_written_is_there_after_a_restart(void **state)
{
    (void)state;
    for (uint8_t account = 5; account > 0; account--) assert_int_equal(store_add(account, 1), AK_OK);
    assert_int_equal(store_add(3, 2), AK_OK);
    assert_int_equal(store_restart(), AK_OK);
    assert_int_equal(epochs.table.count, 6);
    for (uint8_t account = 1; account < 6; account++) assert_true(store_has(&epochs.table, account, 1));
    assert_true(store_has(&epochs.table, 3, 2));
    assert_int_equal(epochs.slot, 0);
    assert_true(slot_is_empty(1));
}

static void destroying_takes_turns_between_the_slots(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    for (uint32_t epoch = 2; epoch < 8; epoch++) {
        assert_int_equal(store_add(1, epoch), AK_OK);
        assert_int_equal(store_drop(1, epoch - 1), AK_OK);
        assert_int_equal(epochs.slot, (epoch - 1) % 2);
        assert_true(slot_is_empty(epoch % 2));
        assert_false(slot_is_empty(1 - epoch % 2));
        if (epoch % 3 == 0) assert_int_equal(store_restart(), AK_OK);
        assert_int_equal(epochs.table.count, 1);
        assert_true(store_has(&epochs.table, 1, epoch));
    }
}

static void destroying_nothing_still_changes_the_key(void **state)
{
    (void)state;
    assert_int_equal(store_drop(1, 1), AK_OK); /* not even a store yet */
    assert_int_equal(store_add(1, 1), AK_OK);
    unsigned slot = epochs.slot;
    assert_int_equal(store_drop(2, 7), AK_OK);
    assert_int_equal(epochs.slot, 1 - slot);
    assert_true(store_has(&epochs.table, 1, 1));
    assert_int_equal(store_restart(), AK_OK);
    assert_true(store_has(&epochs.table, 1, 1));
}

static void many_in_one_rewrite(void **state)
{
    (void)state;
    enum { MANY = 40 };
    struct ak_epoch_record records[MANY];
    struct ak_epoch_key keys[MANY - 1];
    for (uint8_t i = 0; i < MANY; i++) {
        records[i] = store_record(1 + i, 1);
        if (i > 0) keys[i - 1] = records[i].key;
    }
    const struct ak_epoch_change add = {.extra = records, .extra_count = MANY};
    const struct ak_epoch_change drop = {.without = keys, .without_count = MANY - 1};
    assert_int_equal(ak_vault_epochs_write(&epochs, &add), AK_OK);
    assert_int_equal(ak_vault_epochs_apply(&epochs, &add), AK_OK);
    assert_int_equal(ak_vault_epochs_destroy(&epochs, &drop), AK_OK);
    assert_int_equal(ak_vault_epochs_apply(&epochs, &drop), AK_OK);
    assert_int_equal(epochs.table.count, 1);
    assert_int_equal(store_restart(), AK_OK);
    assert_int_equal(epochs.table.count, 1);
    assert_true(store_has(&epochs.table, 1, 1));
}

/* A change that is durable and never taken over (a crash in between) is there at the next start. */
static void a_change_on_disk_alone_is_found(void **state)
{
    (void)state;
    const struct ak_epoch_record record = store_record(1, 1);
    const struct ak_epoch_change change = {.extra = &record, .extra_count = 1};
    assert_int_equal(ak_vault_epochs_write(&epochs, &change), AK_OK);
    assert_int_equal(epochs.table.count, 0);
    assert_int_equal(store_restart(), AK_OK);
    assert_true(store_has(&epochs.table, 1, 1));
}

static struct memfs good;

/* What the start says of a folder like the good one with that byte of its store changed. */
static enum ak_err start_with_flip(size_t at)
{
    fs = good;
    struct memfs_inode *file = memfs_find(&fs, 0, AK_EPOCHS_NAME);
    file->bytes[at] ^= 0x40;
    enum ak_err err = store_restart();
    if (err) assert_int_equal(epochs.table.count, 0);
    return err;
}

static void each_byte_is_authenticated(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    assert_int_equal(store_add(2, 1), AK_OK);
    good = fs;
    size_t len = memfs_find(&fs, 0, AK_EPOCHS_NAME)->len;
    assert_int_equal(len, ak_epoch_store_len(2));
    for (size_t at = 0; at < len; at++) assert_int_not_equal(start_with_flip(at), AK_OK);
    fs = good;
    assert_int_equal(store_restart(), AK_OK);
}

static void each_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    good = fs;
    size_t len = memfs_find(&fs, 0, AK_EPOCHS_NAME)->len;
    for (size_t cut = 0; cut <= len + 1; cut++) {
        if (cut == len) continue;
        fs = good;
        memfs_find(&fs, 0, AK_EPOCHS_NAME)->len = cut;
        assert_int_not_equal(store_restart(), AK_OK);
        assert_int_equal(epochs.table.count, 0);
    }
}

static void of_another_log(void **state)
{
    (void)state;
    static const uint8_t other[16] = {0x11};
    assert_int_equal(store_add(1, 1), AK_OK);
    ak_vault_epochs_done(&epochs);
    assert_int_equal(ak_vault_epochs_open(&epochs, &tee, MEMFS_DIR_FD, &fs_ops, other), AK_E_AUTH);
    assert_int_equal(epochs.table.count, 0);
}

/* An old copy of the data folder beside today's slots: its key is gone. */
static void an_old_store_does_not_open(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    const struct memfs_inode old = *memfs_find(&fs, 0, AK_EPOCHS_NAME);
    assert_int_equal(store_add(1, 2), AK_OK);
    assert_int_equal(store_drop(1, 1), AK_OK);
    memfs_put(&fs, 0, AK_EPOCHS_NAME, old.bytes, old.len);
    assert_int_equal(store_restart(), AK_E_NOT_FOUND);
    assert_int_equal(epochs.table.count, 0);
}

static void without_its_slot(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    good = fs;
    assert_int_equal(tee.ops->slot_erase(tee.impl, 0), AK_OK);
    assert_int_equal(store_restart(), AK_E_NOT_FOUND);
    static const uint8_t zeros[32], short_key[31] = {1}, other[32] = {1}, long_key[33] = {1};
    static const struct {
        struct ak_span bytes;
        enum ak_err err;
    } slots[] = {{{zeros, 32}, AK_E_NOT_FOUND}, {{short_key, 31}, AK_E_AUTH}, {{other, 32}, AK_E_AUTH},
        {{long_key, 33}, AK_E_AUTH}, {{zeros, 0}, AK_E_AUTH}};
    for (size_t i = 0; i < AK_COUNT(slots); i++) {
        fs = good;
        assert_int_equal(tee.ops->slot_write(tee.impl, 0, slots[i].bytes), AK_OK);
        assert_int_equal(store_restart(), slots[i].err);
        assert_int_equal(epochs.table.count, 0);
    }
}

/* The other slot is emptied only once the store opened under the one it names. */
static void the_other_slot_is_emptied_after_the_store_opened(void **state)
{
    (void)state;
    static const uint8_t key[32] = {9};
    assert_int_equal(store_add(1, 1), AK_OK);
    assert_int_equal(tee.ops->slot_write(tee.impl, 1, AK_SPAN_ARR(key)), AK_OK);
    good = fs;
    assert_int_equal(store_restart(), AK_OK);
    assert_true(slot_is_empty(1));
    assert_int_not_equal(start_with_flip(60), AK_OK);
    assert_false(slot_is_empty(1));
}

/* A slot that says "erased" and keeps its key. */
static enum ak_err lying_erase(void *impl, unsigned slot)
{
    (void)impl;
    (void)slot;
    return AK_OK;
}

static void an_erasure_is_read_back(void **state)
{
    (void)state;
    struct ak_tee_ops lying = *tee.ops;
    const struct ak_tee_ops *honest = tee.ops;
    lying.slot_erase = lying_erase;
    assert_int_equal(store_add(1, 1), AK_OK);
    assert_int_equal(store_add(1, 2), AK_OK);
    tee.ops = &lying;
    assert_int_equal(store_drop(1, 1), AK_E_IO);
    assert_true(store_has(&epochs.table, 1, 1)); /* not done, so not taken over */
    tee.ops = honest;
    assert_int_equal(store_drop(1, 1), AK_OK);
    assert_false(store_has(&epochs.table, 1, 1));
    assert_true(store_has(&epochs.table, 1, 2));
}

static char slot_calls[8];
static enum ak_err noting_erase(void *impl, unsigned slot)
{
    slot_calls[strlen(slot_calls)] = (char)('a' + slot);
    return ak_tee_software.slot_erase(impl, slot);
}
static enum ak_err noting_write(void *impl, unsigned slot, struct ak_span bytes)
{
    slot_calls[strlen(slot_calls)] = (char)('0' + slot);
    return ak_tee_software.slot_write(impl, slot, bytes);
}

/* A key that an attempt before left in the free slot is overwritten in place, not only replaced: its file
 * would stay on the disk, and it may open an older store. */
static void a_slot_that_is_not_free_is_erased_first(void **state)
{
    (void)state;
    static const uint8_t key[32] = {9};
    struct ak_tee_ops noting = *tee.ops;
    noting.slot_erase = noting_erase;
    noting.slot_write = noting_write;
    memset(slot_calls, 0, sizeof slot_calls);
    assert_int_equal(store_add(1, 1), AK_OK);
    assert_int_equal(tee.ops->slot_write(tee.impl, 1, AK_SPAN_ARR(key)), AK_OK);
    tee.ops = &noting;
    assert_int_equal(store_drop(1, 1), AK_OK);
    assert_string_equal(slot_calls, "b1a");
    assert_int_equal(store_drop(1, 1), AK_OK);
    assert_string_equal(slot_calls, "b1a0b"); /* one that is free is not erased: hardware wears */
    tee.ops = &ak_tee_software;
}

/* What a check of the store on disk says; it changes nothing where nothing failed before. */
static void a_store_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_OK); /* none is needed yet */
    assert_int_equal(store_add(1, 1), AK_OK);
    assert_int_equal(store_add(2, 1), AK_OK);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_OK);
    const struct memfs_inode sound = *memfs_find(&fs, 0, AK_EPOCHS_NAME);
    memfs_remove(&fs, 0, AK_EPOCHS_NAME);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_E_NOT_FOUND);
    memfs_put(&fs, 0, AK_EPOCHS_NAME, sound.bytes, sound.len);
    struct memfs_inode *file = memfs_find(&fs, 0, AK_EPOCHS_NAME);
    for (size_t at = 0; at < sound.len; at++) {
        file->bytes[at] ^= 1;
        assert_int_not_equal(ak_vault_epochs_check(&epochs), AK_OK);
        file->bytes[at] ^= 1;
    }
    memfs_put(&fs, 0, AK_EPOCHS_NAME, sound.bytes, sound.len - 1);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_E_FORMAT);
    memfs_put(&fs, 0, AK_EPOCHS_NAME, sound.bytes, sound.len);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_OK);
    assert_memory_equal(memfs_find(&fs, 0, AK_EPOCHS_NAME)->bytes, sound.bytes, sound.len);
}

static void an_older_store_lacks_what_came_after(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    const struct memfs_inode old = *memfs_find(&fs, 0, AK_EPOCHS_NAME);
    assert_int_equal(store_add(2, 1), AK_OK);
    memfs_put(&fs, 0, AK_EPOCHS_NAME, old.bytes, old.len);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_E_STATE);
}

static void an_erased_slot_is_seen(void **state)
{
    (void)state;
    assert_int_equal(store_add(1, 1), AK_OK);
    const struct memfs_inode old = *memfs_find(&fs, 0, AK_EPOCHS_NAME);
    assert_int_equal(tee.ops->slot_erase(tee.impl, epochs.slot), AK_OK);
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_E_NOT_FOUND);
    memfs_put(&fs, 0, AK_EPOCHS_NAME, old.bytes, old.len);
    epochs.slot = 1 - epochs.slot; /* the file names another slot than was written last */
    assert_int_equal(ak_vault_epochs_check(&epochs), AK_E_STATE);
}

/* A write that failed leaves it open which store is on disk: the check has it written for certain. */
static void a_look_after_a_failed_write_mends_it(void **state)
{
    (void)state;
    unsigned mended = 0;
    assert_int_equal(store_add(1, 1), AK_OK);
    for (unsigned n = 1; n < 12; n++) {
        fs.fail_at = fs.calls + n;
        fs.fail_once = true;
        fs.fail_errno = EIO;
        enum ak_err err = store_add(2, n);
        fs.fail_at = 0;
        mended += epochs.unsure;
        assert_int_equal(ak_vault_epochs_check(&epochs), AK_OK);
        assert_false(epochs.unsure);
        assert_int_equal(store_restart(), AK_OK);
        assert_true(store_has(&epochs.table, 1, 1));
        assert_true(err || store_has(&epochs.table, 2, n));
    }
    assert_true(mended > 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {T(nothing_is_made_before_the_first_key),
        T(what_was_written_is_there_after_a_restart), T(destroying_takes_turns_between_the_slots),
        T(destroying_nothing_still_changes_the_key), T(many_in_one_rewrite),
        T(a_change_on_disk_alone_is_found), T(each_byte_is_authenticated),
        T(each_length_but_the_right_one_is_refused), T(of_another_log), T(an_old_store_does_not_open),
        T(without_its_slot), T(the_other_slot_is_emptied_after_the_store_opened), T(an_erasure_is_read_back),
        T(a_slot_that_is_not_free_is_erased_first), T(a_store_is_looked_at),
        T(an_older_store_lacks_what_came_after), T(an_erased_slot_is_seen),
        T(a_look_after_a_failed_write_mends_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
