/* From the caller and the path it names to one decision, and a refusal's entry. */
#include "core/engine/internal.h"

struct ak_policy_now ak_engine_now(const struct ak_engine *engine)
{
    return (struct ak_policy_now){.logic_ms = engine->time.logic_ms,
        .seen_us = ak_logic_time_seen_us(&engine->time),
        .floor_us = engine->state.floor_us,
        .height = engine->state.control_count};
}

struct ak_policy_record ak_engine_path_record(
    const struct ak_engine *engine, const struct ak_path_state *path)
{
    const struct ak_account *account = ak_state_account_at(&engine->state, path->account);
    struct ak_policy_record record = {.subject = AK_SUBJECT_AGENT,
        .label = ak_span(path->label, path->label_len),
        .active = true,
        .suspended = path->flags & AK_PATH_SUSPENDED,
        .decommissioned = path->flags & AK_PATH_DECOMMISSIONED,
        .account_suspended = account->suspended,
        .generation = path->generation,
        .rate_per_min = path->rate,
        .scope = ak_span(path->scope, path->scope_len),
        .tat_us = path->tat_us,
        .valid_until_ms = path->valid_until_ms};
    memcpy(record.device, path->device, 32);
    return record;
}

/* The path that the caller's text names, in the caller's account. NULL where it names none. */
static enum ak_code find_named(struct ak_step *step, struct ak_span text, struct ak_path *path,
    struct ak_path_state **out_state, uint32_t *out_number)
{
    const struct ak_caller *caller = &step->caller;
    struct ak_span own = ak_span(caller->claims.label, caller->claims.label_len);
    bool agent = caller->kind == AK_CALLER_AGENT;
    *out_state = NULL;
    *out_number = AK_INDEX_NONE;
    if (text.len && ak_path_parse(text, path) != AK_OK) return AK_CODE_INVALID_PATH;
    struct ak_span label = text.len ? ak_path_label(path) : own;
    if (agent && !ak_span_eq(label, own)) return AK_CODE_OK; /* another agent's path is unknown to this one */
    *out_state = ak_state_path(&step->engine->state, caller->account_number, label, out_number);
    return AK_CODE_OK;
}

static void write_denial(struct ak_step *step, uint64_t ref, struct ak_span label, const char *operation)
{
    struct ak_engine *engine = step->engine;
    engine->figures[AK_FIGURE_DENIALS]++;
    if (!ak_denial_note(engine->denials, ref, step->decision.rule, engine->time.logic_ms)) return;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_DENIED);
    entry.rule = ak_span_str(ak_rule_name(step->decision.rule));
    entry.operation = ak_span_str(operation);
    entry.count = 1;
    if (label.len) {
        entry.label = label;
        ak_entry_mark(&entry, AK_F_LABEL);
    }
    (void)ak_step_emit(step, &entry); /* a full disk must not turn a refusal into anything else */
}

enum ak_code ak_step_refuse(
    struct ak_step *step, uint32_t path_number, struct ak_span label, const char *operation)
{
    bool has_path = path_number != AK_INDEX_NONE;
    uint64_t ref = has_path ? path_number : (UINT64_C(1) << 32 | step->caller.account_number);
    step->refused_by_policy = true;
    step->retry_after_secs = step->decision.retry_after_secs;
    write_denial(step, ref, label, operation);
    bool wait = step->decision.rule == AK_RULE_RATE || step->decision.rule == AK_RULE_COUNTER;
    return wait ? AK_CODE_RATE_LIMIT_EXCEEDED : AK_CODE_DENIED;
}

/* An owner who asks what an agent may do asks as that agent, with the device and generation it has now. */
static void decide_as_agent(
    struct ak_step *step, struct ak_policy_request *request, const struct ak_path_state *path)
{
    struct ak_policy_now now = ak_engine_now(step->engine);
    struct ak_policy_record record = ak_engine_path_record(step->engine, path);
    request->session_on_agent_path = false;
    request->has_token_generation = true;
    request->token_generation = path->generation;
    memcpy(request->thumbprint, path->device, 32);
    ak_policy_decide(request, &record, &now, &step->decision);
}

static void decide(struct ak_step *step, struct ak_policy_request *request, const struct ak_path_state *path)
{
    struct ak_policy_now now = ak_engine_now(step->engine);
    const struct ak_caller *caller = &step->caller;
    struct ak_policy_record record = {0};
    if (path) record = ak_engine_path_record(step->engine, path);
    if (caller->kind == AK_CALLER_AGENT) {
        ak_policy_decide(request, path ? &record : NULL, &now, &step->decision);
        return;
    }
    if (request->session_on_agent_path &&
        !ak_policy_check_path(request, path ? &record : NULL, &step->decision))
        return;
    struct ak_policy_record session =
        ak_policy_record_session(caller->jkt, caller->account->suspended, caller->account->tat_us);
    ak_policy_decide(request, &session, &now, &step->decision);
}

enum ak_code ak_step_decide(struct ak_step *step, struct ak_policy_request *request, struct ak_span path_text,
    bool explain, struct ak_path_state **out_path)
{
    const struct ak_caller *caller = &step->caller;
    struct ak_path path = {0};
    uint32_t number = AK_INDEX_NONE;
    enum ak_code code = AK_CODE_OK;
    *out_path = NULL;
    if (path_text.len || caller->kind == AK_CALLER_AGENT)
        code = find_named(step, path_text, &path, out_path, &number);
    if (code) return code;
    request->label =
        path_text.len ? ak_path_label(&path) : ak_span(caller->claims.label, caller->claims.label_len);
    request->has_path_generation = path.has_generation;
    request->path_generation = path.generation;
    request->has_token_generation = caller->kind == AK_CALLER_AGENT;
    request->token_generation = caller->claims.generation;
    request->session_on_agent_path = caller->kind == AK_CALLER_SESSION && path_text.len > 0;
    memcpy(request->thumbprint, caller->jkt, 32);
    if (explain && request->session_on_agent_path && *out_path)
        decide_as_agent(step, request, *out_path);
    else
        decide(step, request, *out_path);
    if (step->decision.allowed || explain) return AK_CODE_OK;
    return ak_step_refuse(step, number, *out_path ? request->label : AK_SPAN_EMPTY,
        step->query ? "query" : ak_operation_name(request->operation));
}

enum ak_code ak_step_check_agent(struct ak_step *step)
{
    struct ak_policy_request ask = {.operation = AK_OP_DERIVE_ADDRESS}; /* needs no scope, counts nothing */
    struct ak_path_state *path = NULL;
    if (step->caller.kind != AK_CALLER_AGENT) return AK_CODE_OK;
    step->query = true;
    return ak_step_decide(step, &ask, AK_SPAN_EMPTY, false, &path);
}
