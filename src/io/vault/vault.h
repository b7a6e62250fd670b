/* Vault work done: values sealed, opened and moved, data keys made and destroyed, blobs written and removed.
 * What is to be done the engine decides (core/engine/vault.h); here are the keys and the files. Guarantees:
 * values and keys are in locked memory, for one piece of work, and wiped; nothing is believed of a blob, a
 * store or the re-encryptor before it was checked (I11); a failure leaves everything as it was, or with a
 * blob or DEK more that nobody names (I14). Threads: ak_vault_read on any number of them, ak_vault_run on one
 * helper, everything else on the loop; the loop changes nothing while the helper works. spec:
 * docs/formats/vault.md, Order of steps */
#ifndef AK_IO_VAULT_VAULT_H
#define AK_IO_VAULT_VAULT_H

#include "core/engine/vault.h"
#include "core/keys/derive.h"
#include "io/blob/blob.h"
#include "io/vault/epochs.h"
#include "io/vault/readers.h"

struct ak_vault {
    struct ak_blob_store blobs;
    struct ak_vault_epochs epochs;
    const struct ak_root *root; /* of the service's keys; borrowed */
    struct ak_vault_readers *readers;
    bool can_erase;   /* the slots really can */
    int reencrypt_fd; /* borrowed */
    bool broken;      /* the re-encryptor broke off: the process ends, as after any child's death */
    /* What the piece in hand makes of the epoch store; taken over by ak_vault_apply. */
    struct ak_epoch_record *fresh;
    size_t fresh_count;
    struct ak_epoch_key *gone;
    size_t gone_count;
};

struct ak_vault_open {
    const struct ak_tee *tee;
    int data_dir_fd;
    int reencrypt_fd;
    const struct ak_root *root;
    const uint8_t *log_id;
};
/* Blobs and epoch store. Errors as ak_vault_epochs_open; fine to close then. */
AK_MUST_USE enum ak_err ak_vault_open(struct ak_vault *vault, const struct ak_vault_open *how);
/* Fine on a zeroed one. */
void ak_vault_close(struct ak_vault *vault);

/* AK_VAULT_READ. `dek` is the wrapped one of the blob's epoch (ak_epoch_find, on the loop; NULL: there is
 * none); enc and the sealed value go into `body`. */
void ak_vault_read(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_epoch_record *dek, struct ak_span body, struct ak_vault_result *out_result);
/* Every other kind. */
void ak_vault_run(
    struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *out_result);
/* Many of one kind, MOVE or DELETE_FILE: what they write or remove becomes durable together. Each has its own
 * result; a failure of the common sync is one of all. */
void ak_vault_run_all(struct ak_vault *vault, const struct ak_vault_work *works,
    struct ak_vault_result *out_results, size_t count);
/* On the loop, once after each run: takes new and destroyed DEKs over into the table. */
void ak_vault_apply(struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result);

/* The public half of delivery/v1, X25519. */
AK_MUST_USE enum ak_err ak_vault_delivery_key(const struct ak_root *root, uint8_t out_public[32]);

#endif
