/* Writing entries: common fields, the log, the fold, and what the reply then waits for. */
#include "base/assert.h"
#include "core/engine/internal.h"
#include "core/policy/bucket.h"

static bool takes_rights_away(enum ak_entry_type type)
{
    switch ((int)type) {
    case AK_ENTRY_ACCOUNT_SUSPENDED:
    case AK_ENTRY_DEVICE_REMOVED:
    case AK_ENTRY_IDENTITY_UNLINKED:
    case AK_ENTRY_POLICY_CHANGED:
    case AK_ENTRY_PATH_SUSPENDED:
    case AK_ENTRY_PATH_ROTATED:
    case AK_ENTRY_PATH_DECOMMISSIONED:
    case AK_ENTRY_RECOVERY_CODE_SET: /* the one before opens nothing any more */
    case AK_ENTRY_TRUST_CHANGED:     /* in force only once it is sealed */
    case AK_ENTRY_SESSION_ENDED: return true;
    default: return false;
    }
}

/* What is still written when the disk is nearly full: policy, and what a person needs to change it. */
static bool passes_when_low(enum ak_entry_type type)
{
    return ak_entry_is_control(type) || type == AK_ENTRY_SESSION_ISSUED || type == AK_ENTRY_SESSION_ENDED;
}

/* Chain of the account, random bytes, time, and the required fields marked, so that the fold sees what a
 * replay will see; then append and fold, which cannot fail for an entry the caller checked. */
enum ak_err ak_engine_emit(struct ak_engine *engine, struct ak_entry *entry, struct ak_entry_ref *out_ref)
{
    struct ak_batch_memory *memory = &engine->memory[engine->memory_now];
    const struct ak_entry_type_info *info = ak_entry_type_info(entry->type);
    if (!info) return AK_E_ARG;
    if (ak_entry_is_control(entry->type)) AK_TRY(ak_state_reserve(&engine->state));
    entry->present |= info->required;
    if (entry->service.len == 0 && !entry->has_anchor) entry->service = AK_SPAN_LIT("worker");
    if (entry->has_anchor) {
        const struct ak_account *account = ak_state_account(&engine->state, entry->anchor, NULL);
        entry->seq = account ? account->seq + 1 : 1;
        if (account) memcpy(entry->prev_leaf, account->last_leaf, 32);
    }
    entry->time_ms =
        engine->time.logic_ms > engine->log.time_ms ? engine->time.logic_ms : engine->log.time_ms;
    engine->hooks.random(engine->hooks.ctx, entry->random, sizeof entry->random);
    AK_TRY(ak_ledger_append(&engine->log, &memory->batch, &engine->mac_key, entry, out_ref));
    ak_assert(ak_state_apply(&engine->state, out_ref, entry) == AK_OK);
    if (passes_when_low(entry->type)) engine->batch_control = true;
    if (takes_rights_away(entry->type)) engine->rights_size = engine->log.tree.size;
    return AK_OK;
}

struct ak_entry ak_step_entry(const struct ak_step *step, enum ak_entry_type type)
{
    struct ak_entry entry = {.type = type, .has_request_id = true};
    memcpy(entry.request_id, step->request->request_id, sizeof entry.request_id);
    memcpy(entry.actor, step->caller.jkt, 32);
    if (step->caller.account) {
        entry.has_anchor = true;
        memcpy(entry.anchor, step->caller.account->anchor, 32);
    }
    if (step->has_idempotency && ak_entry_is_control(type)) {
        entry.has_idempotency = true;
        memcpy(entry.idempotency_hash, step->idempotency_hash, 32);
        entry.idempotency_call = ak_span(step->idempotency_call, step->idempotency_call_len);
    }
    return entry;
}

/* Rights that cannot be taken twice without being given back. */
static bool takes_all(enum ak_entry_type type)
{
    return type == AK_ENTRY_ACCOUNT_SUSPENDED || type == AK_ENTRY_DEVICE_REMOVED ||
           type == AK_ENTRY_PATH_SUSPENDED || type == AK_ENTRY_PATH_DECOMMISSIONED;
}

/* Each control entry may cost a write of the sealed state, so an account has a budget of them; suspending and
 * its like always pass. */
enum ak_code ak_step_pay(struct ak_step *step)
{
    struct ak_account *account = step->caller.account;
    uint32_t rate =
        step->engine->storage_low ? AK_ENGINE_CONTROL_PER_MINUTE_LOW : AK_ENGINE_CONTROL_PER_MINUTE;
    struct ak_bucket_result taken =
        ak_bucket_take(account->control_tat_us, 0, rate, ak_logic_time_seen_us(&step->engine->time));
    if (taken.allowed) account->control_tat_us = taken.tat_us;
    step->retry_after_secs = taken.allowed ? 0 : taken.retry_after_secs;
    if (taken.allowed) return AK_CODE_OK;
    return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "too many changes of policy in a minute");
}

/* One device's own: another, perhaps stolen, cannot spend it. */
enum ak_code ak_step_pay_cancel(struct ak_step *step)
{
    struct ak_device *device = ak_state_device(&step->engine->state, step->caller.account, step->caller.jkt);
    ak_assert(device); /* a session of it was checked just before */
    uint32_t rate =
        step->engine->storage_low ? AK_ENGINE_CANCELS_PER_MINUTE_LOW : AK_ENGINE_CANCELS_PER_MINUTE;
    struct ak_bucket_result taken =
        ak_bucket_take(device->cancel_tat_us, 0, rate, ak_logic_time_seen_us(&step->engine->time));
    step->retry_after_secs = taken.allowed ? 0 : taken.retry_after_secs;
    if (!taken.allowed)
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "this device asks for too much in a minute");
    device->cancel_tat_us = taken.tat_us;
    step->paid = true;
    return AK_CODE_OK;
}

/* A device's own, too: a stolen one keeps no other signed in. */
static enum ak_code pay_logout(struct ak_step *step)
{
    struct ak_device *device = ak_state_device(&step->engine->state, step->caller.account, step->caller.jkt);
    ak_assert(device); /* a session of it was checked just before */
    struct ak_bucket_result taken = ak_bucket_take(
        device->logout_tat_us, 0, AK_ENGINE_LOGOUTS_PER_MINUTE, ak_logic_time_seen_us(&step->engine->time));
    step->retry_after_secs = taken.allowed ? 0 : taken.retry_after_secs;
    if (taken.allowed) device->logout_tat_us = taken.tat_us;
    if (taken.allowed) return AK_CODE_OK;
    return ak_step_fail(
        step, AK_CODE_RATE_LIMIT_EXCEEDED, "this device has logged out twenty times in this minute");
}

/* A seal syncs a file and counts a counter up, and a chip's counter wears. */
enum ak_code ak_step_pay_seal(struct ak_step *step)
{
    struct ak_account *account = step->caller.account;
    struct ak_bucket_result taken = ak_bucket_take(
        account->seal_tat_us, 0, AK_ENGINE_SEALS_PER_MINUTE, ak_logic_time_seen_us(&step->engine->time));
    step->retry_after_secs = taken.allowed ? 0 : taken.retry_after_secs;
    if (taken.allowed) account->seal_tat_us = taken.tat_us;
    if (taken.allowed) return AK_CODE_OK;
    return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED,
        "sixty checkpoints were asked for in this minute; the worker seals by itself");
}

/* Whoever has an account signs in as often as he likes: while the disk is nearly full from his device's own
 * budget, so that no other device of the account keeps it out. */
static enum ak_code check_budget(struct ak_step *step, enum ak_entry_type type)
{
    if (!step->caller.account || step->paid) return AK_CODE_OK;
    if (type == AK_ENTRY_SESSION_ISSUED && step->engine->storage_low) return ak_step_pay_cancel(step);
    if (type == AK_ENTRY_SESSION_ENDED) return pay_logout(step);
    return ak_entry_is_control(type) && !takes_all(type) ? ak_step_pay(step) : AK_CODE_OK;
}

enum ak_code ak_step_emit(struct ak_step *step, struct ak_entry *entry)
{
    struct ak_engine *engine = step->engine;
    if (engine->storage_low && !passes_when_low(entry->type)) return AK_CODE_STORAGE_FULL;
    enum ak_code code = check_budget(step, entry->type);
    if (code) return code;
    enum ak_err err = ak_engine_emit(engine, entry, &step->ref);
    if (err == AK_E_FULL) return ak_step_fail(step, AK_CODE_STORAGE_FULL, "the worker's memory is full");
    if (err) return AK_CODE_LEDGER_UNAVAILABLE;
    step->out->wait |= AK_WAIT_DURABLE;
    if (takes_rights_away(entry->type)) step->out->wait |= AK_WAIT_SEALED;
    step->out->size = engine->log.tree.size;
    return AK_CODE_OK;
}
