/* The Merkle tree as a verifier needs it: a root that grows leaf by leaf, and the two proofs. Keeps one hash
 * a level, so a log of any size takes 2 KiB. Public bytes only. Threads: any, each with its own tree. spec:
 * RFC 9162 2.1 */
#ifndef AK_AUDIT_TREE_H
#define AK_AUDIT_TREE_H

#include <stdbool.h>

#include "base/span.h"

enum {
    AK_AUDIT_HASH = 32,
    AK_AUDIT_LEVELS = 63 /* sizes stay below 2^63 */
};

/* Roots of the complete subtrees that the leaves so far make: level i is held where bit i of size is set. */
struct ak_audit_tree {
    uint64_t size;
    uint8_t peaks[AK_AUDIT_LEVELS][AK_AUDIT_HASH];
};

/* Hash of an entry: SHA-256(0x00 || entry). `room` starts with the byte that is free for the prefix and goes
 * on with the entry: `room.len` is the entry's length plus one. */
void ak_audit_leaf_hash(struct ak_span room, uint8_t out_hash[32]);
void ak_audit_tree_add(struct ak_audit_tree *tree, const uint8_t leaf[32]);
/* The root over all leaves so far; SHA-256("") over none. */
void ak_audit_tree_root(const struct ak_audit_tree *tree, uint8_t out_root[32]);

/* Number of hashes in the inclusion proof of `index` in `size`; index < size < 2^63. */
unsigned ak_audit_inclusion_len(uint64_t index, uint64_t size);
/* True where `proof` (hashes of 32 bytes, from the leaf upwards) leads from the leaf at `index` to the root
 * of `size` leaves and has exactly the length for it. */
bool ak_audit_inclusion_holds(
    uint64_t index, uint64_t size, const uint8_t leaf[32], struct ak_span proof, const uint8_t root[32]);
/* True where `proof` shows that the tree of `from` leaves is the beginning of the one of `to`. From 0 it
 * never holds; from a size to itself it is empty and the roots are equal. */
bool ak_audit_consistency_holds(
    uint64_t from, uint64_t to, const uint8_t root_from[32], const uint8_t root_to[32], struct ak_span proof);

#endif
