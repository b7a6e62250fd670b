/* agentkeys agents: the agents of the account, and each change of one. */
#include "core/wire/msg_agents.h"

#include <stdio.h>

#include "io/proc/clock.h"
#include "programs/cli/commands.h"
#include "programs/command/out.h"
#include "programs/command/pages.h"

/* Whose time is over does nothing any more, though nobody has changed its record. */
static struct ak_span status_of(const struct ak_msg_agent_item *item)
{
    bool over = ak_msg_has(item, AK_AGENT_ITEM_VALID_UNTIL_AT) &&
                item->valid_until_at <= ak_clock_wall_ms() / 1000 &&
                ak_span_eq(item->status, AK_SPAN_LIT("active"));
    return over ? AK_SPAN_LIT("expired") : item->status;
}

static void print_item(const struct ak_msg_agent_item *item)
{
    ak_out_row_text("label", item->label);
    ak_out_row_text("path", item->path);
    ak_out_row_text("status", status_of(item));
    ak_out_row_address("address", item->address);
    ak_out_row_text("scope", item->scope.len ? item->scope : AK_SPAN_LIT("(nothing)"));
    ak_out_row_number("rate a minute", item->rate);
    ak_out_row_number("uses left", item->uses_left);
    ak_out_row_time("valid until", ak_msg_has(item, AK_AGENT_ITEM_VALID_UNTIL_AT) ? item->valid_until_at : 0);
    ak_out_row_print("device", item->device);
    ak_out_row_number("key version", item->key_version);
}

static void print_line(const struct ak_msg_agent_item *item)
{
    char label[AK_LIMIT_LABEL + 1], status[20], scope[60], address[AK_OUT_ADDRESS_LEN + 1];
    ak_out_shown(item->label, label, sizeof label);
    ak_out_shown(status_of(item), status, sizeof status);
    ak_out_shown(item->scope, scope, sizeof scope);
    ak_out_address(item->address, address);
    ak_out_line("%-20s %-14s gen %-4llu %s  %llu/min  %s%s", label, status,
        (unsigned long long)item->generation, address, (unsigned long long)item->rate, scope,
        item->scope.len >= sizeof scope ? "..." : "");
}

static int list_page(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    struct ak_msg_agent_list_request request = {.after = after};
    struct ak_msg_agent_list_reply reply;
    struct ak_msg_agent_item item;
    (void)ctx;
    if (after.len) request.present = 1u << AK_AGENT_LIST_REQUEST_AFTER;
    int status = ak_cli_call(cli, AK_CALL_AGENT_LIST, &request, &reply, "listing agents");
    if (status) return status;
    if (cli->json) ak_out_json(cli->client.raw);
    for (; ak_list_next(&reply.agents, &ak_agent_item_msg, &item); ++*count)
        if (!cli->json) print_line(&item);
    if (ak_msg_has(&reply, AK_AGENT_LIST_REPLY_NEXT)) ak_buf_put(next, reply.next);
    return 0;
}

int ak_cmd_agents_list(struct ak_cli *cli)
{
    int status = ak_cli_open_session(cli);
    return status ? status
                  : ak_cli_pages(cli, list_page, NULL,
                        "No agents yet. On the agent's machine: agentkeys-daemon pair --label agent-1 --want "
                        "cap:sign-message");
}

int ak_cmd_agents_show(struct ak_cli *cli)
{
    struct ak_path path;
    struct ak_msg_agent_item item;
    int status = ak_cli_read_label(cli, cli->operands[0], &path);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_agent_show_request request = {.label = ak_path_label(&path)};
    status = ak_cli_call(cli, AK_CALL_AGENT_SHOW, &request, &item, "showing the agent");
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        print_item(&item);
    return 0;
}

/* ---- changes ---- */

static int print_change(const struct ak_cli *cli, const struct ak_msg_agent_change_reply *reply)
{
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_text("path", reply->path);
    ak_out_row_text("status", reply->status);
    ak_out_row_address("address", reply->address);
    if (ak_msg_has(reply, AK_AGENT_CHANGE_REPLY_CLOUD_UNTIL))
        ak_out_row_time("cloud until", reply->cloud_until);
    ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
    return 0;
}

static int change(struct ak_cli *cli, unsigned call, const char *problem)
{
    struct ak_path path;
    struct ak_msg_agent_change_reply reply;
    int status = ak_cli_read_label(cli, cli->operands[0], &path);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_agent_change_request request = {
        .label = ak_path_label(&path), .generation = path.generation};
    if (path.has_generation) request.present = 1u << AK_AGENT_CHANGE_REQUEST_GENERATION;
    status = ak_cli_call(cli, call, &request, &reply, problem);
    return status ? status : print_change(cli, &reply);
}

int ak_cmd_agents_suspend(struct ak_cli *cli)
{
    return change(cli, AK_CALL_AGENT_SUSPEND, "suspending");
}

int ak_cmd_agents_resume(struct ak_cli *cli)
{
    return change(cli, AK_CALL_AGENT_RESUME, "resuming");
}

int ak_cmd_agents_rotate(struct ak_cli *cli)
{
    return change(cli, AK_CALL_AGENT_ROTATE, "rotating");
}

int ak_cmd_agents_decommission(struct ak_cli *cli)
{
    char question[160];
    (void)snprintf(question, sizeof question, "%.70s will never sign again and its label is spent. Do it",
        cli->operands[0]);
    int status = ak_cli_confirm(cli, question);
    return status ? status : change(cli, AK_CALL_AGENT_DECOMMISSION, "decommissioning");
}

int ak_cmd_agents_policy(struct ak_cli *cli)
{
    static struct ak_cli_grant grant;
    struct ak_path path;
    struct ak_msg_agent_change_reply reply;
    int status = ak_cli_read_label(cli, cli->operands[0], &path);
    if (!status) status = ak_cli_read_grant(cli, &grant);
    if (!status && !grant.has_scope && !grant.has_rate && !grant.has_valid)
        status = ak_cli_fail_usage(cli, "nothing to change", "give --scope, --rate or --valid-for");
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_agent_policy_request request = {.label = ak_path_label(&path),
        .scope = grant.scope,
        .rate = grant.rate,
        .valid_until_at = grant.valid_until_at};
    if (grant.has_scope) request.present |= 1u << AK_AGENT_POLICY_REQUEST_SCOPE;
    if (grant.has_rate) request.present |= 1u << AK_AGENT_POLICY_REQUEST_RATE;
    if (grant.has_valid) request.present |= 1u << AK_AGENT_POLICY_REQUEST_VALID_UNTIL_AT;
    status = ak_cli_call(cli, AK_CALL_AGENT_POLICY, &request, &reply, "changing the policy");
    return status ? status : print_change(cli, &reply);
}
