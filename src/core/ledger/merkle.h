/* Merkle tree of RFC 9162: frontier for appending, proofs from stored complete subtrees, verification.
 * Guaranteed: bounded work and memory (at most 64 levels), no allocation. Not guaranteed: that a source's
 * hashes are authentic; a proof made from stored hashes must be verified against a root that is, before it is
 * served (I11), for which ak_merkle_past_root exists. Nothing here is secret. Threads: any.
 * spec: RFC 9162 2.1 */
#ifndef AK_CORE_LEDGER_MERKLE_H
#define AK_CORE_LEDGER_MERKLE_H

#include "base/err.h"
#include "base/span.h"

enum { AK_MERKLE_LEVELS = 64, AK_MERKLE_PROOF_MAX = 65, AK_MERKLE_TILE_LEVELS = 8 };

/* SHA-256(0x00 || entry) */
void ak_merkle_leaf(struct ak_span entry, uint8_t out_hash[32]);
/* SHA-256(0x01 || left || right); out may be either. */
void ak_merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t out_hash[32]);

/* A complete subtree: the 2^level leaves from index * 2^level on. */
struct ak_merkle_subtree {
    unsigned level;
    uint64_t index;
    uint8_t hash[32];
};

/* ---- frontier: all of a growing tree that appending needs. Copy it to be able to go back. ---- */
struct ak_merkle_frontier {
    uint64_t size;
    uint8_t peaks[AK_MERKLE_LEVELS][32]; /* peaks[l] holds where bit l of size is set */
};
/* Told of each subtree of level 1 and more that an append completes, lowest first. */
struct ak_merkle_sink {
    void (*complete)(void *ctx, const struct ak_merkle_subtree *subtree);
    void *ctx;
};
void ak_merkle_frontier_init(struct ak_merkle_frontier *frontier);
/* `sink` may be NULL. Aborts at 2^63 leaves. */
void ak_merkle_append(
    struct ak_merkle_frontier *frontier, const uint8_t leaf[32], const struct ak_merkle_sink *sink);
/* SHA-256("") for the empty tree. */
void ak_merkle_root(const struct ak_merkle_frontier *frontier, uint8_t out_root[32]);

/* ---- proofs ---- */
struct ak_merkle_proof {
    size_t count;
    uint8_t hashes[AK_MERKLE_PROOF_MAX][32];
};
/* Where stored hashes come from. `node` gives a complete subtree (level 0: a leaf hash); O(log size) calls.
 */
struct ak_merkle_source {
    enum ak_err (*node)(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32]);
    void *ctx;
};
/* AK_E_ARG where index >= size; the source's errors. spec: RFC 9162 2.1.3.1 */
AK_MUST_USE enum ak_err ak_merkle_prove_inclusion(
    const struct ak_merkle_source *source, uint64_t index, uint64_t size, struct ak_merkle_proof *out_proof);
/* AK_E_ARG where from is 0 or from > to; empty where they are equal. spec: RFC 9162 2.1.4.1 */
AK_MUST_USE enum ak_err ak_merkle_prove_consistency(
    const struct ak_merkle_source *source, uint64_t from, uint64_t to, struct ak_merkle_proof *out_proof);
/* Root of the first `size` leaves from stored subtrees; as authentic as the source. */
AK_MUST_USE enum ak_err ak_merkle_stored_root(
    const struct ak_merkle_source *source, uint64_t size, uint8_t out_root[32]);
/* The same, but proved consistent with an authentic `root` of `size`: the result is authentic too.
 * AK_E_AUTH where the stored hashes do not lead to `root`. AK_E_ARG where past is 0 or over size. */
AK_MUST_USE enum ak_err ak_merkle_past_root(const struct ak_merkle_source *source, uint64_t past,
    uint64_t size, const uint8_t root[32], uint8_t out_past_root[32]);

/* AK_E_FORMAT (index or length impossible), AK_E_AUTH (another root). spec: RFC 9162 2.1.3.2 */
AK_MUST_USE enum ak_err ak_merkle_verify_inclusion(const uint8_t leaf[32], uint64_t index, uint64_t size,
    const struct ak_merkle_proof *proof, const uint8_t root[32]);
/* from = 0 is refused (any tree extends the empty one; such a proof says nothing). AK_E_FORMAT, AK_E_AUTH.
 * spec: RFC 9162 2.1.4.2 */
AK_MUST_USE enum ak_err ak_merkle_verify_consistency(uint64_t from, uint64_t to, const uint8_t root_from[32],
    const uint8_t root_to[32], const struct ak_merkle_proof *proof);

#endif
