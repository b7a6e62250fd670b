/* From an identity that answered to a session, a new account, or a recovery. */
#include "core/engine/sign_in.h"

#include "core/engine/identity_state.h"
#include "core/engine/waiting.h"

enum { RECOVERIES_MAX = 4 }; /* at a time; the rest of the places is for what devices start */

enum ak_code ak_step_open_account(struct ak_step *step, const struct ak_identity *identity,
    const uint8_t omni[32], struct ak_span device_name, const uint8_t *recovery_hash)
{
    struct ak_engine *engine = step->engine;
    struct ak_user_points points;
    if (ak_keys_user_points(engine->root, omni, &points) != AK_OK) return AK_CODE_INTERNAL;
    struct ak_entry opened = ak_step_entry(step, AK_ENTRY_ACCOUNT_OPENED);
    opened.has_anchor = true;
    memcpy(opened.anchor, omni, 32);
    memcpy(opened.omni, omni, 32);
    opened.identity_type = identity->type_text;
    memcpy(opened.home_wallet, points.address, 20);
    if (recovery_hash) {
        memcpy(opened.recovery_hash, recovery_hash, 32);
        ak_entry_mark(&opened, AK_F_RECOVERY_HASH);
    }
    enum ak_code code = ak_step_emit(step, &opened);
    if (code) return code;
    step->caller.account = ak_state_account(&engine->state, omni, &step->caller.account_number);
    struct ak_entry enrolled = ak_step_entry(step, AK_ENTRY_DEVICE_ENROLLED);
    memcpy(enrolled.device, step->caller.jkt, 32);
    enrolled.name = device_name.len ? device_name : AK_SPAN_LIT("first device");
    return ak_step_emit(step, &enrolled);
}

/* ---- answers ---- */

static enum ak_code answer_session(struct ak_step *step, const struct ak_sign_in *in, bool is_new)
{
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    const struct ak_account *account = step->caller.account;
    struct ak_msg_sign_in_reply reply = {.state = AK_SPAN_LIT("session"),
        .identity_type = in->identity.type_text,
        .identity_value = in->identity.value,
        .account_new = is_new,
        .device_count = account->device_count};
    enum ak_code code = ak_step_issue_session(step, in->how, &token, &reply.expires_at);
    if (code) return code;
    reply.session_jwt = ak_buf_span(&token);
    memcpy(reply.omni_account, in->omni, 32);
    memcpy(reply.anchor, account->anchor, 32);
    memcpy(reply.wallet_address, account->home_wallet, 20);
    for (unsigned field = AK_SIGN_IN_REPLY_SESSION_JWT; field < AK_SIGN_IN_REPLY_READY_AT; field++)
        reply.present |= 1u << field;
    return ak_step_reply(step, &ak_sign_in_reply_msg, &reply);
}

/* To a device that is none of the account's: nothing else of the account, not what else waits in it. */
static enum ak_code answer_pending(struct ak_step *step, uint64_t ready_at_ms)
{
    struct ak_msg_sign_in_reply reply = {.state = AK_SPAN_LIT("recovery_pending"),
        .ready_at = (ready_at_ms + step->engine->time.unseen_ms) / 1000,
        .present = 1u << AK_SIGN_IN_REPLY_READY_AT | 1u << AK_SIGN_IN_REPLY_ANCHOR};
    memcpy(reply.anchor, step->caller.account->anchor, 32);
    enum ak_code code = ak_step_reply(step, &ak_sign_in_reply_msg, &reply);
    step->caller.account = NULL;
    return code ? code : AK_CODE_PENDING;
}

/* ---- recovery ---- */

static const struct ak_waiting *recovery_of(const struct ak_step *step, uint64_t what)
{
    return ak_state_waiting(&step->engine->state, step->caller.account, what, step->caller.jkt);
}

static unsigned recoveries(const struct ak_step *step)
{
    unsigned count = 0;
    for (uint32_t at = step->caller.account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&step->engine->state.waiting, at);
        at = waiting->next;
        count += ak_waiting_is_sign_in(waiting->what);
    }
    return count;
}

static enum ak_code emit_recovery(
    struct ak_step *step, enum ak_entry_type type, uint64_t what, uint64_t ready_at_ms)
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.what = what;
    entry.ready_at_ms = ready_at_ms;
    memcpy(entry.device, step->caller.jkt, 32);
    ak_entry_mark(&entry, AK_F_DEVICE);
    return ak_step_emit(step, &entry);
}

static enum ak_code start_recovery(struct ak_step *step, uint64_t what, uint64_t wait_ms)
{
    uint64_t ready_at_ms = ak_logic_time_seen_ms(&step->engine->time) + wait_ms;
    if (recoveries(step) >= RECOVERIES_MAX)
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED,
            "four recoveries of this account wait already; a device of it can cancel them");
    enum ak_code code = emit_recovery(step, AK_ENTRY_RECOVERY_STARTED, what, ready_at_ms);
    return code ? code : answer_pending(step, ready_at_ms);
}

static enum ak_code finish_recovery(struct ak_step *step, const struct ak_sign_in *in, uint64_t what)
{
    if (step->caller.account->device_count >= AK_LIMIT_DEVICES)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the account has as many devices as it may have");
    enum ak_code code = emit_recovery(step, AK_ENTRY_RECOVERY_DONE, what, 0);
    if (code) return code;
    struct ak_entry enrolled = ak_step_entry(step, AK_ENTRY_DEVICE_ENROLLED);
    memcpy(enrolled.device, step->caller.jkt, 32);
    enrolled.name = in->device.device_name.len ? in->device.device_name : AK_SPAN_LIT("recovered device");
    code = ak_step_emit(step, &enrolled);
    return code ? code : answer_session(step, in, false);
}

/* By the code the wait is short and no device ends it. It takes the place of one without the code. */
static enum ak_code recover_by_code(struct ak_step *step, const struct ak_sign_in *in)
{
    if (!ak_waiting_code_fits(step->caller.account, in->device.recovery_code))
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the recovery code is not this account's");
    if (recovery_of(step, AK_RECOVERY_SIGN_IN)) {
        enum ak_code code = emit_recovery(step, AK_ENTRY_RECOVERY_CANCELLED, AK_RECOVERY_SIGN_IN, 0);
        if (code) return code;
    }
    return start_recovery(step, AK_RECOVERY_SIGN_IN_CODE, step->engine->conf.recovery_wait_code_ms);
}

static enum ak_code recover(struct ak_step *step, const struct ak_sign_in *in)
{
    const struct ak_engine_conf *conf = &step->engine->conf;
    const struct ak_waiting *by_code = recovery_of(step, AK_RECOVERY_SIGN_IN_CODE);
    const struct ak_waiting *waiting = by_code ? by_code : recovery_of(step, AK_RECOVERY_SIGN_IN);
    if (waiting && ak_logic_time_seen_ms(&step->engine->time) >= waiting->ready_at_ms)
        return finish_recovery(step, in, waiting->what);
    if (!by_code && ak_msg_has(&in->device, AK_SIGN_IN_RECOVERY_CODE)) return recover_by_code(step, in);
    if (waiting) return answer_pending(step, waiting->ready_at_ms);
    return start_recovery(
        step, AK_RECOVERY_SIGN_IN, in->checked ? conf->recovery_wait_code_ms : conf->recovery_wait_ms);
}

/* ---- which of them ---- */

static enum ak_code open_new(struct ak_step *step, const struct ak_sign_in *in)
{
    if (step->engine->storage_low) return AK_CODE_STORAGE_FULL; /* the reserve is not for strangers */
    const uint8_t *hash = ak_msg_has(&in->device, AK_SIGN_IN_RECOVERY_HASH) ? in->device.recovery_hash : NULL;
    enum ak_code code = ak_step_open_account(step, &in->identity, in->omni, in->device.device_name, hash);
    return code ? code : answer_session(step, in, true);
}

enum ak_code ak_step_sign_in(struct ak_step *step, const struct ak_sign_in *in)
{
    struct ak_caller *caller = &step->caller;
    caller->account = ak_state_identity(&step->engine->state, in->omni, &caller->account_number);
    if (!caller->account && ak_state_account_of(&step->engine->state, in->omni, NULL))
        return ak_step_fail(
            step, AK_CODE_DENIED, "this identity was unlinked from the account that it opened");
    if (!caller->account) return open_new(step, in);
    bool enrolled = ak_state_device(&step->engine->state, caller->account, caller->jkt) != NULL;
    enum ak_code code = enrolled ? answer_session(step, in, false) : recover(step, in);
    if (code && !enrolled) caller->account = NULL; /* nothing of it is told to a stranger */
    return code;
}

enum ak_code ak_step_sign_in_derived(
    struct ak_step *step, const struct ak_sign_in *in, struct ak_account *account, uint32_t account_number)
{
    if (!ak_state_device(&step->engine->state, account, step->caller.jkt))
        return ak_step_fail(step, AK_CODE_DEVICE_NOT_ENROLLED,
            "this address is derived here: it signs in on an enrolled device only, and recovers nothing");
    step->caller.account = account;
    step->caller.account_number = account_number;
    return answer_session(step, in, false);
}
