/* The same words on every machine: people compare them and scripts look for them. */
#include "audit/report.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"

const char *ak_audit_fault_name(enum ak_audit_fault fault)
{
    static const char *const names[AK_AUDIT_FAULT_COUNT] = {"sound", "malformed", "bad_signature",
        "other_log", "other_account", "edited", "dropped", "doubled", "reordered", "gap", "time_back",
        "cut_tail", "not_included", "root", "forked", "rolled_back", "not_consistent", "unknown_control"};
    return (unsigned)fault < AK_AUDIT_FAULT_COUNT ? names[fault] : "unknown";
}

const char *ak_audit_kind_name(const struct ak_audit_report *report)
{
    return report->account ? "account" : report->from ? "segment" : "full";
}

static const char *check_name(enum ak_audit_check check)
{
    static const char *const names[] = {"none given", "checked", "not checked", "does not hold"};
    return names[check];
}

static void put_number(struct ak_buf *buf, const char *name, uint64_t value)
{
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, ": ");
    ak_buf_put_dec(buf, value);
    ak_buf_put_str(buf, "\n");
}

static void put_hex(struct ak_buf *buf, const char *name, struct ak_span bytes)
{
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, ": ");
    ak_hex_encode(buf, bytes);
    ak_buf_put_str(buf, "\n");
}

static void put_text(struct ak_buf *buf, const char *name, const char *text)
{
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, ": ");
    ak_buf_put_str(buf, text);
    ak_buf_put_str(buf, "\n");
}

static void put_finding(struct ak_buf *buf, const struct ak_audit_finding *finding)
{
    put_text(buf, "result", ak_audit_fault_name(finding->fault));
    if (finding->fault == AK_AUDIT_SOUND) return;
    put_text(buf, "problem", finding->text);
    if (finding->has_index) put_number(buf, "entry", finding->index);
    if (finding->has_other) put_number(buf, "other_entry", finding->other);
    if (finding->line > 0) put_number(buf, "line", finding->line);
}

static void put_log(struct ak_buf *buf, const struct ak_audit_report *report)
{
    static const char *const trust[] = {
        "believed: the file names it", "verifies the earlier checkpoint", "pinned"};
    put_text(buf, "kind", ak_audit_kind_name(report));
    if (report->from) put_number(buf, "from", report->from);
    if (report->files > 1) put_number(buf, "files", report->files);
    put_hex(buf, "log_id", AK_SPAN_ARR(report->log_id));
    if (report->account) put_hex(buf, "anchor", AK_SPAN_ARR(report->anchor));
    put_hex(buf, "ledger_key", AK_SPAN_ARR(report->ledger_key));
    put_text(buf, "key", trust[report->key]);
    put_number(buf, "size", report->size);
    ak_buf_put_str(buf, "root: ");
    ak_base64_encode(buf, AK_SPAN_ARR(report->root));
    ak_buf_put_str(buf, "\n");
}

void ak_audit_report_put(struct ak_buf *buf, const struct ak_audit_report *report)
{
    put_finding(buf, &report->finding);
    if (report->size > 0) put_log(buf, report);
    put_number(buf, "entries", report->entries);
    put_number(buf, "control", report->controls);
    put_number(buf, "use", report->uses);
    put_number(buf, "unknown_use", report->unknown_uses);
    put_number(buf, "unknown_control", report->unknown_controls);
    put_number(buf, "accounts", report->accounts);
    put_text(buf, "earlier", check_name(report->earlier));
    put_text(buf, "receipt", check_name(report->receipt));
    put_text(buf, "mac", check_name(report->mac));
}
