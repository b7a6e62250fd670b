/* One step: find the call, know the caller, run its handler, and make the answer whole. */
#include "core/engine/vault_work.h"

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_vault.h"

static ak_handler *const handlers[AK_CALL_COUNT] = {
    [AK_CALL_DERIVE_ADDRESS] = ak_call_derive_address,
    [AK_CALL_SIGN_MESSAGE] = ak_call_sign_message,
    [AK_CALL_ATTESTATION] = ak_call_attestation,
    [AK_CALL_LOCAL_SESSION] = ak_call_local_session,
    [AK_CALL_LOGOUT] = ak_call_logout,
    [AK_CALL_ACCOUNT] = ak_call_account,
    [AK_CALL_ACCOUNT_SUSPEND] = ak_call_account_suspend,
    [AK_CALL_ACCOUNT_RESUME] = ak_call_account_resume,
    [AK_CALL_RECOVERY_LIST] = ak_call_recovery_list,
    [AK_CALL_RECOVERY_CANCEL] = ak_call_recovery_cancel,
    [AK_CALL_RECOVERY_CODE] = ak_call_recovery_code,
    [AK_CALL_DEVICE_REQUEST] = ak_call_device_request,
    [AK_CALL_DEVICE_LIST] = ak_call_device_list,
    [AK_CALL_DEVICE_REMOVE] = ak_call_device_remove,
    [AK_CALL_PAIR_REQUEST] = ak_call_pair_request,
    [AK_CALL_PAIR_LIST] = ak_call_pair_list,
    [AK_CALL_PAIR_STATUS] = ak_call_pair_status,
    [AK_CALL_PAIR_APPROVE] = ak_call_pair_approve,
    [AK_CALL_PAIR_REFUSE] = ak_call_pair_refuse,
    [AK_CALL_PAIR_INVITE] = ak_call_pair_invite,
    [AK_CALL_PAIR_REDEEM] = ak_call_pair_redeem,
    [AK_CALL_AGENT_LIST] = ak_call_agent_list,
    [AK_CALL_AGENT_SHOW] = ak_call_agent_show,
    [AK_CALL_AGENT_SUSPEND] = ak_call_agent_suspend,
    [AK_CALL_AGENT_RESUME] = ak_call_agent_resume,
    [AK_CALL_AGENT_ROTATE] = ak_call_agent_rotate,
    [AK_CALL_AGENT_POLICY] = ak_call_agent_policy,
    [AK_CALL_AGENT_DECOMMISSION] = ak_call_agent_decommission,
    [AK_CALL_AGENT_LINEAGE] = ak_call_agent_lineage,
    [AK_CALL_TOKEN] = ak_call_token,
    [AK_CALL_EXPLAIN] = ak_call_explain,
    [AK_CALL_AUDIT] = ak_call_audit,
    [AK_CALL_CHECKPOINT] = ak_call_checkpoint,
    [AK_CALL_CHECKPOINT_SEAL] = ak_call_checkpoint_seal,
    [AK_CALL_INCLUSION] = ak_call_inclusion,
    [AK_CALL_CONSISTENCY] = ak_call_consistency,
    [AK_CALL_OIDC_CONFIGURATION] = ak_call_oidc_configuration,
    [AK_CALL_JWKS] = ak_call_jwks,
    [AK_CALL_MINT_OIDC_JWT] = ak_call_mint_oidc_jwt,
    [AK_CALL_SIGN_IN_NONCE] = ak_call_sign_in_nonce,
    [AK_CALL_WALLET_STARTED] = ak_call_wallet_started,
    [AK_CALL_WALLET_ANSWERED] = ak_call_wallet_answered,
    [AK_CALL_IDENTITY_ANSWERED] = ak_call_identity_answered,
    [AK_CALL_RECOVERY_SEEN] = ak_call_recovery_seen,
    [AK_CALL_LINK] = ak_call_link,
    [AK_CALL_UNLINK] = ak_call_unlink,
    [AK_CALL_LINK_LIST] = ak_call_link_list,
    [AK_CALL_NOTICES] = ak_call_notices,
    [AK_CALL_DELIVERY_KEY] = ak_call_delivery_key,
    [AK_CALL_CREDENTIAL_PUT] = ak_call_credential_put,
    [AK_CALL_CREDENTIAL_READ] = ak_call_credential_read,
    [AK_CALL_CREDENTIAL_DELETE] = ak_call_credential_delete,
    [AK_CALL_CREDENTIAL_LIST] = ak_call_credential_list,
    [AK_CALL_CREDENTIAL_ROLLBACK] = ak_call_credential_rollback,
    [AK_CALL_SERVICE_DEFINE] = ak_call_service_define,
    [AK_CALL_SERVICE_SHOW] = ak_call_service_show,
    [AK_CALL_SERVICE_LIST] = ak_call_service_list,
    [AK_CALL_EPOCH_LIST] = ak_call_epoch_list,
    [AK_CALL_EPOCH_ROTATE] = ak_call_epoch_rotate,
    [AK_CALL_EPOCH_DESTROY] = ak_call_epoch_destroy,
    [AK_CALL_TRUST] = ak_call_trust,
    [AK_CALL_TRUST_CHANGE] = ak_call_trust_change,
};

enum ak_code ak_step_read(struct ak_step *step, void *message)
{
    return ak_msg_decode(step->call->request, step->request->body, message, NULL) == AK_OK
               ? AK_CODE_OK
               : AK_CODE_INVALID_REQUEST;
}

/* "agent-suspend:" and the first half of the call's meaning: tells the same call from another under one key.
 */
static enum ak_code name_idempotency(struct ak_step *step)
{
    uint8_t meaning[32];
    const struct ak_frame_request *request = step->request;
    if (ak_msg_meaning(step->call->request, step->call->name, request->body, meaning) != AK_OK)
        return AK_CODE_INVALID_REQUEST;
    struct ak_buf call = AK_BUF_ARR(step->idempotency_call);
    ak_buf_put_str(&call, step->call->name);
    ak_buf_put_u8(&call, ':');
    ak_hex_encode(&call, ak_span(meaning, 16));
    const struct ak_span parts[] = {AK_SPAN_ARR(step->caller.jkt), request->idempotency_key};
    ak_sha256_parts(parts, AK_COUNT(parts), step->idempotency_hash);
    step->idempotency_call_len = call.len;
    step->has_idempotency = true;
    return AK_CODE_OK;
}

/* A repeat of a change that was made: the handlers see that it is done and answer with the first entry. */
static enum ak_code check_idempotency(struct ak_step *step, bool *out_repeat)
{
    *out_repeat = false;
    if (step->call->auth != AK_AUTH_CHANGE || step->request->idempotency_key.len == 0) return AK_CODE_OK;
    enum ak_code code = name_idempotency(step);
    if (code) return code;
    const struct ak_idempotent *before = ak_state_idempotent(&step->engine->state,
        step->caller.account_number, step->idempotency_hash, step->engine->time.logic_ms);
    if (!before) return AK_CODE_OK;
    if (!ak_span_eq(ak_span(before->call, before->call_len),
            ak_span(step->idempotency_call, step->idempotency_call_len)))
        return AK_CODE_IDEMPOTENCY_MISMATCH;
    *out_repeat = true;
    step->ref.index = before->index;
    memcpy(step->ref.leaf, before->leaf, 32);
    return AK_CODE_OK;
}

static enum ak_code answer_repeat(struct ak_step *step)
{
    if (step->call->reply == &ak_credential_reply_msg || step->call->reply == &ak_epoch_rotate_reply_msg)
        return ak_vault_answer_repeat(step, NULL);
    if (step->request->call == AK_CALL_LINK) return ak_link_answer_repeat(step);
    if (step->call->reply != &ak_agent_change_reply_msg) return ak_step_reply_done(step, "done");
    if (step->request->call == AK_CALL_PAIR_APPROVE) return ak_pair_answer_repeat(step);
    const struct ak_field *field = NULL;
    struct ak_reader reader = ak_reader(step->request->body);
    for (size_t i = 0; i < step->call->request->count; i++) {
        bool there = false;
        struct ak_span value;
        field = &step->call->request->fields[i];
        if (ak_field_read(field, &reader, &there, &value) != AK_OK) break;
        if (strcmp(field->name, "label") != 0) continue;
        struct ak_path_state *path = NULL;
        enum ak_code code = ak_step_find_path(step, value, &path);
        return code ? code : ak_step_reply_path(step, path, ak_path_status(path));
    }
    return AK_CODE_INVALID_REQUEST;
}

enum ak_code ak_step_refuse_giving(struct ak_step *step)
{
    struct ak_policy_request ask = {.operation = AK_OP_DERIVE_ADDRESS};
    struct ak_path_state *path = NULL;
    step->query = true;
    enum ak_code code = ak_step_decide(step, &ask, AK_SPAN_EMPTY, false, &path);
    return code ? code : AK_CODE_DENIED;
}

static enum ak_code dispatch(struct ak_step *step)
{
    bool repeat = false;
    if (step->engine->conf.dev && !(step->call->flags & AK_CALL_DEV)) return AK_CODE_NOT_FOUND;
    if ((step->call->flags & AK_CALL_LOCAL) && step->request->transport != AK_TRANSPORT_OPERATOR)
        return AK_CODE_NOT_FOUND;
    bool internal = step->call->flags & AK_CALL_INTERNAL;
    if (internal != (step->request->transport == AK_TRANSPORT_BROKER)) return AK_CODE_NOT_FOUND;
    enum ak_code code = ak_step_authenticate(step);
    if (!code) code = check_idempotency(step, &repeat);
    if (code) return code;
    if ((step->call->flags & AK_CALL_GIVES) && step->caller.account->suspended)
        return ak_step_refuse_giving(step);
    step->repeat = repeat;
    if (!handlers[step->request->call]) return AK_CODE_NOT_FOUND; /* not built */
    return repeat ? answer_repeat(step) : handlers[step->request->call](step);
}

/* Nothing of the state is told before it is durable, nor that rights are gone before that is sealed (I3): an
 * answer that wrote nothing itself waits for what stands before it. */
static void wait_for_what_is_told(struct ak_step *step)
{
    const struct ak_engine *engine = step->engine;
    struct ak_outcome *out = step->out;
    uint64_t size = engine->log.tree.size;
    if (step->caller.kind == AK_CALLER_NONE) return;
    if (engine->durable_size < size) out->wait |= AK_WAIT_DURABLE;
    bool done = step->repeat || out->code == AK_CODE_ALREADY_DONE;
    if (done && engine->rights_size > engine->checkpoint_size) out->wait |= AK_WAIT_SEALED;
    out->size = size;
}

void ak_step_reset(struct ak_outcome *out)
{
    out->wait = 0;
    out->job.kind = AK_JOB_NONE;
    out->vault.kind = AK_VAULT_NONE;
    out->size = 0;
    out->body.len = 0;
    out->body.failed = false;
    out->code = AK_CODE_NOT_READY;
}

/* Work of the vault that is still to be done makes the answer; nothing of this one is told. */
void ak_step_finish(struct ak_step *step, enum ak_code code)
{
    struct ak_outcome *out = step->out;
    out->code = code;
    if (code != AK_CODE_OK && code != AK_CODE_PENDING) {
        out->job.kind = AK_JOB_NONE;
        out->vault.kind = AK_VAULT_NONE;
        out->wait &= (unsigned)~(AK_WAIT_JOB | AK_WAIT_READ | AK_WAIT_VAULT);
        ak_step_put_error(step, code);
    }
    ak_step_put_notice(step);
    if (!(out->wait & AK_WAIT_VAULT)) wait_for_what_is_told(step);
}

void ak_engine_step(struct ak_engine *engine, const struct ak_frame_request *request, struct ak_outcome *out)
{
    struct ak_step step = {
        .engine = engine, .request = request, .call = ak_call_get(request->call), .out = out};
    enum ak_code code = AK_CODE_NOT_READY;
    ak_step_reset(out);
    engine->figures[AK_FIGURE_REQUESTS]++;
    if (step.call && engine->started && !engine->stopping && ak_engine_has_room(engine))
        code = dispatch(&step);
    ak_step_finish(&step, code);
}
