/* JWKs: thumbprint, writing and reading back, every member wrong, every coordinate byte altered. */
#include "unit/check.h"

#include "base/codec/base64.h"
#include "base/codec/jose.h"

/* The key of RFC 7515 A.3; RFC 9449 uses another one, with its thumbprint. */
#define X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\""
#define XY ",\"x\":\"" X "\",\"y\":\"" Y "\""

static enum ak_err parse(const char *text, struct ak_p256_pub *out_pub)
{
    struct ak_json json;
    assert_int_equal(ak_json_parse(ak_span_str(text), 4096, &json), AK_OK);
    memset(out_pub, 9, sizeof *out_pub);
    enum ak_err err = ak_jwk_parse(ak_json_root(&json), out_pub);
    ak_json_done(&json);
    if (err != AK_OK)
        for (size_t i = 0; i < sizeof out_pub->xy; i++) assert_int_equal(out_pub->xy[i], 0);
    return err;
}

/* RFC 9449 4.1 (the proof's key) and 6.1 (its jkt). */
static void published_thumbprint(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    uint8_t thumbprint[32];
    char text[AK_THUMBPRINT_TEXT_LEN];
    assert_int_equal(parse("{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
                           "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
                         &pub),
        AK_OK);
    ak_jwk_thumbprint(&pub, thumbprint);
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64url_encode(&buf, AK_SPAN_ARR(thumbprint));
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")));
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    struct ak_p256_pub back;
    char text[256];
    assert_int_equal(parse("{" EC XY "}", &pub), AK_OK);
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_jwk_put(&w, &pub);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, "{" EC XY "}");
    assert_int_equal(parse(text, &back), AK_OK);
    assert_memory_equal(&pub, &back, sizeof pub);
    buf = AK_BUF_ARR(text);
    w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    ak_jwk_put_members(&w, &pub);
    ak_json_key(&w, "kid");
    ak_json_put_string(&w, AK_SPAN_LIT("1"));
    ak_json_close_object(&w);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, "{" EC XY ",\"kid\":\"1\"}");
}

static void takes_keys_for_es256(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    assert_int_equal(
        parse("{" EC XY ",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"a\",\"x5c\":[]}", &pub), AK_OK);
    assert_int_equal(parse("{" EC XY ",\"key_ops\":[\"verify\"]}", &pub), AK_OK);
    assert_int_equal(parse("{" EC XY ",\"key_ops\":[\"sign\",\"verify\"]}", &pub), AK_OK);
}

static void refuses_other_kinds(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    const char *bad[] = {"{}", "{\"kty\":\"EC\"" XY "}", "{\"crv\":\"P-256\"" XY "}",
        "{\"kty\":\"ec\",\"crv\":\"P-256\"" XY "}", "{\"kty\":\"OKP\",\"crv\":\"P-256\"" XY "}",
        "{\"kty\":\"RSA\",\"crv\":\"P-256\"" XY "}", "{\"kty\":7,\"crv\":\"P-256\"" XY "}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\"" XY "}", "{\"kty\":\"EC\",\"crv\":\"secp256k1\"" XY "}",
        "{\"kty\":\"EC\",\"crv\":null" XY "}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(parse(bad[i], &pub), AK_E_UNSUPPORTED);
}

static void refuses_other_uses(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    const char *bad[] = {"{" EC XY ",\"d\":\"" X "\"}", "{" EC XY ",\"d\":null}",
        "{" EC XY ",\"use\":\"enc\"}", "{" EC XY ",\"use\":7}", "{" EC XY ",\"alg\":\"ES384\"}",
        "{" EC XY ",\"alg\":\"ECDH-ES\"}", "{" EC XY ",\"alg\":null}", "{" EC XY ",\"key_ops\":[]}",
        "{" EC XY ",\"key_ops\":[\"encrypt\"]}", "{" EC XY ",\"key_ops\":\"verify\"}",
        "{" EC XY ",\"key_ops\":[7]}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(parse(bad[i], &pub), AK_E_MEANING);
}

static void refuses_bad_coordinates(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    const char *bad[] = {"{" EC ",\"x\":\"" X "\"}", "{" EC ",\"y\":\"" Y "\"}",
        "{" EC ",\"x\":\"" X "\",\"y\":7}", "{" EC ",\"x\":\"" X "A\",\"y\":\"" Y "\"}",
        "{" EC ",\"x\":\"" X "=\",\"y\":\"" Y "\"}", "{" EC ",\"x\":\"AA" X "\",\"y\":\"" Y "\"}",
        "{" EC ",\"x\":\"\",\"y\":\"" Y "\"}",
        "{" EC ",\"x\":\"" X "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a\"}",
        "{" EC ",\"x\":\"" X "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(parse(bad[i], &pub), AK_E_FORMAT);
    struct ak_json json;
    assert_int_equal(ak_json_parse(AK_SPAN_LIT("{\"jwk\":[]}"), 4096, &json), AK_OK);
    assert_int_equal(ak_jwk_parse(ak_json_get(ak_json_root(&json), "jwk"), &pub), AK_E_FORMAT);
    assert_int_equal(ak_jwk_parse(ak_json_get(ak_json_root(&json), "absent"), &pub), AK_E_FORMAT);
    ak_json_done(&json);
}

/* Each byte of each coordinate altered is a point off the curve, but for the sign of y. */
static void every_coordinate_byte_altered(void **state)
{
    (void)state;
    struct ak_p256_pub pub;
    struct ak_p256_pub back;
    assert_int_equal(parse("{" EC XY "}", &pub), AK_OK);
    for (size_t at = 0; at < sizeof pub.xy; at++) {
        char text[256];
        struct ak_buf buf = AK_BUF_ARR(text);
        struct ak_json_writer w = ak_json_writer(&buf);
        struct ak_p256_pub altered = pub;
        altered.xy[at] ^= 1;
        ak_jwk_put(&w, &altered);
        assert_int_equal(ak_buf_terminate(&buf), AK_OK);
        assert_int_equal(parse(text, &back), AK_E_MEANING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_thumbprint),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(takes_keys_for_es256),
        cmocka_unit_test(refuses_other_kinds),
        cmocka_unit_test(refuses_other_uses),
        cmocka_unit_test(refuses_bad_coordinates),
        cmocka_unit_test(every_coordinate_byte_altered),
    };
    return cmocka_run_group_tests_name("jwk", tests, NULL, NULL);
}
