/* Header, entries, last line: what each line may be depends on the ones before. After the first finding only
 * one question is left, whether an entry that was missed stands further down. */
#include "audit/audit.h"

#include "audit/audit_state.h"

void ak_audit_find(struct ak_audit *audit, enum ak_audit_fault fault, const char *text)
{
    if (ak_audit_found(audit)) return;
    audit->report.finding = (struct ak_audit_finding){.fault = fault, .line = audit->line, .text = text};
}

void ak_audit_find_at(struct ak_audit *audit, enum ak_audit_fault fault, uint64_t index, const char *text)
{
    if (ak_audit_found(audit)) return;
    ak_audit_find(audit, fault, text);
    audit->report.finding.has_index = true;
    audit->report.finding.index = index;
}

void ak_audit_find_two(
    struct ak_audit *audit, enum ak_audit_fault fault, uint64_t index, uint64_t other, const char *text)
{
    if (ak_audit_found(audit)) return;
    ak_audit_find_at(audit, fault, index, text);
    audit->report.finding.has_other = true;
    audit->report.finding.other = other;
}

void ak_audit_open(struct ak_audit *audit, const struct ak_audit_options *options, struct ak_arena *arena)
{
    memset(audit, 0, sizeof *audit);
    if (options) audit->options = *options;
    audit->report.mac = AK_AUDIT_NOT_CHECKED;
    ak_audit_accounts_init(&audit->accounts, arena, audit->options.hash_seed);
}

/* What the line is ended by, before what it holds. */
static void check_frame(struct ak_audit *audit, struct ak_span line)
{
    if (line.len > AK_AUDIT_LINE_MAX)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the line is longer than any line of an export");
    else if (line.len == 0 || line.ptr[line.len - 1] != '\n')
        ak_audit_find(audit, AK_AUDIT_CUT_TAIL, "the file ends within a line");
    else if (audit->phase == AK_AUDIT_PHASE_ENDED)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "something follows the last line");
}

static void check_root(struct ak_audit *audit)
{
    struct ak_audit_report *report = &audit->report;
    uint8_t root[32];
    if (audit->next_index < report->size) {
        ak_audit_find_at(audit, AK_AUDIT_CUT_TAIL, audit->next_index,
            "the entries from this one to the checkpoint are missing");
        return;
    }
    ak_audit_tree_root(&audit->tree, root);
    bool same = memcmp(root, report->root, sizeof root) == 0;
    if (!same && report->earlier == AK_AUDIT_CHECKED)
        ak_audit_find_at(audit, AK_AUDIT_ROOT, audit->earlier.size,
            "an entry from this one on, after the earlier checkpoint, is not what was written");
    if (!same)
        ak_audit_find(audit, AK_AUDIT_ROOT,
            "the entries do not make the checkpoint's root: one is not what was written");
    if (report->earlier == AK_AUDIT_DOES_NOT_HOLD)
        ak_audit_find(audit, AK_AUDIT_FORKED,
            "the log has signed two histories: it does not begin with the tree of the earlier checkpoint");
}

static void check_end(struct ak_audit *audit, uint64_t entries)
{
    const struct ak_audit_report *report = &audit->report;
    uint64_t found = report->entries - audit->entries_before;
    if (entries > found)
        ak_audit_find_at(
            audit, AK_AUDIT_CUT_TAIL, audit->next_index, "the last line counts more entries than there are");
    else if (entries < found)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the last line counts fewer entries than there are");
    if (!ak_audit_found(audit) && !report->account) check_root(audit);
    bool missing = report->receipt == AK_AUDIT_NOT_CHECKED && ak_audit_is_last(audit) &&
                   audit->options.receipt->index >= report->from;
    if (!ak_audit_found(audit) && missing)
        ak_audit_find_at(audit, AK_AUDIT_DROPPED, audit->options.receipt->index,
            "the entry that the receipt names is missing");
    if (!ak_audit_found(audit)) audit->phase = AK_AUDIT_PHASE_ENDED;
}

static enum ak_err read_header(struct ak_audit *audit, struct ak_span line)
{
    audit->phase = AK_AUDIT_PHASE_ENTRIES;
    if (ak_audit_line_header(line, &audit->header) == AK_OK) return ak_audit_check_header(audit);
    ak_audit_find(audit, AK_AUDIT_MALFORMED, "the first line is not the header of an export");
    return AK_OK;
}

static enum ak_err read_line(struct ak_audit *audit, struct ak_span line)
{
    uint64_t entries = 0;
    if (audit->phase == AK_AUDIT_PHASE_HEADER) return read_header(audit, line);
    if (ak_audit_line_entry(line, audit->report.account, &audit->entry) == AK_OK)
        return ak_audit_check_entry(audit);
    if (ak_audit_line_end(line, &entries) == AK_OK)
        check_end(audit, entries);
    else
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "the line is neither an entry's nor the last one");
    return AK_OK;
}

static void search_line(struct ak_audit *audit, struct ak_span line)
{
    if (line.len == 0) return;
    line.len--;
    if (ak_audit_line_entry(line, audit->report.account, &audit->entry) == AK_OK)
        ak_audit_search_entry(audit);
}

enum ak_err ak_audit_line(struct ak_audit *audit, struct ak_span line)
{
    if (audit->err != AK_OK) return audit->err;
    audit->line++;
    if (audit->searching) {
        search_line(audit, line);
    } else if (!ak_audit_found(audit)) {
        check_frame(audit, line);
        if (!ak_audit_found(audit)) audit->err = read_line(audit, ak_span(line.ptr, line.len - 1));
        if (audit->err != AK_OK) return audit->err;
    }
    return ak_audit_found(audit) && !audit->searching ? AK_E_STATE : AK_OK;
}

static void find_unended(struct ak_audit *audit)
{
    if (audit->phase == AK_AUDIT_PHASE_HEADER)
        ak_audit_find(audit, AK_AUDIT_CUT_TAIL, "the file is empty");
    else if (audit->phase == AK_AUDIT_PHASE_ENTRIES)
        ak_audit_find_at(audit, AK_AUDIT_CUT_TAIL, audit->next_index, "the file ends before its last line");
}

enum ak_err ak_audit_next_file(struct ak_audit *audit)
{
    if (audit->err != AK_OK) return audit->err;
    find_unended(audit);
    if (audit->report.account)
        ak_audit_find(audit, AK_AUDIT_MALFORMED, "an account's part is a file by itself");
    if (ak_audit_found(audit)) return AK_E_STATE;
    audit->file++;
    audit->line = 0;
    audit->entries_before = audit->report.entries;
    audit->phase = AK_AUDIT_PHASE_HEADER;
    return AK_OK;
}

enum ak_err ak_audit_finish(struct ak_audit *audit, struct ak_audit_report *out_report)
{
    memset(out_report, 0, sizeof *out_report);
    if (audit->err != AK_OK) return audit->err;
    find_unended(audit);
    if (!ak_audit_found(audit)) audit->report.finding = audit->unknown_control;
    audit->report.accounts = audit->report.account ? audit->report.entries > 0 : audit->accounts.count;
    audit->report.ok = !ak_audit_found(audit);
    *out_report = audit->report;
    return AK_OK;
}
