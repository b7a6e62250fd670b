/* Recovery shares at `init`: m-of-n and the holders' certificates from the command line into the trust
 * configuration, and one encrypted file a holder. The shares themselves are only ever in locked memory.
 * Failures end the process by a BOOT_FAIL line that names the certificate. One thread. */
#ifndef AK_PROGRAMS_WORKER_SHARES_H
#define AK_PROGRAMS_WORKER_SHARES_H

#include <limits.h>

#include "core/recovery/share.h"
#include "core/trust/trust.h"
#include "io/recovery/cms.h"

struct ak_worker_shares {
    const char *scheme; /* "3-of-5"; NULL: no shares are wanted */
    const char *files[AK_SHARE_HOLDERS_MAX];
    size_t count;
    const char *folder; /* in which theirs is made; NULL: this one */
    unsigned m;
    char names[AK_SHARE_HOLDERS_MAX][AK_CMS_NAME_MAX + 1];
    uint8_t certs[AK_SHARE_HOLDERS_MAX][AK_CMS_LEN_MAX];
    size_t cert_lens[AK_SHARE_HOLDERS_MAX];
    char parent[PATH_MAX];
    char made_in[PATH_MAX + 24]; /* the folder, once they are written */
};

/* Takes --recovery-shares, --recipient and --share-dir out of the arguments. */
void ak_worker_shares_take(struct ak_worker_shares *shares, int *argc, char **argv);
/* Reads the certificates; m and their hashes go into `trust`. */
void ak_worker_shares_read(struct ak_worker_shares *shares, uint64_t now_s, struct ak_trust *trust);
/* Splits the roots of `state` and writes one file a holder. Nothing where none are wanted. */
void ak_worker_shares_write(
    struct ak_worker_shares *shares, const struct ak_seal_state *state, struct ak_span trust);

#endif
