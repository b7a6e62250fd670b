/* The first line says which log this is and how far it goes; all that can be known from that is checked here.
 */
#include "audit/audit_state.h"

#include "base/crypto/sha256.h"

/* Turns what came of reading a note to a finding. AK_E_CRYPTO only. */
static enum ak_err note_result(
    struct ak_audit *audit, enum ak_err err, const char *malformed, const char *bad_signature)
{
    if (err == AK_E_AUTH)
        ak_audit_find(audit, AK_AUDIT_BAD_SIGNATURE, bad_signature);
    else if (err == AK_E_FORMAT || err == AK_E_LIMIT)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, malformed);
    else
        return err; /* good, or no verdict */
    return AK_OK;
}

static void check_names(struct ak_audit *audit)
{
    const struct ak_audit_header *header = &audit->header;
    const uint8_t *key = audit->options.ledger_key, *log_id = audit->options.log_id;
    if (memcmp(header->log_id, header->origin_log_id, sizeof header->log_id) != 0)
        ak_audit_find(audit, AK_AUDIT_OTHER_LOG, "the header's origin is of another log than its log_id");
    if (log_id && memcmp(header->log_id, log_id, sizeof header->log_id) != 0)
        ak_audit_find(audit, AK_AUDIT_OTHER_LOG, "the file is of another log than the one expected");
    if (key && memcmp(header->ledger_key, key, sizeof header->ledger_key) != 0)
        ak_audit_find(audit, AK_AUDIT_BAD_SIGNATURE, "the file's key is not the pinned one");
}

static enum ak_err check_checkpoint(struct ak_audit *audit)
{
    const struct ak_audit_header *header = &audit->header;
    struct ak_audit_checkpoint checkpoint;
    enum ak_err err =
        ak_audit_note_verify(ak_span(header->note, header->note_len), header->ledger_key, &checkpoint);
    AK_TRY(note_result(audit, err, "the checkpoint does not have the form of a signed note",
        "the checkpoint is not signed by the file's key"));
    if (ak_audit_found(audit)) return AK_OK;
    if (memcmp(checkpoint.log_id, header->log_id, sizeof checkpoint.log_id) != 0)
        ak_audit_find(audit, AK_AUDIT_OTHER_LOG, "the checkpoint is of another log than the file");
    else if (checkpoint.size == 0)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the checkpoint is of an empty log, which has no export");
    if (ak_audit_found(audit)) return AK_OK;
    audit->report.size = checkpoint.size;
    memcpy(audit->report.root, checkpoint.root, sizeof checkpoint.root);
    return AK_OK;
}

/* Where the two sizes alone, or the proof that was given, decide. */
static enum ak_audit_check compare_earlier(struct ak_audit *audit)
{
    const struct ak_audit_checkpoint *earlier = &audit->earlier;
    const struct ak_audit_report *report = &audit->report;
    uint8_t empty_root[32];
    ak_sha256(AK_SPAN_EMPTY, empty_root);
    if (earlier->size > report->size && !ak_audit_is_last(audit)) return AK_AUDIT_NOT_CHECKED;
    if (earlier->size > report->size) {
        ak_audit_find(audit, AK_AUDIT_ROLLED_BACK, "the log is shorter than the earlier checkpoint says");
        return AK_AUDIT_DOES_NOT_HOLD;
    }
    const uint8_t *known = earlier->size == report->size ? report->root
                           : earlier->size == 0          ? empty_root
                                                         : NULL;
    if (known && memcmp(earlier->root, known, sizeof earlier->root) != 0) {
        ak_audit_find(audit, AK_AUDIT_FORKED, "two checkpoints of one size have different roots");
        return AK_AUDIT_DOES_NOT_HOLD;
    }
    if (known) return AK_AUDIT_CHECKED;
    struct ak_span proof = audit->options.earlier_proof;
    if (report->from <= earlier->size && !report->account) return AK_AUDIT_NOT_CHECKED; /* the entries tell */
    if (proof.len == 0) return AK_AUDIT_NOT_CHECKED;
    if (ak_audit_consistency_holds(earlier->size, report->size, earlier->root, report->root, proof))
        return AK_AUDIT_CHECKED;
    ak_audit_find(
        audit, AK_AUDIT_NOT_CONSISTENT, "the consistency proof does not lead from the earlier checkpoint");
    return AK_AUDIT_DOES_NOT_HOLD;
}

static enum ak_err check_earlier(struct ak_audit *audit)
{
    if (audit->options.earlier.len == 0) return AK_OK;
    if (audit->file > 0 && audit->report.earlier != AK_AUDIT_NOT_CHECKED) return AK_OK;
    audit->report.earlier = AK_AUDIT_NOT_CHECKED;
    enum ak_err err = ak_audit_note_verify(audit->options.earlier, audit->header.ledger_key, &audit->earlier);
    AK_TRY(note_result(audit, err, "the earlier checkpoint does not have the form of a signed note",
        "the earlier checkpoint is not signed by the file's key"));
    if (ak_audit_found(audit)) return AK_OK;
    if (memcmp(audit->earlier.log_id, audit->header.log_id, sizeof audit->earlier.log_id) != 0) {
        ak_audit_find(audit, AK_AUDIT_OTHER_LOG, "the earlier checkpoint is of another log");
        return AK_OK;
    }
    if (!audit->options.ledger_key) audit->report.key = AK_AUDIT_KEY_BY_EARLIER;
    audit->report.earlier = compare_earlier(audit);
    ak_audit_compare_tree(audit);
    return AK_OK;
}

static void check_receipt(struct ak_audit *audit)
{
    if (!audit->options.receipt) return;
    if (audit->file == 0) audit->report.receipt = AK_AUDIT_NOT_CHECKED;
    if (audit->options.receipt->index < audit->report.size || !ak_audit_is_last(audit)) return;
    ak_audit_find_at(audit, AK_AUDIT_ROLLED_BACK, audit->options.receipt->index,
        "the log ends before the entry that the receipt names");
}

/* The tree before a segment, as its header names it. False where it has not one hash a subtree. */
static bool read_before(const struct ak_audit_header *header, struct ak_audit_tree *out_tree)
{
    size_t at = 0;
    *out_tree = (struct ak_audit_tree){.size = header->from};
    for (unsigned level = 0; level < AK_AUDIT_LEVELS; level++) {
        if (!(header->from >> level & 1)) continue;
        if (at == header->before_len) return false;
        memcpy(out_tree->peaks[level], header->before + at, AK_AUDIT_HASH);
        at += AK_AUDIT_HASH;
    }
    return at == header->before_len;
}

static void begin_at(struct ak_audit *audit, const struct ak_audit_tree *before)
{
    audit->report.from = audit->header.from;
    audit->next_index = audit->header.from;
    if (audit->header.segment) audit->tree = *before;
}

/* A file goes on where the one before it ended, with the tree that was there. */
static void go_on_at(struct ak_audit *audit, const struct ak_audit_tree *before)
{
    const struct ak_audit_header *header = &audit->header;
    uint8_t found[AK_AUDIT_HASH], said[AK_AUDIT_HASH];
    ak_audit_tree_root(&audit->tree, found);
    ak_audit_tree_root(before, said);
    if (!header->segment)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the file does not go on from the one before it");
    else if (memcmp(header->log_id, audit->report.log_id, sizeof header->log_id) != 0)
        ak_audit_find(audit, AK_AUDIT_OTHER_LOG, "the file is of another log than the one before it");
    else if (memcmp(header->ledger_key, audit->report.ledger_key, sizeof header->ledger_key) != 0)
        ak_audit_find(audit, AK_AUDIT_BAD_SIGNATURE, "the file's key is not that of the one before it");
    else if (header->from > audit->next_index)
        ak_audit_find_at(audit, AK_AUDIT_DROPPED, audit->next_index,
            "the entries from this one to the file's first are in neither file");
    else if (header->from < audit->next_index)
        ak_audit_find_at(
            audit, AK_AUDIT_REORDERED, header->from, "the file begins before the one before it ends");
    else if (memcmp(found, said, sizeof found) != 0)
        ak_audit_find(
            audit, AK_AUDIT_FORKED, "the file goes on from other entries than the one before it has");
}

static void check_place(struct ak_audit *audit)
{
    struct ak_audit_tree before;
    if (!read_before(&audit->header, &before) && audit->header.segment)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the header's hashes do not fit where the file begins");
    else if (audit->file == 0)
        begin_at(audit, &before);
    else
        go_on_at(audit, &before);
    audit->report.files = audit->file + 1;
}

static void check_size(struct ak_audit *audit)
{
    if (audit->header.segment && audit->header.from >= audit->report.size)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the checkpoint ends before the file begins");
}

enum ak_err ak_audit_check_header(struct ak_audit *audit)
{
    struct ak_audit_report *report = &audit->report;
    check_place(audit);
    if (ak_audit_found(audit)) return AK_OK;
    report->account = audit->header.account;
    memcpy(report->log_id, audit->header.log_id, sizeof report->log_id);
    memcpy(report->anchor, audit->header.anchor, sizeof report->anchor);
    memcpy(report->ledger_key, audit->header.ledger_key, sizeof report->ledger_key);
    if (audit->options.ledger_key) report->key = AK_AUDIT_KEY_PINNED;
    check_names(audit);
    if (!ak_audit_found(audit)) AK_TRY(check_checkpoint(audit));
    if (!ak_audit_found(audit)) check_size(audit);
    if (!ak_audit_found(audit)) AK_TRY(check_earlier(audit));
    if (!ak_audit_found(audit)) check_receipt(audit);
    return AK_OK;
}
