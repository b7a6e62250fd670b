/* Derive, sign, verify, wipe. */
#include "core/engine/job.h"

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

static enum ak_err run(struct ak_job *job)
{
    switch (job->kind) {
    case AK_JOB_SIGN_USER: return sign_user(job, job->signature);
    case AK_JOB_SIGN_AGENT: return sign_agent(job, job->signature);
    case AK_JOB_LINEAGE: AK_TRY(sign_user(job, job->signature)); return sign_agent(job, job->second);
    case AK_JOB_NONE: return AK_OK;
    }
    return AK_E_ARG;
}

void ak_job_run(struct ak_job *job)
{
    job->result = run(job);
    if (job->result) {
        ak_wipe(job->signature, sizeof job->signature);
        ak_wipe(job->second, sizeof job->second);
    }
}

enum ak_err ak_job_patch(const struct ak_job *job, struct ak_buf *body)
{
    size_t len = job->kind == AK_JOB_LINEAGE ? 130 : 65;
    if (job->kind == AK_JOB_NONE) return AK_OK;
    if (job->result || body->len < len || job->patch_at > body->len - len) return AK_E_STATE;
    memcpy(body->ptr + job->patch_at, job->signature, 65);
    if (job->kind == AK_JOB_LINEAGE) memcpy(body->ptr + job->patch_at + 65, job->second, 65);
    return AK_OK;
}
