/* All trees of up to 130 leaves against the definition written down recursively: roots, every inclusion
 * proof, every consistency proof, each of them shortened, lengthened, altered and used for another place. */
#include "unit/check.h"

#include "core/ledger/merkle.h"

enum { LEAVES = 130 };

static uint8_t leaves[LEAVES + 1][32];

/* MTH of RFC 9162 2.1.1 over leaves [from, to). */
static void define_root(size_t from, size_t to, uint8_t out_root[32])
{
    if (to - from == 1) {
        memcpy(out_root, leaves[from], 32);
        return;
    }
    size_t k = 1;
    while (2 * k < to - from) k *= 2;
    uint8_t left[32];
    uint8_t right[32];
    define_root(from, from + k, left);
    define_root(from + k, to, right);
    ak_merkle_node(left, right, out_root);
}

/* PATH of RFC 9162 2.1.3.1 */
static void define_path(size_t m, size_t from, size_t to, struct ak_merkle_proof *proof)
{
    if (to - from == 1) return;
    size_t k = 1;
    while (2 * k < to - from) k *= 2;
    if (m < k) {
        define_path(m, from, from + k, proof);
        define_root(from + k, to, proof->hashes[proof->count++]);
    } else {
        define_path(m - k, from + k, to, proof);
        define_root(from, from + k, proof->hashes[proof->count++]);
    }
}

/* SUBPROOF of RFC 9162 2.1.4.1 */
static void define_subproof(size_t m, size_t from, size_t to, bool whole, struct ak_merkle_proof *proof)
{
    if (m == to - from) {
        if (!whole) define_root(from, to, proof->hashes[proof->count++]);
        return;
    }
    size_t k = 1;
    while (2 * k < to - from) k *= 2;
    if (m <= k) {
        define_subproof(m, from, from + k, whole, proof);
        define_root(from + k, to, proof->hashes[proof->count++]);
    } else {
        define_subproof(m - k, from + k, to, false, proof);
        define_root(from, from + k, proof->hashes[proof->count++]);
    }
}

/* Complete subtrees, made once. */
static uint8_t nodes[8][LEAVES + 1][32];

static enum ak_err node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    uint64_t limit = *(const uint64_t *)ctx;
    if (level >= 8 || (index + 1) << level > limit) return AK_E_NOT_FOUND;
    memcpy(out_hash, nodes[level][index], 32);
    return AK_OK;
}

static void same_proof(const struct ak_merkle_proof *a, const struct ak_merkle_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * 32);
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i <= LEAVES; i++) {
        uint8_t data[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        ak_merkle_leaf(AK_SPAN_ARR(data), leaves[i]);
        memcpy(nodes[0][i], leaves[i], 32);
    }
    for (unsigned level = 1; level < 8; level++)
        for (size_t i = 0; (i + 1) << level <= LEAVES + 1; i++)
            ak_merkle_node(nodes[level - 1][2 * i], nodes[level - 1][2 * i + 1], nodes[level][i]);
    return 0;
}

static void roots_of_all_sizes(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        uint8_t root[32];
        uint8_t stored[32];
        uint8_t want[32];
        struct ak_merkle_source source = {node, &size};
        ak_merkle_append(&tree, leaves[size - 1], NULL);
        ak_merkle_root(&tree, root);
        define_root(0, size, want);
        assert_memory_equal(root, want, 32);
        assert_int_equal(ak_merkle_stored_root(&source, size, stored), AK_OK);
        assert_memory_equal(stored, want, 32);
    }
}

/* Wrong lengths and a changed hash at each place. */
static void altered_inclusions_fail(
    uint64_t index, uint64_t size, const struct ak_merkle_proof *proof, const uint8_t root[32])
{
    struct ak_merkle_proof bad = *proof;
    bad.count++;
    memset(bad.hashes[proof->count], 1, 32);
    assert_int_equal(ak_merkle_verify_inclusion(leaves[index], index, size, &bad, root), AK_E_FORMAT);
    bad.count = proof->count;
    if (bad.count > 0) {
        bad.count--;
        assert_int_equal(ak_merkle_verify_inclusion(leaves[index], index, size, &bad, root), AK_E_FORMAT);
        bad.count++;
    }
    for (size_t i = 0; i < bad.count; i++) {
        bad.hashes[i][i % 32] ^= 1;
        assert_int_equal(ak_merkle_verify_inclusion(leaves[index], index, size, &bad, root), AK_E_AUTH);
        bad.hashes[i][i % 32] ^= 1;
    }
}

static void inclusion_of_each_in_each(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct ak_merkle_source source = {node, &size};
        uint8_t root[32];
        define_root(0, size, root);
        for (uint64_t index = 0; index < size; index++) {
            struct ak_merkle_proof proof;
            struct ak_merkle_proof want = {.count = 0};
            assert_int_equal(ak_merkle_prove_inclusion(&source, index, size, &proof), AK_OK);
            define_path(index, 0, size, &want);
            same_proof(&proof, &want);
            assert_int_equal(ak_merkle_verify_inclusion(leaves[index], index, size, &proof, root), AK_OK);
            assert_int_not_equal(
                ak_merkle_verify_inclusion(leaves[index + 1], index, size, &proof, root), AK_OK);
            altered_inclusions_fail(index, size, &proof, root);
        }
    }
}

/* A proof is good for its own index only. */
static void inclusion_of_no_other_place(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 40; size++) {
        struct ak_merkle_source source = {node, &size};
        uint8_t root[32];
        define_root(0, size, root);
        for (uint64_t index = 0; index < size; index++) {
            struct ak_merkle_proof proof;
            assert_int_equal(ak_merkle_prove_inclusion(&source, index, size, &proof), AK_OK);
            for (uint64_t other = 0; other < size + 2; other++) {
                if (other == index) continue;
                assert_int_not_equal(
                    ak_merkle_verify_inclusion(leaves[index], other, size, &proof, root), AK_OK);
            }
        }
    }
}

static void altered_consistencies_fail(uint64_t from, uint64_t to, const struct ak_merkle_proof *proof,
    const uint8_t root_from[32], const uint8_t root_to[32])
{
    struct ak_merkle_proof bad = *proof;
    bad.count++;
    memset(bad.hashes[proof->count], 1, 32);
    assert_int_equal(ak_merkle_verify_consistency(from, to, root_from, root_to, &bad), AK_E_FORMAT);
    bad.count = proof->count;
    if (bad.count > 0) {
        bad.count--;
        assert_int_equal(ak_merkle_verify_consistency(from, to, root_from, root_to, &bad), AK_E_FORMAT);
        bad.count++;
    }
    for (size_t i = 0; i < bad.count; i++) {
        bad.hashes[i][i % 32] ^= 1;
        assert_int_equal(ak_merkle_verify_consistency(from, to, root_from, root_to, &bad), AK_E_AUTH);
        bad.hashes[i][i % 32] ^= 1;
    }
}

static void consistency_of_each_with_each(void **state)
{
    (void)state;
    for (uint64_t to = 1; to <= LEAVES; to++) {
        struct ak_merkle_source source = {node, &to};
        uint8_t root_to[32];
        define_root(0, to, root_to);
        for (uint64_t from = 1; from <= to; from++) {
            struct ak_merkle_proof proof;
            struct ak_merkle_proof want = {.count = 0};
            uint8_t root_from[32];
            uint8_t past[32];
            define_root(0, from, root_from);
            assert_int_equal(ak_merkle_prove_consistency(&source, from, to, &proof), AK_OK);
            define_subproof(from, 0, to, true, &want);
            same_proof(&proof, &want);
            assert_int_equal(ak_merkle_verify_consistency(from, to, root_from, root_to, &proof), AK_OK);
            altered_consistencies_fail(from, to, &proof, root_from, root_to);
            assert_int_equal(ak_merkle_past_root(&source, from, to, root_to, past), AK_OK);
            assert_memory_equal(past, root_from, 32);
            root_from[0] ^= 1;
            assert_int_equal(ak_merkle_verify_consistency(from, to, root_from, root_to, &proof), AK_E_AUTH);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_all_sizes),
        cmocka_unit_test(inclusion_of_each_in_each),
        cmocka_unit_test(inclusion_of_no_other_place),
        cmocka_unit_test(consistency_of_each_with_each),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
