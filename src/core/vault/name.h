/* A blob's name in the store: "<home wallet>/<service>/<epoch>/<blob id>.enc". Each blob has one spelling;
 * what does not read back to itself is none of ours. Names are public. Threads: any.
 * spec: docs/formats/vault.md, Names */
#ifndef AK_CORE_VAULT_NAME_H
#define AK_CORE_VAULT_NAME_H

#include "core/vault/blob.h"

struct ak_blob_name {
    uint8_t home_wallet[20];
    uint8_t service_len;
    uint8_t service[AK_LIMIT_SERVICE];
    uint32_t epoch;
    uint8_t blob_id[16];
};

struct ak_blob_name ak_blob_name_of(const struct ak_blob_place *place);
/* Appends the name; at most AK_BLOB_NAME_MAX bytes. The first 40 bytes, and what stands before each further
 * slash, are the folders it lies in. */
void ak_blob_name_put(struct ak_buf *buf, const struct ak_blob_name *name);
/* AK_E_FORMAT for anything that ak_blob_name_put would not have written; zeros then. */
AK_MUST_USE enum ak_err ak_blob_name_parse(struct ak_span text, struct ak_blob_name *out_name);

#endif
