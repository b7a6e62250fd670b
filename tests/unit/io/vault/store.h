/* An epoch store in a folder in memory, with the software backend's slots: folder 0 is the data folder, 1 the
 * backend's own, 2 the slots'. */
#ifndef AK_TESTS_UNIT_IO_VAULT_STORE_H
#define AK_TESTS_UNIT_IO_VAULT_STORE_H

#include "unit/check.h"

#include "io/vault/epochs.h"
#include "unit/io/tee/memfs.h"

static struct memfs fs;
static struct ak_file_ops fs_ops;
static struct ak_tee tee;
static struct ak_vault_epochs epochs;
static const uint8_t store_log_id[16] = {0x10};

static inline enum ak_err store_open_tee(bool create)
{
    fs_ops = memfs_ops(&fs);
    const struct ak_tee_open how = {
        .dir_fd = MEMFS_DIR_FD + 1, .create = create, .ops = &fs_ops, .slot_dir_fd = MEMFS_DIR_FD + 2};
    return ak_tee_open(&ak_tee_software, &how, &tee);
}

static inline enum ak_err store_open(void)
{
    return ak_vault_epochs_open(&epochs, &tee, MEMFS_DIR_FD, &fs_ops, store_log_id);
}

static inline void store_close(void)
{
    ak_vault_epochs_done(&epochs);
    ak_tee_close(&tee);
}

/* A new folder with an empty store. */
static inline void store_begin(void)
{
    memfs_init(&fs);
    assert_int_equal(store_open_tee(true), AK_OK);
    assert_int_equal(store_open(), AK_OK);
}

static inline int store_setup(void **state)
{
    (void)state;
    store_begin();
    return 0;
}

static inline int store_teardown(void **state)
{
    (void)state;
    store_close();
    return 0;
}

static inline enum ak_err store_restart(void)
{
    store_close();
    assert_int_equal(store_open_tee(false), AK_OK);
    return store_open();
}

/* Account `account`'s epoch; what is wrapped in it is of no interest here. */
static inline struct ak_epoch_record store_record(uint8_t account, uint32_t epoch)
{
    struct ak_epoch_record record = {.key.epoch = epoch};
    memset(record.key.anchor, account, sizeof record.key.anchor);
    memset(record.key.dek_id, (int)(16 * account + epoch), sizeof record.key.dek_id);
    memset(record.wrapped, (int)(account + epoch), sizeof record.wrapped);
    return record;
}

static inline bool store_has(const struct ak_epoch_table *table, uint8_t account, uint32_t epoch)
{
    const struct ak_epoch_record want = store_record(account, epoch);
    const struct ak_epoch_record *found = ak_epoch_find(table, &want.key);
    return found && memcmp(found, &want, sizeof want) == 0;
}

static inline enum ak_err store_add(uint8_t account, uint32_t epoch)
{
    const struct ak_epoch_record record = store_record(account, epoch);
    const struct ak_epoch_change change = {.extra = &record, .extra_count = 1};
    AK_TRY(ak_vault_epochs_write(&epochs, &change));
    return ak_vault_epochs_apply(&epochs, &change);
}

static inline enum ak_err store_drop(uint8_t account, uint32_t epoch)
{
    const struct ak_epoch_key key = store_record(account, epoch).key;
    const struct ak_epoch_change change = {.without = &key, .without_count = 1};
    AK_TRY(ak_vault_epochs_destroy(&epochs, &change));
    return ak_vault_epochs_apply(&epochs, &change);
}

#endif
