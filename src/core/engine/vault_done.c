/* The helper's result comes back to a request: who asked is looked at again, then the call's own end. */
#include "core/engine/vault_work.h"

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "core/wire/msg_vault.h"

struct ak_vault_work *ak_vault_begin(struct ak_step *step, enum ak_vault_kind kind)
{
    struct ak_vault_work *work = &step->out->vault;
    const struct ak_account *account = step->caller.account;
    *work = (struct ak_vault_work){.kind = kind, .has_reply = kind != AK_VAULT_READ};
    work->asker.call = step->request->call;
    memcpy(work->asker.anchor, account->anchor, sizeof work->asker.anchor);
    memcpy(work->asker.jkt, step->caller.jkt, sizeof work->asker.jkt);
    memcpy(work->asker.request_id, step->request->request_id, sizeof work->asker.request_id);
    work->asker.has_idempotency = step->has_idempotency;
    memcpy(work->asker.idempotency_hash, step->idempotency_hash, sizeof work->asker.idempotency_hash);
    work->asker.idempotency_call_len = (uint8_t)step->idempotency_call_len;
    memcpy(work->asker.idempotency_call, step->idempotency_call, sizeof work->asker.idempotency_call);
    step->out->wait |= kind == AK_VAULT_READ ? AK_WAIT_JOB : AK_WAIT_VAULT;
    return work;
}

struct ak_span ak_vault_put_path(const struct ak_state *state, uint32_t path, struct ak_buf *buf)
{
    if (path == AK_INDEX_NONE) return AK_SPAN_EMPTY;
    const struct ak_path_state *found = ak_state_path_at(state, path);
    ak_buf_put_u8(buf, '/');
    ak_buf_put(buf, ak_span(found->label, found->label_len));
    return ak_buf_span(buf);
}

static enum ak_code restore_caller(struct ak_step *step, const struct ak_vault_asker *asker)
{
    struct ak_caller *caller = &step->caller;
    caller->account = ak_state_account(&step->engine->state, asker->anchor, &caller->account_number);
    if (!caller->account) return AK_CODE_INVALID_TOKEN;
    caller->kind = AK_CALLER_SESSION;
    memcpy(caller->jkt, asker->jkt, sizeof caller->jkt);
    step->has_idempotency = asker->has_idempotency;
    memcpy(step->idempotency_hash, asker->idempotency_hash, sizeof step->idempotency_hash);
    memcpy(step->idempotency_call, asker->idempotency_call, sizeof step->idempotency_call);
    step->idempotency_call_len = asker->idempotency_call_len;
    if (step->call->auth != AK_AUTH_CHANGE) return AK_CODE_OK;
    if (!ak_state_device(&step->engine->state, caller->account, asker->jkt))
        return AK_CODE_DEVICE_NOT_ENROLLED;
    bool gives = (step->call->flags & AK_CALL_GIVES) != 0;
    return gives && caller->account->suspended ? ak_step_refuse_giving(step) : AK_CODE_OK;
}

/* The same change came a second time while the first was under way. */
static bool is_repeat(struct ak_step *step)
{
    if (!step->has_idempotency) return false;
    const struct ak_idempotent *before = ak_state_idempotent(&step->engine->state,
        step->caller.account_number, step->idempotency_hash, step->engine->time.logic_ms);
    if (!before) return false;
    step->repeat = true;
    step->ref.index = before->index;
    memcpy(step->ref.leaf, before->leaf, 32);
    return true;
}

static enum ak_code failed(struct ak_step *step, const struct ak_vault_work *work, enum ak_vault_code code)
{
    switch (code) {
    case AK_VAULT_DONE: return AK_CODE_OK;
    case AK_VAULT_TAMPERED:
    case AK_VAULT_MISSING:
        if (ak_vault_refused(step->engine, work, code, work->asker.jkt)) return AK_CODE_TAMPERED;
        return ak_step_fail(step, AK_CODE_NOT_READY, "the value was moved meanwhile; try again");
    case AK_VAULT_UNOPENED:
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "the sealed value does not open; seal it to this worker's delivery key, for this call, account, "
            "service and path");
    case AK_VAULT_NO_DEK:
    case AK_VAULT_UNAVAILABLE:
        return ak_step_fail(
            step, AK_CODE_NOT_READY, "stored values cannot be read or written now; nothing was changed");
    case AK_VAULT_FULL: break;
    }
    return ak_step_fail(step, AK_CODE_STORAGE_FULL, "no space for stored values; nothing was changed");
}

static enum ak_code end_call(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    switch ((int)work->asker.call) {
    case AK_CALL_CREDENTIAL_PUT: return ak_vault_end_put(step, work, result);
    case AK_CALL_CREDENTIAL_ROLLBACK: return ak_vault_end_rollback(step, work, result);
    case AK_CALL_EPOCH_ROTATE: return ak_vault_end_rotate(step, work);
    case AK_CALL_EPOCH_DESTROY: return ak_vault_end_destroy(step, work, result);
    default: return AK_CODE_INTERNAL;
    }
}

void ak_engine_vault_done(struct ak_engine *engine, const struct ak_vault_work *work,
    const struct ak_vault_result *result, struct ak_outcome *out)
{
    if (work->asker.call == 0) {
        ak_vault_end_background(engine, work, result);
        return;
    }
    struct ak_frame_request request = {.call = work->asker.call};
    memcpy(request.request_id, work->asker.request_id, sizeof request.request_id);
    struct ak_vault_work own = *work; /* `work` may be the outcome's own */
    struct ak_step step = {
        .engine = engine, .request = &request, .call = ak_call_get(request.call), .out = out, .paid = true};
    ak_step_reset(out);
    enum ak_code code = restore_caller(&step, &own.asker);
    if (!code && is_repeat(&step)) {
        ak_step_finish(&step, ak_vault_answer_repeat(&step, own.kind == AK_VAULT_PUT ? &own.to : &own.from));
        return;
    }
    bool over = result->code == AK_VAULT_NO_DEK && own.kind == AK_VAULT_PUT && step.caller.account &&
                !ak_vault_aims_at_current(&engine->state, step.caller.account, &own);
    if (!code && !over) code = failed(&step, &own, result->code);
    if (!code) code = end_call(&step, &own, result);
    ak_step_finish(&step, code);
}

/* The same after each start and each upgrade: clients pin it. */
enum ak_code ak_call_delivery_key(struct ak_step *step)
{
    uint8_t id[16];
    uint8_t hash[32];
    struct ak_buf kid = AK_BUF_ARR(id);
    struct ak_msg_delivery_key_reply reply = {0};
    memcpy(reply.public_key, step->engine->delivery_pub, sizeof reply.public_key);
    ak_sha256(AK_SPAN_ARR(reply.public_key), hash);
    ak_hex_encode(&kid, ak_span(hash, 8));
    reply.kid = ak_buf_span(&kid);
    return ak_step_reply(step, &ak_delivery_key_reply_msg, &reply);
}
