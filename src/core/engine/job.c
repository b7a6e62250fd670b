/* Derive, sign, verify, wipe. */
#include "core/engine/job.h"

#include "base/codec/base64.h"
#include "core/keys/service.h"

static enum ak_err sign_with(const struct ak_job *job, const struct ak_secret32 *scalar,
    const struct ak_k256_point *point, uint8_t out_signature[65])
{
    AK_TRY(ak_k256_sign(job->digest, scalar, out_signature));
    return job->verify ? ak_k256_verify(job->digest, out_signature, point) : AK_OK;
}

static enum ak_err sign_user(const struct ak_job *job, uint8_t out_signature[65])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 chain_code = {{0}};
    AK_TRY(ak_keys_user(job->root, job->anchor, &scalar, &chain_code));
    return sign_with(job, &scalar, &job->user, out_signature);
}

static enum ak_err sign_agent(const struct ak_job *job, uint8_t out_signature[65])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(ak_keys_agent_scalar(job->root, job->anchor, ak_span(job->label, job->label_len), job->generation,
        job->user33, job->base33, &scalar));
    return sign_with(job, &scalar, &job->child, out_signature);
}

void ak_job_keys_done(struct ak_job_keys *keys)
{
    ak_p256_signer_close(&keys->issuer);
    *keys = (struct ak_job_keys){0};
}

static enum ak_err open_issuer(struct ak_job_keys *keys, const struct ak_root *root, uint32_t version)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    if (keys->root == root && keys->issuer_version == version) return AK_OK;
    ak_job_keys_done(keys);
    AK_TRY(ak_service_oidc(root, version, &scalar));
    AK_TRY(ak_p256_signer_open(&keys->issuer, &scalar));
    keys->root = root;
    keys->issuer_version = version;
    return AK_OK;
}

static enum ak_err sign_token(struct ak_job *job, struct ak_job_keys *keys)
{
    AK_TRY(open_issuer(keys, job->root, job->issuer_version));
    return ak_p256_sign_digest(&keys->issuer, job->digest, job->signature);
}

static enum ak_err run(struct ak_job *job, struct ak_job_keys *keys)
{
    switch (job->kind) {
    case AK_JOB_SIGN_USER: return sign_user(job, job->signature);
    case AK_JOB_SIGN_AGENT: return sign_agent(job, job->signature);
    case AK_JOB_LINEAGE: AK_TRY(sign_user(job, job->signature)); return sign_agent(job, job->second);
    case AK_JOB_MINT: return sign_token(job, keys);
    case AK_JOB_NONE: return AK_OK;
    }
    return AK_E_ARG;
}

void ak_job_run(struct ak_job *job, struct ak_job_keys *keys)
{
    job->result = run(job, keys);
    if (job->result) {
        ak_wipe(job->signature, sizeof job->signature);
        ak_wipe(job->second, sizeof job->second);
    }
}

static enum ak_err patch_token(const struct ak_job *job, struct ak_buf *body)
{
    enum { TEXT_LEN = 86 };
    if (body->len < TEXT_LEN || job->patch_at > body->len - TEXT_LEN) return AK_E_STATE;
    struct ak_buf place = ak_buf(body->ptr + job->patch_at, TEXT_LEN);
    ak_base64url_encode(&place, ak_span(job->signature, 64));
    return ak_buf_check(&place);
}

enum ak_err ak_job_patch(const struct ak_job *job, struct ak_buf *body)
{
    size_t len = job->kind == AK_JOB_LINEAGE ? 130 : 65;
    if (job->kind == AK_JOB_NONE) return AK_OK;
    if (job->kind == AK_JOB_MINT) return job->result ? AK_E_STATE : patch_token(job, body);
    if (job->result || body->len < len || job->patch_at > body->len - len) return AK_E_STATE;
    memcpy(body->ptr + job->patch_at, job->signature, 65);
    if (job->kind == AK_JOB_LINEAGE) memcpy(body->ptr + job->patch_at + 65, job->second, 65);
    return AK_OK;
}
