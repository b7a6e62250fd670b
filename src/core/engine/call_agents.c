/* The agents of an account: listing, showing, and each change of a path's record. Every change is one control
 * entry. */
#include "core/engine/internal.h"

#include "base/assert.h"
#include "core/engine/rotate.h"
#include "core/evm/statement.h"
#include "core/policy/bucket.h"
#include "core/wire/msg_agents.h"

const char *ak_path_status(const struct ak_path_state *path)
{
    if (path->flags & AK_PATH_DECOMMISSIONED) return "decommissioned";
    return path->flags & AK_PATH_SUSPENDED ? "suspended" : "active";
}

static void put_path(struct ak_buf *buf, const struct ak_path_state *path)
{
    ak_buf_put_u8(buf, '/');
    ak_buf_put(buf, ak_span(path->label, path->label_len));
    ak_buf_put_u8(buf, '/');
    ak_buf_put_dec(buf, path->generation);
}

/* `label` may be "agent-1", or "/agent-1" and "/agent-1/0" as people type them. */
enum ak_code ak_step_find_path(struct ak_step *step, struct ak_span label, struct ak_path_state **out_path)
{
    struct ak_path path;
    *out_path = NULL;
    enum ak_err err = ak_span_starts(label, AK_SPAN_LIT("/")) ? ak_path_parse(label, &path)
                                                              : ak_path_parse_label(label, &path);
    if (err) return AK_CODE_INVALID_PATH;
    *out_path = ak_state_path(&step->engine->state, step->caller.account_number, ak_path_label(&path), NULL);
    if (!*out_path)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "no agent of this label; see agentkeys agents list");
    if (path.has_generation && path.generation != (*out_path)->generation)
        return ak_step_fail(
            step, AK_CODE_GENERATION_CONFLICT, "that generation is retired; name the current one");
    return AK_CODE_OK;
}

enum ak_code ak_step_reply_path(struct ak_step *step, const struct ak_path_state *path, const char *status)
{
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf name = AK_BUF_ARR(text);
    put_path(&name, path);
    struct ak_msg_agent_change_reply reply = {.label = ak_span(path->label, path->label_len),
        .path = ak_buf_span(&name),
        .status = ak_span_str(status),
        .generation = path->generation,
        .entry_index = step->ref.index};
    memcpy(reply.anchor, step->caller.account->anchor, 32);
    memcpy(reply.address, path->address, 20);
    memcpy(reply.entry_leaf_hash, step->ref.leaf, 32);
    reply.cloud_until = ak_engine_cloud_until(step->engine, path->cloud_until_ms);
    if (reply.cloud_until) reply.present |= 1u << AK_AGENT_CHANGE_REPLY_CLOUD_UNTIL;
    return ak_step_reply(step, &ak_agent_change_reply_msg, &reply);
}

static struct ak_msg_agent_item item_of(
    const struct ak_engine *engine, const struct ak_path_state *path, struct ak_buf *name)
{
    struct ak_policy_now now = ak_engine_now(engine);
    put_path(name, path);
    struct ak_msg_agent_item item = {.label = ak_span(path->label, path->label_len),
        .path = ak_buf_span(name),
        .status = ak_span_str(ak_path_status(path)),
        .key_version = path->root_version,
        .generation = path->generation,
        .scope = ak_span(path->scope, path->scope_len),
        .rate = path->rate,
        .valid_until_at = path->valid_until_ms / 1000,
        .uses_left = ak_bucket_left(path->tat_us, now.floor_us, path->rate, now.seen_us)};
    memcpy(item.address, path->address, 20);
    memcpy(item.device, path->device, 32);
    if (path->valid_until_ms) item.present |= 1u << AK_AGENT_ITEM_VALID_UNTIL_AT;
    return item;
}

enum ak_code ak_call_agent_show(struct ak_step *step)
{
    struct ak_msg_agent_show_request request;
    struct ak_path_state *path = NULL;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf name = AK_BUF_ARR(text);
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_check_agent(step);
    if (!code) code = ak_step_find_path(step, request.label, &path);
    if (code) return code;
    struct ak_span own = ak_span(step->caller.claims.label, step->caller.claims.label_len);
    if (step->caller.kind == AK_CALLER_AGENT && !ak_span_eq(own, ak_span(path->label, path->label_len)))
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "no agent of this label; see agentkeys agents list");
    struct ak_msg_agent_item item = item_of(step->engine, path, &name);
    return ak_step_reply(step, &ak_agent_item_msg, &item);
}

/* Where a list begins: after the label that the last page ended with. */
static enum ak_code first_of_page(
    struct ak_step *step, const struct ak_msg_agent_list_request *request, uint32_t *out_number)
{
    *out_number = step->caller.account->first_path;
    if (request->after.len == 0) return AK_CODE_OK;
    const struct ak_path_state *path =
        ak_state_path(&step->engine->state, step->caller.account_number, request->after, NULL);
    if (!path) return AK_CODE_NOT_FOUND;
    *out_number = path->next;
    return AK_CODE_OK;
}

enum ak_code ak_call_agent_list(struct ak_step *step)
{
    enum { PAGE = 20 };
    struct ak_msg_agent_list_request request;
    struct ak_msg_agent_list_reply reply = {0};
    uint8_t memory[PAGE * 2560];
    struct ak_buf items = AK_BUF_ARR(memory);
    uint32_t at = AK_INDEX_NONE;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = first_of_page(step, &request, &at);
    for (unsigned count = 0; !code && at != AK_INDEX_NONE && count < PAGE; count++) {
        const struct ak_path_state *path = ak_state_path_at(&step->engine->state, at);
        uint8_t text[AK_PATH_TEXT_MAX];
        struct ak_buf name = AK_BUF_ARR(text);
        struct ak_msg_agent_item item = item_of(step->engine, path, &name);
        if (ak_list_add(&items, &ak_agent_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
        at = path->next;
        if (at != AK_INDEX_NONE) reply.next = item.label;
    }
    if (code) return code;
    if (at != AK_INDEX_NONE) reply.present |= 1u << AK_AGENT_LIST_REPLY_NEXT;
    reply.agents.bytes = ak_buf_span(&items);
    return ak_step_reply(step, &ak_agent_list_reply_msg, &reply);
}

/* The path of a change, which must still be alive and, where the caller says one, of that generation. */
static enum ak_code find_for_change(struct ak_step *step, struct ak_path_state **out_path)
{
    struct ak_msg_agent_change_request request;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_find_path(step, request.label, out_path);
    if (code) return code;
    ak_assert(*out_path);
    if (ak_msg_has(&request, AK_AGENT_CHANGE_REQUEST_GENERATION) &&
        request.generation != (*out_path)->generation)
        return AK_CODE_GENERATION_CONFLICT;
    if ((*out_path)->flags & AK_PATH_DECOMMISSIONED)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the agent is decommissioned for good");
    return AK_CODE_OK;
}

static enum ak_code change_flag(struct ak_step *step, enum ak_entry_type type, struct ak_path_state *path)
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.label = ak_span(path->label, path->label_len);
    entry.generation = path->generation;
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_path(step, path, ak_path_status(path));
}

enum ak_code ak_call_agent_suspend(struct ak_step *step)
{
    struct ak_path_state *path = NULL;
    enum ak_code code = find_for_change(step, &path);
    if (code) return code;
    if (path->flags & AK_PATH_SUSPENDED)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the agent is suspended already");
    return change_flag(step, AK_ENTRY_PATH_SUSPENDED, path);
}

enum ak_code ak_call_agent_resume(struct ak_step *step)
{
    struct ak_path_state *path = NULL;
    enum ak_code code = find_for_change(step, &path);
    if (code) return code;
    if (!(path->flags & AK_PATH_SUSPENDED))
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the agent is not suspended");
    return change_flag(step, AK_ENTRY_PATH_RESUMED, path);
}

enum ak_code ak_call_agent_decommission(struct ak_step *step)
{
    struct ak_path_state *path = NULL;
    enum ak_code code = find_for_change(step, &path);
    return code ? code : change_flag(step, AK_ENTRY_PATH_DECOMMISSIONED, path);
}

/* The next generation's address is part of the entry, so its points are computed now. */
enum ak_code ak_rotate_path(struct ak_step *step, struct ak_path_state *path, const uint8_t *new_device)
{
    struct ak_path name;
    struct ak_path_points points;
    if (path->generation == UINT32_MAX) return AK_CODE_GENERATION_EXHAUSTED;
    if (ak_path_make(ak_span(path->label, path->label_len), path->generation + 1, &name) != AK_OK ||
        ak_keys_path_points(step->engine->root, step->caller.account->anchor, &name, &points) != AK_OK)
        return AK_CODE_INTERNAL;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_PATH_ROTATED);
    entry.label = ak_span(path->label, path->label_len);
    entry.from = path->generation;
    entry.to = (uint64_t)path->generation + 1;
    memcpy(entry.address, points.address, 20);
    if (new_device) {
        memcpy(entry.device, new_device, 32);
        ak_entry_mark(&entry, AK_F_DEVICE);
    }
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_path(step, path, "rotated");
}

enum ak_code ak_call_agent_rotate(struct ak_step *step)
{
    struct ak_path_state *path = NULL;
    enum ak_code code = find_for_change(step, &path);
    return code ? code : ak_rotate_path(step, path, NULL);
}

enum ak_code ak_call_agent_policy(struct ak_step *step)
{
    struct ak_msg_agent_policy_request request;
    struct ak_path_state *path = NULL;
    uint8_t memory[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf scope = AK_BUF_ARR(memory);
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_find_path(step, request.label, &path);
    if (code) return code;
    if (path->flags & AK_PATH_DECOMMISSIONED) return AK_CODE_ALREADY_DONE;
    bool new_scope = ak_msg_has(&request, AK_AGENT_POLICY_REQUEST_SCOPE);
    struct ak_scope_error why = {0};
    if (ak_scope_edit(ak_span(path->scope, path->scope_len), new_scope ? request.scope : AK_SPAN_EMPTY,
            &scope, &why) != AK_OK &&
        new_scope)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, ak_scope_fault_text(why.fault));
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_POLICY_CHANGED);
    entry.label = ak_span(path->label, path->label_len);
    entry.scope = new_scope ? ak_buf_span(&scope) : ak_span(path->scope, path->scope_len);
    entry.rate = ak_msg_has(&request, AK_AGENT_POLICY_REQUEST_RATE) ? request.rate : path->rate;
    entry.valid_until_ms = path->valid_until_ms;
    if (ak_msg_has(&request, AK_AGENT_POLICY_REQUEST_VALID_UNTIL_AT))
        entry.valid_until_ms = request.valid_until_at * 1000;
    if (entry.valid_until_ms) ak_entry_mark(&entry, AK_F_VALID_UNTIL_MS);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_path(step, path, ak_path_status(path));
}

/* The statement that binds an agent's address to the user's, signed by both keys; on record, and counted,
 * like any signature of the session's. */
static enum ak_code record_lineage(
    struct ak_step *step, const struct ak_path_state *path, const uint8_t digest[32])
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_MESSAGE_SIGNED);
    memcpy(entry.omni, step->caller.account->anchor, 32);
    entry.operation = AK_SPAN_LIT("lineage");
    memcpy(entry.message_hash, digest, 32);
    entry.tat_us = step->decision.tat_us;
    entry.label = ak_span(path->label, path->label_len);
    entry.generation = path->generation;
    ak_entry_mark(&entry, AK_F_LABEL);
    ak_entry_mark(&entry, AK_F_GENERATION);
    return ak_step_emit(step, &entry);
}

static void prepare_lineage(struct ak_step *step, const struct ak_path_state *path, const uint8_t digest[32])
{
    const struct ak_account *account = step->caller.account;
    struct ak_job *job = &step->out->job;
    *job = (struct ak_job){.kind = AK_JOB_LINEAGE,
        .verify = true,
        .root = step->engine->root,
        .label_len = path->label_len,
        .generation = path->generation,
        .user = account->points.point,
        .child = path->child};
    memcpy(job->anchor, account->anchor, 32);
    memcpy(job->label, path->label, path->label_len);
    memcpy(job->user33, account->points.user33, 33);
    memcpy(job->base33, path->base33, 33);
    memcpy(job->digest, digest, 32);
    step->out->wait |= AK_WAIT_JOB;
}

/* Both keys sign: the agent must be one whose address a session may have, and the session may sign. */
static enum ak_code decide_lineage(struct ak_step *step, struct ak_path_state *path)
{
    struct ak_policy_request look = {.operation = AK_OP_DERIVE_ADDRESS};
    struct ak_policy_request sign = {.operation = AK_OP_SIGN_TYPED_DATA};
    struct ak_path_state *same = NULL;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf name = AK_BUF_ARR(text);
    put_path(&name, path);
    enum ak_code code = ak_step_decide(step, &look, ak_buf_span(&name), false, &same);
    return code ? code : ak_step_decide(step, &sign, AK_SPAN_EMPTY, false, &same);
}

enum ak_code ak_call_agent_lineage(struct ak_step *step)
{
    struct ak_msg_agent_show_request request;
    struct ak_path_state *path = NULL;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf base = AK_BUF_ARR(text);
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_find_path(step, request.label, &path);
    if (!code) code = decide_lineage(step, path);
    if (code) return code;
    if (ak_engine_path_points(step->engine, path) != AK_OK) return AK_CODE_INTERNAL;
    ak_buf_put_u8(&base, '/');
    ak_buf_put(&base, ak_span(path->label, path->label_len));
    struct ak_lineage lineage = {.base_path = ak_buf_span(&base), .generation = path->generation};
    memcpy(lineage.agent, path->address, 20);
    memcpy(lineage.user, step->caller.account->home_wallet, 20);
    struct ak_msg_lineage_reply reply = {.base_path = lineage.base_path, .generation = path->generation};
    ak_statement_lineage_digest(&lineage, reply.digest);
    memcpy(reply.agent_address, lineage.agent, 20);
    memcpy(reply.user_address, lineage.user, 20);
    code = record_lineage(step, path, reply.digest);
    if (code) return code;
    reply.entry_index = step->ref.index;
    memcpy(reply.entry_leaf_hash, step->ref.leaf, 32);
    prepare_lineage(step, path, reply.digest);
    code = ak_step_reply(step, &ak_lineage_reply_msg, &reply);
    step->out->job.patch_at =
        step->out->body.len - 130 - 8 - 32; /* the two signatures stand before the entry */
    return code;
}
