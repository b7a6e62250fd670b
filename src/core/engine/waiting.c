/* Starting, confirming and finishing what waits. Waiting counts only time that a running keeper has seen. */
#include "core/engine/waiting.h"

#include "base/num.h"
#include "core/wire/msg_session.h"

static const char *const names[] = {
    [AK_RECOVERY_DEVICE_REMOVE] = "device-remove",
    [AK_RECOVERY_ACCOUNT_RESUME] = "account-resume",
    [AK_RECOVERY_SIGN_IN] = "sign-in",
    [AK_RECOVERY_SIGN_IN_CODE] = "sign-in-by-code",
    [AK_RECOVERY_TRUST_CHANGE] = "trust-change",
    [AK_RECOVERY_IDENTITY_UNLINK] = "identity-unlink",
    [AK_RECOVERY_SIGN_IN_TWO] = "sign-in-by-two",
    [AK_RECOVERY_CODE] = "recovery-code",
};

const char *ak_waiting_name(uint64_t what)
{
    return what < AK_COUNT(names) && names[what] ? names[what] : "";
}

uint64_t ak_waiting_parse(struct ak_span name)
{
    for (uint64_t what = 1; what < AK_COUNT(names); what++)
        if (ak_span_eq(name, ak_span_str(names[what]))) return what;
    return 0;
}

bool ak_waiting_is_final(uint64_t what)
{
    return what == AK_RECOVERY_SIGN_IN_CODE || what == AK_RECOVERY_SIGN_IN_TWO;
}

uint32_t ak_waiting_recoveries(const struct ak_state *state, const struct ak_account *account)
{
    uint32_t count = 0;
    for (uint32_t at = account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&state->waiting, at);
        at = waiting->next;
        count += ak_waiting_is_sign_in(waiting->what);
    }
    return count;
}

bool ak_step_may_start_change(const struct ak_step *step)
{
    const struct ak_account *account = step->caller.account;
    return account->waiting_count - ak_waiting_recoveries(&step->engine->state, account) <
           AK_STATE_CHANGES_ACCOUNT;
}

bool ak_waiting_is_sign_in(uint64_t what)
{
    return what == AK_RECOVERY_SIGN_IN || ak_waiting_is_final(what);
}

static struct ak_entry waiting_entry(
    struct ak_step *step, enum ak_entry_type type, uint64_t what, const uint8_t *device)
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.what = what;
    if (device) {
        memcpy(entry.device, device, 32);
        ak_entry_mark(&entry, AK_F_DEVICE);
    }
    return entry;
}

static enum ak_code answer_pending(struct ak_step *step, uint64_t ready_at_ms)
{
    struct ak_msg_done_reply done = {.status = AK_SPAN_LIT("waiting"),
        .ready_at = (ready_at_ms + step->engine->time.unseen_ms) / 1000,
        .present = 1u << AK_DONE_REPLY_READY_AT};
    enum ak_code code = ak_step_reply(step, &ak_done_reply_msg, &done);
    return code ? code : AK_CODE_PENDING;
}

/* Removing a device costs the account's budget of changes nothing: a stolen one that spends it would stay. */
static enum ak_code start(struct ak_step *step, uint64_t what, const uint8_t *device)
{
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_STARTED, what, device);
    if (!ak_step_may_start_change(step))
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "too many changes wait already; cancel one");
    entry.has_idempotency = false; /* the change itself carries it */
    if (what == AK_RECOVERY_DEVICE_REMOVE) step->paid = true;
    entry.ready_at_ms = ak_logic_time_seen_ms(&step->engine->time) + step->engine->conf.recovery_wait_ms;
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : answer_pending(step, entry.ready_at_ms);
}

/* One that has been enrolled for the waiting time itself: whoever steals a device and adds one of his own
 * must wait as long as he would alone. */
static bool is_established(const struct ak_step *step, const uint8_t thumbprint[32])
{
    const struct ak_device *device = ak_state_device(&step->engine->state, step->caller.account, thumbprint);
    uint64_t seen_ms = ak_logic_time_seen_ms(&step->engine->time);
    return device && ak_num_sub_sat(seen_ms, device->enrolled_seen_ms) >= step->engine->conf.recovery_wait_ms;
}

bool ak_step_is_second_voice(const struct ak_step *step, const struct ak_waiting *waiting)
{
    return memcmp(waiting->started_by, step->caller.jkt, 32) != 0 &&
           is_established(step, waiting->started_by) && is_established(step, step->caller.jkt);
}

static enum ak_code write_done(struct ak_step *step, uint64_t what, const uint8_t *device)
{
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_DONE, what, device);
    entry.has_idempotency = false;
    return ak_step_emit(step, &entry);
}

enum ak_code ak_step_wait_or_confirm(struct ak_step *step, uint64_t what, const uint8_t *device,
    const struct ak_code_given *given, bool *out_ready)
{
    const struct ak_waiting *waiting =
        ak_state_waiting(&step->engine->state, step->caller.account, what, device);
    enum ak_code code = given->sealed ? ak_step_check_code(step, given->sealed) : AK_CODE_OK;
    *out_ready = false;
    if (!code && given->sealed) code = ak_step_check_next(step, given->next_hash);
    if (code) return code;
    bool second = waiting && ak_step_is_second_voice(step, waiting);
    bool due = waiting && ak_logic_time_seen_ms(&step->engine->time) >= waiting->ready_at_ms;
    if (!given->sealed && !second && !due)
        return waiting ? answer_pending(step, waiting->ready_at_ms) : start(step, what, device);
    *out_ready = true;
    if (!waiting && !given->sealed) return AK_CODE_OK;
    if (what != AK_RECOVERY_DEVICE_REMOVE) code = ak_step_pay(step);
    if (code) return code;
    step->paid = true; /* one price for these entries and the change's own: none comes without the others */
    if (waiting) code = write_done(step, what, device);
    bool spends = given->sealed && what != AK_RECOVERY_CODE; /* which sets the next one itself */
    return code || !spends ? code : ak_step_set_code(step, given->next_hash);
}
