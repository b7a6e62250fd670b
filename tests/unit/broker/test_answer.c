/* The broker's word: exactly these members, for a minute, by this key. */
#include "unit/check.h"

#include "base/codec/jose.h"
#include "core/broker/answer.h"

static void says_all_and_no_more(void **state)
{
    (void)state;
    const struct ak_secret32 scalar = {{[31] = 7}};
    static const uint8_t jkt[32] = {0xaa}, jti[16] = {0xbb};
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t text[AK_ANSWER_MAX], memory[AK_ANSWER_MAX];
    struct ak_buf buf = AK_BUF_ARR(text), space = AK_BUF_ARR(memory);
    struct ak_jws jws;
    const struct ak_answer answer = {.issuer = AK_SPAN_LIT("http://127.0.0.1:8091"),
        .audience = AK_SPAN_LIT("http://127.0.0.1:8092"),
        .identity_type = AK_SPAN_LIT("email"),
        .identity_value = AK_SPAN_LIT("alice@example.org"),
        .jkt = jkt,
        .jti = jti,
        .now_s = 1000};
    assert_int_equal(ak_p256_signer_open(&signer, &scalar), AK_OK);
    assert_int_equal(ak_p256_pub_from_scalar(&scalar, &pub), AK_OK);
    assert_int_equal(ak_answer_put(&answer, &signer, &buf), AK_OK);
    assert_int_equal(ak_jws_split(ak_buf_span(&buf), sizeof text, &space, &jws), AK_OK);
    assert_int_equal(ak_jws_verify(&jws, &pub), AK_OK);
    assert_true(ak_span_eq(jws.header, AK_SPAN_LIT("{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\"}")));
    assert_true(ak_span_eq(jws.payload,
        AK_SPAN_LIT(
            "{\"iss\":\"http://127.0.0.1:8091\",\"aud\":\"http://127.0.0.1:8092\",\"iat\":1000,\"exp\":1060,"
            "\"jti\":\"bb000000000000000000000000000000\",\"identity_type\":\"email\","
            "\"identity_value\":\"alice@example.org\","
            "\"jkt\":\"qgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}")));
    struct ak_buf small = ak_buf(text, 10);
    assert_int_equal(ak_answer_put(&answer, &signer, &small), AK_E_FULL);
    ak_p256_signer_close(&signer);
}

static void too_long_is_refused(void **state)
{
    (void)state;
    static char url[AK_ANSWER_MAX];
    const struct ak_answer answer = {
        .issuer = AK_SPAN_ARR(url), .jkt = (uint8_t *)url, .jti = (uint8_t *)url};
    uint8_t text[16];
    struct ak_buf buf = AK_BUF_ARR(text);
    memset(url, 'a', sizeof url);
    assert_int_equal(ak_answer_put(&answer, NULL, &buf), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_all_and_no_more), cmocka_unit_test(too_long_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
