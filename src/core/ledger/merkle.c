/* Hashes of leaves and nodes, and the frontier: the roots of the complete subtrees that make up the tree. */
#include "core/ledger/merkle.h"

#include "base/assert.h"
#include "base/crypto/sha256.h"

void ak_merkle_leaf(struct ak_span entry, uint8_t out_hash[32])
{
    static const uint8_t prefix = 0x00;
    struct ak_span parts[] = {ak_span(&prefix, 1), entry};
    ak_sha256_parts(parts, AK_COUNT(parts), out_hash);
}

void ak_merkle_node(const uint8_t left[32], const uint8_t right[32], uint8_t out_hash[32])
{
    uint8_t in[65];
    in[0] = 0x01;
    memcpy(in + 1, left, 32);
    memcpy(in + 33, right, 32);
    ak_sha256(AK_SPAN_ARR(in), out_hash);
}

void ak_merkle_frontier_init(struct ak_merkle_frontier *frontier)
{
    *frontier = (struct ak_merkle_frontier){0};
}

void ak_merkle_append(
    struct ak_merkle_frontier *frontier, const uint8_t leaf[32], const struct ak_merkle_sink *sink)
{
    ak_assert(frontier->size < UINT64_C(1) << (AK_MERKLE_LEVELS - 1));
    struct ak_merkle_subtree done = {.level = 0, .index = frontier->size};
    memcpy(done.hash, leaf, 32);
    while (done.index & 1) {
        ak_merkle_node(frontier->peaks[done.level], done.hash, done.hash);
        done.level++;
        done.index >>= 1;
        if (sink) sink->complete(sink->ctx, &done);
    }
    memcpy(frontier->peaks[done.level], done.hash, 32);
    frontier->size++;
}

void ak_merkle_root(const struct ak_merkle_frontier *frontier, uint8_t out_root[32])
{
    if (frontier->size == 0) {
        ak_sha256(AK_SPAN_EMPTY, out_root);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(frontier->size);
    memcpy(out_root, frontier->peaks[level], 32);
    for (level++; level < AK_MERKLE_LEVELS; level++)
        if (frontier->size >> level & 1) ak_merkle_node(frontier->peaks[level], out_root, out_root);
}
