/* A stored credential, one value encrypted under the key of its epoch (DEK). Where it belongs stands in the
 * additional data, so a blob opens only for its own account, path, service, epoch and id, and nowhere else.
 * Guarantees: nothing of a blob is given out before its tag was checked (I11); what is read has exactly one
 * form. Not guaranteed: that it is the newest: the ledger's pointer says so, by id and SHA-256, and its
 * caller compares that first. Secret: DEK and value. Owns nothing. Threads: any.
 * spec: docs/formats/vault.md, Blob */
#ifndef AK_CORE_VAULT_BLOB_H
#define AK_CORE_VAULT_BLOB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/wipe.h"
#include "core/vault/limits.h"

/* Which blob: what its additional data and its name in the store are made of. */
struct ak_blob_place {
    uint8_t anchor[32];
    uint8_t home_wallet[20];
    uint8_t label_len; /* 0: the account's own, for all its agents */
    uint8_t service_len;
    uint8_t label[AK_LIMIT_LABEL];
    uint8_t service[AK_LIMIT_SERVICE];
    uint32_t epoch;
    uint8_t blob_id[16];
};

/* The header, readable by anyone, authenticated with the rest. */
struct ak_blob_head {
    uint8_t dek_id[32];
    uint8_t nonce[12];
};

/* A UUIDv7 from Unix milliseconds (under 2^48) and 10 random bytes. spec: RFC 9562 5.7 */
void ak_blob_id_make(uint64_t unix_ms, const uint8_t random[10], uint8_t out_id[16]);
/* The milliseconds in it. AK_E_FORMAT where it is no UUIDv7. */
AK_MUST_USE enum ak_err ak_blob_id_ms(const uint8_t id[16], uint64_t *out_unix_ms);

/* Appends header and fields: the additional data of the blob's encryption; at most AK_BLOB_AAD_MAX bytes. */
void ak_blob_put_aad(struct ak_buf *buf, const struct ak_blob_head *head, const struct ak_blob_place *place);
/* Appends header, ciphertext and tag: value.len + AK_BLOB_OVERHEAD bytes. The nonce is never used twice under
 * one DEK. AK_E_LIMIT (value), AK_E_FULL, AK_E_CRYPTO; nothing is appended then. */
AK_MUST_USE enum ak_err ak_blob_seal(const struct ak_blob_head *head, const struct ak_blob_place *place,
    const struct ak_secret32 *dek, struct ak_span value, struct ak_buf *out_blob);
/* Reads the header only; nothing of it is authentic yet. AK_E_LIMIT, AK_E_FORMAT, AK_E_UNSUPPORTED. */
AK_MUST_USE enum ak_err ak_blob_parse(struct ak_span blob, struct ak_blob_head *out_head);
/* Writes the value (blob.len - AK_BLOB_OVERHEAD bytes) to `out_value`, which has room for `cap`. AK_E_LIMIT,
 * AK_E_FORMAT, AK_E_UNSUPPORTED as above, AK_E_AUTH (another DEK id than `dek_id`, another place, altered),
 * AK_E_FULL, AK_E_CRYPTO; *out_len is 0 then, and of out_value nothing is left. */
AK_MUST_USE enum ak_err ak_blob_open(struct ak_span blob, const uint8_t dek_id[32],
    const struct ak_blob_place *place, const struct ak_secret32 *dek, uint8_t *out_value, size_t cap,
    size_t *out_len);

/* One side of a move. */
struct ak_blob_side {
    struct ak_span blob;
    const struct ak_blob_place *place;
    const uint8_t *dek_id;
    const struct ak_secret32 *dek;
};
/* Opens both and compares the values in constant time: what the keeper does with a re-encryptor's answer
 * before it believes it. `scratch` holds two values of AK_LIMIT_VALUE and is wiped. AK_OK where they are the
 * same value; AK_E_AUTH where either does not open or they differ; else as ak_blob_open. */
AK_MUST_USE enum ak_err ak_blob_compare(
    const struct ak_blob_side *old_side, const struct ak_blob_side *new_side, uint8_t *scratch);

#endif
