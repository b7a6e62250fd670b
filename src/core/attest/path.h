/* The certificates of one piece of evidence: leaf, intermediates and a root that is pinned in the code.
 * Internal to core/attest. */
#ifndef AK_CORE_ATTEST_PATH_H
#define AK_CORE_ATTEST_PATH_H

#include "base/crypto/x509.h"

struct ak_attest_root {
    const char *name;
    uint8_t sha256[32]; /* of the DER */
};
/* Owned; ak_attest_path_done. */
struct ak_attest_path {
    /* Leaf, intermediates, root: where the leaf came alone it is the first one. */
    struct ak_x509_bundle given;
    size_t root; /* which of the pinned roots */
};
void ak_attest_path_done(struct ak_attest_path *path);
/* Parses `leaf` (one certificate; empty: it is the first of the chain) and `chain`, whose last one is the
 * root, and finds that among the pinned ones. AK_E_LIMIT, AK_E_FORMAT, AK_E_AUTH (the last one is not
 * pinned), AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_attest_path_parse(struct ak_span leaf, struct ak_span chain,
    const struct ak_attest_root *roots, size_t root_count, struct ak_attest_path *out_path);
/* As ak_x509_chain_verify, over all that was given. */
AK_MUST_USE enum ak_err ak_attest_path_verify(const struct ak_attest_path *path, uint64_t at_s);
static inline const struct ak_x509 *ak_attest_path_leaf(const struct ak_attest_path *path)
{
    return &path->given.certs[0];
}

#endif
