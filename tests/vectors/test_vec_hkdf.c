/* HKDF-SHA256: the three cases of RFC 5869 and Wycheproof. */
#include "vectors/vec.h"

#include "base/crypto/hkdf.h"

static void rfc5869(void **state)
{
    size_t i;
    json_t *test;
    assert_int_equal(json_array_size(*state), 3);
    json_array_foreach(*state, i, test)
    {
        uint8_t ikm_mem[VEC_BYTES_MAX], salt_mem[VEC_BYTES_MAX], info_mem[VEC_BYTES_MAX], okm[128], got[128];
        struct ak_span ikm = vec_hex(test, "ikm", ikm_mem), salt = vec_hex(test, "salt", salt_mem);
        struct ak_span info = vec_hex(test, "info", info_mem);
        size_t len = (size_t)vec_int(test, "l");
        assert_true(len <= sizeof okm);
        vec_hex_exact(test, "okm", okm, len);
        assert_int_equal(ak_hkdf_sha256(ikm, salt, info, got, len), AK_OK);
        assert_memory_equal(got, okm, len);
    }
}

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    (void)group;
    uint8_t ikm_mem[VEC_BYTES_MAX], salt_mem[VEC_BYTES_MAX], info_mem[VEC_BYTES_MAX];
    uint8_t okm_mem[VEC_BYTES_MAX], got[VEC_BYTES_MAX];
    struct ak_span ikm = vec_hex(test, "ikm", ikm_mem), salt = vec_hex(test, "salt", salt_mem);
    struct ak_span info = vec_hex(test, "info", info_mem), okm = vec_hex(test, "okm", okm_mem);
    size_t size = (size_t)vec_int(test, "size");
    assert_true(size <= sizeof got);
    enum ak_err err = ak_hkdf_sha256(ikm, salt, info, got, size);
    if (vec_is(test, "result", "valid")) {
        assert_int_equal(err, AK_OK);
        assert_int_equal(okm.len, size);
        assert_memory_equal(got, okm.ptr, size);
        count->accepted++;
    } else {
        assert_int_equal(err, AK_E_LIMIT);
        count->refused++;
    }
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("hkdf_sha256", count);
    assert_int_equal(count.accepted, 83);
    assert_int_equal(count.refused, 3);
}

int main(void)
{
    json_t *rfc = vec_load("rfc5869/rfc5869-sha256.json");
    json_t *wy = vec_load("wycheproof/hkdf_sha256_test.json");
    if (rfc == NULL || wy == NULL) return VEC_SKIP;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(rfc5869, rfc), cmocka_unit_test_prestate(wycheproof, wy)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(rfc);
    json_decref(wy);
    return failed;
}
