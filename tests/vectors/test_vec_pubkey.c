/* ECDSA on P-384 in r || s, RSA with PSS and PKCS #1 v1.5: Wycheproof. A PKCS #1 signature without the NULL
 * of its algorithm is "acceptable" there, and refused here. Signatures of other lengths are given as they
 * are. */
#include "vectors/vec_or_skip.h"

#include "base/crypto/pubkey.h"

static enum ak_sig_alg alg;

static void one_ecdsa(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t mem[VEC_BYTES_MAX], sig_mem[VEC_BYTES_MAX];
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    struct ak_span point = vec_hex(json_object_get(group, "publicKey"), "uncompressed", mem);
    assert_int_equal(point.len, 97);
    assert_int_equal(ak_pubkey_from_point(ak_span_sub(point, 1, 96), &key), AK_OK);
    bool valid = vec_is(test, "result", "valid");
    struct ak_span sig = vec_hex(test, "sig", sig_mem);
    enum ak_err err = ak_pubkey_verify(&key, AK_SIG_P384_SHA384, vec_hex(test, "msg", mem), sig);
    assert_int_equal(err, valid ? AK_OK : AK_E_AUTH);
    *(valid ? &count->accepted : &count->refused) += 1;
}

static void one_rsa(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t mem[VEC_BYTES_MAX], sig_mem[VEC_BYTES_MAX];
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    struct ak_span modulus = vec_hex(json_object_get(group, "publicKey"), "modulus", mem);
    assert_true(modulus.len > 0);
    if (modulus.ptr[0] == 0) modulus = ak_span_sub(modulus, 1, modulus.len);
    struct ak_span exponent = vec_hex(json_object_get(group, "publicKey"), "publicExponent", sig_mem);
    uint32_t e = 0;
    assert_true(exponent.len <= 4);
    for (size_t i = 0; i < exponent.len; i++) e = e << 8 | exponent.ptr[i];
    assert_int_equal(ak_pubkey_from_rsa(modulus, e, &key), AK_OK);
    bool valid = vec_is(test, "result", "valid");
    struct ak_span sig = vec_hex(test, "sig", sig_mem);
    assert_int_equal(ak_pubkey_verify(&key, alg, vec_hex(test, "msg", mem), sig), valid ? AK_OK : AK_E_AUTH);
    *(valid ? &count->accepted : &count->refused) += 1;
}

static void run(const char *name, void (*one)(const json_t *, const json_t *, struct vec_count *),
    size_t accepted, size_t refused)
{
    char path[128];
    struct vec_count count = {0};
    (void)snprintf(path, sizeof path, "wycheproof/%s_test.json", name);
    json_t *root = vec_load_or_skip(path);
    vec_each_wycheproof(root, one, &count);
    vec_report(name, count);
    assert_int_equal(count.accepted, accepted);
    assert_int_equal(count.refused, refused);
    json_decref(root);
}

static void test_p384(void **state)
{
    (void)state;
    run("ecdsa_secp384r1_sha384_p1363", one_ecdsa, 193, 87);
}

static void test_pss(void **state)
{
    (void)state;
    alg = AK_SIG_RSA_PSS_SHA384;
    run("rsa_pss_4096_sha384_mgf1_48", one_rsa, 95, 46);
}

static void test_pkcs1(void **state)
{
    (void)state;
    alg = AK_SIG_RSA_PKCS1_SHA256;
    run("rsa_signature_2048_sha256", one_rsa, 9, 250);
    alg = AK_SIG_RSA_PKCS1_SHA384;
    run("rsa_signature_4096_sha384", one_rsa, 7, 252);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p384),
        cmocka_unit_test(test_pss),
        cmocka_unit_test(test_pkcs1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
