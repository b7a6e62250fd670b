/* The rules in their order. Each says whether it refuses; the texts are made elsewhere, and only then. */
#include "core/policy/decide.h"

#include "base/limits.h"
#include "core/policy/bucket.h"
#include "core/policy/decide_text.h"

static const char *const rule_names[AK_RULE_COUNT] = {
    [AK_RULE_NONE] = "none",
    [AK_RULE_PATH_UNKNOWN] = "path_unknown",
    [AK_RULE_DECOMMISSIONED] = "decommissioned",
    [AK_RULE_GENERATION] = "generation",
    [AK_RULE_ACTIVE] = "active",
    [AK_RULE_VALID_UNTIL] = "valid_until",
    [AK_RULE_DEVICE] = "device",
    [AK_RULE_OPERATION] = "operation",
    [AK_RULE_SCOPE] = "scope",
    [AK_RULE_NARROWING] = "narrowing",
    [AK_RULE_RATE] = "rate",
    [AK_RULE_COUNTER] = "counter",
};

const char *ak_rule_name(enum ak_rule rule)
{
    return (unsigned)rule < AK_RULE_COUNT ? rule_names[rule] : "unknown";
}

struct ak_policy_record ak_policy_record_session(
    const uint8_t device[32], bool account_suspended, uint64_t tat_us)
{
    struct ak_policy_record record = {
        .subject = AK_SUBJECT_SESSION,
        .active = true,
        .account_suspended = account_suspended,
        .rate_per_min = AK_RATE_PER_MINUTE_DEFAULT,
        .scope = AK_SPAN_LIT("cap:oidc,cap:sign-message,cap:sign-siwe,cap:sign-tx,cap:sign-typed-data"),
        .tat_us = tat_us,
    };
    memcpy(record.device, device, sizeof record.device);
    return record;
}

/* ---- the rules: true where the rule refuses ---- */

static bool path_unknown(const struct ak_policy_record *record)
{
    return !record || (record->subject != AK_SUBJECT_AGENT && record->subject != AK_SUBJECT_SESSION);
}

static bool path_generation_refuses(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    return q->has_path_generation && q->path_generation != r->generation;
}

/* A session has no generation of its own: the path that it names was asked by ak_policy_check_path. */
static bool generation_refuses(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    if (r->subject != AK_SUBJECT_AGENT) return false;
    if (path_generation_refuses(q, r)) return true;
    if (q->operation == AK_OP_TOKEN) return false;
    return !q->has_token_generation || q->token_generation != r->generation;
}

static bool active_refuses(const struct ak_policy_record *r)
{
    return r->account_suspended || !r->active || r->suspended;
}

static bool valid_until_refuses(const struct ak_policy_record *r, const struct ak_policy_now *now)
{
    return (r->valid_until_ms != 0 && now->logic_ms >= r->valid_until_ms) ||
           (r->valid_until_height != 0 && now->height >= r->valid_until_height);
}

static bool device_refuses(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    static const uint8_t none[32] = {0};
    return memcmp(r->device, none, sizeof none) == 0 || memcmp(r->device, q->thumbprint, sizeof none) != 0;
}

/* Content that no scope can allow, or that does not belong to the operation. */
static bool content_refuses(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    switch (q->facts.content) {
    case AK_CONTENT_PLAIN: return false;
    case AK_CONTENT_BYTES: return q->operation != AK_OP_SIGN_MESSAGE;
    case AK_CONTENT_PERMIT: return q->operation != AK_OP_SIGN_TYPED_DATA;
    case AK_CONTENT_OWN_SITE: return r->subject != AK_SUBJECT_SESSION || q->operation != AK_OP_SIGN_SIWE;
    case AK_CONTENT_LIKE_SIWE:
    case AK_CONTENT_OWN_STATEMENT:
    case AK_CONTENT_OWN_AUDIENCE:
    default: return true;
    }
}

/* Unknown operations, content that nobody may sign, the wrong kind of caller. */
static bool operation_refuses(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    if (!ak_operation_known(q->operation) || content_refuses(q, r)) return true;
    if (r->subject == AK_SUBJECT_AGENT) return q->session_on_agent_path;
    return q->operation == AK_OP_TOKEN || (q->session_on_agent_path && q->operation != AK_OP_DERIVE_ADDRESS);
}

static enum ak_rule scope_rule(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    if (!ak_operation_needs_scope(q->operation)) return AK_RULE_NONE;
    if (r->subject == AK_SUBJECT_SESSION && q->operation == AK_OP_READ_CREDENTIAL) {
        return ak_scope_is_service(q->facts.service) ? AK_RULE_NONE : AK_RULE_SCOPE;
    }
    switch (ak_scope_find(r->scope, q->operation, &q->facts).result) {
    case AK_SCOPE_ALLOWED: return AK_RULE_NONE;
    case AK_SCOPE_NARROWED: return AK_RULE_NARROWING;
    case AK_SCOPE_NO_ITEM:
    default: return AK_RULE_SCOPE;
    }
}

/* Rate, then counter; takes the use where both allow it. */
static enum ak_rule counting_rule(
    const struct ak_policy_record *r, const struct ak_policy_now *now, struct ak_decision *out)
{
    struct ak_bucket_result rate = ak_bucket_take(r->tat_us, now->floor_us, r->rate_per_min, now->seen_us);
    if (!rate.allowed) {
        out->retry_after_secs = rate.retry_after_secs;
        return AK_RULE_RATE;
    }
    if (r->uses_per_day != 0 && ak_day_counter_uses(&r->day, now->seen_us) >= r->uses_per_day) {
        out->retry_after_secs = ak_day_counter_wait_secs(&r->day, now->seen_us);
        return AK_RULE_COUNTER;
    }
    out->counted = true;
    out->tat_us = rate.tat_us;
    out->day = ak_day_counter_add(&r->day, now->seen_us);
    return AK_RULE_NONE;
}

static enum ak_rule first_rule(const struct ak_policy_request *q, const struct ak_policy_record *r,
    const struct ak_policy_now *now, struct ak_decision *out)
{
    if (path_unknown(r)) return AK_RULE_PATH_UNKNOWN;
    if (r->decommissioned) return AK_RULE_DECOMMISSIONED;
    if (generation_refuses(q, r)) return AK_RULE_GENERATION;
    if (active_refuses(r)) return AK_RULE_ACTIVE;
    if (valid_until_refuses(r, now)) return AK_RULE_VALID_UNTIL;
    if (device_refuses(q, r)) return AK_RULE_DEVICE;
    if (operation_refuses(q, r)) return AK_RULE_OPERATION;
    enum ak_rule rule = scope_rule(q, r);
    if (rule != AK_RULE_NONE) return rule;
    return ak_operation_counts(q->operation) ? counting_rule(r, now, out) : AK_RULE_NONE;
}

/* Refused, nothing counted, no texts: what a decision is until the rules have spoken. */
static void start(struct ak_decision *out, const struct ak_policy_record *r)
{
    out->allowed = false;
    out->rule = AK_RULE_NONE;
    out->counted = false;
    out->tat_us = r ? r->tat_us : 0;
    out->day = r ? r->day : (struct ak_day_counter){0};
    out->retry_after_secs = 0;
    out->seen.len = out->limit.len = out->remedy.len = 0;
    out->seen.text[0] = out->limit.text[0] = out->remedy.text[0] = 0;
}

void ak_policy_decide(const struct ak_policy_request *request, const struct ak_policy_record *record,
    const struct ak_policy_now *now, struct ak_decision *out_decision)
{
    start(out_decision, record);
    out_decision->rule = first_rule(request, record, now, out_decision);
    out_decision->allowed = out_decision->rule == AK_RULE_NONE;
    if (!out_decision->allowed) ak_decide_texts(request, record, now, out_decision);
}

static enum ak_rule first_path_rule(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    if (path_unknown(r)) return AK_RULE_PATH_UNKNOWN;
    if (r->decommissioned) return AK_RULE_DECOMMISSIONED;
    if (path_generation_refuses(q, r)) return AK_RULE_GENERATION;
    return active_refuses(r) ? AK_RULE_ACTIVE : AK_RULE_NONE;
}

bool ak_policy_check_path(const struct ak_policy_request *request, const struct ak_policy_record *agent,
    struct ak_decision *out_decision)
{
    static const struct ak_policy_now no_time = {0};
    start(out_decision, agent);
    out_decision->rule = first_path_rule(request, agent);
    out_decision->allowed = out_decision->rule == AK_RULE_NONE;
    if (!out_decision->allowed) ak_decide_texts(request, agent, &no_time, out_decision);
    return out_decision->allowed;
}
