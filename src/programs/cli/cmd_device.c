/* agentkeys device: the devices that act for the account. */
#include "core/wire/msg_devices.h"

#include <string.h>

#include "base/wipe.h"
#include "core/wire/msg_session.h"
#include "programs/cli/commands.h"
#include "programs/cli/recovery.h"
#include "programs/command/approve.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

int ak_cmd_device_list(struct ak_cli *cli)
{
    struct ak_msg_device_list_request request = {0};
    struct ak_msg_device_list_reply reply;
    struct ak_msg_device_item item;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_call(cli, AK_CALL_DEVICE_LIST, &request, &reply, "listing devices");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    while (ak_list_next(&reply.devices, &ak_device_item_msg, &item)) {
        char print[AK_OUT_PRINT_LEN + 1], name[65], time[AK_OUT_TIME_LEN];
        ak_out_print(item.device, print);
        ak_out_shown(item.name, name, sizeof name);
        ak_out_time(item.enrolled_at, time);
        ak_out_line("%s  %s  %s%s", print, time, name, item.current ? "  (this device)" : "");
    }
    return 0;
}

/* ---- adding ---- */

static int keep_session(
    struct ak_cli *cli, const struct ak_msg_pair_status_reply *reply, const uint8_t anchor[32])
{
    bool good = ak_msg_has(reply, AK_PAIR_STATUS_REPLY_SESSION_JWT) &&
                ak_msg_has(reply, AK_PAIR_STATUS_REPLY_ANCHOR) && memcmp(reply->anchor, anchor, 32) == 0 &&
                reply->session_jwt.len < sizeof cli->saved.token;
    if (!good)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the answer is not a session of that account",
            "worker and client do not agree", "agentkeys doctor");
    cli->saved = (struct ak_saved){.kind = AK_SAVED_SESSION, .expires_at = reply->expires_at};
    memcpy(cli->saved.anchor, anchor, 32);
    memcpy(cli->saved.token, reply->session_jwt.ptr, reply->session_jwt.len);
    return ak_cli_keep_saved(cli);
}

static int ask_to_join(struct ak_cli *cli, const uint8_t anchor[32], const char *name)
{
    struct ak_msg_device_request request = {.name = ak_span_str(name)};
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_reply answer;
    uint64_t wait_s = 0;
    int status = ak_cli_read_wait(cli, &wait_s);
    if (status) return status;
    memcpy(request.account, anchor, 32);
    status = ak_cli_call(cli, AK_CALL_DEVICE_REQUEST, &request, &asked, "asking to join");
    if (status) return status;
    ak_cli_show_code(cli, &asked, "agentkeys device add");
    status = ak_cli_await_approval(cli, asked.request_id, asked.expires_in_seconds, wait_s, &answer);
    if (!status) status = keep_session(cli, &answer, anchor);
    if (status) return status;
    if (cli->json) {
        ak_cli_print_paired(&answer);
        return 0;
    }
    ak_out_line("This device now acts for the account.");
    ak_out_row_hex("account", AK_SPAN_ARR(cli->saved.anchor));
    ak_out_row_time("session until", cli->saved.expires_at);
    return 0;
}

int ak_cmd_device_add(struct ak_cli *cli)
{
    uint8_t anchor[32];
    const char *reason = "";
    const char *name = ak_cli_value(cli, "name");
    if (cli->operand_count) {
        int status = ak_cli_open_session(cli);
        return status ? status : ak_cli_approve(cli, cli->operands[0], "device");
    }
    if (!name)
        return ak_cli_fail_usage(cli, "a new device needs --account and --name; an enrolled one a CODE",
            "neither CODE nor --name was given");
    if (ak_args_name(name, &reason) != AK_OK) return ak_cli_fail_usage(cli, "--name is not usable", reason);
    if (ak_args_anchor(ak_conf_text(&cli->conf, AK_CLIENT_ACCOUNT), anchor, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "--account says which account to join", reason);
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (!status) status = ak_cli_open_client(cli, true);
    return status ? status : ask_to_join(cli, anchor, name);
}

int ak_cmd_device_remove(struct ak_cli *cli)
{
    struct ak_msg_device_remove_request request = {0};
    struct ak_msg_done_reply reply;
    const char *reason = "";
    AK_CLEANUP(ak_cli_code_done) struct ak_cli_code code = {0};
    if (ak_args_thumbprint(cli->operands[0], request.id, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a device", reason);
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_take_code(cli, &code);
    if (status) return status;
    memcpy(request.recovery_code, code.sealed, sizeof request.recovery_code);
    memcpy(request.recovery_hash, code.next_hash, sizeof request.recovery_hash);
    if (code.there)
        request.present =
            1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE | 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_HASH;
    status = ak_cli_call(cli, AK_CALL_DEVICE_REMOVE, &request, &reply, "removing the device");
    return ak_cli_print_changed(cli, status, &reply, cli->client.raw, &code);
}
