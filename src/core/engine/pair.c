/* What an approval or an invite makes of an agent: a path with its policy, and its first token. */
#include "core/engine/pair.h"
#include "core/engine/rotate.h"

static enum ak_code activate(struct ak_step *step, const struct ak_grant *grant)
{
    struct ak_engine *engine = step->engine;
    struct ak_path name;
    struct ak_path_points points;
    if (step->caller.account->path_count >= AK_STATE_PATHS_ACCOUNT)
        return ak_step_fail(step, AK_CODE_STORAGE_FULL, "the account has 100000 agents");
    if (ak_path_make(grant->label, 0, &name) != AK_OK) return AK_CODE_INVALID_PATH;
    if (ak_keys_path_points(engine->root, step->caller.account->anchor, &name, &points) != AK_OK)
        return AK_CODE_INTERNAL;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_PATH_ACTIVATED);
    entry.label = grant->label;
    entry.root_version = engine->root->version;
    memcpy(entry.device, grant->device, 32);
    entry.scope = grant->scope;
    entry.rate = grant->rate;
    entry.valid_until_ms = grant->valid_until_ms;
    if (grant->valid_until_ms) ak_entry_mark(&entry, AK_F_VALID_UNTIL_MS);
    memcpy(entry.address, points.address, 20);
    return ak_step_emit(step, &entry);
}

/* What the person said in place of the path's policy; nothing where it is the same. */
static enum ak_code change_policy(
    struct ak_step *step, const struct ak_path_state *path, const struct ak_grant *grant)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_POLICY_CHANGED);
    struct ak_span scope = ak_span(path->scope, path->scope_len);
    entry.label = grant->label;
    entry.scope = grant->has_scope ? grant->scope : scope;
    entry.rate = grant->has_rate ? grant->rate : path->rate;
    entry.valid_until_ms = grant->has_valid_until ? grant->valid_until_ms : path->valid_until_ms;
    entry.has_idempotency = false; /* the rotation carries it */
    if (entry.valid_until_ms) ak_entry_mark(&entry, AK_F_VALID_UNTIL_MS);
    if (ak_span_eq(entry.scope, scope) && entry.rate == path->rate &&
        entry.valid_until_ms == path->valid_until_ms)
        return AK_CODE_OK;
    return ak_step_emit(step, &entry);
}

enum ak_code ak_pair_grant_agent(struct ak_step *step, const struct ak_grant *grant)
{
    struct ak_engine *engine = step->engine;
    struct ak_path_state *path =
        ak_state_path(&engine->state, step->caller.account_number, grant->label, NULL);
    if (path && (path->flags & AK_PATH_DECOMMISSIONED))
        return ak_step_fail(
            step, AK_CODE_ALREADY_EXISTS, "this label was decommissioned and is never given again");
    if (path && path->generation == UINT32_MAX) return AK_CODE_GENERATION_EXHAUSTED;
    enum ak_code code = path ? ak_step_pay(step) : AK_CODE_OK;
    if (code) return code;
    step->paid = step->paid || path; /* the old device is given nothing without the rotation */
    code = path ? change_policy(step, path, grant) : activate(step, grant);
    if (path && !code) return ak_rotate_path(step, path, grant->device);
    if (code) return code;
    path = ak_state_path(&engine->state, step->caller.account_number, grant->label, NULL);
    return path ? ak_step_reply_path(step, path, "active") : AK_CODE_INTERNAL;
}

enum ak_code ak_pair_read_grant(
    struct ak_step *step, uint64_t valid_until_at, struct ak_buf *memory, struct ak_grant *grant)
{
    struct ak_scope_error why = {0};
    if (ak_scope_canonicalise(grant->scope, memory, &why) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, ak_scope_fault_text(why.fault));
    if (valid_until_at && valid_until_at <= ak_engine_now_s(step->engine))
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "valid_until_at is in the past");
    grant->scope = ak_buf_span(memory);
    if (!grant->has_rate) grant->rate = AK_RATE_PER_MINUTE_DEFAULT;
    grant->valid_until_ms = valid_until_at * 1000;
    return AK_CODE_OK;
}

enum ak_code ak_pair_deliver_agent(struct ak_step *step, struct ak_span label,
    struct ak_msg_pair_status_reply *reply, struct ak_buf *token, struct ak_buf *path_text)
{
    struct ak_engine *engine = step->engine;
    uint32_t number = AK_INDEX_NONE;
    struct ak_path_state *path = ak_state_path(&engine->state, step->caller.account_number, label, &number);
    struct ak_policy_request ask = {.operation = AK_OP_TOKEN, .label = label};
    struct ak_policy_now now = ak_engine_now(engine);
    struct ak_policy_record record = {0};
    if (path) record = ak_engine_path_record(engine, path);
    memcpy(ask.thumbprint, step->caller.jkt, 32);
    ak_policy_decide(&ask, path ? &record : NULL, &now, &step->decision);
    if (!step->decision.allowed || !path) return ak_step_refuse(step, number, label, "token");
    enum ak_code code = ak_step_issue_agent(step, path, token, &reply->expires_at);
    if (code) return code;
    ak_buf_put_u8(path_text, '/');
    ak_buf_put(path_text, label);
    ak_buf_put_u8(path_text, '/');
    ak_buf_put_dec(path_text, path->generation);
    reply->agent_token = ak_buf_span(token);
    reply->path = ak_buf_span(path_text);
    reply->generation = path->generation;
    memcpy(reply->address, path->address, 20);
    reply->present |= 1u << AK_PAIR_STATUS_REPLY_AGENT_TOKEN | 1u << AK_PAIR_STATUS_REPLY_PATH |
                      1u << AK_PAIR_STATUS_REPLY_GENERATION | 1u << AK_PAIR_STATUS_REPLY_ADDRESS |
                      1u << AK_PAIR_STATUS_REPLY_EXPIRES_AT;
    return AK_CODE_OK;
}
