/* agentkeys sign, address, explain: what the worker's signer does for this account, and what it would. */
#include <stdio.h>
#include <string.h>

#include "core/wire/msg_explain.h"
#include "core/wire/msg_sign.h"
#include "programs/cli/commands.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/signing.h"

int ak_cmd_sign(struct ak_cli *cli)
{
    static uint8_t memory[AK_LIMIT_MESSAGE];
    struct ak_buf message = AK_BUF_ARR(memory);
    uint8_t path_text[AK_PATH_TEXT_MAX];
    struct ak_buf path = AK_BUF_ARR(path_text);
    int status = ak_cli_read_message(cli, &message);
    if (!status) status = ak_cli_read_path(cli, &path);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_sign_reply reply;
    enum ak_err err = ak_cli_try_sign(cli, ak_buf_span(&message), ak_buf_span(&path), &reply);
    return ak_cli_finish_sign(cli, err, &reply);
}

int ak_cmd_address(struct ak_cli *cli)
{
    uint8_t path_text[AK_PATH_TEXT_MAX];
    struct ak_buf path = AK_BUF_ARR(path_text);
    struct ak_msg_derive_request request = {0};
    struct ak_msg_derive_reply reply;
    int status = ak_cli_read_path(cli, &path);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    memcpy(request.omni_account, cli->saved.anchor, 32);
    request.path = ak_buf_span(&path);
    if (path.len) request.present = 1u << AK_DERIVE_REQUEST_PATH;
    status = ak_cli_call(cli, AK_CALL_DERIVE_ADDRESS, &request, &reply, "deriving the address");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_address("address", reply.address);
    ak_out_row_number("key version", reply.key_version);
    if (ak_msg_has(&reply, AK_DERIVE_REPLY_GENERATION)) ak_out_row_number("generation", reply.generation);
    return 0;
}

/* ---- explain ---- */

static void print_explained(const struct ak_msg_explain_reply *reply)
{
    ak_out_row_text("decision", reply->decision);
    ak_out_row_text("operation", reply->operation);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_RULE)) ak_out_row_text("rule", reply->rule);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_SEEN)) ak_out_row_text("seen", reply->seen);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_LIMIT)) ak_out_row_text("limit", reply->limit);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_REMEDY)) ak_out_row_text("remedy", reply->remedy);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_RETRY_AFTER_SECS))
        ak_out_row_number("retry after s", reply->retry_after_secs);
    if (ak_msg_has(reply, AK_EXPLAIN_REPLY_NOTE)) ak_out_row_text("note", reply->note);
}

static int read_question(struct ak_cli *cli, struct ak_buf *message, struct ak_buf *path,
    struct ak_msg_explain_request *out_request)
{
    const char *operation = ak_cli_value(cli, "operation"), *domain = ak_cli_value(cli, "domain");
    const char *aud = ak_cli_value(cli, "aud");
    bool has_message =
        ak_cli_has(cli, "message") || ak_cli_has(cli, "message-hex") || ak_cli_has(cli, "message-file");
    if (has_message == (operation != NULL))
        return ak_cli_fail_usage(cli, "ask about one thing", "give --operation, or a message");
    int status = has_message ? ak_cli_read_message(cli, message) : 0;
    if (!status) status = ak_cli_read_path(cli, path);
    if (status) return status;
    *out_request = (struct ak_msg_explain_request){.operation = ak_span_str(operation),
        .path = ak_buf_span(path),
        .message = ak_buf_span(message),
        .domain = ak_span_str(domain),
        .aud = ak_span_str(aud)};
    if (operation) out_request->present |= 1u << AK_EXPLAIN_REQUEST_OPERATION;
    if (path->len) out_request->present |= 1u << AK_EXPLAIN_REQUEST_PATH;
    if (has_message) out_request->present |= 1u << AK_EXPLAIN_REQUEST_MESSAGE;
    if (domain) out_request->present |= 1u << AK_EXPLAIN_REQUEST_DOMAIN;
    if (aud) out_request->present |= 1u << AK_EXPLAIN_REQUEST_AUD;
    return 0;
}

int ak_cmd_explain(struct ak_cli *cli)
{
    static uint8_t memory[AK_LIMIT_MESSAGE];
    uint8_t path_text[AK_PATH_TEXT_MAX];
    struct ak_buf message = AK_BUF_ARR(memory), path = AK_BUF_ARR(path_text);
    struct ak_msg_explain_request request;
    struct ak_msg_explain_reply reply;
    int status = read_question(cli, &message, &path, &request);
    if (!status) status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_call(cli, AK_CALL_EXPLAIN, &request, &reply, "explaining");
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        print_explained(&reply);
    bool denied = !ak_span_eq(reply.decision, AK_SPAN_LIT("allow"));
    return denied && ak_cli_has(cli, "exit-code") ? AK_CATEGORY_DENIED : 0;
}
