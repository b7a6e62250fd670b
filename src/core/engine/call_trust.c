/* The trust configuration: anyone of the worker's people may read it, an operator that it names may put
 * another in force, with two devices where the account has two. It counts from the restart after it was
 * sealed. */
#include "core/engine/internal.h"
#include "core/engine/waiting.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_trust.h"

static const struct ak_waiting *proposal(const struct ak_step *step)
{
    const struct ak_state *state = &step->engine->state;
    for (uint32_t at = step->caller.account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&state->waiting, at);
        if (waiting->what == AK_RECOVERY_TRUST_CHANGE) return waiting;
        at = waiting->next;
    }
    return NULL;
}

static enum ak_err read_in_force(
    const struct ak_engine *engine, struct ak_trust *out_trust, uint8_t out_hash[32])
{
    ak_trust_hash(engine->conf.trust, out_hash);
    return ak_trust_parse(engine->conf.trust, out_trust);
}

static void put_items(const struct ak_trust *trust, struct ak_buf *out_lines)
{
    for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++) {
        size_t before = out_lines->len;
        if (!ak_trust_item_name(item)) continue;
        ak_buf_put_str(out_lines, before ? "\n" : "");
        ak_buf_put_str(out_lines, ak_trust_item_name(item));
        ak_buf_put_str(out_lines, " = ");
        ak_trust_put_item(trust, item, out_lines);
    }
}

enum ak_code ak_call_trust(struct ak_step *step)
{
    struct ak_msg_trust_reply reply = {.trust = step->engine->conf.trust};
    struct ak_trust trust;
    uint8_t lines[6000];
    struct ak_buf items = AK_BUF_ARR(lines);
    if (read_in_force(step->engine, &trust, reply.config) != AK_OK) return AK_CODE_NOT_FOUND;
    put_items(&trust, &items);
    reply.items = ak_buf_span(&items);
    reply.operator_ = ak_trust_is_operator(&trust, step->caller.account->anchor);
    const struct ak_waiting *waiting = proposal(step);
    if (waiting) {
        memcpy(reply.proposed, waiting->device, 32);
        memcpy(reply.started_by, waiting->started_by, 32);
        reply.present = 1u << AK_TRUST_REPLY_PROPOSED | 1u << AK_TRUST_REPLY_STARTED_BY;
    }
    return ak_step_reply(step, &ak_trust_reply_msg, &reply);
}

/* ---- changing ---- */

/* What the request says by itself, and against what is in force. */
static enum ak_code check_request(struct ak_step *step, const struct ak_msg_trust_change_request *request)
{
    const struct ak_engine *engine = step->engine;
    struct ak_trust now, next;
    uint8_t now_hash[32], next_hash[32];
    if (read_in_force(engine, &now, now_hash) != AK_OK) return AK_CODE_NOT_FOUND;
    if (now.operator_count == 0)
        return ak_step_fail(step, AK_CODE_NOT_OPERATOR,
            "no operator was named at init: this worker's trust configuration cannot be changed");
    if (!ak_trust_is_operator(&now, step->caller.account->anchor)) return AK_CODE_NOT_OPERATOR;
    ak_trust_hash(request->trust, next_hash);
    if (memcmp(next_hash, request->to, 32) != 0)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "`to` is not the SHA-256 of `trust`");
    if (ak_trust_parse(request->trust, &next) != AK_OK)
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "`trust` is not a trust configuration of this version");
    if (engine->state.trust_size && memcmp(engine->state.trust_config, now_hash, 32) != 0)
        return ak_step_fail(step, AK_CODE_NOT_READY, "a change is being sealed; the worker restarts");
    if (memcmp(request->from, now_hash, 32) != 0)
        return ak_step_fail(step, AK_CODE_GENERATION_CONFLICT,
            "another trust configuration is in force by now; read it and try again");
    uint32_t differs = ak_trust_differs(&now, &next);
    if (differs == 0) return ak_step_fail(step, AK_CODE_ALREADY_DONE, "it is in force already");
    if (differs & 1u << AK_TRUST_RECOVERY)
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "recovery shares are dealt at init; they do not change");
    if (ak_trust_providers_follow(&now, &next) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "an identity provider's name keeps its issuer for ever, as accounts are named by it; retire it "
            "(no client id) and add the other one under another name");
    return differs & engine->conf.trust_given ? AK_CODE_TRUST_PINNED : AK_CODE_OK;
}

static struct ak_entry waiting_entry(struct ak_step *step, enum ak_entry_type type, const uint8_t config[32])
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.what = AK_RECOVERY_TRUST_CHANGE;
    memcpy(entry.device, config, 32);
    ak_entry_mark(&entry, AK_F_DEVICE);
    entry.has_idempotency = false; /* the change itself carries it */
    return entry;
}

static enum ak_code answer_waiting(struct ak_step *step)
{
    struct ak_msg_done_reply done = {.status = AK_SPAN_LIT("waiting")};
    enum ak_code code = ak_step_reply(step, &ak_done_reply_msg, &done);
    return code ? code : AK_CODE_PENDING;
}

static enum ak_code propose(struct ak_step *step, const uint8_t config[32])
{
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_STARTED, config);
    if (!ak_step_may_start_change(step))
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "too many changes wait already; cancel one");
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : answer_waiting(step);
}

/* Time alone never suffices here: who has lost the second device removes it first, and waits for that. */
static enum ak_code confirm(struct ak_step *step, const uint8_t config[32], bool *out_ready)
{
    const struct ak_waiting *waiting = proposal(step);
    bool alone = step->caller.account->device_count < 2;
    *out_ready = false;
    if (waiting && memcmp(waiting->device, config, 32) != 0)
        return ak_step_fail(step, AK_CODE_ALREADY_EXISTS,
            "another change waits; agentkeys account cancel --what trust-change, then propose this one");
    if (!alone && !waiting) return propose(step, config);
    if (!alone && !ak_step_is_second_voice(step, waiting)) return answer_waiting(step);
    *out_ready = true;
    if (!waiting) return AK_CODE_OK;
    enum ak_code code = ak_step_pay(step);
    if (code) return code;
    step->paid = true; /* with the change's own entry, or not at all */
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_DONE, config);
    return ak_step_emit(step, &entry);
}

enum ak_code ak_call_trust_change(struct ak_step *step)
{
    struct ak_msg_trust_change_request request;
    bool ready = false;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = check_request(step, &request);
    if (!code) code = confirm(step, request.to, &ready);
    if (code || !ready) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_TRUST_CHANGED);
    memcpy(entry.config, request.to, 32);
    memcpy(entry.old_config, request.from, 32);
    entry.trust = request.trust;
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "changed");
}
