/* Reading the recovery code, and answers of changes that may wait. */
#include "programs/cli/recovery.h"

#include <string.h>

#include "base/wipe.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_session.h"
#include "programs/cli/args.h"
#include "programs/cli/out.h"

enum { FILE_MAX = 512 };

int ak_cli_read_recovery(struct ak_cli *cli, uint8_t out_code[32], bool *out_there)
{
    uint8_t memory[FILE_MAX];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    const char *path = ak_cli_value(cli, "recovery-code-file");
    *out_there = path != NULL;
    if (!path) return 0;
    enum ak_err err = ak_cli_read_file(path, &bytes);
    if (!err) err = ak_args_recovery_parse(ak_buf_span(&bytes), out_code);
    ak_wipe(memory, sizeof memory);
    if (!err) return 0;
    return ak_cli_fail_usage(
        cli, "no recovery code in that file", "it holds 64 hex digits, as init printed them");
}

int ak_cli_print_done_of(const struct ak_cli *cli, const void *done_reply, struct ak_span raw)
{
    const struct ak_msg_done_reply *reply = done_reply;
    if (cli->json) {
        ak_out_json(raw);
        return 0;
    }
    ak_out_row_text("status", reply->status);
    if (ak_msg_has(reply, AK_DONE_REPLY_READY_AT)) {
        ak_out_row_time("ready at", reply->ready_at);
        ak_out_line("Repeat the command then, or now from a second device or with --recovery-code-file.");
    }
    if (ak_msg_has(reply, AK_DONE_REPLY_CLOUD_UNTIL)) ak_out_row_time("cloud until", reply->cloud_until);
    if (ak_msg_has(reply, AK_DONE_REPLY_ENTRY_INDEX))
        ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
    return 0;
}

int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply)
{
    return ak_cli_print_done_of(cli, done_reply, cli->client.raw);
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
            "the account has no such change under way", "agentkeys account show");
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
