/* The tree against its recursive definition, and both proofs for every pair of sizes up to 33, each changed
 * in every way a proof can be wrong. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

enum { N = 33 };

static struct gen_entry leaves[N];
static uint8_t roots[N + 1][32];

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        leaves[i].bytes[0] = (uint8_t)i;
        leaves[i].len = 1;
        gen_leaf(&leaves[i]);
    }
    for (unsigned n = 0; n <= N; n++) gen_root(leaves, n, roots[n]);
    return 0;
}

static void root_grows_as_defined(void **state)
{
    struct ak_audit_tree tree = {0};
    uint8_t root[32];
    (void)state;
    for (unsigned n = 0; n <= N; n++) {
        ak_audit_tree_root(&tree, root);
        assert_memory_equal(root, roots[n], 32);
        if (n < N) ak_audit_tree_add(&tree, leaves[n].leaf);
    }
    assert_int_equal(tree.size, N);
}

static void leaf_hash_covers_the_prefix(void **state)
{
    uint8_t room[] = {0, 7}, hash[32];
    (void)state;
    ak_audit_leaf_hash(AK_SPAN_ARR(room), hash);
    assert_memory_equal(hash, leaves[7].leaf, 32);
}

static void inclusion_holds_for_all(void **state)
{
    uint8_t memory[64 * 32];
    (void)state;
    for (unsigned n = 1; n <= N; n++) {
        for (unsigned m = 0; m < n; m++) {
            struct ak_buf proof = AK_BUF_ARR(memory);
            gen_inclusion(leaves, n, m, &proof);
            assert_int_equal(proof.len, 32 * ak_audit_inclusion_len(m, n));
            struct ak_span good = ak_buf_span(&proof);
            assert_true(ak_audit_inclusion_holds(m, n, leaves[m].leaf, good, roots[n]));
            assert_false(ak_audit_inclusion_holds(m, n, leaves[(m + 1) % N].leaf, good, roots[n]));
            assert_false(ak_audit_inclusion_holds(m, n, leaves[m].leaf, good, roots[n - 1]));
            assert_false(ak_audit_inclusion_holds(n, n, leaves[m].leaf, good, roots[n]));
            if (n > 1) assert_false(ak_audit_inclusion_holds((m + 1) % n, n, leaves[m].leaf, good, roots[n]));
        }
    }
}

/* Each bit of each hash, and each length around the right one. */
static void inclusion_is_exact(void **state)
{
    uint8_t memory[64 * 32] = {0};
    struct ak_buf proof = AK_BUF_ARR(memory);
    (void)state;
    gen_inclusion(leaves, 13, 5, &proof);
    for (size_t bit = 0; bit < 8 * proof.len; bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(ak_audit_inclusion_holds(5, 13, leaves[5].leaf, ak_buf_span(&proof), roots[13]));
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < sizeof memory; len++) {
        bool holds = ak_audit_inclusion_holds(5, 13, leaves[5].leaf, ak_span(memory, len), roots[13]);
        assert_int_equal(holds, len == proof.len);
    }
}

static void inclusion_refuses_sizes_out_of_range(void **state)
{
    uint8_t memory[64 * 32] = {0};
    (void)state;
    assert_false(ak_audit_inclusion_holds(0, 0, leaves[0].leaf, AK_SPAN_EMPTY, leaves[0].leaf));
    assert_true(ak_audit_inclusion_holds(0, 1, leaves[0].leaf, AK_SPAN_EMPTY, leaves[0].leaf));
    for (size_t len = 0; len < sizeof memory; len += 32) {
        struct ak_span proof = ak_span(memory, len);
        assert_false(ak_audit_inclusion_holds(0, (uint64_t)1 << 63, leaves[0].leaf, proof, roots[1]));
        assert_false(ak_audit_inclusion_holds(0, UINT64_MAX, leaves[0].leaf, proof, roots[1]));
    }
    assert_int_equal(ak_audit_inclusion_len(0, INT64_MAX), 63);
    assert_int_equal(ak_audit_inclusion_len(999999, 1000000), 12); /* one a set bit of the index */
    assert_int_equal(ak_audit_inclusion_len(0, 1000000), 20);
}

static void consistency_holds_for_all(void **state)
{
    uint8_t memory[64 * 32];
    (void)state;
    for (unsigned n = 1; n <= N; n++) {
        for (unsigned m = 1; m <= n; m++) {
            struct ak_buf proof = AK_BUF_ARR(memory);
            gen_subproof(leaves, n, m, true, &proof);
            struct ak_span good = ak_buf_span(&proof);
            assert_true(ak_audit_consistency_holds(m, n, roots[m], roots[n], good));
            assert_false(ak_audit_consistency_holds(m, n, roots[m - 1], roots[n], good));
            assert_false(ak_audit_consistency_holds(m, n, roots[m], roots[n - 1], good));
            for (unsigned i = 0; i < good.len; i += 32) {
                memory[i] ^= 1;
                assert_false(ak_audit_consistency_holds(m, n, roots[m], roots[n], good));
                memory[i] ^= 1;
            }
            memset(memory + proof.len, 0, 32);
            assert_false(
                ak_audit_consistency_holds(m, n, roots[m], roots[n], ak_span(memory, good.len + 32)));
            assert_false(ak_audit_consistency_holds(m, n, roots[m], roots[n], ak_span(memory, good.len + 1)));
            if (good.len == 0) continue;
            assert_false(
                ak_audit_consistency_holds(m, n, roots[m], roots[n], ak_span(memory, good.len - 32)));
            assert_false(ak_audit_consistency_holds(m, n, roots[m], roots[n], AK_SPAN_EMPTY));
        }
    }
}

static void consistency_refuses_sizes_out_of_range(void **state)
{
    (void)state;
    assert_false(ak_audit_consistency_holds(0, 0, roots[0], roots[0], AK_SPAN_EMPTY));
    assert_false(ak_audit_consistency_holds(0, 5, roots[0], roots[5], AK_SPAN_EMPTY));
    assert_false(ak_audit_consistency_holds(6, 5, roots[6], roots[5], AK_SPAN_EMPTY));
    assert_false(ak_audit_consistency_holds(4, 2, roots[4], roots[4], AK_SPAN_EMPTY));
    assert_false(ak_audit_consistency_holds(5, 5, roots[5], roots[6], AK_SPAN_EMPTY));
    assert_false(ak_audit_consistency_holds(1, (uint64_t)1 << 63, roots[1], roots[1], AK_SPAN_ARR(roots[1])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_grows_as_defined),
        cmocka_unit_test(leaf_hash_covers_the_prefix),
        cmocka_unit_test(inclusion_holds_for_all),
        cmocka_unit_test(inclusion_is_exact),
        cmocka_unit_test(inclusion_refuses_sizes_out_of_range),
        cmocka_unit_test(consistency_holds_for_all),
        cmocka_unit_test(consistency_refuses_sizes_out_of_range),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
