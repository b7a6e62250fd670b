/* Key sets: what is taken, what is left out, and which key a token's header finds. */
#include "unit/rp/provider.h"

static char memory[AK_RP_JWKS_MAX + 1];
static struct ak_rp_jwks got;

static int setup(void **state)
{
    (void)state;
    buf = ak_buf(memory, sizeof memory);
    ak_buf_put_str(&buf, "{\"keys\":[");
    return 0;
}

static enum ak_err parse(void)
{
    static const struct ak_rp_jwks zero;
    memset(&got, 0x77, sizeof got);
    enum ak_err err = ak_rp_jwks_parse(ak_buf_span(&buf), &got);
    if (err) assert_memory_equal(&got, &zero, sizeof zero);
    return err;
}

static enum ak_err parse_set(void)
{
    ak_buf_put_str(&buf, "]}");
    return parse();
}

/* A set of one key that is not for this: nothing is left of it. */
static void assert_left_out(void)
{
    assert_int_equal(parse_set(), AK_E_MEANING);
    setup(NULL);
}

static void both_kinds(void **state)
{
    (void)state;
    provider_put_rsa(
        &buf, provider.rsa, "\"kid\":\"1\",\"x5c\":[\"AAAA\"],\"alg\":\"RS256\",\"key_ops\":[\"verify\"],");
    ak_buf_put_str(&buf, ",");
    provider_put_ec(&buf, &provider.ec.pub, "\"use\":\"sig\",\"kid\":\"1\",");
    assert_int_equal(parse_set(), AK_OK); /* one kid, two kinds: RFC 7517 4.5 */
    assert_int_equal(got.count, 2);
    assert_int_equal(got.keys[0].alg, AK_SIG_RSA_PKCS1_SHA256);
    assert_int_equal(got.keys[0].len, 256);
    assert_int_equal(got.keys[0].exponent, 65537);
    assert_int_equal(got.keys[1].alg, AK_SIG_P256_SHA256);
    assert_memory_equal(got.keys[1].bytes, provider.ec.pub.xy, 64);
}

static void for_something_else(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"use\":\"enc\",", "\"use\":1,", "\"alg\":\"RS384\",",
        "\"alg\":\"HS256\",", "\"alg\":\"none\",", "\"alg\":\"PS256\",", "\"alg\":null,",
        "\"key_ops\":[\"sign\"],", "\"key_ops\":\"verify\",", "\"d\":\"AAAA\",", "\"kid\":7,",
        "\"kid\":\"\","};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        provider_put_rsa(&buf, provider.rsa, bad[i]);
        assert_left_out();
        provider_put_ec(&buf, &provider.ec.pub, bad[i]);
        assert_left_out();
    }
    provider_put_rsa(&buf, provider.rsa, "\"alg\":\"ES256\",");
    assert_left_out();
    provider_put_ec(&buf, &provider.ec.pub, "\"alg\":\"RS256\",");
    assert_left_out();
}

static void bad_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", "{}", "7", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
        "\"AA\"}",
        /* zeros are no point */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        ak_buf_put_str(&buf, bad[i]);
        assert_left_out();
    }
    provider_put_rsa(&buf, provider.small_rsa, "");
    assert_left_out();
    EVP_PKEY *big = made_rsa(2048);
    uint8_t modulus[257] = {0};
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(big, OSSL_PKEY_PARAM_RSA_N, &number), 1);
    assert_int_equal(BN_bn2bin(number, modulus + 1), 256);
    BN_free(number);
    EVP_PKEY_free(big);
    static const char *const exponents[] = {"AQ", "Ag", "AQAAAAE", "", "!"}; /* 1, 2, five bytes */
    for (size_t i = 0; i < AK_COUNT(exponents) + 1; i++) {
        ak_buf_put_str(&buf, "{\"kty\":\"RSA\",\"n\":\"");
        bool zero = i == AK_COUNT(exponents); /* a leading zero: RFC 7518 6.3.1.1 */
        ak_base64url_encode(&buf, zero ? AK_SPAN_ARR(modulus) : ak_span(modulus + 1, 256));
        ak_buf_put_str(&buf, "\",\"e\":\"");
        ak_buf_put_str(&buf, zero ? "AQAB" : exponents[i]);
        ak_buf_put_str(&buf, "\"}");
        assert_left_out();
    }
}

/* One good key among others is enough. */
static void the_rest_is_left_out(void **state)
{
    (void)state;
    ak_buf_put_str(&buf, "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"e\"},");
    provider_put_rsa(&buf, provider.small_rsa, "\"kid\":\"e\",");
    ak_buf_put_str(&buf, ",");
    provider_put_ec(&buf, &provider.ec.pub, "\"kid\":\"e\",");
    assert_int_equal(parse_set(), AK_OK);
    assert_int_equal(got.count, 1);
}

static void twins(void **state)
{
    (void)state;
    struct test_key other = test_key(0x22);
    for (int named = 0; named < 2; named++) {
        setup(NULL);
        provider_put_ec(&buf, &provider.ec.pub, named ? "\"kid\":\"e\"," : "");
        ak_buf_put_str(&buf, ",");
        provider_put_ec(&buf, &other.pub, named ? "\"kid\":\"e\"," : "");
        assert_int_equal(parse_set(), AK_E_CONFLICT);
    }
    ak_p256_signer_close(&other.signer);
}

static void put_keys(size_t count)
{
    setup(NULL);
    for (size_t i = 0; i < count; i++) {
        char kid[32];
        (void)snprintf(kid, sizeof kid, "\"kid\":\"%zu\",", i);
        if (i) ak_buf_put_str(&buf, ",");
        provider_put_ec(&buf, &provider.ec.pub, kid);
    }
}

static void put_kid(size_t len)
{
    char kid[AK_RP_KID_MAX + 32];
    (void)snprintf(kid, sizeof kid, "\"kid\":\"%0*d\",", (int)len, 0);
    setup(NULL);
    provider_put_ec(&buf, &provider.ec.pub, kid);
}

static void limits(void **state)
{
    (void)state;
    put_keys(AK_RP_KEYS_MAX);
    assert_int_equal(parse_set(), AK_OK);
    put_keys(AK_RP_KEYS_MAX + 1);
    assert_int_equal(parse_set(), AK_E_LIMIT);
    put_kid(AK_RP_KID_MAX);
    assert_int_equal(parse_set(), AK_OK);
    put_kid(AK_RP_KID_MAX + 1);
    assert_left_out();
    for (size_t members = AK_RP_JWKS_MEMBERS; members <= AK_RP_JWKS_MEMBERS + 1; members++) {
        put_keys(1);
        for (size_t i = 1; i < members; i++) ak_buf_put_str(&buf, ",{}");
        assert_int_equal(parse_set(), members == AK_RP_JWKS_MEMBERS ? AK_OK : AK_E_LIMIT);
    }
    put_keys(1);
    ak_buf_put_str(&buf, "]}");
    while (buf.len < AK_RP_JWKS_MAX) ak_buf_put_u8(&buf, ' ');
    assert_int_equal(parse(), AK_OK);
    ak_buf_put_u8(&buf, ' ');
    assert_int_equal(parse(), AK_E_LIMIT);
}

static void malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":\"\"}", "{\"keys\":[", "null"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        buf.len = 0;
        ak_buf_put_str(&buf, bad[i]);
        assert_int_equal(parse(), AK_E_FORMAT);
    }
    setup(NULL);
    assert_int_equal(parse_set(), AK_E_MEANING); /* none */
}

static enum ak_err find(const struct ak_rp_jwks *jwks, const char *kid, const char *alg)
{
    const struct ak_rp_key *key = &provider.jwks.keys[0];
    enum ak_err err = ak_rp_jwks_find(jwks, ak_span_str(kid), ak_span_str(alg), &key);
    assert_int_equal(err == AK_OK, key != NULL);
    return err;
}

static void finding(void **state)
{
    (void)state;
    struct ak_rp_jwks one = provider.jwks, none = {0};
    one.count = 1;
    assert_int_equal(find(&provider.jwks, "r", "RS256"), AK_OK);
    assert_int_equal(find(&provider.jwks, "e", "ES256"), AK_OK);
    assert_int_equal(find(&provider.jwks, "r", "ES256"), AK_E_MEANING);
    assert_int_equal(find(&provider.jwks, "e", "RS256"), AK_E_MEANING);
    assert_int_equal(find(&provider.jwks, "e", "HS256"), AK_E_MEANING);
    assert_int_equal(find(&provider.jwks, "x", "RS256"), AK_E_NOT_FOUND);
    assert_int_equal(find(&provider.jwks, "", "RS256"), AK_E_MEANING);
    assert_int_equal(find(&one, "", "RS256"), AK_OK);
    assert_int_equal(find(&one, "", "ES256"), AK_E_MEANING);
    assert_int_equal(find(&one, "e", "ES256"), AK_E_NOT_FOUND);
    assert_int_equal(find(&none, "r", "RS256"), AK_E_NOT_FOUND);
    assert_int_equal(find(&none, "", "RS256"), AK_E_MEANING);
}

static void verifying(void **state)
{
    (void)state;
    uint8_t sig[512], ec_sig[64];
    struct ak_span message = AK_SPAN_LIT("message");
    size_t len = provider_sign_rsa(provider.rsa, message, sig);
    assert_int_equal(ak_p256_sign(&provider.ec.signer, message, ec_sig), AK_OK);
    const struct ak_rp_key *rsa = &provider.jwks.keys[0], *ec = &provider.jwks.keys[1];
    assert_int_equal(ak_rp_key_verify(rsa, message, ak_span(sig, len)), AK_OK);
    assert_int_equal(ak_rp_key_verify(ec, message, AK_SPAN_ARR(ec_sig)), AK_OK);
    assert_int_equal(ak_rp_key_verify(rsa, AK_SPAN_LIT("massage"), ak_span(sig, len)), AK_E_AUTH);
    assert_int_equal(ak_rp_key_verify(ec, message, ak_span(sig, 64)), AK_E_AUTH);
    assert_int_equal(ak_rp_key_verify(rsa, message, AK_SPAN_ARR(ec_sig)), AK_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_kinds, setup),
        cmocka_unit_test_setup(for_something_else, setup),
        cmocka_unit_test_setup(bad_numbers, setup),
        cmocka_unit_test_setup(the_rest_is_left_out, setup),
        cmocka_unit_test_setup(twins, setup),
        cmocka_unit_test_setup(limits, setup),
        cmocka_unit_test_setup(malformed, setup),
        cmocka_unit_test_setup(finding, setup),
        cmocka_unit_test_setup(verifying, setup),
    };
    return cmocka_run_group_tests_name("rp-jwks", tests, open_all, close_all);
}
