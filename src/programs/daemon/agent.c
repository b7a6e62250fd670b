/* An agent's state. */
#include "programs/daemon/agent.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "core/wire/msg_token.h"
#include "io/proc/clock.h"
#include "programs/command/args.h"

#define ANCHOR_FILE "anchor"

/* ---- which agent ---- */

/* The one folder below agents/, if there is exactly one. */
static bool only_agent(const struct ak_cli *cli, char out_label[AK_LIMIT_LABEL + 1])
{
    char path[AK_PROFILE_PATH_MAX];
    struct ak_path label;
    unsigned found = 0;
    (void)snprintf(path, sizeof path, "%s/%s/agents", ak_conf_text(&cli->conf, AK_CLIENT_STATE_DIR),
        ak_conf_text(&cli->conf, AK_CLIENT_PROFILE));
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct ak_span name = ak_span_str(entry->d_name);
        if (ak_path_parse_label(name, &label) != AK_OK) continue;
        memcpy(out_label, name.ptr, name.len + 1);
        found++;
    }
    if (dir) (void)closedir(dir);
    return found == 1;
}

static int find_label(struct ak_agent *agent)
{
    struct ak_cli *cli = agent->cli;
    struct ak_path path;
    const char *typed = ak_cli_value(cli, "label");
    if (!typed && only_agent(cli, agent->label)) return 0;
    if (!typed)
        return ak_cli_fail_usage(cli, "which agent", "--label says it; there is not exactly one here");
    int status = ak_cli_read_label(cli, typed, &path);
    if (status) return status;
    memcpy(agent->label, path.label, path.label_len);
    agent->label[path.label_len] = 0;
    return 0;
}

/* The setting account, else the account that it was paired with. */
static int find_anchor(struct ak_agent *agent)
{
    struct ak_cli *cli = agent->cli;
    uint8_t text[65];
    size_t len = 0;
    const char *reason = "", *setting = ak_conf_text(&cli->conf, AK_CLIENT_ACCOUNT);
    if (setting[0]) {
        agent->has_anchor = true;
        if (ak_args_anchor(setting, agent->anchor, &reason) == AK_OK) return 0;
        return ak_cli_fail_usage(cli, "account is not usable", reason);
    }
    enum ak_err err = ak_profile_read(&cli->profile, ANCHOR_FILE, text, sizeof text, &len);
    agent->has_anchor = !err && ak_hex_decode_fixed(ak_span(text, len), agent->anchor, 32) == AK_OK;
    return err && err != AK_E_NOT_FOUND ? ak_cli_fail_state(cli, err, "the agent's account cannot be read")
                                        : 0;
}

int ak_agent_open(struct ak_cli *cli, bool enrol, struct ak_agent *out_agent)
{
    *out_agent = (struct ak_agent){.cli = cli};
    int status = find_label(out_agent);
    if (!status) status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, out_agent->label);
    if (!status) status = find_anchor(out_agent);
    if (!status) status = ak_cli_open_client(cli, enrol);
    if (status) return status;
    enum ak_err err = ak_cli_load_saved(cli);
    /* a damaged token is as good as none: the device key gets another */
    if (err && err != AK_E_NOT_FOUND && err != AK_E_FORMAT)
        return ak_cli_fail_state(cli, err, "the saved token cannot be used");
    out_agent->has_token =
        !err && (!out_agent->has_anchor || memcmp(cli->saved.anchor, out_agent->anchor, 32) == 0);
    if (out_agent->has_token) ak_client_use_token(&cli->client, ak_span_str(cli->saved.token));
    return 0;
}

/* ---- its token ---- */

/* The saved token lasts for a while yet. */
static bool is_fresh(const struct ak_agent *agent)
{
    return agent->has_token &&
           agent->cli->saved.expires_at > ak_clock_wall_ms() / 1000 + AK_AGENT_RENEW_EARLY_S;
}

static int keep(struct ak_agent *agent, const uint8_t anchor[32], struct ak_span token)
{
    uint8_t text[64];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_cli *cli = agent->cli;
    memcpy(cli->saved.anchor, anchor, 32);
    memcpy(cli->saved.label, agent->label, sizeof cli->saved.label);
    memcpy(cli->saved.token, token.ptr, token.len);
    memcpy(agent->anchor, anchor, 32);
    agent->has_anchor = agent->has_token = true;
    ak_hex_encode(&buf, ak_span(anchor, 32));
    enum ak_err err = ak_profile_write(&cli->profile, ANCHOR_FILE, ak_buf_span(&buf));
    return err ? ak_cli_fail_state(cli, err, "the agent's account cannot be kept") : ak_cli_keep_saved(cli);
}

enum ak_err ak_agent_renew(struct ak_agent *agent)
{
    struct ak_cli *cli = agent->cli;
    struct ak_msg_token_request request = {.label = ak_span_str(agent->label)};
    struct ak_msg_token_reply reply;
    if (!agent->has_anchor) {
        ak_client_error_set(&cli->error, "not_signed_in", "this agent is not paired with an account");
        return AK_E_NOT_FOUND;
    }
    memcpy(request.account, agent->anchor, 32);
    AK_TRY(ak_client_call(&cli->client, AK_CALL_TOKEN, &request, &reply, &cli->error));
    ak_cli_show_notice(cli, &cli->client);
    cli->saved = (struct ak_saved){
        .kind = AK_SAVED_AGENT, .expires_at = reply.expires_at, .generation = reply.generation};
    memcpy(cli->saved.address, reply.address, 20);
    if (reply.agent_token.len < sizeof cli->saved.token &&
        keep(agent, request.account, reply.agent_token) == 0)
        return AK_OK;
    ak_client_error_set(&cli->error, "bad_state", "the token cannot be kept");
    return AK_E_IO;
}

int ak_agent_need_token(struct ak_agent *agent, bool may_renew)
{
    if (is_fresh(agent) || (agent->has_token && !may_renew)) return 0;
    return ak_agent_renew(agent) ? ak_cli_fail_call(agent->cli, "getting a token") : 0;
}

bool ak_agent_wants_new_token(const struct ak_client_error *error)
{
    return strcmp(error->code, "token_expired") == 0 || strcmp(error->code, "invalid_token") == 0 ||
           (error->has_denial && strcmp(error->rule, "generation") == 0);
}

bool ak_agent_renew_for(struct ak_cli *cli, void *agent)
{
    return ak_agent_wants_new_token(&cli->error) && ak_agent_renew(agent) == AK_OK;
}

int ak_agent_keep_paired(struct ak_agent *agent, const struct ak_msg_pair_status_reply *reply)
{
    struct ak_cli *cli = agent->cli;
    bool whole = ak_msg_has(reply, AK_PAIR_STATUS_REPLY_AGENT_TOKEN) &&
                 ak_msg_has(reply, AK_PAIR_STATUS_REPLY_ANCHOR) &&
                 ak_msg_has(reply, AK_PAIR_STATUS_REPLY_EXPIRES_AT) &&
                 reply->agent_token.len < sizeof cli->saved.token;
    bool own = whole && (!ak_msg_has(reply, AK_PAIR_STATUS_REPLY_LABEL) ||
                            ak_span_eq(reply->label, ak_span_str(agent->label)));
    if (!own)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the answer is no token for this agent",
            "label, account or token are not what was asked for", "agentkeys-daemon pair --label LABEL");
    if (agent->has_anchor && memcmp(agent->anchor, reply->anchor, 32) != 0)
        return ak_cli_fail(cli, AK_CATEGORY_AUTH, "another account approved",
            "--account demands one, the approval came from another",
            "agentkeys-daemon pair without --account, if that is right");
    cli->saved = (struct ak_saved){
        .kind = AK_SAVED_AGENT, .expires_at = reply->expires_at, .generation = reply->generation};
    memcpy(cli->saved.address, reply->address, 20);
    return keep(agent, reply->anchor, reply->agent_token);
}
