/* Inclusion and consistency proofs: made by walking down from the whole range to the part in question,
 * checked by the loops that RFC 9162 gives. */
#include "core/ledger/merkle.h"

#include "base/crypto/sha256.h"
#include "base/ct.h"

/* Hash of the leaves [from, to), where from is a multiple of a power of two not less than to - from: the
 * complete subtrees from the left, folded from the right. */
static enum ak_err range_hash(
    const struct ak_merkle_source *source, uint64_t from, uint64_t to, uint8_t out_hash[32])
{
    uint8_t part[32];
    uint64_t len = to - from;
    uint64_t end = to;
    for (unsigned level = 0; level < AK_MERKLE_LEVELS; level++) {
        if (!(len >> level & 1)) continue;
        end -= UINT64_C(1) << level;
        AK_TRY(source->node(source->ctx, level, end >> level, part));
        if (end + (UINT64_C(1) << level) == to)
            memcpy(out_hash, part, 32);
        else
            ak_merkle_node(part, out_hash, out_hash);
    }
    return AK_OK;
}

/* The greatest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static enum ak_err push(
    const struct ak_merkle_source *source, uint64_t from, uint64_t to, struct ak_merkle_proof *proof)
{
    if (proof->count == AK_MERKLE_PROOF_MAX) return AK_E_LIMIT;
    AK_TRY(range_hash(source, from, to, proof->hashes[proof->count]));
    proof->count++;
    return AK_OK;
}

/* The walk goes from the root down, a proof from the leaf up. */
static void reverse(struct ak_merkle_proof *proof)
{
    for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
        uint8_t keep[32];
        j--;
        memcpy(keep, proof->hashes[i], 32);
        memcpy(proof->hashes[i], proof->hashes[j], 32);
        memcpy(proof->hashes[j], keep, 32);
    }
}

static enum ak_err walk_inclusion(
    const struct ak_merkle_source *source, uint64_t index, uint64_t size, struct ak_merkle_proof *proof)
{
    uint64_t from = 0;
    uint64_t to = size;
    while (to - from > 1) {
        uint64_t middle = from + split(to - from);
        if (index < middle) {
            AK_TRY(push(source, middle, to, proof));
            to = middle;
        } else {
            AK_TRY(push(source, from, middle, proof));
            from = middle;
        }
    }
    return AK_OK;
}

static enum ak_err walk_consistency(
    const struct ak_merkle_source *source, uint64_t old, uint64_t size, struct ak_merkle_proof *proof)
{
    uint64_t from = 0;
    uint64_t to = size;
    while (old != to) {
        uint64_t middle = from + split(to - from);
        if (old <= middle) {
            AK_TRY(push(source, middle, to, proof));
            to = middle;
        } else {
            AK_TRY(push(source, from, middle, proof));
            from = middle;
        }
    }
    /* the old tree itself is known to whoever checks */
    return from == 0 ? AK_OK : push(source, from, to, proof);
}

enum ak_err ak_merkle_prove_inclusion(
    const struct ak_merkle_source *source, uint64_t index, uint64_t size, struct ak_merkle_proof *out_proof)
{
    out_proof->count = 0;
    if (index >= size || size >> (AK_MERKLE_LEVELS - 1)) return AK_E_ARG;
    enum ak_err err = walk_inclusion(source, index, size, out_proof);
    if (err != AK_OK) out_proof->count = 0;
    reverse(out_proof);
    return err;
}

enum ak_err ak_merkle_prove_consistency(
    const struct ak_merkle_source *source, uint64_t from, uint64_t to, struct ak_merkle_proof *out_proof)
{
    out_proof->count = 0;
    if (from == 0 || from > to || to >> (AK_MERKLE_LEVELS - 1)) return AK_E_ARG;
    enum ak_err err = walk_consistency(source, from, to, out_proof);
    if (err != AK_OK) out_proof->count = 0;
    reverse(out_proof);
    return err;
}

enum ak_err ak_merkle_stored_root(const struct ak_merkle_source *source, uint64_t size, uint8_t out_root[32])
{
    memset(out_root, 0, 32);
    if (size >> (AK_MERKLE_LEVELS - 1)) return AK_E_ARG;
    if (size == 0) {
        ak_sha256(AK_SPAN_EMPTY, out_root);
        return AK_OK;
    }
    enum ak_err err = range_hash(source, 0, size, out_root);
    if (err != AK_OK) memset(out_root, 0, 32);
    return err;
}

enum ak_err ak_merkle_past_root(const struct ak_merkle_source *source, uint64_t past, uint64_t size,
    const uint8_t root[32], uint8_t out_past_root[32])
{
    struct ak_merkle_proof proof;
    memset(out_past_root, 0, 32);
    AK_TRY(ak_merkle_prove_consistency(source, past, size, &proof));
    uint8_t past_root[32];
    AK_TRY(ak_merkle_stored_root(source, past, past_root));
    AK_TRY(ak_merkle_verify_consistency(past, size, past_root, root, &proof));
    memcpy(out_past_root, past_root, 32);
    return AK_OK;
}

enum ak_err ak_merkle_verify_inclusion(const uint8_t leaf[32], uint64_t index, uint64_t size,
    const struct ak_merkle_proof *proof, const uint8_t root[32])
{
    if (index >= size || proof->count > AK_MERKLE_PROOF_MAX) return AK_E_FORMAT;
    uint64_t fn = index;
    uint64_t sn = size - 1;
    uint8_t r[32];
    memcpy(r, leaf, 32);
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0) return AK_E_FORMAT;
        if (fn & 1 || fn == sn) {
            ak_merkle_node(proof->hashes[i], r, r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            ak_merkle_node(r, proof->hashes[i], r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return AK_E_FORMAT;
    return ak_ct_eq(ak_span(r, 32), ak_span(root, 32)) ? AK_OK : AK_E_AUTH;
}

/* The loop of RFC 9162 2.1.4.2 for 0 < from < to, over `count` hashes of which the first is the start. */
static enum ak_err check_path(uint64_t from, uint64_t to, const uint8_t (*path)[32], size_t count,
    uint8_t out_fr[32], uint8_t out_sr[32])
{
    uint64_t fn = from - 1;
    uint64_t sn = to - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    memcpy(out_fr, path[0], 32);
    memcpy(out_sr, path[0], 32);
    for (size_t i = 1; i < count; i++) {
        if (sn == 0) return AK_E_FORMAT;
        if (fn & 1 || fn == sn) {
            ak_merkle_node(path[i], out_fr, out_fr);
            ak_merkle_node(path[i], out_sr, out_sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            ak_merkle_node(out_sr, path[i], out_sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_merkle_verify_consistency(uint64_t from, uint64_t to, const uint8_t root_from[32],
    const uint8_t root_to[32], const struct ak_merkle_proof *proof)
{
    struct ak_span want_from = ak_span(root_from, 32);
    struct ak_span want_to = ak_span(root_to, 32);
    if (from == 0 || from > to || proof->count > AK_MERKLE_PROOF_MAX) return AK_E_FORMAT;
    if (from == to) {
        if (proof->count != 0) return AK_E_FORMAT;
        return ak_ct_eq(want_from, want_to) ? AK_OK : AK_E_AUTH;
    }
    if (proof->count == 0) return AK_E_FORMAT;
    /* an old tree that is complete is itself the start of the path */
    uint8_t path[AK_MERKLE_PROOF_MAX + 1][32];
    size_t count = 0;
    if ((from & (from - 1)) == 0) memcpy(path[count++], root_from, 32);
    memcpy(path[count], proof->hashes, proof->count * 32);
    count += proof->count;
    uint8_t fr[32];
    uint8_t sr[32];
    AK_TRY(check_path(from, to, (const uint8_t(*)[32])path, count, fr, sr));
    if (!ak_ct_eq(AK_SPAN_ARR(fr), want_from)) return AK_E_AUTH;
    return ak_ct_eq(AK_SPAN_ARR(sr), want_to) ? AK_OK : AK_E_AUTH;
}
