/* agentkeys account, whoami, logout: the account as a whole. */
#include "core/wire/msg_account.h"

#include <string.h>

#include "base/wipe.h"
#include "core/wire/msg_session.h"
#include "programs/cli/args.h"
#include "programs/cli/commands.h"
#include "programs/cli/out.h"
#include "programs/cli/recovery.h"

static int read_account(struct ak_cli *cli, struct ak_msg_account_reply *out_reply)
{
    struct ak_msg_account_request request = {0};
    int status = ak_cli_open_session(cli);
    return status ? status : ak_cli_call(cli, AK_CALL_ACCOUNT, &request, out_reply, "reading the account");
}

int ak_cmd_whoami(struct ak_cli *cli)
{
    struct ak_msg_account_reply reply;
    int status = read_account(cli, &reply);
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_hex("account", AK_SPAN_ARR(reply.anchor));
    if (cli->saved.identity[0])
        ak_out_row("identity", cli->saved.identity);
    else
        ak_out_row_text("identity", reply.identity_type);
    ak_out_row_address("wallet", reply.home_wallet);
    ak_out_row_print("this device", cli->device.thumbprint);
    ak_out_row_time("session until", cli->saved.expires_at);
    return 0;
}

int ak_cmd_account_show(struct ak_cli *cli)
{
    struct ak_msg_account_reply reply;
    int status = read_account(cli, &reply);
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_hex("account", AK_SPAN_ARR(reply.anchor));
    ak_out_row_text("identity", reply.identity_type);
    ak_out_row_address("wallet", reply.home_wallet);
    ak_out_row_number("key version", reply.key_version);
    ak_out_row_time("opened", reply.opened_at);
    ak_out_row("state", reply.suspended ? "suspended" : "active");
    ak_out_row_number("devices", reply.device_count);
    ak_out_row_number("agents", reply.agent_count);
    ak_out_row("recovery code", reply.recovery_code_set ? "set" : "none");
    return 0;
}

int ak_cmd_logout(struct ak_cli *cli)
{
    struct ak_msg_logout_request request = {0};
    struct ak_msg_done_reply reply;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_call(cli, AK_CALL_LOGOUT, &request, &reply, "ending the session");
    /* the token goes even where the worker was not reached: that is what a person asked for */
    if (cli->profile.dir_fd >= 0 && ak_profile_forget(&cli->profile) != AK_OK && !status)
        status = ak_cli_fail_state(cli, AK_E_IO, "the saved session cannot be erased");
    return status ? status : ak_cli_print_done(cli, &reply);
}

static int change(struct ak_cli *cli, unsigned call, const char *problem)
{
    struct ak_msg_account_change_request request = {0};
    struct ak_msg_done_reply reply;
    bool with_code = false;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_read_recovery(cli, request.recovery_code, &with_code);
    if (with_code) request.present = 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE;
    if (!status) status = ak_cli_call(cli, call, &request, &reply, problem);
    ak_wipe(&request, sizeof request);
    return status ? status : ak_cli_print_done(cli, &reply);
}

int ak_cmd_account_suspend(struct ak_cli *cli)
{
    return change(cli, AK_CALL_ACCOUNT_SUSPEND, "suspending the account");
}

int ak_cmd_account_resume(struct ak_cli *cli)
{
    return change(cli, AK_CALL_ACCOUNT_RESUME, "resuming the account");
}

/* ---- what waits ---- */

static bool is_meant(const struct ak_cli *cli, const struct ak_msg_recovery_item *item, const uint8_t *device)
{
    const char *what = ak_cli_value(cli, "what");
    if (what && !ak_span_eq(item->what, ak_span_str(what))) return false;
    return !device || (ak_msg_has(item, AK_RECOVERY_ITEM_DEVICE) && memcmp(item->device, device, 32) == 0);
}

/* The one waiting change that was meant; its text is kept in `room`. */
static int find_waiting(struct ak_cli *cli, const uint8_t *device, char room[40],
    struct ak_msg_recovery_cancel_request *out_request)
{
    struct ak_msg_recovery_list_request request = {0};
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    unsigned found = 0;
    int status = ak_cli_call(cli, AK_CALL_RECOVERY_LIST, &request, &reply, "listing what waits");
    if (status) return status;
    while (ak_list_next(&reply.items, &ak_recovery_item_msg, &item)) {
        if (!is_meant(cli, &item, device)) continue;
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
    return ak_cli_fail_usage(cli, "several changes wait", "say which by --what and --device");
}

static int about_waiting(struct ak_cli *cli, unsigned call, const char *problem)
{
    struct ak_msg_recovery_cancel_request request = {0};
    struct ak_msg_done_reply reply;
    uint8_t device[32];
    char what[40];
    const char *reason = "", *typed = ak_cli_value(cli, "device");
    if (typed && ak_args_thumbprint(typed, device, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a device", reason);
    int status = ak_cli_open_session(cli);
    if (!status) status = find_waiting(cli, typed ? device : NULL, what, &request);
    if (!status) status = ak_cli_call(cli, call, &request, &reply, problem);
    return status ? status : ak_cli_print_done(cli, &reply);
}

int ak_cmd_account_cancel(struct ak_cli *cli)
{
    return about_waiting(cli, AK_CALL_RECOVERY_CANCEL, "cancelling");
}

int ak_cmd_account_seen(struct ak_cli *cli)
{
    return about_waiting(cli, AK_CALL_RECOVERY_SEEN, "saying that it was seen");
}
