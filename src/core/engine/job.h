/* Work with keys that a step asks for: everything it needs is in the job, so a pool of threads runs it
 * without the state. The result is patched into the reply that the step prepared. Signatures are verified
 * against the recorded point before they leave, so a damaged cache refuses instead of revealing. Scalars live
 * for one call and are wiped. */
#ifndef AK_CORE_ENGINE_JOB_H
#define AK_CORE_ENGINE_JOB_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "core/keys/derive.h"

enum ak_job_kind { AK_JOB_NONE, AK_JOB_SIGN_USER, AK_JOB_SIGN_AGENT, AK_JOB_LINEAGE, AK_JOB_MINT };

struct ak_job {
    enum ak_job_kind kind;
    bool verify; /* before release */
    const struct ak_root *root;
    uint8_t anchor[32];
    uint8_t label[AK_LIMIT_LABEL];
    uint8_t label_len;
    uint32_t generation;
    uint8_t user33[33];
    uint8_t base33[33];
    struct ak_k256_point user; /* what the signature must verify against */
    struct ak_k256_point child;
    uint32_t issuer_version; /* mint: of the key, which is of `root` too */
    uint8_t digest[32];
    /* in the reply's body: where 65 bytes of signature go (lineage: user's, then agent's; mint: base64url) */
    size_t patch_at;
    enum ak_err result;
    uint8_t signature[65];
    uint8_t second[65]; /* lineage: the agent's */
};

/* The issuer's key kept open between jobs, as opening it costs as much as signing: of one thread. Zeroed:
 * none yet. Its memory is the library's, which the keeper puts into locked pages. */
struct ak_job_keys {
    const struct ak_root *root;
    uint32_t issuer_version;
    struct ak_p256_signer issuer;
};
void ak_job_keys_done(struct ak_job_keys *keys);

/* Runs the job and sets result and signatures (zeros on failure). Any thread; `keys` are that thread's. */
void ak_job_run(struct ak_job *job, struct ak_job_keys *keys);
/* Writes the signatures into the reply's body. AK_E_STATE where the job failed or does not fit. */
AK_MUST_USE enum ak_err ak_job_patch(const struct ak_job *job, struct ak_buf *body);

#endif
