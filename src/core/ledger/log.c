/* Appending in memory and taking stored batches back. */
#include "core/ledger/log.h"

#include "base/assert.h"
#include "base/ct.h"

enum { STATE_VERSION = 1 };

void ak_ledger_log_init(struct ak_ledger_log *log, const uint8_t log_id[16])
{
    *log = (struct ak_ledger_log){0};
    memcpy(log->log_id, log_id, 16);
    ak_merkle_frontier_init(&log->tree);
}

void ak_ledger_log_put(const struct ak_ledger_log *log, struct ak_buf *buf)
{
    ak_assert(log->record_size == log->tree.size);
    ak_buf_put_u8(buf, STATE_VERSION);
    ak_buf_put(buf, AK_SPAN_ARR(log->log_id));
    ak_buf_put_u64(buf, log->tree.size);
    for (unsigned level = 0; level < AK_MERKLE_LEVELS; level++)
        if (log->tree.size >> level & 1) ak_buf_put(buf, AK_SPAN_ARR(log->tree.peaks[level]));
    ak_buf_put(buf, AK_SPAN_ARR(log->control_leaf));
    ak_buf_put(buf, AK_SPAN_ARR(log->record_mac));
    ak_buf_put_u64(buf, log->counter);
    ak_buf_put_u64(buf, log->time_ms);
}

enum ak_err ak_ledger_log_read(struct ak_reader *reader, struct ak_ledger_log *out_log)
{
    *out_log = (struct ak_ledger_log){0};
    struct ak_ledger_log log = {0};
    uint8_t version = ak_reader_u8(reader);
    ak_reader_copy(reader, log.log_id, sizeof log.log_id);
    log.tree.size = ak_reader_u64(reader);
    for (unsigned level = 0; level < AK_MERKLE_LEVELS; level++)
        if (log.tree.size >> level & 1) ak_reader_copy(reader, log.tree.peaks[level], 32);
    ak_reader_copy(reader, log.control_leaf, sizeof log.control_leaf);
    ak_reader_copy(reader, log.record_mac, sizeof log.record_mac);
    log.counter = ak_reader_u64(reader);
    log.time_ms = ak_reader_u64(reader);
    log.record_size = log.tree.size;
    if (reader->failed || version != STATE_VERSION) return AK_E_FORMAT;
    if (log.tree.size >> (AK_MERKLE_LEVELS - 1)) return AK_E_FORMAT;
    *out_log = log;
    return AK_OK;
}

void ak_ledger_batch_begin(const struct ak_ledger_log *log, struct ak_ledger_batch *batch,
    struct ak_buf entries, struct ak_buf leaves)
{
    *batch = (struct ak_ledger_batch){.first = log->tree.size, .entries = entries, .leaves = leaves};
    batch->entries.len = 0;
    batch->entries.failed = false;
    batch->leaves.len = 0;
    batch->leaves.failed = false;
    if (batch->entries.cap > AK_SEGMENT_LEN_MAX) batch->entries.cap = AK_SEGMENT_LEN_MAX;
}

static void keep_tile(void *ctx, const struct ak_merkle_subtree *subtree)
{
    struct ak_ledger_batch *batch = (struct ak_ledger_batch *)ctx;
    if (subtree->level % AK_MERKLE_TILE_LEVELS != 0) return;
    ak_assert(batch->subtree_count < AK_BATCH_SUBTREES_MAX);
    batch->subtrees[batch->subtree_count++] = *subtree;
}

enum ak_err ak_ledger_append(struct ak_ledger_log *log, struct ak_ledger_batch *batch,
    struct ak_hmac_key *mac_key, const struct ak_entry *entry, struct ak_entry_ref *out_ref)
{
    *out_ref = (struct ak_entry_ref){0};
    ak_assert(batch->first + batch->count == log->tree.size);
    if (entry->time_ms < log->time_ms) return AK_E_ARG;
    if (batch->count == AK_SEGMENT_ENTRIES_MAX || batch->leaves.cap - batch->leaves.len < 32)
        return AK_E_FULL;
    /* the frame's length goes in front of what is encoded behind it */
    size_t start = batch->entries.len;
    uint8_t *frame = ak_buf_grow(&batch->entries, 4);
    uint8_t leaf[32];
    enum ak_err err =
        frame ? ak_entry_encode(entry, mac_key, log->control_leaf, &batch->entries, leaf) : AK_E_FULL;
    if (err != AK_OK) {
        batch->entries.len = start;
        batch->entries.failed = false;
        return err;
    }
    size_t len = batch->entries.len - start - 4;
    for (unsigned i = 0; i < 4; i++) frame[i] = (uint8_t)(len >> (24 - 8 * i));
    ak_buf_put(&batch->leaves, AK_SPAN_ARR(leaf));
    out_ref->index = log->tree.size;
    memcpy(out_ref->leaf, leaf, 32);
    struct ak_merkle_sink sink = {keep_tile, batch};
    ak_merkle_append(&log->tree, leaf, &sink);
    batch->count++;
    log->time_ms = entry->time_ms;
    if (ak_entry_is_control(entry->type)) memcpy(log->control_leaf, leaf, 32);
    return AK_OK;
}

enum ak_err ak_ledger_batch_end(struct ak_ledger_log *log, const struct ak_ledger_batch *batch,
    struct ak_hmac_key *mac_key, uint64_t counter, struct ak_buf *record)
{
    if (batch->count == 0) return AK_E_STATE;
    if (counter < log->counter) return AK_E_ARG;
    ak_assert(batch->first == log->record_size && batch->first + batch->count == log->tree.size);
    struct ak_batch_record r = {
        .first = batch->first, .count = batch->count, .size = log->tree.size, .counter = counter};
    memcpy(r.log_id, log->log_id, sizeof r.log_id);
    memcpy(r.prev_mac, log->record_mac, sizeof r.prev_mac);
    ak_merkle_root(&log->tree, r.root);
    AK_TRY(ak_batch_record_seal(&r, mac_key, record));
    memcpy(log->record_mac, r.mac, sizeof r.mac);
    log->record_size = r.size;
    log->counter = counter;
    return AK_OK;
}

/* The record is ours and the next one. */
static enum ak_err open_record(const struct ak_ledger_log *log, struct ak_hmac_key *mac_key,
    struct ak_span bytes, struct ak_batch_record *out_record)
{
    AK_TRY(ak_batch_record_open(bytes, mac_key, log->log_id, out_record));
    if (out_record->first != log->tree.size) return AK_E_AUTH;
    if (!ak_ct_eq(AK_SPAN_ARR(out_record->prev_mac), AK_SPAN_ARR(log->record_mac))) return AK_E_AUTH;
    return out_record->counter >= log->counter ? AK_OK : AK_E_AUTH;
}

/* The segment's leaves lead to the root that the record names. */
static enum ak_err check_root(
    struct ak_merkle_frontier *tree, struct ak_span segment, const struct ak_batch_record *record)
{
    AK_TRY(ak_segment_validate(segment, record->count));
    struct ak_reader reader = ak_reader(segment);
    struct ak_span bytes;
    uint8_t hash[32];
    while (ak_segment_next(&reader, &bytes) == AK_OK) {
        ak_merkle_leaf(bytes, hash);
        ak_merkle_append(tree, hash, NULL);
    }
    ak_merkle_root(tree, hash);
    return ak_ct_eq(AK_SPAN_ARR(hash), AK_SPAN_ARR(record->root)) ? AK_OK : AK_E_AUTH;
}

static void take_record(struct ak_ledger_log *log, const struct ak_batch_record *record)
{
    memcpy(log->record_mac, record->mac, sizeof record->mac);
    log->record_size = record->size;
    log->counter = record->counter;
}

static enum ak_err replay_entry(struct ak_ledger_log *log, struct ak_hmac_key *mac_key, struct ak_span bytes,
    uint64_t index, const struct ak_ledger_visitor *visitor)
{
    struct ak_entry entry;
    struct ak_entry_ref ref = {.index = index};
    AK_TRY(ak_entry_decode(bytes, &entry));
    if (entry.time_ms < log->time_ms) return AK_E_AUTH;
    ak_merkle_leaf(bytes, ref.leaf);
    if (ak_entry_is_control(entry.type)) {
        AK_TRY(ak_entry_mac_check(bytes, mac_key, log->control_leaf));
        memcpy(log->control_leaf, ref.leaf, 32);
    }
    log->time_ms = entry.time_ms;
    return visitor ? visitor->entry(visitor->ctx, &ref, &entry, bytes) : AK_OK;
}

enum ak_err ak_ledger_replay(struct ak_ledger_log *log, struct ak_hmac_key *mac_key, struct ak_span segment,
    struct ak_span record, const struct ak_ledger_visitor *visitor, uint64_t *out_bad_index)
{
    uint64_t index = log->tree.size;
    if (out_bad_index) *out_bad_index = index;
    struct ak_ledger_log next = *log;
    struct ak_batch_record r;
    AK_TRY(open_record(log, mac_key, record, &r));
    AK_TRY(check_root(&next.tree, segment, &r));
    struct ak_reader reader = ak_reader(segment);
    struct ak_span bytes;
    for (; ak_segment_next(&reader, &bytes) == AK_OK; index++) {
        if (out_bad_index) *out_bad_index = index;
        AK_TRY(replay_entry(&next, mac_key, bytes, index, visitor));
    }
    take_record(&next, &r);
    *log = next;
    return AK_OK;
}

enum ak_err ak_ledger_replay_leaves(
    struct ak_ledger_log *log, struct ak_hmac_key *mac_key, struct ak_span leaves, struct ak_span record)
{
    struct ak_ledger_log next = *log;
    struct ak_batch_record r;
    uint8_t root[32];
    AK_TRY(open_record(log, mac_key, record, &r));
    if (r.count > AK_SEGMENT_ENTRIES_MAX || leaves.len != 32 * r.count) return AK_E_FORMAT;
    for (size_t at = 0; at < leaves.len; at += 32) ak_merkle_append(&next.tree, leaves.ptr + at, NULL);
    ak_merkle_root(&next.tree, root);
    if (!ak_ct_eq(AK_SPAN_ARR(root), AK_SPAN_ARR(r.root))) return AK_E_AUTH;
    take_record(&next, &r);
    memset(next.control_leaf, 0, sizeof next.control_leaf);
    *log = next;
    return AK_OK;
}
