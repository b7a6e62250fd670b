/* derive-address and sign-message. */
#include "base/crypto/sha256.h"
#include "core/engine/internal.h"
#include "core/evm/eip191.h"
#include "core/state/identity_state.h"
#include "core/wire/msg_sign.h"

enum ak_code ak_call_attestation(struct ak_step *step)
{
    (void)step;
    return AK_CODE_NO_EVIDENCE;
}

/* Any identity that is linked names the account. */
static enum ak_code check_omni(struct ak_step *step, const uint8_t omni[32])
{
    return ak_state_account_of(&step->engine->state, omni, NULL) == step->caller.account
               ? AK_CODE_OK
               : AK_CODE_ACCOUNT_MISMATCH;
}

enum ak_code ak_call_derive_address(struct ak_step *step)
{
    struct ak_msg_derive_request request;
    struct ak_policy_request ask = {.operation = AK_OP_DERIVE_ADDRESS};
    struct ak_path_state *path = NULL;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = check_omni(step, request.omni_account);
    if (!code) code = ak_step_decide(step, &ask, request.path, false, &path);
    if (code) return code;
    struct ak_msg_derive_reply reply = {.key_version = step->caller.account->root_version};
    memcpy(reply.address, step->caller.account->home_wallet, 20);
    if (path) {
        memcpy(reply.address, path->address, 20);
        reply.key_version = path->root_version;
        reply.generation = path->generation;
        reply.present |= 1u << AK_DERIVE_REPLY_GENERATION;
    }
    return ak_step_reply(step, &ak_derive_reply_msg, &reply);
}

/* The entry of a signature: what was signed only as its hash. */
static enum ak_code record_signature(struct ak_step *step, const struct ak_policy_request *ask,
    struct ak_span message, struct ak_span nonce, const struct ak_path_state *path)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_MESSAGE_SIGNED);
    memcpy(entry.omni, step->caller.account->anchor, 32);
    entry.operation = ak_span_str(ak_operation_name(ask->operation));
    ak_sha256(message, entry.message_hash);
    entry.tat_us = step->decision.tat_us;
    if (path) {
        entry.label = ak_span(path->label, path->label_len);
        entry.generation = path->generation;
        ak_entry_mark(&entry, AK_F_LABEL);
        ak_entry_mark(&entry, AK_F_GENERATION);
    }
    if (ask->operation == AK_OP_SIGN_SIWE) {
        entry.domain = ask->facts.domain;
        entry.nonce = nonce;
        ak_entry_mark(&entry, AK_F_DOMAIN);
        ak_entry_mark(&entry, AK_F_NONCE);
    }
    return ak_step_emit(step, &entry);
}

static enum ak_code prepare_job(struct ak_step *step, struct ak_path_state *path)
{
    struct ak_engine *engine = step->engine;
    struct ak_account *account = step->caller.account;
    struct ak_job *job = &step->out->job;
    enum ak_err err = path ? ak_engine_path_points(engine, path) : ak_engine_account_points(engine, account);
    if (err)
        return ak_step_fail(step, AK_CODE_INTERNAL, "the derived key does not give the recorded address");
    job->kind = path ? AK_JOB_SIGN_AGENT : AK_JOB_SIGN_USER;
    job->verify = engine->conf.verify_before_release;
    job->root = engine->root;
    memcpy(job->anchor, account->anchor, 32);
    memcpy(job->user33, account->points.user33, 33);
    job->user = account->points.point;
    job->patch_at = 0;
    if (path) {
        memcpy(job->label, path->label, path->label_len);
        job->label_len = path->label_len;
        job->generation = path->generation;
        memcpy(job->base33, path->base33, 33);
        job->child = path->child;
    }
    step->out->wait |= AK_WAIT_JOB;
    return AK_CODE_OK;
}

static enum ak_code reply_signed(struct ak_step *step, const struct ak_path_state *path)
{
    struct ak_msg_sign_reply reply = {
        .key_version = path ? path->root_version : step->caller.account->root_version,
        .entry_index = step->ref.index};
    memcpy(reply.address, path ? path->address : step->caller.account->home_wallet, 20);
    memcpy(reply.entry_leaf_hash, step->ref.leaf, 32);
    step->engine->figures[AK_FIGURE_SIGNATURES]++;
    return ak_step_reply(step, &ak_sign_reply_msg, &reply);
}

enum ak_code ak_call_sign_message(struct ak_step *step)
{
    struct ak_msg_sign_request request;
    struct ak_policy_request ask = {0};
    struct ak_span nonce;
    struct ak_path_state *path = NULL;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = check_omni(step, request.omni_account);
    if (!code) code = ak_step_classify(step, request.message, request.path, &ask, &nonce);
    if (!code) code = ak_step_decide(step, &ask, request.path, false, &path);
    if (!code) code = prepare_job(step, path);
    if (code) return code;
    ak_eip191_digest(request.message, step->out->job.digest);
    code = record_signature(step, &ask, request.message, nonce, path);
    return code ? code : reply_signed(step, path);
}
