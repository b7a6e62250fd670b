/* The derivation of user and agent keys from a root (suite ak1), and of user keys of earlier deployments
 * (suite signer-v0). Guarantees: byte-exact to docs/formats/keys.md; scalars and chain codes are wiped on
 * every error. Does not decide whether a path is active or who may use it, and exports nothing: scalars and
 * chain codes stay in the keeper. Secret: MSK, root, scalars, chain codes. Public: omnis, labels, points,
 * addresses. Ownership: a root is opened and closed by its owner; everything else is in the caller's memory.
 * Threads: any; using a root does not change it.
 * spec: docs/formats/keys.md, User keys */
#ifndef AK_CORE_KEYS_DERIVE_H
#define AK_CORE_KEYS_DERIVE_H

#include <stdbool.h>

#include "base/crypto/hmac.h"
#include "base/crypto/k256.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"
#include "core/keys/path.h"

enum ak_suite { AK_SUITE_AK1 = 1, AK_SUITE_SIGNER_V0 = 2 };
/* Where a root's secret was made. Service keys come only from one that was born in the TEE. */
enum ak_root_origin { AK_ROOT_BORN = 1, AK_ROOT_BROUGHT_IN = 2 };

/* An opened root: the HKDF extract step is done once and its result kept. As secret as the MSK: it belongs in
 * locked pages. */
struct ak_root {
    uint32_t version; /* 1, 2, … */
    enum ak_suite suite;
    enum ak_root_origin origin;
    struct ak_hmac_key prk;
};
/* `msk` may be wiped by the caller afterwards. AK_E_ARG (version 0, unknown suite or origin, signer-v0 that
 * says it was born here), AK_E_CRYPTO; the root is zeros then. */
AK_MUST_USE enum ak_err ak_root_open(struct ak_root *root, uint32_t version, enum ak_suite suite,
    enum ak_root_origin origin, const struct ak_secret32 *msk);
/* Fine on a zeroed or closed root. Use with AK_CLEANUP(ak_root_close). */
void ak_root_close(struct ak_root *root);

/* The stable name of a suite ("ak1", "signer-v0"), NULL for another value. */
const char *ak_suite_name(enum ak_suite suite);

/* ---- user keys ---- */
/* Scalar and chain code of the account named by `anchor_omni`. With signer-v0 there is no chain code: it is
 * zeros. AK_E_CRYPTO; both outputs are zeros then. */
AK_MUST_USE enum ak_err ak_keys_user(const struct ak_root *root, const uint8_t anchor_omni[32],
    struct ak_secret32 *out_scalar, struct ak_secret32 *out_chain_code);

/* Public points of a user key: computed once an account, kept beside its record. */
struct ak_user_points {
    uint8_t user33[33];         /* compressed, part of the derivation of agent keys */
    struct ak_k256_point point; /* the library's form, to verify before release */
    uint8_t address[20];
};
AK_MUST_USE enum ak_err ak_keys_user_points(
    const struct ak_root *root, const uint8_t anchor_omni[32], struct ak_user_points *out_points);

/* ---- agent keys: suite ak1 only, AK_E_UNSUPPORTED otherwise ---- */
/* Public points of one generation of an agent's key: computed once, kept beside the path's record. */
struct ak_path_points {
    uint8_t base33[33];         /* of the base path, compressed; the same for all its generations */
    struct ak_k256_point child; /* of the generation, the library's form, to verify before release */
    uint8_t address[20];        /* of the generation */
};
/* `path` must have a generation (AK_E_ARG). Three point multiplications, about 50 us. */
AK_MUST_USE enum ak_err ak_keys_path_points(const struct ak_root *root, const uint8_t anchor_omni[32],
    const struct ak_path *path, struct ak_path_points *out_points);

/* The scalar that signs for "/label/generation". With both cached compressed points it costs HKDF, two
 * HMAC-SHA512 and two additions; a NULL point is computed (15 us each). A damaged cached point gives a wrong
 * scalar, never a useful one: verify the signature against `child` before release.
 * AK_E_FORMAT, AK_E_LIMIT (label), AK_E_CRYPTO; the scalar is zeros then. */
AK_MUST_USE enum ak_err ak_keys_agent_scalar(const struct ak_root *root, const uint8_t anchor_omni[32],
    struct ak_span label, uint32_t generation, const uint8_t *user33, const uint8_t *base33,
    struct ak_secret32 *out_scalar);

#endif
