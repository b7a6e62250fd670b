/* The epoch store on disk and its key in an erasure slot. The table of wrapped DEKs in memory is the loop's:
 * it looks keys up, and takes a change over only once the helper has made it durable. Guarantees: after an
 * error or a crash at any point the store opens, with the change or without it; what was destroyed is in no
 * file of ours under a key that still exists (I13, as far as the slots can erase; I14). Not guaranteed: which
 * records count, that is the ledger's. Secret: the erasure key, which is in memory only while a store is read
 * or written. Threads: write and destroy on one helper, find and apply on the loop while the helper rests.
 * spec: docs/formats/vault.md, Epoch store, Erasure slots */
#ifndef AK_IO_VAULT_EPOCHS_H
#define AK_IO_VAULT_EPOCHS_H

#include "core/vault/epoch.h"
#include "io/tee/tee.h"

#define AK_EPOCHS_NAME "epochs.bin"

struct ak_vault_epochs {
    const struct ak_tee *tee; /* borrowed */
    int dir_fd;               /* borrowed: the data folder */
    struct ak_file_ops ops;
    uint8_t log_id[16];
    struct ak_epoch_table table;
    bool exists;   /* there is a store */
    bool unsure;   /* a write failed: which store is on disk is read again before the next one */
    unsigned slot; /* the one it names */
};

/* Reads the store, opens it under the key in the slot it names, and empties the other slot. Without a store
 * the table is empty. AK_E_AUTH (altered, or the slot holds another key), AK_E_NOT_FOUND (the slot is empty),
 * AK_E_FORMAT, AK_E_LIMIT, AK_E_UNSUPPORTED, AK_E_FULL, AK_E_IO. `ops` NULL: the system's. */
AK_MUST_USE enum ak_err ak_vault_epochs_open(struct ak_vault_epochs *epochs, const struct ak_tee *tee,
    int dir_fd, const struct ak_file_ops *ops, const uint8_t log_id[16]);
/* Fine on a zeroed one. */
void ak_vault_epochs_done(struct ak_vault_epochs *epochs);

/* Writes the store with the change, durable when it returns, under the key it has (the first time: a new
 * one). Errors: nothing was changed, or `unsure`. */
AK_MUST_USE enum ak_err ak_vault_epochs_write(
    struct ak_vault_epochs *epochs, const struct ak_epoch_change *change);
/* The same under a new key in the other slot; the slot that was named is erased and read back before it
 * returns. */
AK_MUST_USE enum ak_err ak_vault_epochs_destroy(
    struct ak_vault_epochs *epochs, const struct ak_epoch_change *change);
/* Takes a change that is durable over into the table. AK_E_FULL: no memory; the store on disk has it. */
AK_MUST_USE enum ak_err ak_vault_epochs_apply(
    struct ak_vault_epochs *epochs, const struct ak_epoch_change *change);

/* On the helper: whether the store on disk opens under its slot's key and has every record of the table. One
 * that a failed write left unsure is written anew first. AK_E_NOT_FOUND (no store, or its slot is empty),
 * AK_E_AUTH, AK_E_FORMAT, AK_E_STATE (a record is missing or another), AK_E_IO and others as open. */
AK_MUST_USE enum ak_err ak_vault_epochs_check(struct ak_vault_epochs *epochs);

#endif
