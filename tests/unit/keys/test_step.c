/* The choice of a candidate with candidates that real input never gives; a maker that fails; the number of
 * attempts. */
#include "unit/keys/given.h"

#include "core/keys/step.h"

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
    0x36, 0x41, 0x41};

/* Candidates under `good_at` have n as left half; from there on 5. The right half is the attempt. */
struct script {
    unsigned good_at;
    unsigned fails_at;
    unsigned calls;
};

static enum ak_err make(const void *ctx, unsigned attempt, struct ak_secret64 *out_candidate)
{
    struct script *script = *(struct script *const *)ctx;
    assert_int_equal(attempt, script->calls);
    script->calls++;
    if (attempt == script->fails_at) return AK_E_IO;
    *out_candidate = (struct ak_secret64){0};
    if (attempt < script->good_at) memcpy(out_candidate->bytes, order, 32);
    if (attempt >= script->good_at) out_candidate->bytes[31] = 5;
    out_candidate->bytes[63] = (uint8_t)attempt;
    return AK_OK;
}

static enum ak_err run(
    bool child, struct script *script, struct ak_secret32 *scalar, struct ak_secret32 *chain_code)
{
    const struct ak_keys_candidates candidates = {make, &script};
    *scalar = (struct ak_secret32){{[31] = 2}};
    *chain_code = (struct ak_secret32){{[0] = 9}};
    return child ? ak_keys_pick_child(&candidates, scalar, chain_code)
                 : ak_keys_pick_user(&candidates, scalar, chain_code);
}

static void takes_the_first_candidate_in_range(void **state)
{
    (void)state;
    static const unsigned good_at[] = {0, 1, 2, 254, 255};
    for (size_t i = 0; i < AK_COUNT(good_at); i++) {
        for (int child = 0; child < 2; child++) {
            struct script script = {good_at[i], 1000, 0};
            struct ak_secret32 scalar, chain_code;
            assert_int_equal(run(child, &script, &scalar, &chain_code), AK_OK);
            assert_int_equal(script.calls, good_at[i] + 1);
            const struct ak_secret32 expected = {{[31] = (uint8_t)(child ? 7 : 5)}};
            const struct ak_secret32 expected_chain = {{[31] = (uint8_t)good_at[i]}};
            assert_memory_equal(&scalar, &expected, 32);
            assert_memory_equal(&chain_code, &expected_chain, 32);
        }
    }
}

static void gives_up_after_256_attempts_and_wipes(void **state)
{
    (void)state;
    static const struct ak_secret32 zeros;
    for (int child = 0; child < 2; child++) {
        struct script never = {1000, 1000, 0};
        struct script fails = {1000, 3, 0};
        struct ak_secret32 scalar, chain_code;
        assert_int_equal(run(child, &never, &scalar, &chain_code), AK_E_CRYPTO);
        assert_int_equal(never.calls, AK_KEYS_ATTEMPTS);
        assert_memory_equal(&scalar, &zeros, 32);
        assert_memory_equal(&chain_code, &zeros, 32);
        assert_int_equal(run(child, &fails, &scalar, &chain_code), AK_E_IO);
        assert_int_equal(fails.calls, 4);
        assert_memory_equal(&scalar, &zeros, 32);
        assert_memory_equal(&chain_code, &zeros, 32);
    }
}

static void step_refuses_an_invalid_scalar_and_wipes(void **state)
{
    (void)state;
    static const struct ak_secret32 zeros;
    struct ak_secret32 scalar = {0};
    struct ak_secret32 chain_code = {{1}};
    assert_int_equal(ak_keys_step(&scalar, &chain_code, NULL, AK_SPAN_LIT("a")), AK_E_MEANING);
    assert_memory_equal(&chain_code, &zeros, 32);
    memcpy(scalar.bytes, order, 32);
    assert_int_equal(ak_keys_step(&scalar, &chain_code, NULL, AK_SPAN_LIT("a")), AK_E_MEANING);
    assert_memory_equal(&scalar, &zeros, 32);
}

/* The public derivation of BIP-32: the child's point is the parent's plus I*G, so an outsider with the chain
 * code computes it; here with the values of the published account. */
static void step_is_the_public_derivation(void **state)
{
    (void)state;
    struct ak_secret32 scalar, chain_code;
    struct ak_k256_point parent, child;
    uint8_t tweak[64], junction[32], parent33[33], from_public[33], from_secret[33];
    given_bytes(GIVEN_USER, scalar.bytes, 32);
    given_bytes(GIVEN_CHAIN_CODE, chain_code.bytes, 32);
    assert_int_equal(ak_k256_point_from_scalar(&scalar, &parent), AK_OK);
    ak_k256_point_compress(&parent, parent33);
    ak_sha256(AK_SPAN_LIT("agentkeys-junction-v1:agent-1"), junction);
    const struct ak_span data[] = {AK_SPAN_ARR(parent33), AK_SPAN_ARR(junction)};
    ak_hmac_sha512(AK_SPAN_ARR(chain_code.bytes), data, 2, tweak);
    assert_int_equal(ak_k256_point_add(&parent, tweak), AK_OK);
    ak_k256_point_compress(&parent, from_public);
    assert_int_equal(ak_keys_step(&scalar, &chain_code, NULL, AK_SPAN_LIT("agent-1")), AK_OK);
    assert_int_equal(ak_k256_point_from_scalar(&scalar, &child), AK_OK);
    ak_k256_point_compress(&child, from_secret);
    assert_memory_equal(from_public, from_secret, 33);
    assert_memory_equal(chain_code.bytes, tweak + 32, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_first_candidate_in_range),
        cmocka_unit_test(gives_up_after_256_attempts_and_wipes),
        cmocka_unit_test(step_refuses_an_invalid_scalar_and_wipes),
        cmocka_unit_test(step_is_the_public_derivation),
    };
    return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
