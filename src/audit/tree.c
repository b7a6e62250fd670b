/* The growing root keeps what a binary counter keeps: adding a leaf carries through the levels that are full.
 */
#include "audit/tree.h"

#include "base/assert.h"
#include "base/crypto/sha256.h"

void ak_audit_leaf_hash(struct ak_span room, uint8_t out_hash[32])
{
    ak_assert(room.len > 0 && room.ptr[0] == 0);
    ak_sha256(room, out_hash);
}

/* `out` may be one of the inputs. */
static void node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
    uint8_t block[1 + 2 * AK_AUDIT_HASH];
    block[0] = 1;
    memcpy(block + 1, left, AK_AUDIT_HASH);
    memcpy(block + 1 + AK_AUDIT_HASH, right, AK_AUDIT_HASH);
    ak_sha256(AK_SPAN_ARR(block), out);
}

void ak_audit_tree_add(struct ak_audit_tree *tree, const uint8_t leaf[32])
{
    uint8_t carry[AK_AUDIT_HASH];
    unsigned level = 0;
    ak_assert(tree->size < INT64_MAX);
    memcpy(carry, leaf, sizeof carry);
    for (; tree->size >> level & 1; level++) node_hash(tree->peaks[level], carry, carry);
    memcpy(tree->peaks[level], carry, sizeof carry);
    tree->size++;
}

void ak_audit_tree_root(const struct ak_audit_tree *tree, uint8_t out_root[32])
{
    bool begun = false;
    if (tree->size == 0) {
        ak_sha256(AK_SPAN_EMPTY, out_root);
        return;
    }
    for (unsigned level = 0; level < AK_AUDIT_LEVELS; level++) {
        if (!(tree->size >> level & 1)) continue;
        if (begun) node_hash(tree->peaks[level], out_root, out_root);
        if (!begun) memcpy(out_root, tree->peaks[level], AK_AUDIT_HASH);
        begun = true;
    }
}

/* Where the way from a leaf up to the root is a left child without a sibling, the proof has no hash. */
unsigned ak_audit_inclusion_len(uint64_t index, uint64_t size)
{
    unsigned len = 0;
    ak_assert(index < size && size <= INT64_MAX);
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1) {
        if (index & 1 || index < last) len++;
    }
    return len;
}

/* spec: RFC 9162 2.1.3.2 */
bool ak_audit_inclusion_holds(
    uint64_t index, uint64_t size, const uint8_t leaf[32], struct ak_span proof, const uint8_t root[32])
{
    uint8_t hash[AK_AUDIT_HASH];
    const uint8_t *next = proof.ptr;
    if (index >= size || size > INT64_MAX) return false;
    if (proof.len != (size_t)AK_AUDIT_HASH * ak_audit_inclusion_len(index, size)) return false;
    memcpy(hash, leaf, sizeof hash);
    for (uint64_t last = size - 1; last > 0; last >>= 1, index >>= 1) {
        if (!(index & 1) && index == last) continue;
        if (index & 1) node_hash(next, hash, hash);
        if (!(index & 1)) node_hash(hash, next, hash);
        next += AK_AUDIT_HASH;
    }
    return memcmp(hash, root, sizeof hash) == 0;
}

/* One step of a consistency proof: `old` follows the hashes that belong to the smaller tree, `new` all. */
struct walk {
    uint64_t fn; /* position of the smaller tree's last node on this level */
    uint64_t sn; /* of the larger tree's */
    uint8_t old[AK_AUDIT_HASH];
    uint8_t new[AK_AUDIT_HASH];
};

static void walk_step(struct walk *w, const uint8_t *hash)
{
    if (w->fn & 1 || w->fn == w->sn) {
        node_hash(hash, w->old, w->old);
        node_hash(hash, w->new, w->new);
        while (!(w->fn & 1) && w->fn != 0) w->fn >>= 1, w->sn >>= 1;
    } else {
        node_hash(w->new, hash, w->new);
    }
    w->fn >>= 1;
    w->sn >>= 1;
}

/* spec: RFC 9162 2.1.4.2 */
bool ak_audit_consistency_holds(
    uint64_t from, uint64_t to, const uint8_t root_from[32], const uint8_t root_to[32], struct ak_span proof)
{
    struct walk w = {from - 1, to - 1, {0}, {0}};
    size_t at = 0;
    if (from == 0 || from > to || to > INT64_MAX || proof.len % AK_AUDIT_HASH != 0) return false;
    if (from == to) return proof.len == 0 && memcmp(root_from, root_to, AK_AUDIT_HASH) == 0;
    bool whole = (from & (from - 1)) == 0; /* the smaller tree is itself a node of the larger one */
    if (!whole && proof.len == 0) return false;
    memcpy(w.old, whole ? root_from : proof.ptr, AK_AUDIT_HASH);
    memcpy(w.new, w.old, AK_AUDIT_HASH);
    at = whole ? 0 : AK_AUDIT_HASH;
    while (w.fn & 1) w.fn >>= 1, w.sn >>= 1;
    for (; at < proof.len; at += AK_AUDIT_HASH) {
        if (w.sn == 0) return false;
        walk_step(&w, proof.ptr + at);
    }
    return w.sn == 0 && memcmp(w.old, root_from, AK_AUDIT_HASH) == 0 &&
           memcmp(w.new, root_to, AK_AUDIT_HASH) == 0;
}
