/* Whether the store is what the ledger says: pieces of one check, worked while all else goes on. The loop
 * gives blobs and their hashes, and judges what comes back: a blob that does not fit may have been replaced
 * meanwhile. Guarantees: nothing that anybody names is changed; bounded in memory and in time a piece, but
 * for the epoch store, which is read as a whole. Not guaranteed: that a blob opens; its hash is the one that
 * was opened when it was written (I11). No secrets. Threads: blobs on any; epoch store and names on the
 * vault's helper. spec: docs/formats/vault.md, Check */
#ifndef AK_IO_VAULT_CHECK_H
#define AK_IO_VAULT_CHECK_H

#include "io/vault/vault.h"

enum {
    AK_VAULT_CHECK_BLOBS = 16, /* up to 1 MiB */
    AK_VAULT_CHECK_NAMES = 256,
};

enum ak_vault_check_what { AK_VAULT_CHECK_STORE, AK_VAULT_CHECK_BLOB_FILES, AK_VAULT_CHECK_LIST };

struct ak_vault_check_blob {
    struct ak_blob_place place;
    uint8_t hash[32];
    enum ak_vault_code found; /* DONE, MISSING, TAMPERED, UNAVAILABLE */
};

struct ak_vault_check {
    struct ak_vault *vault;
    enum ak_vault_check_what what;
    enum ak_err result; /* of the epoch store; of the list: AK_E_NOT_FOUND at its end */
    size_t count;       /* blobs to look at; names that were listed */
    struct ak_vault_check_blob items[AK_VAULT_CHECK_BLOBS];
    struct ak_blob_walk *walk; /* where the list goes on */
    struct ak_blob_name names[AK_VAULT_CHECK_NAMES];
    uint8_t memory[AK_BLOB_LEN_MAX];
};

/* One piece. */
void ak_vault_check_run(struct ak_vault_check *check);
/* Before its vault is closed. */
void ak_vault_check_end(struct ak_vault_check *check);

#endif
