/* agentkeys audit list, show, proof: what the ledger says of this account, and where it stands in it. */
#include <stdio.h>

#include "programs/cli/audit.h"
#include "programs/cli/commands.h"
#include "programs/cli/ledger.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/signing.h"

enum { ITEM_JSON_MAX = 24 * 1024 };

/* ---- list ---- */

struct listing {
    struct ak_cli *cli;
    uint64_t count;
};

/* The item as the wire has it. */
static int print_item_json(const struct ak_msg_audit_item *item)
{
    static uint8_t body_memory[ITEM_JSON_MAX], json_memory[ITEM_JSON_MAX];
    struct ak_buf body = AK_BUF_ARR(body_memory), json = AK_BUF_ARR(json_memory);
    if (ak_msg_encode(&ak_audit_item_msg, item, &body) != AK_OK ||
        ak_msg_to_json(&ak_audit_item_msg, ak_buf_span(&body), false, &json) != AK_OK)
        return AK_CATEGORY_FAILURE;
    (void)fwrite(json_memory, 1, json.len, stdout);
    return 0;
}

static int list_item(void *ctx, const struct ak_msg_audit_item *item, const struct ak_msg_audit_reply *page)
{
    struct listing *listing = ctx;
    (void)page;
    if (!listing->cli->json) {
        ak_cli_print_entry_line(item);
        return 0;
    }
    (void)fputs(listing->count++ ? "," : "", stdout);
    return print_item_json(item);
}

static int read_filter(struct ak_cli *cli, struct ak_buf *path, struct ak_cli_pages *pages)
{
    const char *since = ak_cli_value(cli, "since"), *limit = ak_cli_value(cli, "limit"), *reason = "";
    const char *type = ak_cli_value(cli, "type");
    pages->left = UINT64_MAX;
    if (since && ak_args_number(since, &pages->request.since, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "--since is not usable", reason);
    if (limit && (ak_args_number(limit, &pages->left, &reason) != AK_OK || pages->left == 0))
        return ak_cli_fail_usage(cli, "--limit is not usable", "a number of at least 1");
    int status = ak_cli_read_path(cli, path);
    if (status) return status;
    pages->request.path = ak_buf_span(path);
    if (path->len) pages->request.present |= 1u << AK_AUDIT_REQUEST_PATH;
    pages->request.type = ak_span_str(type);
    if (type) pages->request.present |= 1u << AK_AUDIT_REQUEST_TYPE;
    return 0;
}

int ak_cmd_audit_list(struct ak_cli *cli)
{
    uint8_t path_text[AK_PATH_TEXT_MAX];
    struct ak_buf path = AK_BUF_ARR(path_text);
    struct listing listing = {.cli = cli};
    struct ak_cli_pages pages = {.cli = cli, .on_item = list_item, .ctx = &listing};
    int status = read_filter(cli, &path, &pages);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    if (!cli->json) {
        ak_out_line("%8s  %-23s  %-18s %-20s %s", "INDEX", "TIME", "TYPE", "PATH", "DETAIL");
        status = ak_cli_walk_audit(&pages);
        ak_cli_note_archived(&pages);
        return status;
    }
    (void)fputs("{\"entries\":[", stdout);
    status = ak_cli_walk_audit(&pages);
    (void)printf(
        "],\"next\":%llu,\"size\":%llu", (unsigned long long)pages.next, (unsigned long long)pages.size);
    if (pages.archived) (void)printf(",\"archived\":%llu", (unsigned long long)pages.archived);
    ak_out_line("%s", "}");
    return status;
}

/* ---- show ---- */

struct wanted {
    struct ak_cli *cli;
    uint64_t index;
    bool found;
    struct ak_msg_audit_item item;
    uint8_t entry[AK_LIMIT_ENTRY];
};

static int take_item(void *ctx, const struct ak_msg_audit_item *item, const struct ak_msg_audit_reply *page)
{
    struct wanted *wanted = ctx;
    (void)page;
    if (item->index != wanted->index) return 0;
    wanted->found = true;
    wanted->item = *item;
    memcpy(wanted->entry, item->entry.ptr, item->entry.len);
    wanted->item.entry = ak_span(wanted->entry, item->entry.len);
    return 0;
}

/* The entry of the operand's index; it hashes to its leaf hash. */
static int fetch_entry(struct ak_cli *cli, struct wanted *out)
{
    const char *reason = "";
    uint8_t leaf[32];
    *out = (struct wanted){.cli = cli};
    if (ak_args_number(cli->operands[0], &out->index, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not an index", reason);
    struct ak_cli_pages pages = {
        .cli = cli, .on_item = take_item, .ctx = out, .left = 1, .request = {.since = out->index}};
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_walk_audit(&pages);
    if (status) return status;
    if (!out->found && out->index < pages.archived) return ak_cli_fail_archived(cli, out->index);
    if (!out->found)
        return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "no such entry",
            "no entry of this account has that index", "agentkeys audit list");
    ak_merkle_leaf(out->item.entry, leaf);
    if (memcmp(leaf, out->item.leaf_hash, 32) == 0) return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the entry is not what its hash says",
        "bytes and leaf hash do not fit", "agentkeys up --verify-all");
}

int ak_cmd_audit_show(struct ak_cli *cli)
{
    static struct wanted wanted;
    int status = fetch_entry(cli, &wanted);
    if (status) return status;
    if (!cli->json) {
        ak_cli_print_entry(&wanted.item);
        return 0;
    }
    status = print_item_json(&wanted.item);
    ak_out_line("%s", "");
    return status;
}

/* ---- proof ---- */

static int fetch_proof(struct ak_cli *cli, const struct wanted *wanted,
    const struct ak_cli_checkpoint *checkpoint, struct ak_merkle_proof *out_proof)
{
    struct ak_msg_inclusion_request request = {.index = wanted->index,
        .size = checkpoint->checkpoint.size,
        .present = 1u << AK_INCLUSION_REQUEST_SIZE};
    struct ak_msg_inclusion_reply reply;
    int status = ak_cli_call(cli, AK_CALL_INCLUSION, &request, &reply, "getting the proof");
    if (status) return status;
    if (ak_cli_read_proof(reply.proof, out_proof) == AK_OK &&
        ak_merkle_verify_inclusion(wanted->item.leaf_hash, wanted->index, checkpoint->checkpoint.size,
            out_proof, checkpoint->checkpoint.root) == AK_OK)
        return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the proof does not hold",
        "it does not lead from the entry to the signed root", "agentkeys up --verify-all");
}

static void print_proof_json(const struct wanted *wanted, const struct ak_cli_checkpoint *checkpoint,
    const struct ak_merkle_proof *proof)
{
    static uint8_t memory[ITEM_JSON_MAX + 2 * AK_LIMIT_ENTRY];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_json_open_object(&w);
    ak_json_key(&w, "index");
    ak_json_put_u64(&w, wanted->index);
    ak_json_key(&w, "size");
    ak_json_put_u64(&w, checkpoint->checkpoint.size);
    ak_json_key(&w, "entry");
    ak_json_put_hex(&w, "", wanted->item.entry);
    ak_json_key(&w, "leaf_hash");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(wanted->item.leaf_hash));
    ak_json_key(&w, "proof");
    ak_json_open_array(&w);
    for (size_t i = 0; i < proof->count; i++) ak_json_put_hex(&w, "", AK_SPAN_ARR(proof->hashes[i]));
    ak_json_close_array(&w);
    ak_json_key(&w, "root_hash");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(checkpoint->checkpoint.root));
    ak_json_key(&w, "checkpoint");
    ak_json_put_string(&w, ak_span(checkpoint->note, checkpoint->note_len));
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
}

static void print_proof(const struct wanted *wanted, const struct ak_cli_checkpoint *checkpoint,
    const struct ak_merkle_proof *proof)
{
    ak_out_row_number("index", wanted->index);
    ak_out_row_number("ledger size", checkpoint->checkpoint.size);
    ak_out_row_hex("leaf hash", AK_SPAN_ARR(wanted->item.leaf_hash));
    for (size_t i = 0; i < proof->count; i++) ak_out_row_hex(i ? "" : "proof", AK_SPAN_ARR(proof->hashes[i]));
    ak_out_row_hex("root hash", AK_SPAN_ARR(checkpoint->checkpoint.root));
    ak_out_row_hex("ledger key", AK_SPAN_ARR(checkpoint->key));
    ak_out_line("The proof leads from the entry to the signed root.");
}

int ak_cmd_audit_proof(struct ak_cli *cli)
{
    static struct wanted wanted;
    static struct ak_cli_checkpoint checkpoint;
    struct ak_merkle_proof proof;
    int status = fetch_entry(cli, &wanted);
    if (!status) status = ak_cli_checkpoint(cli, true, &checkpoint);
    if (!status) status = fetch_proof(cli, &wanted, &checkpoint, &proof);
    if (status) return status;
    if (cli->json)
        print_proof_json(&wanted, &checkpoint, &proof);
    else
        print_proof(&wanted, &checkpoint, &proof);
    return 0;
}
