/* agentkeys account, whoami, logout: the account as a whole. */
#include "core/wire/msg_account.h"

#include <string.h>

#include "base/wipe.h"
#include "core/wire/msg_session.h"
#include "programs/cli/at_broker.h"
#include "programs/cli/commands.h"
#include "programs/cli/links.h"
#include "programs/cli/recovery.h"
#include "programs/command/out.h"

static int read_account(struct ak_cli *cli, struct ak_msg_account_reply *out_reply)
{
    struct ak_msg_account_request request = {0};
    int status = ak_cli_open_session(cli);
    return status ? status : ak_cli_call(cli, AK_CALL_ACCOUNT, &request, out_reply, "reading the account");
}

/* The identities, where the broker tells them now: they are no reason to fail. */
static bool read_links(struct ak_cli *cli, struct ak_client *broker, struct ak_msg_link_list_reply *out_reply)
{
    const struct ak_msg_link_list_request request = {0};
    struct ak_client_error error;
    return ak_at_broker_is_named(cli) && ak_at_broker_open_session(cli, broker) == 0 &&
           ak_client_broker_call(broker, AK_BROKER_CALL_LINK_LIST, NULL, &request, out_reply, &error) ==
               AK_OK;
}

/* The wire's account, and its links as one more member. */
static void print_who_json(const struct ak_cli *cli, const struct ak_client *broker, bool linked)
{
    struct ak_span account = cli->client.raw, links = broker->raw;
    if (!linked || account.len < 2 || links.len < 2 || account.ptr[account.len - 1] != '}') {
        ak_out_json(account);
        return;
    }
    ak_out_line("%.*s,\"identities\":%.*s}", (int)account.len - 1, (const char *)account.ptr, (int)links.len,
        (const char *)links.ptr);
}

static void print_who(struct ak_cli *cli, const struct ak_msg_account_reply *reply)
{
    ak_out_row_hex("account", AK_SPAN_ARR(reply->anchor));
    if (cli->saved.identity[0])
        ak_out_row("identity", cli->saved.identity);
    else
        ak_out_row_text("identity", reply->identity_type);
    ak_out_row_address("wallet", reply->home_wallet);
    ak_out_row_print("this device", cli->device.thumbprint);
    ak_out_row_time("session until", cli->saved.expires_at);
}

int ak_cmd_whoami(struct ak_cli *cli)
{
    struct ak_client broker = {0};
    struct ak_msg_account_reply reply;
    struct ak_msg_link_list_reply links;
    int status = read_account(cli, &reply);
    if (status) return status;
    bool linked = read_links(cli, &broker, &links);
    if (cli->json) {
        print_who_json(cli, &broker, linked);
    } else {
        print_who(cli, &reply);
        ak_out_line(
            linked ? "\nIdentities that sign in:" : "\nIdentities: the broker does not tell them now.");
        if (linked) ak_links_print(cli, &links);
    }
    ak_client_close(&broker);
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
    AK_CLEANUP(ak_cli_code_done) struct ak_cli_code code = {0};
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_take_code(cli, &code);
    if (status) return status;
    memcpy(request.recovery_code, code.sealed, sizeof request.recovery_code);
    memcpy(request.recovery_hash, code.next_hash, sizeof request.recovery_hash);
    if (code.there)
        request.present =
            1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE | 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH;
    status = ak_cli_call(cli, call, &request, &reply, problem);
    return ak_cli_print_changed(cli, status, &reply, cli->client.raw, &code);
}

int ak_cmd_account_suspend(struct ak_cli *cli)
{
    int status = change(cli, AK_CALL_ACCOUNT_SUSPEND, "suspending the account");
    if (!status && !cli->json)
        ak_out_line("Resuming it waits, unless a second device or the recovery code confirms: agentkeys "
                    "account resume");
    return status;
}

int ak_cmd_account_resume(struct ak_cli *cli)
{
    return change(cli, AK_CALL_ACCOUNT_RESUME, "resuming the account");
}

/* ---- what waits ---- */

int ak_cmd_account_cancel(struct ak_cli *cli)
{
    return ak_cli_about_waiting(cli, AK_CALL_RECOVERY_CANCEL, false, "cancelling");
}

int ak_cmd_account_seen(struct ak_cli *cli)
{
    return ak_cli_about_waiting(cli, AK_CALL_RECOVERY_SEEN, false, "saying that it was seen");
}
