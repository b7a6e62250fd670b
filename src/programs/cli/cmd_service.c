/* agentkeys service: into which requests a proxy may put a credential. */
#include <stdio.h>

#include "core/wire/msg_session.h"
#include "programs/cli/commands.h"
#include "programs/cli/recovery.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/pages.h"
#include "programs/command/vault.h"

enum { LIST_MAX = 1024 };

static void print_item(const struct ak_msg_service_item *item)
{
    ak_out_row_text("service", item->service);
    ak_out_row_text("hosts", item->hosts);
    ak_out_row_text("methods", item->methods);
    ak_out_row_text("paths", item->path_prefixes);
    ak_out_row_text("inject", item->inject);
    ak_out_row_text("template", item->template);
    ak_out_row_time("defined", item->defined_at);
}

/* The value of an option as joined items; `standard` where it is not given. */
static int read_items(
    struct ak_cli *cli, const char *option, const char *standard, struct ak_buf *memory, struct ak_span *out)
{
    const char *typed = ak_cli_value(cli, option), *reason = "";
    char problem[64];
    enum ak_err err = ak_args_items(typed ? typed : standard, memory, &reason);
    *out = ak_buf_span(memory);
    if (!err && out->len) return 0;
    (void)snprintf(problem, sizeof problem, "--%s is not usable", option);
    return ak_cli_fail_usage(cli, problem, err ? reason : "it is needed");
}

int ak_cmd_service_define(struct ak_cli *cli)
{
    uint8_t hosts[LIST_MAX], methods[LIST_MAX], paths[LIST_MAX];
    struct ak_buf host_buf = AK_BUF_ARR(hosts), method_buf = AK_BUF_ARR(methods),
                  path_buf = AK_BUF_ARR(paths);
    struct ak_vault_name name;
    struct ak_msg_service_define_request request = {0};
    struct ak_msg_done_reply reply;
    const char *inject = ak_cli_value(cli, "inject"), *template = ak_cli_value(cli, "template");
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = read_items(cli, "hosts", "", &host_buf, &request.hosts);
    if (!status) status = read_items(cli, "methods", "GET,POST", &method_buf, &request.methods);
    if (!status) status = read_items(cli, "paths", "/", &path_buf, &request.path_prefixes);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    request.service = name.service;
    request.inject = ak_span_str(inject ? inject : "header");
    request.template = ak_span_str(template ? template : "Authorization: Bearer {value}");
    status = ak_cli_call(cli, AK_CALL_SERVICE_DEFINE, &request, &reply, "defining the service");
    return status ? status : ak_cli_print_done(cli, &reply);
}

int ak_cmd_service_show(struct ak_cli *cli)
{
    struct ak_vault_name name;
    struct ak_msg_service_item item;
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_service_show_request request = {.service = name.service};
    status = ak_cli_call(cli, AK_CALL_SERVICE_SHOW, &request, &item, "showing the service");
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        print_item(&item);
    return 0;
}

static int list_page(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    struct ak_msg_service_list_request request = {.after = after};
    struct ak_msg_service_list_reply reply;
    struct ak_msg_service_item item;
    (void)ctx;
    if (after.len) request.present = 1u << AK_SERVICE_LIST_REQUEST_AFTER;
    int status = ak_cli_call(cli, AK_CALL_SERVICE_LIST, &request, &reply, "listing services");
    if (status) return status;
    if (cli->json) ak_out_json(cli->client.raw);
    for (; ak_list_next(&reply.services, &ak_service_item_msg, &item); ++*count)
        if (!cli->json) print_item(&item);
    if (ak_msg_has(&reply, AK_SERVICE_LIST_REPLY_NEXT)) ak_buf_put(next, reply.next);
    return 0;
}

int ak_cmd_service_list(struct ak_cli *cli)
{
    int status = ak_cli_open_session(cli);
    return status ? status
                  : ak_cli_pages(cli, list_page, NULL,
                        "No services are defined: a proxy puts no credential anywhere.");
}
