/* The tree: published roots, proofs at their limits, a source that fails or lies. All small sizes are in
 * tests/exhaustive. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"

/* Leaves and roots of the Certificate Transparency reference tree. spec: RFC 6962 2.1 (as RFC 9162 2.1) */
static const char *const ct_leaves[8] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const ct_roots[9] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void published_roots(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    for (size_t i = 0; i <= 8; i++) {
        uint8_t root[32];
        uint8_t want[32];
        ak_merkle_root(&tree, root);
        assert_int_equal(ak_hex_decode_fixed(ak_span_str(ct_roots[i]), want, 32), AK_OK);
        assert_memory_equal(root, want, 32);
        if (i == 8) break;
        uint8_t data[16];
        size_t len = 0;
        assert_int_equal(ak_hex_decode(ak_span_str(ct_leaves[i]), data, sizeof data, &len), AK_OK);
        uint8_t leaf[32];
        ak_merkle_leaf(ak_span(data, len), leaf);
        ak_merkle_append(&tree, leaf, NULL);
    }
}

/* RFC 9162 2.1.5: the proofs of its seven-leaf example have these lengths. */
static void example_of_rfc9162(void **state)
{
    (void)state;
    static uint8_t leaves[8][32];
    for (uint8_t i = 0; i < 8; i++) ak_merkle_leaf(ak_span(&i, 1), leaves[i]);
    struct fixture_leaves l = {(const uint8_t(*)[32])leaves, 7, 0};
    struct ak_merkle_source source = fixture_source(&l);
    struct ak_merkle_proof proof;
    static const size_t inclusion[7] = {3, 3, 3, 3, 3, 3, 2};
    for (uint64_t i = 0; i < 7; i++) {
        assert_int_equal(ak_merkle_prove_inclusion(&source, i, 7, &proof), AK_OK);
        assert_int_equal(proof.count, inclusion[i]);
    }
    static const size_t consistency[7] = {3, 2, 4, 1, 4, 3, 0};
    for (uint64_t from = 1; from <= 7; from++) {
        assert_int_equal(ak_merkle_prove_consistency(&source, from, 7, &proof), AK_OK);
        assert_int_equal(proof.count, consistency[from - 1]);
    }
}

/* Complete subtrees of leaves that are all alike, by level: a source of any size. */
static enum ak_err uniform_node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    unsigned *calls = (unsigned *)ctx;
    (void)index;
    (*calls)++;
    memset(out_hash, 7, 32);
    for (unsigned i = 0; i < level; i++) ak_merkle_node(out_hash, out_hash, out_hash);
    return AK_OK;
}

static void proofs_are_short(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct ak_merkle_source source = {uniform_node, &calls};
    struct ak_merkle_proof proof;
    static const uint64_t indexes[] = {0, 1, 524287, 524288, 999998, 999999};
    for (size_t i = 0; i < AK_COUNT(indexes); i++) {
        uint8_t root[32];
        uint8_t leaf[32];
        memset(leaf, 7, 32);
        calls = 0;
        assert_int_equal(ak_merkle_prove_inclusion(&source, indexes[i], 1000000, &proof), AK_OK);
        assert_true(proof.count * 32 < 1024);
        assert_true(calls <= 40);
        assert_int_equal(ak_merkle_stored_root(&source, 1000000, root), AK_OK);
        assert_int_equal(ak_merkle_verify_inclusion(leaf, indexes[i], 1000000, &proof, root), AK_OK);
    }
}

static void greatest_sizes(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct ak_merkle_source source = {uniform_node, &calls};
    struct ak_merkle_proof proof;
    uint8_t root[32];
    uint8_t past[32];
    uint64_t most = (UINT64_C(1) << 63) - 1;
    assert_int_equal(ak_merkle_stored_root(&source, most, root), AK_OK);
    uint8_t leaf[32];
    memset(leaf, 7, 32);
    assert_int_equal(ak_merkle_prove_inclusion(&source, most - 1, most, &proof), AK_OK);
    assert_int_equal(ak_merkle_verify_inclusion(leaf, most - 1, most, &proof, root), AK_OK);
    assert_int_equal(ak_merkle_prove_inclusion(&source, 0, most, &proof), AK_OK);
    assert_int_equal(proof.count, 63);
    assert_int_equal(ak_merkle_verify_inclusion(leaf, 0, most, &proof, root), AK_OK);
    assert_int_equal(ak_merkle_past_root(&source, most / 2 + 3, most, root, past), AK_OK);
    assert_int_equal(ak_merkle_prove_inclusion(&source, 0, most + 1, &proof), AK_E_ARG);
    assert_int_equal(ak_merkle_prove_consistency(&source, 1, most + 1, &proof), AK_E_ARG);
    assert_int_equal(ak_merkle_stored_root(&source, most + 1, root), AK_E_ARG);
}

static void the_empty_tree(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct ak_merkle_source source = {uniform_node, &calls};
    uint8_t root[32];
    uint8_t nothing[32];
    ak_sha256(AK_SPAN_EMPTY, nothing);
    assert_int_equal(ak_merkle_stored_root(&source, 0, root), AK_OK);
    assert_memory_equal(root, nothing, 32);
    assert_int_equal(calls, 0);
}

static void impossible_arguments_are_refused(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct ak_merkle_source source = {uniform_node, &calls};
    struct ak_merkle_proof proof = {.count = 9};
    uint8_t root[32] = {0};
    assert_int_equal(ak_merkle_prove_inclusion(&source, 5, 5, &proof), AK_E_ARG);
    assert_int_equal(proof.count, 0);
    assert_int_equal(ak_merkle_prove_inclusion(&source, 0, 0, &proof), AK_E_ARG);
    assert_int_equal(ak_merkle_prove_consistency(&source, 0, 5, &proof), AK_E_ARG);
    assert_int_equal(ak_merkle_prove_consistency(&source, 6, 5, &proof), AK_E_ARG);
    assert_int_equal(ak_merkle_past_root(&source, 0, 5, root, root), AK_E_ARG);
    assert_int_equal(ak_merkle_verify_inclusion(root, 5, 5, &proof, root), AK_E_FORMAT);
    assert_int_equal(ak_merkle_verify_consistency(0, 5, root, root, &proof), AK_E_FORMAT);
    assert_int_equal(ak_merkle_verify_consistency(0, 0, root, root, &proof), AK_E_FORMAT);
    assert_int_equal(ak_merkle_verify_consistency(6, 5, root, root, &proof), AK_E_FORMAT);
    assert_int_equal(ak_merkle_verify_consistency(4, 5, root, root, &proof), AK_E_FORMAT);
    proof.count = AK_MERKLE_PROOF_MAX + 1;
    assert_int_equal(ak_merkle_verify_inclusion(root, 0, 5, &proof, root), AK_E_FORMAT);
    assert_int_equal(ak_merkle_verify_consistency(2, 5, root, root, &proof), AK_E_FORMAT);
    assert_int_equal(calls, 0);
}

/* A proof that ends below the root would pass an inner node off as a leaf, and a small tree as a great one.
 */
static void proofs_that_end_early_are_refused(void **state)
{
    (void)state;
    uint8_t leaf[4][32], left[32], right[32], root[32];
    struct ak_merkle_proof proof = {.count = 1};
    for (uint8_t i = 0; i < 4; i++) ak_merkle_leaf(ak_span(&i, 1), leaf[i]);
    ak_merkle_node(leaf[0], leaf[1], left);
    ak_merkle_node(leaf[2], leaf[3], right);
    ak_merkle_node(left, right, root);
    memcpy(proof.hashes[0], right, 32);
    assert_int_equal(ak_merkle_verify_inclusion(left, 0, 2, &proof, root), AK_OK);
    assert_int_equal(ak_merkle_verify_inclusion(left, 0, 4, &proof, root), AK_E_FORMAT);
    memcpy(proof.hashes[0], leaf[1], 32);
    assert_int_equal(ak_merkle_verify_consistency(1, 2, leaf[0], left, &proof), AK_OK);
    assert_int_equal(ak_merkle_verify_consistency(1, 4, leaf[0], left, &proof), AK_E_FORMAT);
}

/* I11: a source that lies gets no past root believed. */
static void lying_source_is_noticed(void **state)
{
    (void)state;
    static uint8_t leaves[13][32];
    uint8_t root[32];
    uint8_t past[32];
    for (uint8_t i = 0; i < 13; i++) ak_merkle_leaf(ak_span(&i, 1), leaves[i]);
    struct fixture_leaves l = {(const uint8_t(*)[32])leaves, 13, 0};
    struct ak_merkle_source source = fixture_source(&l);
    assert_int_equal(ak_merkle_stored_root(&source, 13, root), AK_OK);
    for (uint64_t size = 1; size <= 13; size++) {
        assert_int_equal(ak_merkle_past_root(&source, size, 13, root, past), AK_OK);
        for (uint64_t i = 0; i < 13; i++) {
            leaves[i][0] ^= 1;
            assert_int_equal(ak_merkle_past_root(&source, size, 13, root, past), AK_E_AUTH);
            leaves[i][0] ^= 1;
        }
    }
    l.count = 12;
    struct ak_merkle_proof proof;
    assert_int_equal(ak_merkle_prove_inclusion(&source, 0, 13, &proof), AK_E_NOT_FOUND);
    assert_int_equal(proof.count, 0);
    assert_int_equal(ak_merkle_prove_consistency(&source, 12, 13, &proof), AK_E_NOT_FOUND);
    assert_int_equal(ak_merkle_stored_root(&source, 13, past), AK_E_NOT_FOUND);
    assert_int_equal(ak_merkle_past_root(&source, 12, 13, root, past), AK_E_NOT_FOUND);
}

struct completed {
    struct ak_merkle_subtree last;
    size_t count;
};

static void note_completed(void *ctx, const struct ak_merkle_subtree *subtree)
{
    struct completed *completed = (struct completed *)ctx;
    completed->last = *subtree;
    completed->count++;
}

static void sink_sees_each_completed_subtree(void **state)
{
    (void)state;
    struct completed completed = {0};
    struct ak_merkle_sink sink = {note_completed, &completed};
    struct ak_merkle_frontier tree;
    uint8_t leaf[32] = {0};
    ak_merkle_frontier_init(&tree);
    for (size_t i = 0; i < 512; i++) ak_merkle_append(&tree, leaf, &sink);
    assert_int_equal(completed.count, 511);
    assert_int_equal(completed.last.level, 9);
    assert_int_equal(completed.last.index, 0);
    uint8_t root[32];
    ak_merkle_root(&tree, root);
    assert_memory_equal(completed.last.hash, root, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_roots),
        cmocka_unit_test(example_of_rfc9162),
        cmocka_unit_test(proofs_are_short),
        cmocka_unit_test(greatest_sizes),
        cmocka_unit_test(the_empty_tree),
        cmocka_unit_test(impossible_arguments_are_refused),
        cmocka_unit_test(proofs_that_end_early_are_refused),
        cmocka_unit_test(lying_source_is_noticed),
        cmocka_unit_test(sink_sees_each_completed_subtree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
