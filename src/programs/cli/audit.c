/* Entries for people. */
#include "programs/cli/audit.h"

#include <stdio.h>

#include "core/ledger/entry.h"
#include "programs/command/out.h"

enum { PAGE = 100 };

int ak_cli_walk_audit(struct ak_cli_pages *pages)
{
    struct ak_msg_audit_reply reply;
    struct ak_msg_audit_item item;
    for (;;) {
        pages->request.limit = pages->left < PAGE ? pages->left : PAGE;
        pages->request.present |= 1u << AK_AUDIT_REQUEST_SINCE | 1u << AK_AUDIT_REQUEST_LIMIT;
        int status = ak_cli_call(pages->cli, AK_CALL_AUDIT, &pages->request, &reply, "reading the ledger");
        if (status) return status;
        if (ak_msg_has(&reply, AK_AUDIT_REPLY_ARCHIVED)) pages->archived = reply.archived;
        struct ak_list items = reply.entries;
        for (; pages->left && ak_list_next(&items, &ak_audit_item_msg, &item); pages->left--) {
            status = pages->on_item(pages->ctx, &item, &reply);
            if (status) return status;
        }
        pages->next = reply.next;
        pages->size = reply.size;
        if (pages->left == 0 || reply.next >= reply.size || reply.next <= pages->request.since) return 0;
        pages->request.since = reply.next;
    }
}

void ak_cli_note_archived(const struct ak_cli_pages *pages)
{
    if (pages->archived == 0) return;
    (void)fprintf(stderr,
        "%s: entries before %llu are in the operator's archive files, and not in this list\n",
        pages->cli->program->name, (unsigned long long)pages->archived);
}

int ak_cli_fail_archived(struct ak_cli *cli, uint64_t index)
{
    char problem[80];
    (void)snprintf(problem, sizeof problem, "entry %llu is archived", (unsigned long long)index);
    return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, problem,
        "it was moved to a file, ledger-FROM-TO.jsonl, that the worker's operator keeps",
        "ask the operator for that file, then agentkeys audit verify FILE");
}

static void put_path(const struct ak_entry *entry, char *out, size_t cap)
{
    char label[AK_LIMIT_LABEL + 1] = "";
    if (ak_entry_has(entry, AK_F_LABEL)) ak_out_shown(entry->label, label, sizeof label);
    if (!label[0])
        (void)snprintf(out, cap, "-");
    else if (ak_entry_has(entry, AK_F_GENERATION))
        (void)snprintf(out, cap, "/%s/%llu", label, (unsigned long long)entry->generation);
    else
        (void)snprintf(out, cap, "/%s", label);
}

/* What tells entries of one type apart, in a few words. */
static void put_detail(const struct ak_entry *entry, char *out, size_t cap)
{
    char a[96] = "", b[96] = "";
    if (ak_entry_has(entry, AK_F_RULE)) ak_out_shown(entry->rule, a, sizeof a);
    if (ak_entry_has(entry, AK_F_OPERATION)) ak_out_shown(entry->operation, b, sizeof b);
    if (ak_entry_has(entry, AK_F_DOMAIN)) ak_out_shown(entry->domain, a, sizeof a);
    if (ak_entry_has(entry, AK_F_SCOPE)) ak_out_shown(entry->scope, a, sizeof a);
    if (ak_entry_has(entry, AK_F_NAME)) ak_out_shown(entry->name, a, sizeof a);
    if (ak_entry_has(entry, AK_F_CREDENTIAL)) ak_out_shown(entry->credential, a, sizeof a);
    if (ak_entry_has(entry, AK_F_AUDIENCE)) ak_out_shown(entry->audience, a, sizeof a);
    if (ak_entry_has(entry, AK_F_EPOCH))
        (void)snprintf(b, sizeof b, "epoch %llu", (unsigned long long)entry->epoch);
    if (ak_entry_has(entry, AK_F_TO))
        (void)snprintf(
            b, sizeof b, "%llu -> %llu", (unsigned long long)entry->from, (unsigned long long)entry->to);
    if (ak_entry_has(entry, AK_F_COUNT))
        (void)snprintf(out, cap, "%s %s x%llu", b, a, (unsigned long long)entry->count);
    else
        (void)snprintf(out, cap, "%s%s%s", b, b[0] && a[0] ? " " : "", a);
}

void ak_cli_print_entry_line(const struct ak_msg_audit_item *item)
{
    struct ak_entry entry;
    char time[AK_OUT_TIME_LEN], path[96], detail[256];
    if (ak_entry_decode(item->entry, &entry) != AK_OK) {
        ak_out_line("%8llu  (an entry that this version cannot read)", (unsigned long long)item->index);
        return;
    }
    ak_out_time(entry.time_ms / 1000, time);
    put_path(&entry, path, sizeof path);
    put_detail(&entry, detail, sizeof detail);
    ak_out_line("%8llu  %s  %-18s %-20s %s", (unsigned long long)item->index, time,
        ak_entry_type_name(entry.type), path, detail);
}

static void print_field(const struct ak_entry *entry, enum ak_entry_field field)
{
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    const uint8_t *at = (const uint8_t *)entry + info->offset;
    struct ak_span text;
    uint64_t number = 0;
    switch (info->kind) {
    case AK_ENTRY_FIXED:
        if (info->max == 20)
            ak_out_row_address(info->name, at);
        else if (field == AK_F_DEVICE)
            ak_out_row_print(info->name, at);
        else
            ak_out_row_hex(info->name, ak_span(at, info->max));
        break;
    case AK_ENTRY_TEXT:
        memcpy(&text, at, sizeof text);
        ak_out_row_text(info->name, text);
        break;
    case AK_ENTRY_BYTES:
        memcpy(&text, at, sizeof text);
        ak_out_row_hex(info->name, text);
        break;
    case AK_ENTRY_UINT:
        memcpy(&number, at, sizeof number);
        ak_out_row_number(info->name, number);
        break;
    }
}

void ak_cli_print_entry(const struct ak_msg_audit_item *item)
{
    struct ak_entry entry;
    ak_out_row_number("index", item->index);
    ak_out_row_hex("leaf hash", AK_SPAN_ARR(item->leaf_hash));
    if (ak_entry_decode(item->entry, &entry) != AK_OK) {
        ak_out_row_hex("entry", item->entry);
        return;
    }
    ak_out_row("type", ak_entry_type_name(entry.type));
    ak_out_row_time("time", entry.time_ms / 1000);
    if (entry.has_anchor) {
        ak_out_row_hex("account", AK_SPAN_ARR(entry.anchor));
        ak_out_row_number("sequence", entry.seq);
        ak_out_row_hex("before it", AK_SPAN_ARR(entry.prev_leaf));
    }
    if (entry.service.len)
        ak_out_row_text("actor", entry.service);
    else
        ak_out_row_print("actor", entry.actor);
    if (entry.has_request_id) ak_out_row_hex("request", AK_SPAN_ARR(entry.request_id));
    for (uint64_t left = entry.present; left; left &= left - 1)
        print_field(&entry, (enum ak_entry_field)__builtin_ctzll(left));
}
