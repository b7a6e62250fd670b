/* Recovery shares: the roots of a worker in n parts for n holders, any m of which give them back. Each share
 * names its set (worker, m, holders, a commitment to each share, the trust configuration), so that one that
 * is altered, of another worker, of another set, or there twice is refused by the holder's name. Guarantees:
 * fewer than m shares say nothing of the roots. Not guaranteed: that all shares of a set that a dishonest
 * maker wrote fit together; whoever combines holds the roots against the ledger. Secret: a share's bytes and
 * the roots; the set is public. No allocation. Threads: any. spec: docs/formats/recovery.md */
#ifndef AK_CORE_RECOVERY_SHARE_H
#define AK_CORE_RECOVERY_SHARE_H

#include "base/buf.h"
#include "base/crypto/shamir.h"
#include "base/err.h"
#include "base/span.h"
#include "core/seal/seal.h"

enum {
    AK_SHARE_VERSION = 1,
    AK_SHARE_HOLDERS_MAX = AK_SHAMIR_SHARES_MAX,
    AK_SHARE_HOLDER_MAX = 64, /* a holder's name; as long as a certificate's common name */
    AK_SHARE_SECRET_MAX = 1 + AK_SEAL_ROOT_LEN * AK_SEAL_ROOTS_MAX,
    AK_SHARE_LEN_MAX = 6144, /* encoded */
};

struct ak_share_holder {
    uint8_t name_len;
    uint8_t name[AK_SHARE_HOLDER_MAX];
    uint8_t commitment[32];
};
/* What all shares of a set have in common. */
struct ak_share_set {
    uint8_t worker_id[16];
    uint8_t m, n;
    struct ak_share_holder holders[AK_SHARE_HOLDERS_MAX];
    uint8_t trust[AK_SEAL_TRUST_MAX]; /* the encoded trust configuration when they were made */
    size_t trust_len;
};
struct ak_share {
    struct ak_share_set set;
    uint8_t set_id[32];
    uint8_t x; /* from 1: holders[x - 1] has it */
    size_t len;
    uint8_t bytes[AK_SHARE_SECRET_MAX];
};
/* The holder's name, a view. */
struct ak_span ak_share_holder(const struct ak_share *share);

/* The roots as the bytes that are shared, and back. AK_E_FULL; AK_E_FORMAT, AK_E_MEANING (the state has no
 * roots then). */
AK_MUST_USE enum ak_err ak_share_secret_put(const struct ak_seal_state *state, struct ak_buf *out_secret);
AK_MUST_USE enum ak_err ak_share_secret_read(struct ak_span secret, struct ak_seal_state *out_state);

/* Splits `secret` for set->m of set->n holders, whose names, worker and trust configuration are filled in;
 * the commitments are made here. `random`: (m - 1) * secret.len bytes. `out_shares`: n of them. AK_E_LIMIT,
 * AK_E_ARG as ak_shamir_split; AK_E_FORMAT: a name is empty, not UTF-8 or has control characters. */
AK_MUST_USE enum ak_err ak_share_make(
    struct ak_share_set *set, struct ak_span secret, struct ak_span random, struct ak_share *out_shares);
/* AK_E_FULL. */
AK_MUST_USE enum ak_err ak_share_encode(const struct ak_share *share, struct ak_buf *out_bytes);
/* Reads one share. AK_E_LIMIT, AK_E_FORMAT, AK_E_UNSUPPORTED (version); AK_E_MEANING: number 0 or beyond n,
 * or all zeros; AK_E_AUTH: not what its set committed to. out_share is zeroed then. */
AK_MUST_USE enum ak_err ak_share_parse(struct ak_span bytes, struct ak_share *out_share);

enum ak_share_fit {
    AK_SHARE_FITS,
    AK_SHARE_FOREIGN,   /* of another worker */
    AK_SHARE_OTHER_SET, /* of this worker, made another time */
    AK_SHARE_TWICE
};
/* Whether `next` goes with the `count` shares before it. */
enum ak_share_fit ak_share_fits(const struct ak_share *shares, size_t count, const struct ak_share *next);
/* The roots from shares that fit. AK_E_STATE: fewer than m; AK_E_AUTH: what comes out is no list of roots. */
AK_MUST_USE enum ak_err ak_share_combine(
    const struct ak_share *shares, size_t count, struct ak_seal_state *out_state);

#endif
