/* COSE_Sign1 of the COSE working group. Ours is strict: the algorithm has to be protected and alone there,
 * and no external data enter. */
#include "vectors/vec_or_skip.h"

#include "base/codec/base64.h"
#include "core/attest/cose.h"

static const struct {
    const char *file;
    enum ak_err parsed, verified;
} rows[] = {
    {"sign1-tests/sign-pass-01", AK_E_UNSUPPORTED, AK_OK}, /* algorithm not protected */
    {"sign1-tests/sign-pass-02", AK_OK, AK_E_AUTH},        /* external data */
    {"sign1-tests/sign-pass-03", AK_OK, AK_OK},            /* no tag */
    {"sign1-tests/sign-fail-01", AK_E_FORMAT, AK_OK},      /* another tag */
    {"sign1-tests/sign-fail-02", AK_OK, AK_E_AUTH}, {"sign1-tests/sign-fail-03", AK_E_UNSUPPORTED, AK_OK},
    {"sign1-tests/sign-fail-04", AK_E_UNSUPPORTED, AK_OK},
    {"sign1-tests/sign-fail-06", AK_E_UNSUPPORTED, AK_OK}, {"sign1-tests/sign-fail-07", AK_OK, AK_E_AUTH},
    {"ecdsa-examples/ecdsa-sig-01", AK_E_UNSUPPORTED, AK_OK}, /* a content type beside it */
    {"ecdsa-examples/ecdsa-sig-02", AK_OK, AK_OK},            /* ES384 */
    {"ecdsa-examples/ecdsa-sig-03", AK_E_UNSUPPORTED, AK_OK}, /* ES512 */
    {"ecdsa-examples/ecdsa-01", AK_E_FORMAT, AK_OK},          /* COSE_Sign */
};

static void read_key(const json_t *root, struct ak_pubkey *out_key)
{
    const json_t *jwk = json_object_get(json_object_get(json_object_get(root, "input"), "sign0"), "key");
    uint8_t xy[96];
    size_t x_len = 0, y_len = 0;
    assert_int_equal(ak_base64url_decode(ak_span_str(vec_str(jwk, "x")), xy, 48, &x_len), AK_OK);
    assert_int_equal(ak_base64url_decode(ak_span_str(vec_str(jwk, "y")), xy + x_len, 48, &y_len), AK_OK);
    assert_int_equal(ak_pubkey_from_point(ak_span(xy, x_len + y_len), out_key), AK_OK);
}

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        char path[128];
        uint8_t mem[VEC_BYTES_MAX];
        struct ak_cose_sign1 sign1;
        (void)snprintf(path, sizeof path, "cose/%s.json", rows[i].file);
        json_t *root = vec_load_or_skip(path);
        enum ak_err err = ak_cose_sign1_parse(vec_hex(json_object_get(root, "output"), "cbor", mem), &sign1);
        if (err != rows[i].parsed) fail_msg("%s: parsed as %s", rows[i].file, ak_err_name(err));
        if (err == AK_OK) {
            AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
            read_key(root, &key);
            err = ak_cose_sign1_verify(&sign1, &key);
            if (err != rows[i].verified) fail_msg("%s: verified as %s", rows[i].file, ak_err_name(err));
        }
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
