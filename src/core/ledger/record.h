/* The record that ends a batch: binds the tree after the batch to this log, to its place and to the record
 * before it by an HMAC, so that none can be cut out, replayed elsewhere, reordered or made by others.
 * Not guaranteed: that the newest records are there; the sealed checkpoint and the counter say that.
 * The MAC key is secret. No allocation. spec: docs/formats/ledger.md, Batch records */
#ifndef AK_CORE_LEDGER_RECORD_H
#define AK_CORE_LEDGER_RECORD_H

#include "base/buf.h"
#include "base/crypto/hmac.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_RECORD_VERSION = 1, AK_RECORD_LEN_MAX = 192 };

struct ak_batch_record {
    uint8_t log_id[16];
    uint64_t first;       /* index of the batch's first entry */
    uint64_t count;       /* at least 1 */
    uint64_t size;        /* entries in the log after it: first + count */
    uint8_t root[32];     /* of the tree of `size` */
    uint64_t counter;     /* sealed state's number n when it was written; never less than before */
    uint8_t prev_mac[32]; /* of the record before; zeros for the first */
    uint8_t mac[32];
};

/* Fills record->mac and appends the record. AK_E_ARG (count 0, size not first + count), AK_E_FULL. */
AK_MUST_USE enum ak_err ak_batch_record_seal(
    struct ak_batch_record *record, struct ak_hmac_key *mac_key, struct ak_buf *buf);
/* Reads a record of any log without checking the MAC. AK_E_FORMAT, AK_E_LIMIT, AK_E_UNSUPPORTED (version). */
AK_MUST_USE enum ak_err ak_batch_record_decode(struct ak_span bytes, struct ak_batch_record *out_record);
/* decode, MAC and log id. AK_E_AUTH. */
AK_MUST_USE enum ak_err ak_batch_record_open(struct ak_span bytes, struct ak_hmac_key *mac_key,
    const uint8_t log_id[16], struct ak_batch_record *out_record);

#endif
