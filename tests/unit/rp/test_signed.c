/* Signed texts: RFC 7515's own, the key's algorithm and never the token's, headers that want something. */
#include "unit/rp/provider.h"

#include "core/rp/signed.h"

enum { MAX = 4096 };

static const char *rule;

static enum ak_err open_text(const struct ak_rp_jwks *jwks, struct ak_span token)
{
    uint8_t bytes[MAX];
    struct ak_buf memory = AK_BUF_ARR(bytes);
    struct ak_span payload = AK_SPAN_LIT("x");
    rule = "";
    enum ak_err err = ak_rp_signed_open(token, MAX, jwks, &memory, &payload, &rule);
    if (err) assert_int_equal(payload.len, 0);
    if (!err && payload.len == 2) assert_memory_equal(payload.ptr, "{}", 2);
    return err;
}

static enum ak_err rs256(const char *header)
{
    return open_text(&provider.jwks, provider_rs256(provider.rsa, header, AK_SPAN_LIT("{}"), &buf));
}

static void good(void **state)
{
    (void)state;
    char es[MAX];
    assert_int_equal(rs256("{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"JWT\"}"), AK_OK);
    assert_int_equal(rs256("{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"jwt\",\"x5t\":\"AA\"}"), AK_OK);
    assert_int_equal(
        open_text(&provider.jwks, test_jws(&provider.ec, AK_SPAN_LIT("{\"alg\":\"ES256\",\"kid\":\"e\"}"),
                                      AK_SPAN_LIT("{}"), es, sizeof es)),
        AK_OK);
}

/* spec: RFC 7515 A.2 */
static void rfc7515_a2(void **state)
{
    (void)state;
    static const char jwk[] =
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
        "wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
        "Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
        "bSf63k"
        "paSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
        "I5IhlJH7aGhyx"
        "XFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}]}";
    static const char token[] =
        "eyJhbGciOiJSUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb29"
        "0Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
        "O8W2Fp5"
        "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
        "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Gar"
        "ZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
        "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
        "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    struct ak_rp_jwks jwks;
    assert_int_equal(ak_rp_jwks_parse(ak_span_str(jwk), &jwks), AK_OK);
    assert_int_equal(open_text(&jwks, ak_span_str(token)), AK_OK);
}

/* The published attacks on the header. spec: RFC 8725 2.1 */
static void the_token_does_not_choose(void **state)
{
    (void)state;
    static const char *const nones[] = {"none", "None", "NONE", "", "nonE"};
    char header[128], jwk[1024];
    struct ak_buf key = AK_BUF_ARR(jwk);
    for (size_t i = 0; i < AK_COUNT(nones); i++) {
        (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"r\"}", nones[i]);
        buf.len = 0;
        provider_put_parts(&buf, header, AK_SPAN_LIT("{}"));
        ak_buf_put_u8(&buf, '.');
        assert_int_equal(open_text(&provider.jwks, ak_buf_span(&buf)), AK_E_FORMAT); /* no signature */
        assert_string_equal(rule, "form");
        assert_int_equal(rs256(header), AK_E_MEANING); /* whatever stands there */
        assert_string_equal(rule, "alg");
    }
    /* HS256, keyed with the public key as bytes, as DER and as JWK */
    unsigned char *der = NULL;
    int der_len = i2d_PUBKEY(provider.rsa, &der);
    assert_true(der_len > 0);
    provider_put_rsa(&key, provider.rsa, "");
    const struct ak_span keys[] = {
        ak_span(provider.jwks.keys[0].bytes, 256), ak_span(der, (size_t)der_len), ak_buf_span(&key)};
    for (size_t i = 0; i < AK_COUNT(keys); i++) {
        assert_int_equal(
            open_text(&provider.jwks,
                provider_hs256(keys[i], "{\"alg\":\"HS256\",\"kid\":\"r\"}", AK_SPAN_LIT("{}"), &buf)),
            AK_E_MEANING);
        assert_string_equal(rule, "alg");
        assert_int_equal(
            open_text(&provider.jwks,
                provider_hs256(keys[i], "{\"alg\":\"RS256\",\"kid\":\"r\"}", AK_SPAN_LIT("{}"), &buf)),
            AK_E_AUTH);
    }
    OPENSSL_free(der);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum ak_err err;
        const char *rule;
    } rows[] = {
        {"{\"alg\":\"RS256\",\"kid\":\"x\"}", AK_E_NOT_FOUND, "kid"},
        {"{\"alg\":\"RS256\"}", AK_E_MEANING, "kid"},
        {"{\"alg\":\"RS256\",\"kid\":\"\"}", AK_E_FORMAT, "kid"},
        {"{\"alg\":\"RS256\",\"kid\":7}", AK_E_FORMAT, "kid"},
        {"{\"alg\":\"RS256\",\"kid\":null}", AK_E_FORMAT, "kid"},
        {"{\"alg\":\"ES256\",\"kid\":\"r\"}", AK_E_MEANING, "kid"}, /* that key is for RS256 */
        {"{\"alg\":\"RS256\",\"kid\":\"e\"}", AK_E_MEANING, "kid"},
        {"{\"alg\":\"RS512\",\"kid\":\"r\"}", AK_E_MEANING, "alg"},
        {"{\"alg\":\"PS256\",\"kid\":\"r\"}", AK_E_MEANING, "alg"},
        {"{\"alg\":[\"RS256\"],\"kid\":\"r\"}", AK_E_FORMAT, "alg"},
        {"{\"kid\":\"r\"}", AK_E_FORMAT, "alg"},
        {"{\"alg\":\"RS256\",\"kid\":\"r\",\"crit\":[\"exp\"]}", AK_E_MEANING, "crit"},
        {"{\"alg\":\"RS256\",\"kid\":\"r\",\"b64\":true}", AK_E_MEANING, "crit"},
        {"{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"at+jwt\"}", AK_E_MEANING, "typ"},
        {"{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"logout+jwt\"}", AK_E_MEANING, "typ"},
        {"{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":1}", AK_E_MEANING, "typ"},
        {"{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"r\"}", AK_E_FORMAT, "form"},
        {"[]", AK_E_FORMAT, "form"},
        {"RS256", AK_E_FORMAT, "form"},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_equal(rs256(rows[i].header), rows[i].err);
        assert_string_equal(rule, rows[i].rule);
    }
    char header[AK_RP_KID_MAX + 64];
    for (int len = AK_RP_KID_MAX; len <= AK_RP_KID_MAX + 1; len++) {
        (void)snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"kid\":\"%0*d\"}", len, 0);
        assert_int_equal(rs256(header), len == AK_RP_KID_MAX ? AK_E_NOT_FOUND : AK_E_FORMAT);
    }
}

/* A key that the token brings along is no key of the provider's. */
static void keys_of_its_own(void **state)
{
    (void)state;
    EVP_PKEY *mine = made_rsa(2048);
    char header[1024];
    struct ak_buf made = AK_BUF_ARR(header);
    ak_buf_put_str(&made, "{\"alg\":\"RS256\",\"kid\":\"r\",\"jku\":\"https://mallory.example/\",\"jwk\":");
    provider_put_rsa(&made, mine, "");
    ak_buf_put_str(&made, "}");
    assert_int_equal(ak_buf_terminate(&made), AK_OK);
    assert_int_equal(
        open_text(&provider.jwks, provider_rs256(mine, header, AK_SPAN_LIT("{}"), &buf)), AK_E_AUTH);
    assert_string_equal(rule, "signature");
    EVP_PKEY_free(mine);
}

static void form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ".", "..", "a.b", "a.b.c.d", "e30.e30.AAAA=", "e30.e30.A+AA", "e30..AAAA"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(open_text(&provider.jwks, ak_span_str(bad[i])), AK_E_FORMAT);
        assert_string_equal(rule, "form");
    }
    static char big[MAX + 1];
    memset(big, 'A', sizeof big);
    assert_int_equal(open_text(&provider.jwks, ak_span(big, MAX)), AK_E_FORMAT);
    assert_int_equal(open_text(&provider.jwks, ak_span(big, MAX + 1)), AK_E_LIMIT);
    uint8_t few[64];
    struct ak_buf memory = AK_BUF_ARR(few);
    struct ak_span payload;
    struct ak_span token =
        provider_rs256(provider.rsa, "{\"alg\":\"RS256\",\"kid\":\"r\"}", AK_SPAN_LIT("{}"), &buf);
    assert_int_equal(ak_rp_signed_open(token, MAX, &provider.jwks, &memory, &payload, &rule), AK_E_FULL);
}

static void every_byte_counts(void **state)
{
    (void)state;
    struct ak_span token =
        provider_rs256(provider.rsa, "{\"alg\":\"RS256\",\"kid\":\"r\"}", AK_SPAN_LIT("{}"), &buf);
    for (size_t i = 0; i < token.len; i += AK_EACH_BYTE) {
        text[i] ^= 1;
        assert_int_not_equal(open_text(&provider.jwks, token), AK_OK);
        text[i] ^= 1;
    }
    for (size_t len = 0; len < token.len; len += AK_EACH_BYTE)
        assert_int_not_equal(open_text(&provider.jwks, ak_span(token.ptr, len)), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(rfc7515_a2),
        cmocka_unit_test(the_token_does_not_choose),
        cmocka_unit_test(headers),
        cmocka_unit_test(keys_of_its_own),
        cmocka_unit_test(form),
        cmocka_unit_test(every_byte_counts),
    };
    return cmocka_run_group_tests_name("rp-signed", tests, open_all, close_all);
}
