/* Scanning, checking and encoding what the stored ledger says. */
#include "core/engine/read.h"

#include "base/codec/hex.h"
#include "core/engine/waiting.h"
#include "core/ledger/segment.h"
#include "core/wire/call.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_link.h"

struct scan {
    const struct ak_read *read;
    const struct ak_read_source *source;
    struct ak_buf items;
    uint64_t at;    /* next index to look at */
    uint64_t found; /* items so far */
    bool full;
};

enum { PROOF_TEXT_MAX = AK_MERKLE_PROOF_MAX * 65 };

static void put_proof(const struct ak_merkle_proof *proof, struct ak_buf *text)
{
    for (size_t i = 0; i < proof->count; i++) {
        if (i) ak_buf_put_u8(text, ',');
        ak_hex_encode(text, AK_SPAN_ARR(proof->hashes[i]));
    }
}

static bool is_asked_for(const struct ak_read *read, const struct ak_entry *entry)
{
    if (!entry->has_anchor || memcmp(entry->anchor, read->anchor, 32) != 0) return false;
    if (read->type && entry->type != read->type) return false;
    if (read->label_len == 0) return true;
    return ak_entry_has(entry, AK_F_LABEL) && ak_span_eq(entry->label, ak_span(read->label, read->label_len));
}

/* The entry's place under the root, proved before it is shown. */
static enum ak_err check_entry(const struct scan *scan, uint64_t index, struct ak_span bytes,
    uint8_t out_leaf[32], struct ak_merkle_proof *out_proof)
{
    ak_merkle_leaf(bytes, out_leaf);
    AK_TRY(ak_merkle_prove_inclusion(&scan->source->tree, index, scan->read->size, out_proof));
    return ak_merkle_verify_inclusion(out_leaf, index, scan->read->size, out_proof, scan->read->root);
}

static enum ak_err add_item(
    struct scan *scan, uint64_t index, const struct ak_entry *entry, struct ak_span bytes)
{
    struct ak_merkle_proof proof;
    uint8_t text[PROOF_TEXT_MAX];
    struct ak_buf proof_text = AK_BUF_ARR(text);
    struct ak_msg_audit_item item = {
        .index = index, .type = ak_span_str(ak_entry_type_name(entry->type)), .entry = bytes};
    AK_TRY(check_entry(scan, index, bytes, item.leaf_hash, &proof));
    if (scan->read->proofs) {
        put_proof(&proof, &proof_text);
        item.proof = ak_buf_span(&proof_text);
        item.present |= 1u << AK_AUDIT_ITEM_PROOF;
    }
    size_t before = scan->items.len;
    if (ak_list_add(&scan->items, &ak_audit_item_msg, &item) != AK_OK ||
        scan->items.len > AK_READ_BODY_MAX - 8192) {
        scan->items.len = before;
        scan->items.failed = false;
        scan->full = true;
        return AK_OK;
    }
    scan->found++;
    return AK_OK;
}

/* What a broker may be told: that something waits for an account, or waits no more, and that its recovery
 * code is another one: who has that code and a stolen device renews it without a wait. */
static const char *notice_state(enum ak_entry_type type)
{
    switch ((int)type) {
    case AK_ENTRY_RECOVERY_STARTED: return "started";
    case AK_ENTRY_RECOVERY_SEEN: return "seen";
    case AK_ENTRY_RECOVERY_CANCELLED: return "cancelled";
    case AK_ENTRY_RECOVERY_DONE: return "done";
    case AK_ENTRY_RECOVERY_CODE_SET: return "replaced";
    default: return NULL;
    }
}

bool ak_read_is_notice(enum ak_entry_type type)
{
    return notice_state(type) != NULL;
}

static enum ak_err add_notice(
    struct scan *scan, uint64_t index, const struct ak_entry *entry, struct ak_span bytes)
{
    struct ak_merkle_proof proof;
    uint8_t leaf[32];
    bool of_code = entry->type == AK_ENTRY_RECOVERY_CODE_SET;
    const char *name = ak_waiting_name(of_code ? AK_RECOVERY_CODE : entry->what);
    struct ak_msg_notice_item item = {.index = index,
        .what = name[0] ? ak_span_str(name) : AK_SPAN_LIT("other"),
        .state = ak_span_str(notice_state(entry->type)),
        .time = entry->time_ms / 1000,
        .ready_at = (entry->ready_at_ms + scan->read->unseen_ms) / 1000};
    AK_TRY(check_entry(scan, index, bytes, leaf, &proof));
    memcpy(item.anchor, entry->anchor, 32);
    memcpy(item.device, entry->device, 32);
    if (ak_entry_has(entry, AK_F_DEVICE)) item.present |= 1u << AK_NOTICE_ITEM_DEVICE;
    if (entry->ready_at_ms) item.present |= 1u << AK_NOTICE_ITEM_READY_AT;
    AK_TRY(ak_list_add(&scan->items, &ak_notice_item_msg, &item)); /* a hundred of them always fit */
    scan->found++;
    return AK_OK;
}

static enum ak_err look_at(
    struct scan *scan, uint64_t index, const struct ak_entry *entry, struct ak_span bytes)
{
    if (scan->read->call == AK_CALL_NOTICES)
        return notice_state(entry->type) ? add_notice(scan, index, entry, bytes) : AK_OK;
    return is_asked_for(scan->read, entry) ? add_item(scan, index, entry, bytes) : AK_OK;
}

static enum ak_err scan_batch(struct scan *scan, const struct ak_read_batch *batch)
{
    struct ak_reader reader = ak_reader(batch->entries);
    for (uint64_t index = batch->first; index < batch->first + batch->count; index++) {
        struct ak_span bytes;
        struct ak_entry entry;
        if (ak_segment_next(&reader, &bytes) != AK_OK || ak_entry_decode(bytes, &entry) != AK_OK) {
            scan->at = index;
            return AK_E_AUTH;
        }
        if (index < scan->at) continue;
        if (index >= scan->read->size || scan->found >= scan->read->limit) break;
        AK_TRY(look_at(scan, index, &entry, bytes));
        if (scan->full) break;
        scan->at = index + 1;
    }
    return AK_OK;
}

static enum ak_err scan_all(struct scan *scan)
{
    uint64_t end = scan->read->size;
    if (scan->at > end) return AK_OK; /* archived beyond the newest checkpoint that proofs are for */
    if (end - scan->at > AK_READ_SCAN_MAX) end = scan->at + AK_READ_SCAN_MAX;
    while (scan->at < end && scan->found < scan->read->limit && !scan->full) {
        struct ak_read_batch batch;
        AK_TRY(scan->source->batch(scan->source->ctx, scan->at, &batch));
        if (scan->at < batch.first || scan->at >= batch.first + batch.count) return AK_E_AUTH;
        AK_TRY(scan_batch(scan, &batch));
    }
    return AK_OK;
}

/* A store that cannot be read now is no damaged one. */
static enum ak_code failed(enum ak_err err, uint64_t index, uint64_t *out_bad_index)
{
    if (err == AK_E_IO) return AK_CODE_LEDGER_UNAVAILABLE;
    *out_bad_index = index;
    return AK_CODE_LEDGER_DAMAGED;
}

/* From where the caller asked on. */
static enum ak_code scan_asked(struct scan *scan, uint64_t *out_bad_index)
{
    const struct ak_read *read = scan->read;
    scan->at = read->since > read->size ? read->size : read->since;
    if (scan->at < scan->source->archived) scan->at = scan->source->archived;
    enum ak_err err = scan_all(scan);
    return err ? failed(err, scan->at, out_bad_index) : AK_CODE_OK;
}

static enum ak_code audit(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_read_memory *memory, struct ak_buf *body, uint64_t *out_bad_index)
{
    struct scan scan = {.read = read, .source = source, .items = AK_BUF_ARR(memory->items)};
    enum ak_code code = scan_asked(&scan, out_bad_index);
    if (code) return code;
    struct ak_msg_audit_reply reply = {
        .entries = {ak_buf_span(&scan.items)}, .next = scan.at, .size = read->size};
    if (read->since < source->archived) {
        reply.archived = source->archived;
        reply.present |= 1u << AK_AUDIT_REPLY_ARCHIVED;
    }
    if (read->proofs) {
        reply.checkpoint = ak_span(read->note, read->note_len);
        memcpy(reply.key, read->ledger_pub, 32);
        reply.present |= 1u << AK_AUDIT_REPLY_CHECKPOINT | 1u << AK_AUDIT_REPLY_KEY;
    }
    return ak_msg_encode(&ak_audit_reply_msg, &reply, body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

/* The root of the first `size` entries of what is read. */
static enum ak_err root_of(
    const struct ak_read *read, const struct ak_read_source *source, uint64_t size, uint8_t out_root[32])
{
    struct ak_merkle_frontier empty;
    if (size) return ak_merkle_past_root(&source->tree, size, read->size, read->root, out_root);
    ak_merkle_frontier_init(&empty);
    ak_merkle_root(&empty, out_root);
    return AK_OK;
}

static enum ak_code notices(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_read_memory *memory, struct ak_buf *body, uint64_t *out_bad_index)
{
    struct scan scan = {.read = read, .source = source, .items = AK_BUF_ARR(memory->items)};
    enum ak_code code = scan_asked(&scan, out_bad_index);
    if (code) return code;
    struct ak_msg_notice_reply reply = {.notices = {ak_buf_span(&scan.items)}, .next = scan.at};
    uint64_t since = read->since < read->size ? read->since : read->size;
    enum ak_err err = root_of(read, source, since, reply.since_root_hash);
    if (!err) err = root_of(read, source, reply.next, reply.root_hash);
    if (err) return failed(err, scan.at, out_bad_index);
    return ak_msg_encode(&ak_notice_reply_msg, &reply, body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

/* Finds one entry's bytes; NULL span where the batch is damaged. */
static enum ak_err find_entry(const struct ak_read_source *source, uint64_t index, struct ak_entry *out_entry,
    struct ak_span *out_bytes)
{
    struct ak_read_batch batch;
    *out_bytes = (struct ak_span){NULL, 0};
    AK_TRY(source->batch(source->ctx, index, &batch));
    if (index < batch.first || index - batch.first >= batch.count) return AK_E_AUTH;
    struct ak_reader reader = ak_reader(batch.entries);
    for (uint64_t at = batch.first; at <= index; at++)
        if (ak_segment_next(&reader, out_bytes) != AK_OK) return AK_E_AUTH;
    return ak_entry_decode(*out_bytes, out_entry) == AK_OK ? AK_OK : AK_E_AUTH;
}

static enum ak_code inclusion(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_buf *body, uint64_t *out_bad_index)
{
    struct ak_merkle_proof proof;
    struct ak_entry entry;
    struct ak_span bytes;
    uint8_t text[PROOF_TEXT_MAX];
    uint8_t root[32];
    struct ak_buf proof_text = AK_BUF_ARR(text);
    struct ak_msg_inclusion_reply reply = {.index = read->since, .size = read->to};
    if (read->since < source->archived) return AK_CODE_LEDGER_ARCHIVED;
    enum ak_err err = find_entry(source, read->since, &entry, &bytes);
    if (err) return failed(err, read->since, out_bad_index);
    if (!entry.has_anchor || memcmp(entry.anchor, read->anchor, 32) != 0) return AK_CODE_NOT_FOUND; /* I8 */
    ak_merkle_leaf(bytes, reply.leaf_hash);
    err = ak_merkle_past_root(&source->tree, read->to, read->size, read->root, root);
    if (!err) err = ak_merkle_prove_inclusion(&source->tree, read->since, read->to, &proof);
    if (!err) err = ak_merkle_verify_inclusion(reply.leaf_hash, read->since, read->to, &proof, root);
    if (err) return failed(err, read->since, out_bad_index);
    put_proof(&proof, &proof_text);
    reply.proof = ak_buf_span(&proof_text);
    return ak_msg_encode(&ak_inclusion_reply_msg, &reply, body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

static enum ak_code consistency(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_buf *body, uint64_t *out_bad_index)
{
    struct ak_merkle_proof proof;
    uint8_t text[PROOF_TEXT_MAX];
    uint8_t from_root[32], to_root[32];
    struct ak_buf proof_text = AK_BUF_ARR(text);
    enum ak_err err = ak_merkle_past_root(&source->tree, read->to, read->size, read->root, to_root);
    if (!err) err = ak_merkle_past_root(&source->tree, read->since, read->size, read->root, from_root);
    if (!err) err = ak_merkle_prove_consistency(&source->tree, read->since, read->to, &proof);
    if (!err) err = ak_merkle_verify_consistency(read->since, read->to, from_root, to_root, &proof);
    if (err) return failed(err, read->since, out_bad_index);
    put_proof(&proof, &proof_text);
    struct ak_msg_consistency_reply reply = {
        .from = read->since, .to = read->to, .proof = ak_buf_span(&proof_text)};
    return ak_msg_encode(&ak_consistency_reply_msg, &reply, body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

enum ak_code ak_read_answer(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_read_memory *memory, struct ak_span *out_body, uint64_t *out_bad_index)
{
    struct ak_buf body = AK_BUF_ARR(memory->body);
    enum ak_code code = AK_CODE_INTERNAL;
    *out_body = AK_SPAN_EMPTY;
    *out_bad_index = UINT64_MAX;
    if (read->call == AK_CALL_AUDIT) code = audit(read, source, memory, &body, out_bad_index);
    if (read->call == AK_CALL_NOTICES) code = notices(read, source, memory, &body, out_bad_index);
    if (read->call == AK_CALL_INCLUSION) code = inclusion(read, source, &body, out_bad_index);
    if (read->call == AK_CALL_CONSISTENCY) code = consistency(read, source, &body, out_bad_index);
    if (code == AK_CODE_OK) *out_body = ak_buf_span(&body);
    return code;
}
