/* Leaf and chain joined into one list, and its last one held against the pinned fingerprints. */
#include "core/attest/path.h"

void ak_attest_path_done(struct ak_attest_path *path)
{
    ak_x509_bundle_done(&path->given);
}

/* Moves the certificates of `from` behind those of `to`. */
static enum ak_err append(struct ak_x509_bundle *to, struct ak_x509_bundle *from)
{
    if (to->count + from->count > AK_X509_CHAIN_MAX) return AK_E_LIMIT;
    for (size_t i = 0; i < from->count; i++) to->certs[to->count++] = from->certs[i];
    from->count = 0;
    return AK_OK;
}

static enum ak_err parse(struct ak_span leaf, struct ak_span chain, struct ak_x509_bundle *out_given)
{
    AK_CLEANUP(ak_x509_bundle_done) struct ak_x509_bundle rest = {.count = 0};
    if (leaf.len == 0) return ak_x509_bundle_parse(chain, out_given);
    AK_TRY(ak_x509_bundle_parse(leaf, out_given));
    if (out_given->count != 1) return AK_E_LIMIT;
    AK_TRY(ak_x509_bundle_parse(chain, &rest));
    return append(out_given, &rest);
}

static enum ak_err find_root(
    struct ak_attest_path *path, const struct ak_attest_root *roots, size_t root_count)
{
    uint8_t print[32];
    if (path->given.count < 2) return AK_E_AUTH;
    ak_x509_fingerprint(&path->given.certs[path->given.count - 1], print);
    for (path->root = 0; path->root < root_count; path->root++)
        if (memcmp(roots[path->root].sha256, print, sizeof print) == 0) return AK_OK;
    return AK_E_AUTH;
}

enum ak_err ak_attest_path_parse(struct ak_span leaf, struct ak_span chain,
    const struct ak_attest_root *roots, size_t root_count, struct ak_attest_path *out_path)
{
    *out_path = (struct ak_attest_path){.root = 0};
    enum ak_err err = parse(leaf, chain, &out_path->given);
    if (err == AK_OK) err = find_root(out_path, roots, root_count);
    if (err != AK_OK) ak_attest_path_done(out_path);
    return err;
}

enum ak_err ak_attest_path_verify(const struct ak_attest_path *path, uint64_t at_s)
{
    const struct ak_x509 *certs = path->given.certs;
    size_t count = path->given.count;
    return ak_x509_chain_verify(&certs[0], certs + 1, count - 2, &certs[count - 1], at_s);
}
