/* Step 2 of a restore: the holders' replies, each refused by its name and for its own reason, and the roots
 * that they make together. */
#include <stdio.h>
#include <string.h>

#include "core/recovery/request.h"
#include "io/proc/random.h"
#include "programs/worker/restore.h"

static size_t read_reply(const char *path, uint8_t *out, size_t cap)
{
    FILE *file = fopen(path, "rbe");
    if (!file) ak_restoring_fail("share_unreadable", "share", path, "cannot be opened");
    size_t len = fread(out, 1, cap, file);
    bool good = !ferror(file);
    (void)fclose(file);
    if (!good) ak_restoring_fail("share_unreadable", "share", path, "cannot be read");
    return len;
}

AK_NORETURN static void fail_reply(const char *path, enum ak_err err)
{
    if (err == AK_E_MEANING)
        ak_restoring_fail(
            "share_other_request", "share", path, "answers another request than the one made in this folder");
    if (err == AK_E_AUTH)
        ak_restoring_fail(
            "share_altered", "share", path, "was altered on its way; ask its holder to send it again");
    ak_restoring_fail("share_unreadable", "share", path, "is no reply of agentkeys recovery share");
}

AK_NORETURN static void fail_share(const char *path, enum ak_err err)
{
    if (err == AK_E_MEANING)
        ak_restoring_fail("share_zero", "share", path, "is a zero share: it says nothing of the keys");
    if (err == AK_E_AUTH)
        ak_restoring_fail("share_altered", "share", path, "is not what its set committed to at init");
    ak_restoring_fail("share_unreadable", "share", path, "holds no share that this version reads");
}

static void refuse_misfit(const char *path, const struct ak_share *share, enum ak_share_fit fit)
{
    static const struct {
        const char *code, *why;
    } said[] = {
        [AK_SHARE_FOREIGN] = {"share_foreign", "is of another worker than those before it"},
        [AK_SHARE_OTHER_SET] = {"share_other_set", "is of another set than those before it"},
        [AK_SHARE_TWICE] = {"share_duplicate", "is given twice"},
    };
    char reason[160];
    struct ak_span holder = ak_share_holder(share);
    if (fit == AK_SHARE_FITS) return;
    (void)snprintf(reason, sizeof reason, "share %u of %u (%.*s) %s", share->x, share->set.n, (int)holder.len,
        (const char *)holder.ptr, said[fit].why);
    ak_restoring_fail(said[fit].code, "share", path, reason);
}

static void take_share(struct ak_restoring *restore, size_t i)
{
    static uint8_t bytes[AK_RECOVERY_REPLY_MAX + 1];
    struct ak_restoring_secrets *secrets = restore->secrets;
    const char *path = restore->shares[i];
    size_t len = read_reply(path, bytes, sizeof bytes);
    struct ak_buf plain = AK_BUF_ARR(secrets->plain);
    enum ak_err err =
        ak_recovery_reply_open(ak_span(bytes, len), restore->fingerprint, &secrets->scalar, &plain);
    if (err) fail_reply(path, err);
    err = ak_share_parse(ak_buf_span(&plain), &secrets->shares[i]);
    if (err) fail_share(path, err);
    refuse_misfit(path, &secrets->shares[i], ak_share_fits(secrets->shares, i, &secrets->shares[i]));
    struct ak_span holder = ak_share_holder(&secrets->shares[i]);
    printf("share %u of %u: %.*s\n", secrets->shares[i].x, secrets->shares[i].set.n, (int)holder.len,
        (const char *)holder.ptr);
}

void ak_restoring_combine(struct ak_restoring *restore)
{
    struct ak_restoring_secrets *secrets = restore->secrets;
    struct ak_seal_state *state = restore->making.state;
    char reason[160];
    for (size_t i = 0; i < restore->share_count; i++) take_share(restore, i);
    unsigned m = secrets->shares[0].set.m;
    (void)snprintf(reason, sizeof reason, "%zu given, %u are needed", restore->share_count, m);
    if (restore->share_count < m) ak_restoring_fail("shares_too_few", "share", restore->shares[0], reason);
    if (ak_share_combine(secrets->shares, restore->share_count, state) != AK_OK)
        ak_restoring_fail("share_altered", "share", restore->shares[0], "these shares do not fit together");
    memcpy(state->worker_id, secrets->shares[0].set.worker_id, sizeof state->worker_id);
    ak_random_bytes(state->log_id, sizeof state->log_id);
}
