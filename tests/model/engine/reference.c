/* The reference's rules. */
#include "model/engine/reference.h"

static const uint64_t minute_us = 60000000;

static uint64_t debt_now(const struct ref_bucket *bucket, uint64_t seen_us)
{
    uint64_t passed = seen_us > bucket->at_us ? seen_us - bucket->at_us : 0;
    return bucket->debt_us > passed ? bucket->debt_us - passed : 0;
}

bool ref_bucket_take(struct ref_bucket *bucket, uint32_t rate, uint64_t seen_us)
{
    uint64_t one = (minute_us + rate - 1) / rate;
    uint64_t debt = debt_now(bucket, seen_us) + one;
    if (debt > one * rate) return false;
    bucket->debt_us = debt;
    bucket->at_us = seen_us;
    return true;
}

static void empty(struct ref_bucket *bucket, uint64_t seen_us)
{
    uint64_t debt = debt_now(bucket, seen_us);
    uint64_t full = minute_us + 10000; /* the longest burst of any rate */
    bucket->debt_us = debt > full ? debt : full;
    bucket->at_us = seen_us;
}

void ref_empty_all(struct ref *ref, uint64_t seen_us)
{
    for (unsigned a = 0; a < REF_ACCOUNTS; a++) {
        empty(&ref->accounts[a].bucket, seen_us);
        for (unsigned p = 0; p < REF_PATHS; p++) empty(&ref->accounts[a].paths[p].bucket, seen_us);
    }
}

static enum ref_answer deny(const char **out_rule, const char *rule)
{
    *out_rule = rule;
    return REF_DENIED;
}

static enum ref_answer count(
    struct ref_bucket *bucket, uint32_t rate, uint64_t seen_us, const char **out_rule)
{
    if (ref_bucket_take(bucket, rate, seen_us)) return REF_OK;
    *out_rule = "rate";
    return REF_RATE;
}

enum ref_answer ref_sign(struct ref_account *account, struct ref_path *path, uint32_t generation,
    unsigned device, uint64_t seen_us, const char **out_rule)
{
    if (!path->exists) return deny(out_rule, "path_unknown");
    if (path->decommissioned) return deny(out_rule, "decommissioned");
    if (generation != path->generation) return deny(out_rule, "generation");
    if (account->suspended || path->suspended) return deny(out_rule, "active");
    if (device != path->device) return deny(out_rule, "device");
    if (!path->may_sign) return deny(out_rule, "scope");
    return count(&path->bucket, path->rate, seen_us, out_rule);
}

enum ref_answer ref_token(struct ref_account *account, struct ref_path *path, unsigned device,
    uint64_t seen_us, const char **out_rule)
{
    if (!path->exists || device != path->device) return deny(out_rule, "path_unknown");
    if (path->decommissioned) return deny(out_rule, "decommissioned");
    if (account->suspended || path->suspended) return deny(out_rule, "active");
    return count(&path->bucket, path->rate, seen_us, out_rule);
}

enum ref_answer ref_session_sign(struct ref_account *account, uint64_t seen_us, const char **out_rule)
{
    if (account->suspended) return deny(out_rule, "active");
    return count(&account->bucket, REF_SESSION_RATE, seen_us, out_rule);
}
