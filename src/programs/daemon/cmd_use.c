/* agentkeys-daemon token, sign, status: what an agent does once it is paired. */
#include <stdio.h>
#include <string.h>

#include "core/wire/msg_agents.h"
#include "core/wire/msg_sign.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/signing.h"
#include "programs/daemon/agent.h"

static void print_token_json(const struct ak_agent *agent)
{
    uint8_t memory[AK_LIMIT_TOKEN + 512];
    char path[AK_PATH_TEXT_MAX + 2];
    const struct ak_saved *saved = &agent->cli->saved;
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    (void)snprintf(path, sizeof path, "/%s/%llu", agent->label, (unsigned long long)saved->generation);
    ak_json_open_object(&w);
    ak_json_key(&w, "agent_token");
    ak_json_put_string(&w, ak_span_str(saved->token));
    ak_json_key(&w, "expires_at");
    ak_json_put_u64(&w, saved->expires_at);
    ak_json_key(&w, "path");
    ak_json_put_string(&w, ak_span_str(path));
    ak_json_key(&w, "generation");
    ak_json_put_u64(&w, saved->generation);
    ak_json_key(&w, "address");
    ak_json_put_hex(&w, "0x", AK_SPAN_ARR(saved->address));
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    ak_wipe(memory, sizeof memory);
}

int ak_daemon_token(struct ak_cli *cli)
{
    struct ak_agent agent;
    int status = ak_agent_open(cli, false, &agent);
    if (!status && ak_cli_has(cli, "renew")) agent.has_token = false;
    if (!status) status = ak_agent_need_token(&agent, true);
    if (status) return status;
    if (cli->json)
        print_token_json(&agent);
    else
        ak_out_line("%s", cli->saved.token);
    return 0;
}

/* ---- sign ---- */

/* A new token would be taken. Where a person named the path, it is the path that is refused. */
static bool wants_new_token(const struct ak_client_error *error, bool has_path)
{
    return ak_agent_wants_new_token(error) && !(error->has_denial && has_path);
}

int ak_daemon_sign(struct ak_cli *cli)
{
    static uint8_t memory[AK_LIMIT_MESSAGE];
    uint8_t path_text[AK_PATH_TEXT_MAX];
    struct ak_buf message = AK_BUF_ARR(memory), path = AK_BUF_ARR(path_text);
    struct ak_msg_sign_reply reply;
    struct ak_agent agent;
    bool may_renew = !ak_cli_has(cli, "no-renew");
    int status = ak_cli_read_message(cli, &message);
    if (!status) status = ak_cli_read_path(cli, &path);
    if (!status) status = ak_agent_open(cli, false, &agent);
    if (!status) status = ak_agent_need_token(&agent, may_renew);
    if (status) return status;
    enum ak_err err = ak_cli_try_sign(cli, ak_buf_span(&message), ak_buf_span(&path), &reply);
    if (err && may_renew && wants_new_token(&cli->error, path.len > 0) && ak_agent_renew(&agent) == AK_OK)
        err = ak_cli_try_sign(cli, ak_buf_span(&message), ak_buf_span(&path), &reply);
    return ak_cli_finish_sign(cli, err, &reply);
}

/* ---- status ---- */

static void print_item(const struct ak_agent *agent, const struct ak_msg_agent_item *item)
{
    ak_out_row("label", agent->label);
    ak_out_row_text("path", item->path);
    ak_out_row_text("status", item->status);
    ak_out_row_address("address", item->address);
    ak_out_row_hex("account", AK_SPAN_ARR(agent->anchor));
    ak_out_row_text("scope", item->scope.len ? item->scope : AK_SPAN_LIT("(nothing)"));
    ak_out_row_number("rate a minute", item->rate);
    ak_out_row_number("uses left", item->uses_left);
    ak_out_row_time("valid until", ak_msg_has(item, AK_AGENT_ITEM_VALID_UNTIL_AT) ? item->valid_until_at : 0);
    ak_out_row_print("device", agent->cli->device.thumbprint);
    ak_out_row_time("token until", agent->cli->saved.expires_at);
}

int ak_daemon_status(struct ak_cli *cli)
{
    static struct ak_agent agent; /* one run a process */
    struct ak_msg_agent_item item;
    int status = ak_agent_open(cli, false, &agent);
    if (!status) status = ak_agent_need_token(&agent, true);
    if (status) return status;
    struct ak_msg_agent_show_request request = {.label = ak_span_str(agent.label)};
    cli->renew = ak_agent_renew_for;
    cli->renew_ctx = &agent;
    status = ak_cli_call(cli, AK_CALL_AGENT_SHOW, &request, &item, "asking for the agent's state");
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        print_item(&agent, &item);
    return 0;
}
