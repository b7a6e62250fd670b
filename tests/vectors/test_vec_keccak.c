/* Keccak-256: ethers' hashes, and own lengths across the rate. */
#include "vectors/vec.h"

#include "base/crypto/keccak.h"
#include "base/crypto/sha256.h"

static void ethers(void **state)
{
    size_t i;
    json_t *test;
    uint8_t mem[VEC_BYTES_MAX], expected[32], digest[32];
    assert_int_equal(json_array_size(*state), 257);
    json_array_foreach(*state, i, test)
    {
        struct ak_span data = vec_hex(test, "data", mem);
        vec_hex_exact(test, "keccak256", expected, 32);
        ak_keccak256(data, digest);
        assert_memory_equal(digest, expected, 32);
        vec_hex_exact(test, "sha256", expected, 32);
        ak_sha256(data, digest);
        assert_memory_equal(digest, expected, 32);
    }
}

static void boundary(void **state)
{
    size_t i;
    json_t *test, *all = json_object_get(*state, "vectors");
    assert_int_equal(json_array_size(all), 304);
    json_array_foreach(all, i, test)
    {
        uint8_t mem[4096], expected[32], digest[32];
        size_t len = (size_t)vec_int(test, "len");
        assert_true(len <= sizeof mem);
        for (size_t k = 0; k < len; k++) mem[k] = (uint8_t)(7 * k + len);
        vec_hex_exact(test, "keccak256", expected, 32);
        ak_keccak256(ak_span(mem, len), digest);
        assert_memory_equal(digest, expected, 32);
    }
}

int main(void)
{
    json_t *hashes = vec_load("keccak/ethers-hashes.json"), *own = vec_load("keccak/own-boundary.json");
    if (hashes == NULL || own == NULL) return VEC_SKIP;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(ethers, hashes), cmocka_unit_test_prestate(boundary, own)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(hashes);
    json_decref(own);
    return failed;
}
