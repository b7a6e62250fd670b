/* The account as a whole: reading it back, suspending, resuming, and what waits. A device alone takes rights
 * away at once; giving them back waits unless a second device or the recovery code confirms. */
#include "base/crypto/sha256.h"
#include "base/ct.h"
#include "core/engine/internal.h"
#include "core/engine/waiting.h"
#include "core/wire/msg_account.h"

enum ak_code ak_call_account(struct ak_step *step)
{
    const struct ak_account *account = step->caller.account;
    struct ak_msg_account_reply reply = {.key_version = account->root_version,
        .identity_type = account->identity_type,
        .opened_at = account->opened_ms / 1000,
        .suspended = account->suspended,
        .device_count = account->device_count,
        .agent_count = account->path_count,
        .recovery_code_set = account->has_recovery};
    memcpy(reply.anchor, account->anchor, 32);
    memcpy(reply.home_wallet, account->home_wallet, 20);
    return ak_step_reply(step, &ak_account_reply_msg, &reply);
}

enum ak_code ak_call_account_suspend(struct ak_step *step)
{
    if (step->caller.account->suspended)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the account is suspended already");
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_ACCOUNT_SUSPENDED);
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "suspended");
}

enum ak_code ak_call_account_resume(struct ak_step *step)
{
    struct ak_msg_account_change_request request;
    bool ready = false;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    if (!step->caller.account->suspended)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the account is not suspended");
    const struct ak_code_given given = {
        .sealed =
            ak_msg_has(&request, AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE) ? request.recovery_code : NULL,
        .next_hash =
            ak_msg_has(&request, AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH) ? request.recovery_hash : NULL};
    code = ak_step_wait_or_confirm(step, AK_RECOVERY_ACCOUNT_RESUME, NULL, &given, &ready);
    if (code || !ready) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_ACCOUNT_RESUMED);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "resumed");
}

/* Another recovery code, where the one before was lost or seen by others: at once by that code, else after
 * the waiting time, because a stolen device would take the owner's last way back. It waits for the device
 * that asked alone, and no second one confirms it: whoever completes it has the new code. */
enum ak_code ak_call_recovery_code(struct ak_step *step)
{
    struct ak_msg_recovery_code_request request;
    bool ready = false;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    const struct ak_code_given given = {.next_hash = request.recovery_hash,
        .sealed =
            ak_msg_has(&request, AK_RECOVERY_CODE_REQUEST_RECOVERY_CODE) ? request.recovery_code : NULL};
    if (!given.sealed && ak_step_recovered_just_now(step))
        return ak_step_fail(step, AK_CODE_DENIED,
            "this device came by a recovery; it renews the code after the waiting time (recovery_wait_code)");
    if (!given.sealed) code = ak_step_check_next(step, request.recovery_hash);
    if (code) return code;
    code = ak_step_wait_or_confirm(step, AK_RECOVERY_CODE, step->caller.jkt, &given, &ready);
    if (code || !ready) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_RECOVERY_CODE_SET);
    memcpy(entry.recovery_hash, request.recovery_hash, 32);
    ak_entry_mark(&entry, AK_F_RECOVERY_HASH);
    code = ak_step_emit(step, &entry);
    step->code_set = true;
    return code ? code : ak_step_reply_done(step, "renewed");
}

enum ak_code ak_call_recovery_list(struct ak_step *step)
{
    uint8_t memory[AK_STATE_WAITING_ACCOUNT * 256];
    struct ak_buf items = AK_BUF_ARR(memory);
    const struct ak_state *state = &step->engine->state;
    for (uint32_t at = step->caller.account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&state->waiting, at);
        at = waiting->next;
        struct ak_msg_recovery_item item = {.what = ak_span_str(ak_waiting_name(waiting->what)),
            .ready_at = (waiting->ready_at_ms + step->engine->time.unseen_ms) / 1000};
        memcpy(item.started_by, waiting->started_by, 32);
        if (waiting->ready_at_ms == 0) item.ready_at = 0; /* never by time alone */
        if (waiting->what != AK_RECOVERY_ACCOUNT_RESUME) {
            memcpy(item.device, waiting->device, 32);
            item.present |= 1u << AK_RECOVERY_ITEM_DEVICE;
        }
        if (ak_list_add(&items, &ak_recovery_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
    }
    struct ak_msg_recovery_list_reply reply = {.items = {ak_buf_span(&items)}};
    return ak_step_reply(step, &ak_recovery_list_reply_msg, &reply);
}

/* NULL: *out_code is the answer. */
static const struct ak_waiting *find_waiting(
    struct ak_step *step, struct ak_msg_recovery_cancel_request *out_request, enum ak_code *out_code)
{
    *out_code = ak_step_read(step, out_request);
    if (*out_code) return NULL;
    uint64_t what = ak_waiting_parse(out_request->what);
    bool has_device = ak_msg_has(out_request, AK_RECOVERY_CANCEL_REQUEST_DEVICE);
    *out_code =
        ak_step_fail(step, AK_CODE_NOT_FOUND, "nothing of this kind waits; see agentkeys device list");
    if (!what) return NULL;
    return ak_state_waiting(
        &step->engine->state, step->caller.account, what, has_device ? out_request->device : NULL);
}

static struct ak_entry waiting_entry(struct ak_step *step, enum ak_entry_type type,
    const struct ak_msg_recovery_cancel_request *request, const struct ak_waiting *waiting)
{
    struct ak_entry entry = ak_step_entry(step, type);
    entry.what = waiting->what;
    if (ak_msg_has(request, AK_RECOVERY_CANCEL_REQUEST_DEVICE)) {
        memcpy(entry.device, request->device, 32);
        ak_entry_mark(&entry, AK_F_DEVICE);
    }
    return entry;
}

enum ak_code ak_call_recovery_cancel(struct ak_step *step)
{
    struct ak_msg_recovery_cancel_request request = {0};
    enum ak_code code = AK_CODE_INTERNAL;
    const struct ak_waiting *waiting = find_waiting(step, &request, &code);
    if (!waiting) return code;
    if (ak_waiting_is_final(waiting->what))
        return ak_step_fail(
            step, AK_CODE_DENIED, "who has the recovery code cannot be stopped; suspend what must not go on");
    code = ak_step_pay_cancel(step);
    if (code) return code;
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_CANCELLED, &request, waiting);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "cancelled");
}

/* The wait that a device has seen goes on for the shorter time from now on, and never longer than it was. */
enum ak_code ak_call_recovery_seen(struct ak_step *step)
{
    struct ak_msg_recovery_cancel_request request = {0};
    enum ak_code code = AK_CODE_INTERNAL;
    const struct ak_waiting *waiting = find_waiting(step, &request, &code);
    if (!waiting) return code;
    uint64_t ready_at_ms =
        ak_logic_time_seen_ms(&step->engine->time) + step->engine->conf.recovery_wait_code_ms;
    if (!ak_waiting_is_sign_in(waiting->what) || ready_at_ms >= waiting->ready_at_ms)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "its time does not change by being seen");
    struct ak_entry entry = waiting_entry(step, AK_ENTRY_RECOVERY_SEEN, &request, waiting);
    entry.ready_at_ms = ready_at_ms;
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "seen");
}
