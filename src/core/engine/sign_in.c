/* From an identity that answered to a session, a new account, or a recovery. */
#include "core/engine/sign_in.h"

#include "base/num.h"
#include "core/engine/waiting.h"
#include "core/evm/address.h"
#include "core/state/identity_state.h"
#include "core/state/vault_state.h"

enum { TOGETHER_MS = 10 * 60 * 1000 }; /* two identities that were proved within this time */

enum ak_code ak_step_check_new(
    struct ak_step *step, const struct ak_identity *identity, const uint8_t omni[32])
{
    const struct ak_state *state = &step->engine->state;
    uint8_t address[20];
    if (ak_state_account_of(state, omni, NULL))
        return ak_step_fail(step, AK_CODE_DENIED, "this identity was unlinked from the account of its name");
    if (identity->type == AK_IDENTITY_EVM && ak_evm_address_parse(identity->value, address) == AK_OK &&
        ak_state_account_by_wallet(state, address, NULL))
        return ak_step_fail(step, AK_CODE_DENIED, "this address is derived here: it opens no account");
    return AK_CODE_OK;
}

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
    reply.recovery_hash_taken = (is_new || step->code_set) && account->has_recovery;
    if (reply.recovery_hash_taken) reply.present |= 1u << AK_SIGN_IN_REPLY_RECOVERY_HASH_TAKEN;
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

static enum ak_code emit_recovery(struct ak_step *step, enum ak_entry_type type, uint64_t what,
    const uint8_t device[32], uint64_t ready_at_ms)
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.what = what;
    entry.ready_at_ms = ready_at_ms;
    memcpy(entry.device, device, 32);
    ak_entry_mark(&entry, AK_F_DEVICE);
    return ak_step_emit(step, &entry);
}

static enum ak_code start_recovery(struct ak_step *step, uint64_t what, uint64_t ready_at_ms)
{
    if (ak_waiting_recoveries(&step->engine->state, step->caller.account) >= AK_STATE_RECOVERIES_ACCOUNT)
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED,
            "four recoveries of this account wait already; a device of it can cancel them");
    enum ak_code code = emit_recovery(step, AK_ENTRY_RECOVERY_STARTED, what, step->caller.jkt, ready_at_ms);
    return code ? code : answer_pending(step, ready_at_ms);
}

/* The device that came last: one of a thief's, who filled all places, rather than the owner's. Who has the
 * code could remove any of them; who has two identities takes the place of none that was there before. */
static const struct ak_device *find_newest(const struct ak_step *step, bool any)
{
    const struct ak_device *newest = NULL;
    uint64_t seen_ms = ak_logic_time_seen_ms(&step->engine->time);
    for (uint32_t at = step->caller.account->first_device; at != AK_INDEX_NONE;) {
        const struct ak_device *device = ak_vec_at(&step->engine->state.devices, at);
        uint64_t age_ms = ak_num_sub_sat(seen_ms, device->enrolled_seen_ms);
        bool fits = !device->removed && (any || age_ms < step->engine->conf.recovery_wait_ms);
        if (fits && (!newest || device->enrolled_seen_ms > newest->enrolled_seen_ms)) newest = device;
        at = device->next;
    }
    return newest;
}

/* A full account is no way to keep out its owner. */
static enum ak_code make_room(struct ak_step *step, uint64_t what)
{
    const struct ak_device *gone = NULL;
    if (step->caller.account->device_count < AK_LIMIT_DEVICES) return AK_CODE_OK;
    if (ak_waiting_is_final(what)) gone = find_newest(step, what == AK_RECOVERY_SIGN_IN_CODE);
    if (!gone)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the account has as many devices as it may have");
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_DEVICE_REMOVED);
    memcpy(entry.device, gone->thumbprint, 32);
    return ak_step_emit(step, &entry);
}

/* Costs the account's budget of changes nothing: a stolen device that spends it would stop a recovery, or end
 * it between its entries. */
static enum ak_code finish_recovery(struct ak_step *step, const struct ak_sign_in *in, uint64_t what)
{
    bool by_code = what == AK_RECOVERY_SIGN_IN_CODE;
    enum ak_code code = by_code ? ak_step_check_next(step, ak_sign_in_next_hash(in)) : AK_CODE_OK;
    step->paid = true;
    if (!code) code = make_room(step, what);
    if (!code) code = emit_recovery(step, AK_ENTRY_RECOVERY_DONE, what, step->caller.jkt, 0);
    if (!code && by_code) code = ak_step_set_code(step, ak_sign_in_next_hash(in));
    if (code) return code;
    struct ak_entry enrolled = ak_step_entry(step, AK_ENTRY_DEVICE_ENROLLED);
    memcpy(enrolled.device, step->caller.jkt, 32);
    enrolled.name = in->device.device_name.len ? in->device.device_name : AK_SPAN_LIT("recovered device");
    code = ak_step_emit(step, &enrolled);
    return code ? code : answer_session(step, in, false);
}

static const struct ak_waiting *find_plain(const struct ak_step *step)
{
    for (uint32_t at = step->caller.account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&step->engine->state.waiting, at);
        if (waiting->what == AK_RECOVERY_SIGN_IN) return waiting;
        at = waiting->next;
    }
    return NULL;
}

/* A recovery that no device ends takes the place of the device's own before; where all places are taken, of
 * somebody's who has shown less: nobody blocks the code by starting recoveries, or by spending the changes.
 */
static enum ak_code start_final(
    struct ak_step *step, const struct ak_waiting *own, uint64_t what, uint64_t ready_at_ms)
{
    bool full =
        ak_waiting_recoveries(&step->engine->state, step->caller.account) >= AK_STATE_RECOVERIES_ACCOUNT;
    const struct ak_waiting *gone = own ? own : full ? find_plain(step) : NULL;
    step->paid = true;
    if (gone) {
        enum ak_code code = emit_recovery(step, AK_ENTRY_RECOVERY_CANCELLED, gone->what, gone->device, 0);
        if (code) return code;
    }
    return start_recovery(step, what, ready_at_ms);
}

static enum ak_code recover_by_code(
    struct ak_step *step, const struct ak_sign_in *in, const struct ak_waiting *own)
{
    enum ak_code code = ak_step_check_code(step, in->device.recovery_code);
    if (code) return code;
    uint64_t now_ms = ak_logic_time_seen_ms(&step->engine->time);
    return start_final(
        step, own, AK_RECOVERY_SIGN_IN_CODE, now_ms + step->engine->conf.recovery_wait_code_ms);
}

/* Linked only now, it is no second one: a stolen device links what it likes. */
static bool is_established(const struct ak_step *step, const uint8_t omni[32])
{
    const struct ak_linked *linked = ak_state_linked(&step->engine->state, omni);
    uint64_t seen_ms = ak_logic_time_seen_ms(&step->engine->time);
    return !linked || ak_num_sub_sat(seen_ms, linked->linked_seen_ms) >= step->engine->conf.recovery_wait_ms;
}

/* Whether this device has shown another identity of the account just before, and one of the two to the keeper
 * itself: a broker says of any two what it likes (I9). This one is remembered. */
static bool is_second_identity(struct ak_step *step, const struct ak_sign_in *in)
{
    struct ak_engine *engine = step->engine;
    uint64_t now_ms = engine->time.logic_ms;
    bool second = false;
    if (!is_established(step, in->omni)) return false;
    for (size_t i = 0; i < AK_COUNT(engine->shown); i++) {
        const struct ak_shown_identity *shown = &engine->shown[i];
        second |= (in->checked || shown->checked) && shown->shown_ms &&
                  now_ms - shown->shown_ms < TOGETHER_MS && memcmp(shown->jkt, step->caller.jkt, 32) == 0 &&
                  memcmp(shown->omni, in->omni, 32) != 0 &&
                  ak_state_identity(&engine->state, shown->omni, NULL) == step->caller.account;
    }
    struct ak_shown_identity *place = &engine->shown[engine->shown_next++ % AK_COUNT(engine->shown)];
    place->shown_ms = now_ms;
    place->checked = in->checked;
    memcpy(place->jkt, step->caller.jkt, 32);
    memcpy(place->omni, in->omni, 32);
    return second;
}

static enum ak_code recover(struct ak_step *step, const struct ak_sign_in *in)
{
    static const uint64_t kinds[] = {AK_RECOVERY_SIGN_IN_CODE, AK_RECOVERY_SIGN_IN_TWO, AK_RECOVERY_SIGN_IN};
    const struct ak_engine_conf *conf = &step->engine->conf;
    const struct ak_waiting *own = NULL;
    uint64_t now_ms = ak_logic_time_seen_ms(&step->engine->time);
    bool second = is_second_identity(step, in);
    for (size_t i = 0; i < AK_COUNT(kinds) && !own; i++) own = recovery_of(step, kinds[i]);
    if (own && now_ms >= own->ready_at_ms) return finish_recovery(step, in, own->what);
    if (ak_msg_has(&in->device, AK_SIGN_IN_RECOVERY_CODE) && !(own && own->what == AK_RECOVERY_SIGN_IN_CODE))
        return recover_by_code(step, in, own);
    uint64_t ready_at_ms = now_ms + (in->checked ? conf->recovery_wait_code_ms : conf->recovery_wait_ms);
    if (own && own->ready_at_ms < ready_at_ms) ready_at_ms = own->ready_at_ms;
    if (second && !(own && ak_waiting_is_final(own->what)))
        return start_final(step, own, AK_RECOVERY_SIGN_IN_TWO, ready_at_ms);
    if (own) return answer_pending(step, own->ready_at_ms);
    return start_recovery(step, AK_RECOVERY_SIGN_IN, ready_at_ms);
}

/* ---- which of them ---- */

const uint8_t *ak_sign_in_next_hash(const struct ak_sign_in *in)
{
    return ak_msg_has(&in->device, AK_SIGN_IN_RECOVERY_HASH) ? in->device.recovery_hash : NULL;
}

static enum ak_code open_new(struct ak_step *step, const struct ak_sign_in *in)
{
    if (ak_msg_has(&in->device, AK_SIGN_IN_RECOVER) && in->device.recover)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "this identity signs in to no account; init opens one");
    enum ak_code code = ak_step_check_new(step, &in->identity, in->omni);
    if (code) return code;
    if (step->engine->storage_low) return AK_CODE_STORAGE_FULL; /* the reserve is not for strangers */
    code =
        ak_step_open_account(step, &in->identity, in->omni, in->device.device_name, ak_sign_in_next_hash(in));
    return code ? code : answer_session(step, in, true);
}

enum ak_code ak_step_sign_in(struct ak_step *step, const struct ak_sign_in *in)
{
    struct ak_caller *caller = &step->caller;
    caller->account = ak_state_identity(&step->engine->state, in->omni, &caller->account_number);
    if (!caller->account) return open_new(step, in);
    bool enrolled = ak_state_device(&step->engine->state, caller->account, caller->jkt) != NULL;
    enum ak_code code = enrolled ? ak_step_begin_again(step, in->omni, ak_sign_in_next_hash(in)) : AK_CODE_OK;
    if (!code) code = enrolled ? answer_session(step, in, false) : recover(step, in);
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
