/* Deterministic recoverable ECDSA of secp256k1: tiny-secp256k1's fixtures. Those with extra entropy and with
 * recovery ids 2 and 3 are not ours. */
#include "vectors/vec.h"

#include "base/crypto/k256.h"

static void signs_the_published_bytes(void **state)
{
    size_t i;
    json_t *test, *all = json_object_get(*state, "valid");
    assert_int_equal(json_array_size(all), 158);
    json_array_foreach(all, i, test)
    {
        struct ak_secret32 d;
        struct ak_k256_point point, recovered;
        uint8_t m[32], expected[64], sig[65];
        vec_hex_exact(test, "d", d.bytes, 32);
        vec_hex_exact(test, "m", m, 32);
        vec_hex_exact(test, "signature", expected, 64);
        assert_int_equal(ak_k256_sign(m, &d, sig), AK_OK);
        assert_memory_equal(sig, expected, 64);
        assert_int_equal(sig[64], vec_int(test, "recoveryId"));
        assert_int_equal(ak_k256_point_from_scalar(&d, &point), AK_OK);
        assert_int_equal(ak_k256_verify(m, sig, &point), AK_OK);
        assert_int_equal(ak_k256_recover(m, sig, &recovered), AK_OK);
        assert_memory_equal(&recovered, &point, sizeof point);
    }
}

static void plain_ones_among_the_extra_entropy(void **state)
{
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(*state, "extraEntropy"), i, test)
    {
        struct ak_secret32 d;
        uint8_t m[32], expected[64], sig[65];
        vec_hex_exact(test, "d", d.bytes, 32);
        vec_hex_exact(test, "m", m, 32);
        vec_hex_exact(test, "signature", expected, 64);
        assert_int_equal(ak_k256_sign(m, &d, sig), AK_OK);
        assert_memory_equal(sig, expected, 64);
    }
    assert_int_equal(i, 5);
}

static void refuses_invalid_scalars(void **state)
{
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(json_object_get(*state, "invalid"), "sign"), i, test)
    {
        struct ak_secret32 d;
        uint8_t m[32], sig[65];
        vec_hex_exact(test, "d", d.bytes, 32);
        vec_hex_exact(test, "m", m, 32);
        assert_int_equal(ak_k256_sign(m, &d, sig), AK_E_MEANING);
    }
    assert_int_equal(i, 4);
}

static void refuses_invalid_points_and_signatures(void **state)
{
    size_t i, points = 0;
    json_t *test;
    json_array_foreach(json_object_get(json_object_get(*state, "invalid"), "verify"), i, test)
    {
        uint8_t mem[VEC_BYTES_MAX], m[32], sig[64];
        struct ak_k256_point point;
        if (ak_k256_point_parse(vec_hex(test, "Q", mem), &point) != AK_OK) {
            points++;
            continue;
        }
        vec_hex_exact(test, "m", m, 32);
        vec_hex_exact(test, "signature", sig, 64);
        assert_int_not_equal(ak_k256_verify(m, sig, &point), AK_OK);
    }
    assert_int_equal(i, 25);
    assert_int_equal(points, 19);
}

static void refuses_to_recover(void **state)
{
    size_t i, other_lengths = 0;
    json_t *test;
    json_array_foreach(json_object_get(json_object_get(*state, "invalid"), "recover"), i, test)
    {
        uint8_t m[VEC_BYTES_MAX], sig[65];
        struct ak_k256_point point;
        if (vec_hex(test, "m", m).len != 32) {
            other_lengths++;
            continue;
        }
        vec_hex_exact(test, "signature", sig, 64);
        sig[64] = json_object_get(test, "recoveryId") ? (uint8_t)vec_int(test, "recoveryId") : 0;
        assert_int_not_equal(ak_k256_recover(m, sig, &point), AK_OK);
    }
    assert_int_equal(i, 8);
    assert_int_equal(other_lengths, 1);
}

int main(void)
{
    json_t *root = vec_load("secp256k1-rfc6979/ecdsa.json");
    if (root == NULL) return VEC_SKIP;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(signs_the_published_bytes, root),
        cmocka_unit_test_prestate(plain_ones_among_the_extra_entropy, root),
        cmocka_unit_test_prestate(refuses_invalid_scalars, root),
        cmocka_unit_test_prestate(refuses_invalid_points_and_signatures, root),
        cmocka_unit_test_prestate(refuses_to_recover, root)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
