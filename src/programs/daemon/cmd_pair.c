/* agentkeys-daemon pair: asks a person for the right to act, and waits for the answer. */
#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/num.h"
#include "base/wipe.h"
#include "io/proc/clock.h"
#include "programs/command/again.h"
#include "programs/command/approve.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/daemon/agent.h"

enum { PENDING_MAX = 128, INVITE_MAX = 128, ID_LEN = 16 };

/* ---- a request that is under way: "<id in hex> <end in Unix seconds>" ---- */

static int keep_pending(struct ak_agent *agent, const struct ak_msg_pair_reply *reply)
{
    uint8_t text[PENDING_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, AK_SPAN_ARR(reply->request_id));
    ak_buf_put_u8(&buf, ' ');
    ak_buf_put_dec(&buf, ak_clock_wall_ms() / 1000 + reply->expires_in_seconds);
    enum ak_err err = ak_profile_write(&agent->cli->profile, AK_PAIR_PENDING_FILE, ak_buf_span(&buf));
    return err ? ak_cli_fail_state(agent->cli, err, "the request cannot be kept") : 0;
}

static int load_pending(struct ak_agent *agent, uint8_t out_id[ID_LEN], uint64_t *out_left_s)
{
    uint8_t text[PENDING_MAX];
    size_t len = 0;
    uint64_t end = 0, now = ak_clock_wall_ms() / 1000;
    enum ak_err err = ak_profile_read(&agent->cli->profile, AK_PAIR_PENDING_FILE, text, sizeof text, &len);
    struct ak_span all = ak_span(text, len);
    bool good = !err && ak_hex_decode_fixed(ak_span_sub(all, 0, 2 * ID_LEN), out_id, ID_LEN) == AK_OK &&
                ak_num_parse_u64(ak_span_sub(all, 2 * ID_LEN + 1, len), UINT64_MAX, &end) == AK_OK;
    if (!good)
        return ak_cli_fail(agent->cli, AK_CATEGORY_NOT_FOUND, "no request is under way",
            "nothing was asked, or it was answered", "agentkeys-daemon pair --label LABEL");
    *out_left_s = ak_num_sub_sat(end, now);
    return 0;
}

/* ---- answers ---- */

static int finish(struct ak_agent *agent, const struct ak_msg_pair_status_reply *reply)
{
    struct ak_cli *cli = agent->cli;
    int status = ak_agent_keep_paired(agent, reply);
    if (!status && ak_profile_erase(&cli->profile, AK_PAIR_PENDING_FILE) != AK_OK)
        status = ak_cli_fail_state(cli, AK_E_IO, "the answered request cannot be erased");
    if (status) return status;
    if (cli->json) {
        ak_cli_print_paired(reply);
        return 0;
    }
    ak_out_line("Paired.");
    ak_out_row_hex("account", AK_SPAN_ARR(cli->saved.anchor));
    ak_out_row_text("path", reply->path);
    ak_out_row_address("address", cli->saved.address);
    ak_out_row_time("token until", cli->saved.expires_at);
    return 0;
}

/* Refused, or over: nothing waits any more. */
static void forget(struct ak_agent *agent, int status)
{
    bool over = status == AK_CATEGORY_DENIED || status == AK_CATEGORY_NOT_FOUND;
    if (over && ak_profile_erase(&agent->cli->profile, AK_PAIR_PENDING_FILE) != AK_OK)
        (void)fprintf(
            stderr, "%s: the request that is over cannot be forgotten\n", agent->cli->program->name);
}

static int await(struct ak_agent *agent, const uint8_t id[ID_LEN], uint64_t left_s, uint64_t wait_s)
{
    struct ak_msg_pair_status_reply reply;
    int status = ak_cli_await_approval(agent->cli, id, left_s, wait_s, &reply);
    if (!status) return finish(agent, &reply);
    forget(agent, status);
    return status;
}

static int resume(struct ak_agent *agent, uint64_t wait_s)
{
    uint8_t id[ID_LEN];
    uint64_t left_s = 0;
    int status = load_pending(agent, id, &left_s);
    return status ? status : await(agent, id, left_s, wait_s);
}

/* The code of an invite works once and needs nobody. */
static int redeem(struct ak_agent *agent, const char *path)
{
    uint8_t memory[INVITE_MAX];
    struct ak_buf code = AK_BUF_ARR(memory);
    struct ak_msg_pair_status_reply reply;
    struct ak_cli *cli = agent->cli;
    if (ak_cli_read_file(path, &code) != AK_OK)
        return ak_cli_fail_usage(cli, "the invite's file cannot be read", path);
    while (code.len && code.ptr[code.len - 1] <= ' ') code.len--;
    struct ak_msg_pair_redeem_request request = {.code = ak_buf_span(&code)};
    int status = ak_cli_call(cli, AK_CALL_PAIR_REDEEM, &request, &reply, "redeeming the invite");
    ak_wipe(memory, sizeof memory);
    return status ? status : finish(agent, &reply);
}

static int ask(struct ak_agent *agent, uint64_t wait_s)
{
    struct ak_cli *cli = agent->cli;
    uint8_t memory[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf want = AK_BUF_ARR(memory);
    const char *typed = ak_cli_value(cli, "want"), *reason = "";
    struct ak_msg_pair_reply reply;
    if (typed && ak_args_items(typed, &want, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "--want is not usable", reason);
    struct ak_msg_pair_request request = {.label = ak_span_str(agent->label), .want = ak_buf_span(&want)};
    if (typed) request.present |= 1u << AK_PAIR_REQUEST_WANT;
    if (agent->has_anchor && ak_conf_text(&cli->conf, AK_CLIENT_ACCOUNT)[0]) {
        memcpy(request.account, agent->anchor, 32);
        request.present |= 1u << AK_PAIR_REQUEST_ACCOUNT;
    } else {
        agent->has_anchor = false; /* whoever approves becomes its owner, and is shown */
    }
    int status = ak_cli_call(cli, AK_CALL_PAIR_REQUEST, &request, &reply, "asking");
    if (!status) status = keep_pending(agent, &reply);
    if (status) return status;
    ak_cli_show_code(cli, &reply, "agentkeys pair approve");
    return ak_cli_has(cli, "no-wait") ? 0 : await(agent, reply.request_id, reply.expires_in_seconds, wait_s);
}

int ak_daemon_pair(struct ak_cli *cli)
{
    struct ak_agent agent;
    const char *invite = ak_cli_value(cli, "invite");
    uint64_t wait_s = 0;
    int status = ak_cli_read_wait(cli, &wait_s);
    if (!status) status = ak_agent_open(cli, true, &agent);
    if (status) return status;
    if (invite) return redeem(&agent, invite);
    return ak_cli_has(cli, "resume") ? resume(&agent, wait_s) : ask(&agent, wait_s);
}
