/* One entry: its place, its hash, its form, its account's chain, its time, its place in the tree. In this
 * order, so that what is found first says best what was done to the file. */
#include "audit/audit_state.h"

static void search_for(struct ak_audit *audit, uint64_t index, uint64_t seq, const uint8_t *anchor)
{
    audit->searching = true;
    audit->missing_index = index;
    audit->missing_seq = seq;
    if (anchor) memcpy(audit->missing_anchor, anchor, sizeof audit->missing_anchor);
}

static void check_index(struct ak_audit *audit)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    uint64_t next = audit->next_index;
    if (line->index < next) {
        bool same = line->index + 1 == next && memcmp(line->leaf_hash, audit->last_leaf, AK_AUDIT_HASH) == 0;
        if (same) ak_audit_find_at(audit, AK_AUDIT_DOUBLED, line->index, "the entry is there twice");
        ak_audit_find_at(audit, AK_AUDIT_REORDERED, line->index, "the entry stands after a later one");
    } else if (line->index > next && !audit->report.account) {
        ak_audit_find_at(audit, AK_AUDIT_DROPPED, next, "the entry is missing");
        search_for(audit, next, 0, NULL);
    } else if (line->index >= audit->report.size) {
        ak_audit_find_at(audit, AK_AUDIT_ROLLED_BACK, line->index,
            "the checkpoint is older than the entry: the log is longer");
    }
}

static void check_leaf(struct ak_audit *audit)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    const struct ak_audit_receipt *receipt = audit->options.receipt;
    uint8_t leaf[32];
    ak_audit_leaf_hash(ak_span(line->room, 1 + line->entry_len), leaf);
    if (memcmp(leaf, line->leaf_hash, sizeof leaf) != 0) {
        ak_audit_find_at(
            audit, AK_AUDIT_EDITED, line->index, "the entry does not have the leaf hash beside it");
    } else if (receipt && receipt->index == line->index) {
        bool same = memcmp(leaf, receipt->leaf_hash, sizeof leaf) == 0;
        audit->report.receipt = same ? AK_AUDIT_CHECKED : AK_AUDIT_DOES_NOT_HOLD;
        if (!same)
            ak_audit_find_at(audit, AK_AUDIT_EDITED, line->index, "the receipt names another entry here");
    }
}

static bool is_opened(const struct ak_audit_entry *entry)
{
    return entry->type == AK_AUDIT_TYPE_OPENED;
}

/* Does the entry belong to what the header announces? */
static void check_membership(struct ak_audit *audit, const struct ak_audit_entry *entry)
{
    uint64_t index = audit->entry.index;
    const struct ak_audit_header *header = &audit->header;
    if (header->account) {
        if (!entry->anchor || memcmp(entry->anchor, header->anchor, sizeof header->anchor) != 0)
            ak_audit_find_at(audit, AK_AUDIT_OTHER_ACCOUNT, index, "the entry is not of the file's account");
    } else if (index == 0 && !is_opened(entry)) {
        ak_audit_find_at(audit, AK_AUDIT_DROPPED, 0, "the log does not begin with LedgerOpened");
    } else if (index > 0 && is_opened(entry)) {
        ak_audit_find_at(audit, AK_AUDIT_OTHER_LOG, index, "another log begins here");
    } else if (index == 0 && memcmp(entry->log_id, header->log_id, sizeof header->log_id) != 0) {
        ak_audit_find_at(audit, AK_AUDIT_OTHER_LOG, 0, "the log's first entry names another log");
    }
}

static void check_link(
    struct ak_audit *audit, const struct ak_audit_entry *entry, const struct ak_audit_account *account)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    if (account->seq == 0 && audit->report.from > 0) return; /* what was before is not in the file */
    if (entry->seq > account->seq + 1 && account->seq == 0)
        ak_audit_find_at(
            audit, AK_AUDIT_GAP, line->index, "the account's entries before this one are missing");
    else if (entry->seq > account->seq + 1)
        ak_audit_find_two(audit, AK_AUDIT_GAP, line->index, account->index,
            "entries of the account are missing between these two");
    else if (entry->seq == account->seq && memcmp(line->leaf_hash, account->leaf, AK_AUDIT_HASH) == 0)
        ak_audit_find_two(
            audit, AK_AUDIT_DOUBLED, line->index, account->index, "the same entry stands at two places");
    else if (entry->seq <= account->seq)
        ak_audit_find_two(audit, AK_AUDIT_REORDERED, line->index, account->index,
            "the account's numbers go back between these two");
    else if (account->seq > 0 && memcmp(entry->prev, account->leaf, AK_AUDIT_HASH) != 0)
        ak_audit_find_two(audit, AK_AUDIT_EDITED, line->index, account->index,
            "the first does not follow the second: one of the two is not what was written");
    if (audit->report.finding.fault == AK_AUDIT_GAP) search_for(audit, 0, account->seq + 1, entry->anchor);
}

static enum ak_err check_chain(struct ak_audit *audit, const struct ak_audit_entry *entry)
{
    struct ak_audit_account *account = &audit->own;
    if (!entry->anchor) return AK_OK;
    if (!audit->report.account) AK_TRY(ak_audit_accounts_get(&audit->accounts, entry->anchor, &account));
    check_link(audit, entry, account);
    account->seq = entry->seq;
    account->index = audit->entry.index;
    memcpy(account->leaf, audit->entry.leaf_hash, sizeof account->leaf);
    return AK_OK;
}

static void check_time(struct ak_audit *audit, const struct ak_audit_entry *entry)
{
    struct ak_audit_report *report = &audit->report;
    if (report->entries == 0) report->first_ms = entry->time_ms;
    if (entry->time_ms < report->last_ms)
        ak_audit_find_at(
            audit, AK_AUDIT_TIME_BACK, audit->entry.index, "the entry is older than one before it");
    report->last_ms = entry->time_ms;
}

/* The tree of all leaves, or the entry's own proof. */
static void check_tree(struct ak_audit *audit)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    struct ak_audit_report *report = &audit->report;
    if (report->account) {
        struct ak_span proof = ak_span(line->proof, line->proof_len);
        if (!ak_audit_inclusion_holds(line->index, report->size, line->leaf_hash, proof, report->root))
            ak_audit_find_at(audit, AK_AUDIT_NOT_INCLUDED, line->index,
                "the entry's proof does not lead to the checkpoint: the entry, its index or the proof is "
                "false");
        return;
    }
    ak_audit_tree_add(&audit->tree, line->leaf_hash);
    ak_audit_compare_tree(audit);
}

void ak_audit_compare_tree(struct ak_audit *audit)
{
    struct ak_audit_report *report = &audit->report;
    uint8_t root[32];
    if (report->account) return;
    if (report->earlier != AK_AUDIT_NOT_CHECKED || audit->tree.size != audit->earlier.size) return;
    ak_audit_tree_root(&audit->tree, root);
    bool same = memcmp(root, audit->earlier.root, sizeof root) == 0;
    report->earlier = same ? AK_AUDIT_CHECKED : AK_AUDIT_DOES_NOT_HOLD;
}

static void count(struct ak_audit *audit, const struct ak_audit_entry *entry)
{
    struct ak_audit_report *report = &audit->report;
    bool control = entry->type < AK_AUDIT_TYPE_USE_FIRST;
    report->entries++;
    *(control ? &report->controls : &report->uses) += 1;
    if (entry->known) return;
    *(control ? &report->unknown_controls : &report->unknown_uses) += 1;
    if (!control || report->unknown_controls > 1) return;
    audit->unknown_control = (struct ak_audit_finding){.fault = AK_AUDIT_UNKNOWN_CONTROL,
        .line = audit->line,
        .has_index = true,
        .index = audit->entry.index,
        .text = "the control entry is of a type that this verifier does not know"};
}

enum ak_err ak_audit_check_entry(struct ak_audit *audit)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    struct ak_audit_entry entry;
    check_index(audit);
    if (!ak_audit_found(audit)) check_leaf(audit);
    if (ak_audit_found(audit)) return AK_OK;
    if (ak_audit_entry_parse(ak_span(line->room + 1, line->entry_len), &entry) != AK_OK) {
        ak_audit_find_at(
            audit, AK_AUDIT_MALFORMED, line->index, "the entry is not one that ledger.cddl allows");
        return AK_OK;
    }
    check_membership(audit, &entry);
    if (!ak_audit_found(audit)) AK_TRY(check_chain(audit, &entry));
    if (!ak_audit_found(audit)) check_time(audit, &entry);
    if (!ak_audit_found(audit)) check_tree(audit);
    if (ak_audit_found(audit)) return AK_OK;
    count(audit, &entry);
    audit->next_index = line->index + 1;
    memcpy(audit->last_leaf, line->leaf_hash, sizeof audit->last_leaf);
    return AK_OK;
}

void ak_audit_search_entry(struct ak_audit *audit)
{
    const struct ak_audit_entry_line *line = &audit->entry;
    struct ak_audit_entry entry;
    bool match = line->index == audit->missing_index;
    if (audit->missing_seq > 0) {
        if (ak_audit_entry_parse(ak_span(line->room + 1, line->entry_len), &entry) != AK_OK) return;
        match = entry.seq == audit->missing_seq &&
                memcmp(entry.anchor, audit->missing_anchor, sizeof audit->missing_anchor) == 0;
    }
    if (!match) return;
    audit->searching = false;
    audit->report.finding = (struct ak_audit_finding){0};
    ak_audit_find_at(audit, AK_AUDIT_REORDERED, line->index, "the entry stands after a later one");
}
