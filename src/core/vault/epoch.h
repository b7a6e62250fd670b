/* Data keys (DEKs), one an epoch of an account, wrapped under `shielding/v1`; and the epoch store that holds
 * all wrapped DEKs in one file under an erasure key (EK). Which of them count, the ledger says by their ids:
 * the store may hold more (a crash before the entry), never less.
 * Guarantees: nothing of a store is given out before its tag was checked (I11); records stand in one order,
 * none twice. Not guaranteed: that a store is the newest; the EK in its slot decides. Secret: DEK, EK,
 * shielding key, and the table only as ciphertext. The table's memory is the caller's, and so are reading and
 * writing files. One thread at a time a table; the others any. spec: docs/formats/vault.md, Epoch store */
#ifndef AK_CORE_VAULT_EPOCH_H
#define AK_CORE_VAULT_EPOCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"
#include "core/vault/limits.h"

/* Which DEK. */
struct ak_epoch_key {
    uint8_t anchor[32];
    uint32_t epoch; /* from 1 */
    uint8_t dek_id[32];
};

struct ak_epoch_record {
    struct ak_epoch_key key;
    uint8_t nonce[12];
    uint8_t wrapped[48]; /* DEK and tag */
};

/* ---- one DEK ---- */
/* `shielding` is the service key AK_PURPOSE_SHIELDING; `nonce` is random. AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_dek_wrap(const struct ak_secret32 *shielding, const struct ak_epoch_key *key,
    const uint8_t nonce[12], const struct ak_secret32 *dek, struct ak_epoch_record *out_record);
/* AK_E_AUTH (another account's, epoch's or id's, or altered), AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_dek_unwrap(
    const struct ak_secret32 *shielding, const struct ak_epoch_record *record, struct ak_secret32 *out_dek);

/* ---- the table: records sorted by anchor, epoch, DEK id ---- */
struct ak_epoch_table {
    struct ak_epoch_record *records;
    size_t count;
    size_t cap;
};
static inline struct ak_epoch_table ak_epoch_table(struct ak_epoch_record *records, size_t cap)
{
    return (struct ak_epoch_table){records, 0, cap};
}
/* NULL where there is none. */
const struct ak_epoch_record *ak_epoch_find(
    const struct ak_epoch_table *table, const struct ak_epoch_key *key);
/* AK_E_FULL (give the table more memory), AK_E_EXISTS (a DEK is never replaced: I14). */
AK_MUST_USE enum ak_err ak_epoch_add(struct ak_epoch_table *table, const struct ak_epoch_record *record);
/* Keeps the records that `keep` says yes to; the memory of the others is wiped. Gives how many went. */
size_t ak_epoch_keep(
    struct ak_epoch_table *table, bool (*keep)(void *ctx, const struct ak_epoch_key *key), void *ctx);

/* ---- the store ---- */
struct ak_epoch_store_head {
    uint8_t slot; /* 0 or 1: which erasure slot has its EK */
    uint8_t log_id[16];
    uint32_t count;
    uint8_t nonce[12];
};
/* Bytes of a store with that many records. */
size_t ak_epoch_store_len(size_t count);
/* Appends the file: header, records, tag. `nonce` is random. `extra` records that are not yet in the table
 * are written with it and `without` keys are left out (both sorted as the table is), so that a change is
 * durable before the table knows of it. AK_E_ARG (slot, order), AK_E_EXISTS, AK_E_FULL, AK_E_LIMIT,
 * AK_E_CRYPTO; nothing is appended then. */
struct ak_epoch_change {
    const struct ak_epoch_record *extra;
    size_t extra_count;
    const struct ak_epoch_key *without;
    size_t without_count;
};
AK_MUST_USE enum ak_err ak_epoch_store_encode(const struct ak_epoch_table *table,
    const struct ak_epoch_change *change, uint8_t slot, const uint8_t log_id[16], const uint8_t nonce[12],
    const struct ak_secret32 *ek, struct ak_buf *out_file);
/* Reads the header only, to know the slot; nothing of it is authentic yet. AK_E_FORMAT (also a length that
 * does not fit the count), AK_E_LIMIT, AK_E_UNSUPPORTED. */
AK_MUST_USE enum ak_err ak_epoch_store_parse(struct ak_span file, struct ak_epoch_store_head *out_head);
/* Opens it in place (`file` is overwritten) and fills the table, which must have room for the header's count.
 * Errors as parse, AK_E_AUTH (another EK, log or slot, altered), AK_E_FULL, AK_E_FORMAT (order); the table is
 * empty then. */
AK_MUST_USE enum ak_err ak_epoch_store_decode(uint8_t *file, size_t len, const uint8_t log_id[16],
    const struct ak_secret32 *ek, struct ak_epoch_table *out_table);

#endif
