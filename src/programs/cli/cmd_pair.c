/* agentkeys pair: what asks to act for this account, and the answers. */
#include <stdio.h>
#include <string.h>

#include "core/wire/msg_session.h"
#include "programs/cli/commands.h"
#include "programs/command/approve.h"
#include "programs/command/out.h"

static void print_item(const struct ak_msg_pair_item *item)
{
    ak_out_row_text("asks", item->kind);
    ak_out_row_text("label", item->label);
    ak_out_row_print("thumbprint", item->device);
    ak_out_row_text("wants", item->want);
    ak_out_row_hex("request", AK_SPAN_ARR(item->request_id));
    ak_out_row_time("until", item->expires_at);
    ak_out_line("%s", "");
}

int ak_cmd_pair_list(struct ak_cli *cli)
{
    struct ak_msg_pair_list_request request = {0};
    struct ak_msg_pair_list_reply reply;
    struct ak_msg_pair_item item;
    int status = ak_cli_open_session(cli);
    if (status) return status;
    if (cli->operand_count) {
        request.present = 1u << AK_PAIR_LIST_REQUEST_CODE;
        request.code = ak_span_str(cli->operands[0]);
    }
    status = ak_cli_call(cli, AK_CALL_PAIR_LIST, &request, &reply, "listing requests");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    bool any = false;
    while (ak_list_next(&reply.requests, &ak_pair_item_msg, &item)) {
        print_item(&item);
        any = true;
    }
    if (!any)
        ak_out_line("No request names this account. One that names none is found by its code: agentkeys pair "
                    "list CODE");
    return 0;
}

int ak_cmd_pair_approve(struct ak_cli *cli)
{
    int status = ak_cli_open_session(cli);
    return status ? status : ak_cli_approve(cli, cli->operands[0], "agent");
}

int ak_cmd_pair_refuse(struct ak_cli *cli)
{
    uint8_t text[4096];
    struct ak_buf memory = AK_BUF_ARR(text);
    struct ak_msg_pair_item item;
    struct ak_msg_pair_refuse_request request = {0};
    struct ak_msg_done_reply reply;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_find_request(cli, cli->operands[0], &memory, &item);
    if (status) return status;
    memcpy(request.request_id, item.request_id, sizeof request.request_id);
    status = ak_cli_call(cli, AK_CALL_PAIR_REFUSE, &request, &reply, "refusing");
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        ak_out_row_text("refused", item.label);
    return 0;
}

int ak_cmd_pair_invite(struct ak_cli *cli)
{
    static struct ak_cli_grant grant;
    struct ak_path path;
    struct ak_msg_pair_invite_reply reply;
    int status = ak_cli_read_label(cli, cli->operands[0], &path);
    if (!status) status = ak_cli_read_grant(cli, &grant);
    if (!status && !grant.has_scope)
        status =
            ak_cli_fail_usage(cli, "an invite needs its scope", "nobody will be asked later: give --scope");
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_pair_invite_request request = {.label = ak_path_label(&path),
        .scope = grant.scope,
        .rate = grant.rate,
        .valid_until_at = grant.valid_until_at,
        .present = 1u << AK_PAIR_INVITE_REQUEST_SCOPE};
    if (grant.has_rate) request.present |= 1u << AK_PAIR_INVITE_REQUEST_RATE;
    if (grant.valid_until_at) request.present |= 1u << AK_PAIR_INVITE_REQUEST_VALID_UNTIL_AT;
    status = ak_cli_call(cli, AK_CALL_PAIR_INVITE, &request, &reply, "inviting");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_text("invite", reply.code);
    ak_out_row_time("valid until", reply.expires_at);
    ak_out_line("It works once. Put it into a file that the agent alone can read, then there:");
    ak_out_line("agentkeys-daemon pair --label %s --invite FILE",
        cli->operands[0][0] == '/' ? cli->operands[0] + 1 : cli->operands[0]);
    return 0;
}
