/* Both sides of a pairing. */
#include "programs/command/approve.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "core/wire/msg_agents.h"
#include "io/proc/clock.h"
#include "programs/command/out.h"

enum { POLL_FIRST_MS = 500, POLL_MOST_MS = 5000, SILENT_MOST_MS = 30 * 1000, LIFETIME_MOST_S = 600 };

static struct ak_span copy(struct ak_buf *memory, struct ak_span text)
{
    size_t at = memory->len;
    ak_buf_put(memory, text);
    return memory->failed ? AK_SPAN_EMPTY : ak_span(memory->ptr + at, text.len);
}

int ak_cli_find_request(
    struct ak_cli *cli, const char *code, struct ak_buf *memory, struct ak_msg_pair_item *out_item)
{
    struct ak_msg_pair_list_request request = {
        .present = 1u << AK_PAIR_LIST_REQUEST_CODE, .code = ak_span_str(code)};
    struct ak_msg_pair_list_reply reply;
    int status = ak_cli_call(cli, AK_CALL_PAIR_LIST, &request, &reply, "looking the code up");
    if (status) return status;
    if (!ak_list_next(&reply.requests, &ak_pair_item_msg, out_item))
        return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "no such request", "no pending request has this code",
            "agentkeys-daemon pair --label LABEL");
    out_item->kind = copy(memory, out_item->kind);
    out_item->label = copy(memory, out_item->label);
    out_item->want = copy(memory, out_item->want);
    return 0;
}

static void show(const struct ak_msg_pair_approve_request *approve, const struct ak_msg_pair_item *item)
{
    bool agent = ak_span_eq(item->kind, AK_SPAN_LIT("agent"));
    ak_out_row_text("asks", item->kind);
    ak_out_row_text(agent ? "label" : "name", item->label);
    ak_out_row_print("thumbprint", item->device);
    if (!agent) return;
    ak_out_row_text("wants", item->want.len ? item->want : AK_SPAN_LIT("(nothing)"));
    ak_out_row_text("scope given", approve->scope.len ? approve->scope : AK_SPAN_LIT("(nothing)"));
    ak_out_row_number("rate a minute", approve->rate);
    ak_out_row_time("valid until", approve->valid_until_at);
}

static struct ak_msg_pair_approve_request make_approval(
    const struct ak_msg_pair_item *item, const struct ak_cli_grant *grant)
{
    struct ak_msg_pair_approve_request approve = {.kind = item->kind, .label = item->label};
    memcpy(approve.request_id, item->request_id, sizeof approve.request_id);
    memcpy(approve.device, item->device, sizeof approve.device);
    if (!ak_span_eq(item->kind, AK_SPAN_LIT("agent"))) return approve;
    approve.scope = grant->has_scope ? grant->scope : item->want;
    approve.rate = grant->has_rate ? grant->rate : AK_RATE_PER_MINUTE_DEFAULT;
    approve.valid_until_at = grant->valid_until_at;
    approve.present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE | 1u << AK_PAIR_APPROVE_REQUEST_RATE;
    if (grant->valid_until_at) approve.present |= 1u << AK_PAIR_APPROVE_REQUEST_VALID_UNTIL_AT;
    return approve;
}

static void print_approved(
    const struct ak_cli *cli, const struct ak_msg_agent_change_reply *reply, bool agent)
{
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return;
    }
    ak_out_line("approved");
    if (agent) {
        ak_out_row_text("path", reply->path);
        ak_out_row_address("address", reply->address);
    }
    ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
}

int ak_cli_approve(struct ak_cli *cli, const char *code, const char *kind)
{
    static struct ak_cli_grant grant;
    uint8_t text[4096];
    struct ak_buf memory = AK_BUF_ARR(text);
    struct ak_msg_pair_item item;
    struct ak_msg_agent_change_reply reply;
    int status = ak_cli_read_grant(cli, &grant);
    if (!status) status = ak_cli_find_request(cli, code, &memory, &item);
    if (status) return status;
    bool agent = ak_span_eq(item.kind, AK_SPAN_LIT("agent"));
    if (!ak_span_eq(item.kind, ak_span_str(kind)))
        return ak_cli_fail_usage(cli, "this code is not for that",
            agent ? "an agent asks: agentkeys pair approve" : "a device asks: agentkeys device add");
    struct ak_msg_pair_approve_request approve = make_approval(&item, &grant);
    if (!cli->json) show(&approve, &item);
    status =
        ak_cli_confirm(cli, agent ? "Is the code the one that the agent shows, and is this what it shall get"
                                  : "Is the code the one that your device shows; shall it act for you");
    if (!status) status = ak_cli_call(cli, AK_CALL_PAIR_APPROVE, &approve, &reply, "approving");
    if (!status) print_approved(cli, &reply, agent);
    return status;
}

/* ---- the asker ---- */

void ak_cli_show_code(
    const struct ak_cli *cli, const struct ak_msg_pair_reply *reply, const char *approve_with)
{
    char code[16];
    ak_out_shown(reply->pairing_code, code, sizeof code);
    if (cli->json) {
        ak_out_json(cli->client.raw);
    } else {
        ak_out_row("code", code);
        ak_out_row_print("thumbprint", cli->device.thumbprint);
        ak_out_row_time("valid until", ak_clock_wall_ms() / 1000 + reply->expires_in_seconds);
        ak_out_line("Compare the code, then: %s %s", approve_with, code);
    }
    (void)fflush(stdout);
}

void ak_cli_print_paired(const struct ak_msg_pair_status_reply *reply)
{
    uint8_t body_memory[1024], json_memory[2048];
    struct ak_buf body = AK_BUF_ARR(body_memory), json = AK_BUF_ARR(json_memory);
    struct ak_msg_pair_status_reply shown = *reply;
    shown.present &= ~(1u << AK_PAIR_STATUS_REPLY_AGENT_TOKEN | 1u << AK_PAIR_STATUS_REPLY_SESSION_JWT);
    if (ak_msg_encode(&ak_pair_status_reply_msg, &shown, &body) == AK_OK &&
        ak_msg_to_json(&ak_pair_status_reply_msg, ak_buf_span(&body), false, &json) == AK_OK)
        ak_out_json(ak_buf_span(&json));
}

static void pause_ms(uint64_t ms)
{
    const struct timespec wait = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
}

struct waiting {
    uint64_t now_ms;
    uint64_t end_ms;    /* of the request, or of what --wait allows */
    uint64_t silent_ms; /* when it was that the worker answered last */
    uint64_t pause_ms;
};

/* Whether to ask again; a worker that is away for a moment is waited for. */
static bool goes_on(const struct ak_cli *cli, enum ak_err err, const struct ak_msg_pair_status_reply *reply,
    struct waiting *waiting)
{
    bool rate = err && ak_client_error_category(&cli->error) == AK_CATEGORY_RATE;
    bool away = err && ak_client_error_category(&cli->error) == AK_CATEGORY_UNREACHABLE;
    waiting->now_ms = ak_clock_mono_ms();
    if (!away) waiting->silent_ms = waiting->now_ms;
    if (away && waiting->now_ms - waiting->silent_ms >= SILENT_MOST_MS) return false;
    bool pending = rate || away || (!err && ak_span_eq(reply->status, AK_SPAN_LIT("pending")));
    return pending && waiting->now_ms < waiting->end_ms;
}

static void pause_until_next(const struct ak_cli *cli, enum ak_err err, struct waiting *waiting)
{
    uint64_t left_ms = waiting->end_ms - waiting->now_ms;
    uint64_t ms =
        err && cli->error.has_retry ? ak_num_mul_sat(cli->error.retry_after_secs, 1000) : waiting->pause_ms;
    pause_ms(ms < left_ms ? ms : left_ms);
    uint64_t next = waiting->pause_ms * 3 / 2;
    waiting->pause_ms = next > POLL_MOST_MS ? POLL_MOST_MS : next;
}

static int fail_unanswered(struct ak_cli *cli, bool in_time, bool refused)
{
    const char *resume = cli->program->agent ? "agentkeys-daemon pair --resume" : "the same command again";
    if (in_time)
        return ak_cli_fail(cli, AK_CATEGORY_CONFLICT, "nobody has approved yet",
            "the time of --wait is over, the request is not", resume);
    return ak_cli_fail(cli, refused ? AK_CATEGORY_DENIED : AK_CATEGORY_NOT_FOUND,
        refused ? "the request was refused" : "nobody approved in time",
        refused ? "its owner said no" : "a request lives for ten minutes", "ask again with the same command");
}

int ak_cli_await_approval(struct ak_cli *cli, const uint8_t request_id[16], uint64_t lifetime_s,
    uint64_t wait_s, struct ak_msg_pair_status_reply *out_reply)
{
    struct ak_msg_pair_status_request request = {0};
    uint64_t most_s = lifetime_s < LIFETIME_MOST_S ? lifetime_s : LIFETIME_MOST_S;
    bool shorter = wait_s && wait_s < most_s;
    struct waiting waiting = {.silent_ms = ak_clock_mono_ms(), .pause_ms = POLL_FIRST_MS};
    waiting.end_ms = waiting.silent_ms + (shorter ? wait_s : most_s) * 1000;
    enum ak_err err;
    memcpy(request.id, request_id, sizeof request.id);
    (void)fprintf(stderr, "%s: waiting for the approval, %llu s at most\n", cli->program->name,
        (unsigned long long)(shorter ? wait_s : most_s));
    for (;;) {
        err = ak_client_call(&cli->client, AK_CALL_PAIR_STATUS, &request, out_reply, &cli->error);
        if (!goes_on(cli, err, out_reply, &waiting)) break;
        pause_until_next(cli, err, &waiting);
    }
    if (err) return ak_cli_fail_call(cli, "waiting for the approval");
    if (ak_span_eq(out_reply->status, AK_SPAN_LIT("approved"))) return 0;
    bool pending = ak_span_eq(out_reply->status, AK_SPAN_LIT("pending"));
    return fail_unanswered(cli, shorter && pending, ak_span_eq(out_reply->status, AK_SPAN_LIT("refused")));
}
