/* The log as its writer sees it: appends entries to a batch, ends the batch with its record, and takes stored
 * batches back in the same order at start. Pure: bytes go to and come from the caller.
 * Guaranteed: a replayed batch was written by a holder of the MAC key, directly after the one before it, in
 * this log, unaltered; checked before any entry of it is shown. Not guaranteed: that no newer batch is
 * missing. The MAC key is secret. One thread at a time. Copy `struct ak_ledger_log` to be able to go back. */
#ifndef AK_CORE_LEDGER_LOG_H
#define AK_CORE_LEDGER_LOG_H

#include "core/ledger/entry.h"
#include "core/ledger/merkle.h"
#include "core/ledger/record.h"
#include "core/ledger/segment.h"

enum { AK_BATCH_SUBTREES_MAX = 16, AK_LEDGER_LOG_STATE_MAX = 2304 };

struct ak_ledger_log {
    uint8_t log_id[16];
    struct ak_merkle_frontier tree; /* tree.size: index of the next entry */
    uint8_t control_leaf[32];       /* of the newest control entry; zeros before the first */
    uint8_t record_mac[32];         /* of the newest batch record; zeros before the first */
    uint64_t record_size;           /* entries under the newest record: tree.size but for an open batch */
    uint64_t counter;               /* of the newest batch record */
    uint64_t time_ms;               /* of the newest entry: never goes back */
};

/* One batch being built, over the caller's memory. */
struct ak_ledger_batch {
    uint64_t first;
    uint64_t count;
    struct ak_buf entries; /* the segment */
    struct ak_buf leaves;  /* 32 bytes an entry */
    size_t subtree_count;  /* completed ones of level 8, 16, …: kept for proofs */
    struct ak_merkle_subtree subtrees[AK_BATCH_SUBTREES_MAX];
};
struct ak_entry_ref {
    uint64_t index;
    uint8_t leaf[32];
};

void ak_ledger_log_init(struct ak_ledger_log *log, const uint8_t log_id[16]);
/* Appends the state as bytes for a snapshot; between batches only (aborts otherwise). */
void ak_ledger_log_put(const struct ak_ledger_log *log, struct ak_buf *buf);
/* Reads it back from authenticated bytes. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_ledger_log_read(struct ak_reader *reader, struct ak_ledger_log *out_log);

/* An empty batch at the log's end over `entries` and `leaves` (emptied here). */
void ak_ledger_batch_begin(const struct ak_ledger_log *log, struct ak_ledger_batch *batch,
    struct ak_buf entries, struct ak_buf leaves);
/* Encodes, chains (control) and adds one entry. AK_E_ARG also where time_ms goes back; AK_E_FULL where batch
 * or memory is full (end the batch, begin another); errors of ak_entry_encode. Log and batch are unchanged
 * then. Entry references are valid at once, but nothing may leave before the batch is durable (I3). */
AK_MUST_USE enum ak_err ak_ledger_append(struct ak_ledger_log *log, struct ak_ledger_batch *batch,
    struct ak_hmac_key *mac_key, const struct ak_entry *entry, struct ak_entry_ref *out_ref);
/* Ends a batch of at least one entry: appends its record to `record` (AK_RECORD_LEN_MAX). `counter` is the
 * sealed state's number. AK_E_STATE for an empty batch, AK_E_ARG where the counter goes back, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_ledger_batch_end(struct ak_ledger_log *log, const struct ak_ledger_batch *batch,
    struct ak_hmac_key *mac_key, uint64_t counter, struct ak_buf *record);

/* What a replay shows: `entry` and `bytes` live during the call. An error stops the replay and is returned.
 */
struct ak_ledger_visitor {
    enum ak_err (*entry)(
        void *ctx, const struct ak_entry_ref *ref, const struct ak_entry *entry, struct ak_span bytes);
    void *ctx;
};
/* Takes the stored batch that follows the log's end: record (MAC, log, place, chain, counter), then leaves
 * and root, then each entry (form, MAC chain of control entries, time) and the visitor (NULL for none).
 * AK_E_AUTH: not ours, altered, replayed, reordered; AK_E_FORMAT, AK_E_LIMIT; AK_E_UNSUPPORTED: an unknown
 * control type. `log` moves on only where all is well; after an error of the visitor it is unchanged too.
 * `out_bad_index` (may be NULL) names the entry at fault, or the batch's first where it is the record. */
AK_MUST_USE enum ak_err ak_ledger_replay(struct ak_ledger_log *log, struct ak_hmac_key *mac_key,
    struct ak_span segment, struct ak_span record, const struct ak_ledger_visitor *visitor,
    uint64_t *out_bad_index);
/* The same of a batch whose entries are elsewhere, by its leaf hashes: record and root. What only entries say
 * is not known then: control_leaf is zeroed, time_ms stays; the caller takes both from an authentic state
 * (archive.h) before a batch with entries follows. AK_E_AUTH, AK_E_FORMAT, AK_E_LIMIT, AK_E_UNSUPPORTED. */
AK_MUST_USE enum ak_err ak_ledger_replay_leaves(
    struct ak_ledger_log *log, struct ak_hmac_key *mac_key, struct ak_span leaves, struct ak_span record);

#endif
