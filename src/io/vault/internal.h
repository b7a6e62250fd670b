/* Inside io/vault: keys by their purposes, and what an error means for a piece of work. */
#ifndef AK_IO_VAULT_INTERNAL_H
#define AK_IO_VAULT_INTERNAL_H

#include "io/vault/vault.h"

enum { AK_VAULT_REENCRYPT_MS = 10000 };

/* The epoch's DEK, for as long as the caller's variable lives. AK_E_STATE: not in the store; AK_E_AUTH:
 * wrapped by another root, or altered. */
AK_MUST_USE enum ak_err ak_vault_dek(
    const struct ak_root *root, const struct ak_epoch_record *record, struct ak_secret32 *out_dek);
AK_MUST_USE enum ak_err ak_vault_dek_of(const struct ak_vault *vault, const struct ak_blob_place *place,
    const uint8_t dek_id[32], struct ak_secret32 *out_dek);
/* Reads a blob and holds it against the pointer's hash. AK_E_NOT_FOUND, AK_E_AUTH, AK_E_IO. */
AK_MUST_USE enum ak_err ak_vault_fetch(const struct ak_vault *vault, const struct ak_blob_place *place,
    const uint8_t hash[32], struct ak_buf *out_blob);
/* Writes a new blob, and gives its hash. */
AK_MUST_USE enum ak_err ak_vault_store(const struct ak_vault *vault, const struct ak_blob_place *place,
    struct ak_span blob, struct ak_vault_result *result);
/* The same for one of many: not durable before the store's commit. */
AK_MUST_USE enum ak_err ak_vault_stage(const struct ak_vault *vault, const struct ak_blob_place *place,
    struct ak_span blob, struct ak_vault_result *result);
/* What an error of fetching or opening a stored blob means. */
enum ak_vault_code ak_vault_code_of(enum ak_err err);

/* keys.c: DEKs for `items` (rotate) or the work's own epoch (a first put), wrapped and durable. */
AK_MUST_USE enum ak_err ak_vault_make_deks(
    struct ak_vault *vault, const struct ak_epoch_key *items, size_t count);
/* `items` sorted by account, one of an account; keys of theirs that nobody named go with them. */
AK_MUST_USE enum ak_err ak_vault_destroy_deks(
    struct ak_vault *vault, const struct ak_epoch_key *items, size_t count);
/* Frees, wiped, what the piece in hand made of the epoch store. */
void ak_vault_forget(struct ak_vault *vault);
/* move.c: one blob or many, each with its own result. */
void ak_vault_move(
    struct ak_vault *vault, const struct ak_vault_work *works, struct ak_vault_result *results, size_t count);

#endif
