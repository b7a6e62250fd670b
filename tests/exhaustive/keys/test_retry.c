/* All sequences of three candidates at the edges of the range, for user keys and for steps, against
 * arithmetic on single bytes. Real input takes these branches once in 2^128. */
#include "unit/check.h"

#include "base/attr.h"
#include "base/span.h"
#include "core/keys/step.h"

enum { KINDS = 9, GIVEN = 3 };

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
    0x36, 0x41, 0x41};
static const uint8_t one[32] = {[31] = 1};
static const uint8_t zero[32] = {0};

/* a + b, or a - b with `sign` -1, mod 2^256; the carry out of the top. */
static int add(const uint8_t a[32], const uint8_t b[32], int sign, uint8_t out_sum[32])
{
    int carry = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = a[i] + sign * b[i] + carry;
        out_sum[i] = (uint8_t)(digit & 0xff);
        carry = digit < 0 ? -1 : digit > 255 ? 1 : 0;
    }
    return carry;
}

/* a + b mod n, for a and b under n. */
static void add_mod_order(const uint8_t a[32], const uint8_t b[32], uint8_t out_sum[32])
{
    int carry = add(a, b, 1, out_sum);
    if (carry || memcmp(out_sum, order, 32) >= 0) (void)add(out_sum, order, -1, out_sum);
}

/* 0, 1, n-1, n, n+1, 2^256-1, n-k-1, n-k, n-k+1. */
static void make_edges(const uint8_t k[32], uint8_t out_edges[KINDS][32])
{
    memcpy(out_edges[0], zero, 32);
    memcpy(out_edges[1], one, 32);
    (void)add(order, one, -1, out_edges[2]);
    memcpy(out_edges[3], order, 32);
    (void)add(order, one, 1, out_edges[4]);
    memset(out_edges[5], 0xff, 32);
    (void)add(order, k, -1, out_edges[7]);
    (void)add(out_edges[7], one, -1, out_edges[6]);
    (void)add(out_edges[7], one, 1, out_edges[8]);
}

struct script {
    uint8_t edges[KINDS][32];
    unsigned kinds[GIVEN];
};

/* After the given three comes 1, so that each sequence ends. The right half holds the attempt. */
static enum ak_err make(const void *ctx, unsigned attempt, struct ak_secret64 *out_candidate)
{
    const struct script *script = ctx;
    memcpy(out_candidate->bytes, attempt < GIVEN ? script->edges[script->kinds[attempt]] : one, 32);
    memset(out_candidate->bytes + 32, (int)attempt + 1, 32);
    return AK_OK;
}

static bool model_user(const uint8_t candidate[32], uint8_t out_scalar[32])
{
    memcpy(out_scalar, candidate, 32);
    return memcmp(candidate, zero, 32) != 0 && memcmp(candidate, order, 32) < 0;
}

static bool model_child(const uint8_t candidate[32], const uint8_t parent[32], uint8_t out_scalar[32])
{
    if (memcmp(candidate, order, 32) >= 0) return false;
    add_mod_order(parent, candidate, out_scalar);
    return memcmp(out_scalar, zero, 32) != 0;
}

static void check_sequence(const struct script *script, const uint8_t parent[32], bool child)
{
    const struct ak_keys_candidates candidates = {make, script};
    struct ak_secret32 scalar, chain_code = {{0}};
    uint8_t expected[32];
    unsigned attempt = 0;
    for (;; attempt++) {
        const uint8_t *candidate = attempt < GIVEN ? script->edges[script->kinds[attempt]] : one;
        bool good = child ? model_child(candidate, parent, expected) : model_user(candidate, expected);
        if (good) break;
        assert_true(attempt < GIVEN + 1);
    }
    memcpy(scalar.bytes, parent, 32);
    enum ak_err err = child ? ak_keys_pick_child(&candidates, &scalar, &chain_code)
                            : ak_keys_pick_user(&candidates, &scalar, &chain_code);
    assert_int_equal(err, AK_OK);
    assert_memory_equal(scalar.bytes, expected, 32);
    for (size_t i = 0; i < 32; i++) assert_int_equal(chain_code.bytes[i], attempt + 1);
}

static void all_sequences_of_three_edges(void **state)
{
    (void)state;
    uint8_t parents[4][32] = {{[31] = 1}, {[31] = 2}, {[0] = 0x12, [13] = 0xff, [31] = 7}, {0}};
    (void)add(order, one, -1, parents[3]);
    /* With n-1 as parent the candidate after the three would give 0. */
    for (size_t p = 0; p < AK_COUNT(parents); p++) {
        struct script script;
        make_edges(parents[p], script.edges);
        for (unsigned code = 0; code < KINDS * KINDS * KINDS; code++) {
            script.kinds[0] = code % KINDS;
            script.kinds[1] = code / KINDS % KINDS;
            script.kinds[2] = code / KINDS / KINDS;
            check_sequence(&script, parents[p], false);
            if (p < 3) check_sequence(&script, parents[p], true);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_sequences_of_three_edges)};
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
