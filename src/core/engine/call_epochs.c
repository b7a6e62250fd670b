/* Epochs of an account: listing, rotating, destroying. */
#include "core/engine/vault_work.h"
#include "core/policy/bucket.h"
#include "core/wire/msg_vault.h"

static const char *status_name(const struct ak_epoch_state *epoch)
{
    static const char *const names[] = {"live", "old", "destroyed"};
    return names[epoch->status];
}

static struct ak_msg_epoch_item item_of(const struct ak_engine *engine, const struct ak_epoch_state *epoch)
{
    struct ak_msg_epoch_item item = {.epoch = epoch->number,
        .state = ak_span_str(status_name(epoch)),
        .blobs = (uint64_t)epoch->count[AK_BLOB_CURRENT] + epoch->count[AK_BLOB_REFUSED],
        .created_at = epoch->begun_ms / 1000,
        .erased = epoch->erased};
    memcpy(item.dek_id, epoch->dek_id, sizeof item.dek_id);
    if (epoch->status != AK_EPOCH_LIVE) {
        item.rotated_at = epoch->rotated_ms / 1000;
        item.present |= 1u << AK_EPOCH_ITEM_ROTATED_AT;
    }
    if (epoch->status == AK_EPOCH_DESTROYED) {
        item.destroyed_at = epoch->destroyed_ms / 1000;
        item.present |= 1u << AK_EPOCH_ITEM_DESTROYED_AT | 1u << AK_EPOCH_ITEM_ERASED;
    } else if (epoch->status == AK_EPOCH_OLD || epoch->used_ms) {
        uint64_t from = epoch->status == AK_EPOCH_OLD ? epoch->rotated_ms : epoch->used_ms;
        uint64_t wait =
            epoch->status == AK_EPOCH_OLD ? ak_vault_deadline_ms(engine) : ak_vault_rotate_ms(engine);
        item.deadline_at = (from + wait) / 1000;
        item.present |= 1u << AK_EPOCH_ITEM_DEADLINE_AT;
    }
    return item;
}

enum ak_code ak_call_epoch_list(struct ak_step *step)
{
    enum { ITEM_MAX = 160 };
    struct ak_msg_epoch_list_request request;
    struct ak_msg_epoch_list_reply reply = {0};
    uint8_t memory[AK_WIRE_EPOCH_PAGE * ITEM_MAX];
    struct ak_buf items = AK_BUF_ARR(memory);
    const struct ak_state *state = &step->engine->state;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    uint64_t below = ak_msg_has(&request, AK_EPOCH_LIST_REQUEST_BEFORE) ? request.before : UINT64_MAX;
    unsigned count = 0;
    for (uint32_t at = step->caller.account->epoch; at != AK_INDEX_NONE;) {
        const struct ak_epoch_state *epoch = ak_state_epoch_at(state, at);
        at = epoch->before;
        if (epoch->number >= below) continue;
        if (count++ == AK_WIRE_EPOCH_PAGE) {
            reply.next = (uint64_t)epoch->number + 1;
            reply.present |= 1u << AK_EPOCH_LIST_REPLY_NEXT;
            break;
        }
        struct ak_msg_epoch_item item = item_of(step->engine, epoch);
        if (ak_list_add(&items, &ak_epoch_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
    }
    reply.epochs.bytes = ak_buf_span(&items);
    return ak_step_reply(step, &ak_epoch_list_reply_msg, &reply);
}

/* ---- rotate ---- */

static enum ak_code check_rotate(struct ak_step *step)
{
    const struct ak_account *account = step->caller.account;
    const struct ak_epoch_state *now = ak_state_epoch_current(&step->engine->state, account);
    if (!now)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "nothing was stored yet, so there is no epoch to end");
    if (account->old_epoch != AK_INDEX_NONE)
        return ak_step_fail(step, AK_CODE_EPOCH_BUSY,
            "two epochs are live; destroy the old one first: agentkeys epoch destroy");
    return now->number >= AK_LIMIT_EPOCH ? AK_CODE_STORAGE_FULL : AK_CODE_OK;
}

enum ak_code ak_call_epoch_rotate(struct ak_step *step)
{
    struct ak_engine *engine = step->engine;
    enum ak_code code = check_rotate(step);
    if (!code) code = ak_step_pay(step);
    if (code) return code;
    struct ak_vault_work *work = ak_vault_begin(step, AK_VAULT_ROTATE);
    work->item_count = 1;
    memcpy(work->key.anchor, step->caller.account->anchor, sizeof work->key.anchor);
    work->key.epoch = ak_state_epoch_current(&engine->state, step->caller.account)->number + 1;
    engine->hooks.random(engine->hooks.ctx, work->key.dek_id, sizeof work->key.dek_id);
    return AK_CODE_OK;
}

enum ak_code ak_vault_reply_rotated(struct ak_step *step)
{
    const struct ak_epoch_state *now = ak_state_epoch_current(&step->engine->state, step->caller.account);
    if (!now) return AK_CODE_NOT_FOUND;
    struct ak_msg_epoch_rotate_reply reply = {
        .from = now->number - 1, .to = now->number, .entry_index = step->ref.index};
    memcpy(reply.entry_leaf_hash, step->ref.leaf, sizeof reply.entry_leaf_hash);
    return ak_step_reply(step, &ak_epoch_rotate_reply_msg, &reply);
}

enum ak_code ak_vault_end_rotate(struct ak_step *step, const struct ak_vault_work *work)
{
    enum ak_code code = check_rotate(step);
    if (code) return code;
    const struct ak_epoch_state *now = ak_state_epoch_current(&step->engine->state, step->caller.account);
    if (now->number + 1 != work->key.epoch) return AK_CODE_EPOCH_BUSY;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_EPOCH_ROTATED);
    entry.from = now->number;
    entry.to = work->key.epoch;
    memcpy(entry.dek_id, work->key.dek_id, sizeof entry.dek_id);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_vault_reply_rotated(step);
}

/* ---- destroy ---- */

static enum ak_code check_destroy(struct ak_step *step, uint64_t number)
{
    const struct ak_state *state = &step->engine->state;
    const struct ak_epoch_state *now = ak_state_epoch_current(state, step->caller.account);
    const struct ak_epoch_state *old = ak_state_epoch_old(state, step->caller.account);
    if (!now || number == 0 || number > now->number)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "no epoch of this number; see agentkeys epoch list");
    if (number == now->number)
        return ak_step_fail(step, AK_CODE_EPOCH_BUSY, "that epoch is the current one; rotate first");
    if (!old || number < old->number)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "that epoch is destroyed already");
    if (old->count[AK_BLOB_CURRENT])
        return ak_step_fail(step, AK_CODE_EPOCH_BUSY,
            "credentials of that epoch are still to be moved; see agentkeys epoch list and try again");
    if (old->count[AK_BLOB_REFUSED])
        return ak_step_fail(step, AK_CODE_EPOCH_BUSY,
            "a credential of that epoch is missing or tampered; store it anew or delete it, then try again");
    if (!ak_vault_may_destroy(step->engine, old))
        return ak_step_fail(
            step, AK_CODE_EPOCH_BUSY, "the last move out of that epoch is just being written; try again");
    return AK_CODE_OK;
}

/* Each rewrites both erasure slots, which may be cells of a chip that wear; what is due by age goes together.
 */
static enum ak_code pay_destroy(struct ak_step *step)
{
    struct ak_account *account = step->caller.account;
    struct ak_bucket_result taken = ak_bucket_take_hour(
        account->destroy_tat_us, 0, AK_ENGINE_DESTROYS_PER_HOUR, ak_logic_time_seen_us(&step->engine->time));
    if (!taken.allowed) {
        step->retry_after_secs = taken.retry_after_secs;
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED,
            "twenty epochs were destroyed in this hour; the worker destroys what is due by itself");
    }
    enum ak_code code = ak_step_pay(step);
    if (!code) account->destroy_tat_us = taken.tat_us;
    return code;
}

enum ak_code ak_call_epoch_destroy(struct ak_step *step)
{
    struct ak_msg_epoch_destroy_request request;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = check_destroy(step, request.epoch);
    if (!code) code = pay_destroy(step);
    if (code) return code;
    const struct ak_epoch_state *old = ak_state_epoch_old(&step->engine->state, step->caller.account);
    struct ak_vault_work *work = ak_vault_begin(step, AK_VAULT_DESTROY);
    work->item_count = 1;
    memcpy(work->key.anchor, step->caller.account->anchor, sizeof work->key.anchor);
    work->key.epoch = old->number;
    memcpy(work->key.dek_id, old->dek_id, sizeof work->key.dek_id);
    return AK_CODE_OK;
}

enum ak_code ak_vault_end_destroy(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    enum ak_code code = check_destroy(step, work->key.epoch);
    if (code) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_EPOCH_DESTROYED);
    entry.epoch = work->key.epoch;
    entry.erase = result->erase ? 1 : 0;
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "destroyed");
}
