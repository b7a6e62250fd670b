/* Reading the recovery code, and answers of changes that may wait. */
#include "programs/cli/recovery.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto/sha256.h"
#include "base/wipe.h"
#include "core/token/sealed_code.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_session.h"
#include "io/proc/inherit.h"
#include "io/proc/random.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/vault.h"

enum { FILE_MAX = 512 };

/* ---- the code ---- */

static int read_code(struct ak_cli *cli, const char *path, struct ak_secret32 *out_code)
{
    uint8_t memory[FILE_MAX];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    enum ak_err err = ak_cli_read_file(path, &bytes);
    if (!err) err = ak_args_recovery_parse(ak_buf_span(&bytes), out_code->bytes);
    ak_wipe(memory, sizeof memory);
    if (!err) return 0;
    return ak_cli_fail_usage(
        cli, "no recovery code in that file", "it holds 64 hex digits, as init printed them");
}

int ak_cli_seal_recovery(struct ak_cli *cli, uint8_t out_sealed[AK_SEALED_CODE_LEN], bool *out_there)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 code = {{0}}, ephemeral = {{0}};
    uint8_t key[32];
    const char *path = ak_cli_value(cli, "recovery-code-file");
    *out_there = path != NULL;
    if (!path) return 0;
    int status = read_code(cli, path, &code);
    if (!status) status = ak_cli_delivery_key(cli, key);
    if (status) return status;
    ak_random_bytes(ephemeral.bytes, sizeof ephemeral.bytes);
    if (ak_sealed_code_make(key, &ephemeral, cli->device.thumbprint, code.bytes, out_sealed) == AK_OK)
        return 0;
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "the recovery code cannot be sealed",
        "the worker's delivery key is no key", "agentkeys doctor");
}

void ak_cli_code_done(struct ak_cli_code *code)
{
    ak_wipe(code, sizeof *code);
}

static void draw_next(struct ak_cli_code *code)
{
    ak_random_bytes(code->next.bytes, sizeof code->next.bytes);
    ak_sha256(AK_SPAN_ARR(code->next.bytes), code->next_hash);
}

int ak_cli_take_code(struct ak_cli *cli, struct ak_cli_code *out_code)
{
    int status = ak_cli_seal_recovery(cli, out_code->sealed, &out_code->there);
    if (!status && out_code->there) draw_next(out_code);
    return status;
}

int ak_cli_renew_code(struct ak_cli *cli)
{
    AK_CLEANUP(ak_cli_code_done) struct ak_cli_code code = {0};
    struct ak_msg_recovery_code_request request = {0};
    struct ak_msg_done_reply reply;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_take_code(cli, &code);
    if (status) return status;
    if (code.there) request.present = 1u << AK_RECOVERY_CODE_REQUEST_RECOVERY_CODE;
    memcpy(request.recovery_code, code.sealed, sizeof request.recovery_code);
    if (!code.there) draw_next(&code);
    memcpy(request.recovery_hash, code.next_hash, sizeof request.recovery_hash);
    code.there = code.alone = true; /* the next one is shown if the worker took it, or perhaps did */
    status = ak_cli_call(cli, AK_CALL_RECOVERY_CODE, &request, &reply, "renewing the recovery code");
    return ak_cli_print_changed(cli, status, &reply, cli->client.raw, &code);
}

/* ---- what a change came to ---- */

static void print_done(const struct ak_msg_done_reply *reply, bool alone)
{
    ak_out_row_text("status", reply->status);
    if (ak_msg_has(reply, AK_DONE_REPLY_READY_AT)) {
        ak_out_row_time("ready at", reply->ready_at);
        ak_out_line(alone ? "Repeat the command on this device then, or now with --recovery-code-file."
                          : "Repeat the command then; now with --recovery-code-file, or on a second device "
                            "where both have "
                            "been enrolled for the waiting time.");
    }
    if (ak_msg_has(reply, AK_DONE_REPLY_CLOUD_UNTIL)) ak_out_row_time("cloud until", reply->cloud_until);
    if (ak_msg_has(reply, AK_DONE_REPLY_ENTRY_INDEX))
        ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
}

int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply)
{
    return ak_cli_print_changed(cli, 0, done_reply, cli->client.raw, NULL);
}

/* The wire's answer, and the code as one more member. */
static void print_json_with(struct ak_span raw, const char *code)
{
    if (raw.len > 2 && raw.ptr[raw.len - 1] == '}')
        ak_out_line("%.*s,\"recovery_code\":\"%s\"}", (int)raw.len - 1, (const char *)raw.ptr, code);
}

bool ak_cli_code_is_shown(const struct ak_cli *cli, const char *code)
{
    if (ak_inherit_flush() == 0) return true;
    return fprintf(stderr,
               "%s: standard output did not take the recovery code; it is shown this once:\n\n  %s\n\n",
               cli->program->name, code) > 0;
}

int ak_cli_print_changed(const struct ak_cli *cli, int status, const void *done_reply, struct ak_span raw,
    const struct ak_cli_code *code)
{
    const struct ak_msg_done_reply *reply = done_reply;
    char text[AK_RECOVERY_TEXT_LEN + 1] = "";
    bool spent = status == 0 && code && code->there && reply->recovery_code_spent;
    bool perhaps = status == AK_CATEGORY_UNREACHABLE && code && code->there;
    if (spent || perhaps) ak_args_recovery_format(code->next.bytes, text);
    if (status == 0 && !cli->json) print_done(reply, code && code->alone);
    if (status == 0 && cli->json && !spent) ak_out_json(raw);
    if (spent && cli->json) print_json_with(raw, text);
    if (spent && !cli->json)
        ak_out_line(
            "\nThe recovery code before is void. This is the next one, shown this once; write it down and "
            "keep it away from this machine:\n\n  %s\n",
            text);
    if (spent) (void)ak_cli_code_is_shown(cli, text);
    if (perhaps)
        (void)fprintf(stderr, "If it was done all the same, the recovery code is now:\n\n  %s\n\n", text);
    ak_wipe(text, sizeof text);
    return status;
}

/* ---- what waits ---- */

bool ak_cli_is_recovery(struct ak_span what)
{
    return ak_span_starts(what, AK_SPAN_LIT("sign-in"));
}

static bool is_meant(const struct ak_cli *cli, const struct ak_msg_recovery_item *item, const uint8_t *device)
{
    const char *what = ak_cli_value(cli, "what");
    if (what && !ak_span_eq(item->what, ak_span_str(what))) return false;
    return !device || (ak_msg_has(item, AK_RECOVERY_ITEM_DEVICE) && memcmp(item->device, device, 32) == 0);
}

/* The one waiting change that was meant; its text is kept in `room`. */
static int find_waiting(struct ak_cli *cli, const uint8_t *device, bool recoveries, char room[40],
    struct ak_msg_recovery_cancel_request *out_request)
{
    struct ak_msg_recovery_list_request request = {0};
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    unsigned found = 0;
    int status = ak_cli_call(cli, AK_CALL_RECOVERY_LIST, &request, &reply, "listing what waits");
    if (status) return status;
    while (ak_list_next(&reply.items, &ak_recovery_item_msg, &item)) {
        if (!is_meant(cli, &item, device) || (recoveries && !ak_cli_is_recovery(item.what))) continue;
        found++;
        ak_out_shown(item.what, room, 40);
        memcpy(out_request->device, item.device, 32);
        out_request->present =
            ak_msg_has(&item, AK_RECOVERY_ITEM_DEVICE) ? 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE : 0;
    }
    out_request->what = ak_span_str(room);
    if (found == 1) return 0;
    if (found == 0)
        return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "nothing of that kind waits",
            "the account has no such change under way; this lists what waits", "agentkeys recover");
    return ak_cli_fail_usage(cli, "several changes wait",
        recoveries ? "say which by --device" : "say which by --what and --device");
}

int ak_cli_about_waiting(struct ak_cli *cli, unsigned call, bool recoveries, const char *problem)
{
    struct ak_msg_recovery_cancel_request request = {0};
    struct ak_msg_done_reply reply;
    uint8_t device[32];
    char what[40];
    const char *reason = "", *typed = ak_cli_value(cli, "device");
    if (typed && ak_args_thumbprint(typed, device, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a device", reason);
    int status = ak_cli_open_session(cli);
    if (!status) status = find_waiting(cli, typed ? device : NULL, recoveries, what, &request);
    if (!status) status = ak_cli_call(cli, call, &request, &reply, problem);
    return status ? status : ak_cli_print_done(cli, &reply);
}
