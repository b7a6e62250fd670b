/* An id_token's claims: right ones in each shape that providers use, and each wrong one by its rule. */
#include "unit/rp/provider.h"

#define ISS    "https://id.demo.example"
#define HEADER "{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"JWT\"}"

static char payload[AK_RP_ID_TOKEN_MAX];
static struct ak_rp_subject got;
static const char *rule;

/* The claims as JSON; NULL leaves one out. */
static struct claims {
    const char *iss, *aud, *azp, *nonce, *sub, *iat, *nbf, *exp, *more;
} claims;

static int setup(void **state)
{
    (void)state;
    claims = (struct claims){.iss = "\"" ISS "\"",
        .aud = "\"agentkeys\"",
        .nonce = "\"N\"",
        .sub = "\"248289761001\"",
        .iat = "1767225590",
        .exp = "1767229190"};
    return 0;
}

static struct ak_span put_payload(void)
{
    const struct {
        const char *name, *value;
    } members[] = {{"iss", claims.iss}, {"aud", claims.aud}, {"azp", claims.azp}, {"nonce", claims.nonce},
        {"sub", claims.sub}, {"iat", claims.iat}, {"nbf", claims.nbf}, {"exp", claims.exp},
        {"email", claims.more}};
    struct ak_buf made = AK_BUF_ARR(payload);
    for (size_t i = 0; i < AK_COUNT(members); i++) {
        if (!members[i].value) continue;
        ak_buf_put_str(&made, made.len ? ",\"" : "{\"");
        ak_buf_put_str(&made, members[i].name);
        ak_buf_put_str(&made, "\":");
        ak_buf_put_str(&made, members[i].value);
    }
    ak_buf_put_str(&made, "}");
    assert_int_equal(ak_buf_check(&made), AK_OK);
    return ak_buf_span(&made);
}

static enum ak_err verify_at(struct ak_span token, uint64_t now_s)
{
    static const struct ak_rp_subject zero;
    const struct ak_rp_expected expected = {.issuer = AK_SPAN_LIT(ISS),
        .client_id = AK_SPAN_LIT("agentkeys"),
        .nonce = AK_SPAN_LIT("N"),
        .now_s = now_s};
    memset(&got, 0x77, sizeof got);
    enum ak_err err = ak_rp_id_token_verify(token, &provider.jwks, &expected, &got, &rule);
    if (err) assert_memory_equal(&got, &zero, sizeof zero);
    return err;
}

static enum ak_err verify(void)
{
    return verify_at(provider_rs256(provider.rsa, HEADER, put_payload(), &buf), TEST_NOW_S);
}

static void assert_refused(enum ak_err err, const char *want)
{
    assert_int_equal(verify(), err);
    assert_string_equal(rule, want);
    setup(NULL);
}

static void whose_it_is(void **state)
{
    (void)state;
    assert_int_equal(verify(), AK_OK);
    assert_string_equal(rule, "");
    assert_int_equal(got.len, 12);
    assert_memory_equal(got.sub, "248289761001", 12);
    claims.more = "\"someone.else@demo.example\"";
    assert_int_equal(verify(), AK_OK);
    assert_memory_equal(got.sub, "248289761001", 12);
    const struct ak_rp_expected expected = {
        AK_SPAN_LIT(ISS), AK_SPAN_LIT("agentkeys"), AK_SPAN_LIT("N"), TEST_NOW_S};
    assert_int_equal(ak_rp_id_token_verify(ak_buf_span(&buf), &provider.jwks, &expected, &got, NULL), AK_OK);
}

static void by_es256(void **state)
{
    (void)state;
    struct ak_span token = test_jws(
        &provider.ec, AK_SPAN_LIT("{\"alg\":\"ES256\",\"kid\":\"e\"}"), put_payload(), text, sizeof text);
    assert_int_equal(verify_at(token, TEST_NOW_S), AK_OK);
}

static void audiences(void **state)
{
    (void)state;
    static const struct {
        const char *aud, *azp;
    } good[] = {{"[\"agentkeys\"]", NULL}, {"\"agentkeys\"", "\"agentkeys\""},
        {"[\"other\",\"agentkeys\"]", "\"agentkeys\""}},
      bad[] = {{"\"agentkey\"", NULL}, {"\"agentkeys2\"", NULL}, {"[]", NULL},
          {"[\"other\"]", "\"agentkeys\""}, {NULL, NULL}, {NULL, "\"agentkeys\""},
          {"{\"agentkeys\":1}", NULL}, {"\"\"", NULL}},
      bad_party[] = {{"\"agentkeys\"", "\"other\""}, {"[\"agentkeys\",\"other\"]", NULL},
          {"[\"agentkeys\",\"other\"]", "\"other\""}, {"\"agentkeys\"", "null"},
          {"\"agentkeys\"", "[\"agentkeys\"]"}};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        claims.aud = good[i].aud;
        claims.azp = good[i].azp;
        assert_int_equal(verify(), AK_OK);
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.aud = bad[i].aud;
        claims.azp = bad[i].azp;
        assert_refused(AK_E_MEANING, "aud");
    }
    for (size_t i = 0; i < AK_COUNT(bad_party); i++) {
        claims.aud = bad_party[i].aud;
        claims.azp = bad_party[i].azp;
        assert_refused(AK_E_MEANING, "azp");
    }
    claims.aud = "[\"agentkeys\",7]";
    assert_refused(AK_E_FORMAT, "aud");
    for (size_t count = AK_RP_AUD_MAX; count <= AK_RP_AUD_MAX + 1; count++) {
        char list[256];
        struct ak_buf made = AK_BUF_ARR(list);
        ak_buf_put_str(&made, "[\"agentkeys\"");
        for (size_t i = 1; i < count; i++) ak_buf_put_str(&made, ",\"x\"");
        ak_buf_put_str(&made, "]");
        assert_int_equal(ak_buf_terminate(&made), AK_OK);
        claims.aud = list;
        claims.azp = "\"agentkeys\"";
        assert_int_equal(verify(), count == AK_RP_AUD_MAX ? AK_OK : AK_E_LIMIT);
    }
}

static void issuer(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"" ISS "/\"", "\"https://mallory.example\"", "\"https://ID.demo.example\"", "7", "\"\"", NULL};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.iss = bad[i];
        assert_refused(AK_E_MEANING, "iss");
    }
}

static void nonce(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"M\"", "\"\"", "\"NN\"", "null", "[\"N\"]", NULL};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.nonce = bad[i];
        assert_refused(AK_E_MEANING, "nonce");
    }
}

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *iat, *nbf, *exp, *rule;
    } rows[] = {
        {"1767225660", NULL, "1767229190", ""}, /* 60 s ahead, and behind */
        {"1767225661", NULL, "1767229190", "iat"},
        {"1767225590", "1767225660", "1767229190", ""},
        {"1767225590", "1767225661", "1767229190", "nbf"},
        {"1767225590", "0", "1767229190", ""},
        {"1767225500", NULL, "1767225541", ""},
        {"1767225500", NULL, "1767225540", "exp"},
        {"0", NULL, "0", "exp"},
        {"1767225590", NULL, "9223372036854775807", ""},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        claims.iat = rows[i].iat;
        claims.nbf = rows[i].nbf;
        claims.exp = rows[i].exp;
        assert_int_equal(verify(), rows[i].rule[0] ? AK_E_EXPIRED : AK_OK);
        assert_string_equal(rule, rows[i].rule);
    }
}

static void times_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"1767225600\"", "-1", "1.5", "null", "1e99"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.iat = bad[i];
        assert_refused(AK_E_FORMAT, "iat");
        claims.exp = bad[i];
        assert_refused(AK_E_FORMAT, "exp");
        claims.nbf = bad[i];
        assert_refused(AK_E_FORMAT, "nbf");
    }
    claims.iat = NULL;
    assert_refused(AK_E_FORMAT, "iat");
    claims.exp = NULL;
    assert_refused(AK_E_FORMAT, "exp");
}

static void subject(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"\"", "\"a\\u0001\"", "\"a\\n\"", "\"\\u00e4\"", "\"a\\\"b\"", "\"a\\\\b\"", "\"\\u007f\""};
    static const char *const none[] = {NULL, "7", "null", "[\"a\"]"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.sub = bad[i];
        assert_refused(AK_E_MEANING, "sub");
    }
    for (size_t i = 0; i < AK_COUNT(none); i++) {
        claims.sub = none[i];
        assert_refused(AK_E_FORMAT, "sub");
    }
    char sub[AK_LIMIT_IDENTITY_VALUE + 8];
    (void)snprintf(sub, sizeof sub, "\"%0*d\"", AK_LIMIT_IDENTITY_VALUE, 0);
    claims.sub = sub;
    assert_int_equal(verify(), AK_OK);
    assert_int_equal(got.len, AK_LIMIT_IDENTITY_VALUE);
    (void)snprintf(sub, sizeof sub, "\"%0*d\"", AK_LIMIT_IDENTITY_VALUE + 1, 0);
    assert_refused(AK_E_MEANING, "sub");
    claims.sub = "\"~ |\"";
    assert_int_equal(verify(), AK_OK);
}

/* What is not signed is not read: the reason is the signature's, and an unknown kid has its own answer. */
static void signature_first(void **state)
{
    (void)state;
    claims.iss = "\"https://mallory.example\"";
    struct ak_span token = provider_rs256(provider.rsa, HEADER, put_payload(), &buf);
    text[token.len - 2] ^= 1;
    assert_int_not_equal(verify_at(token, TEST_NOW_S), AK_OK);
    assert_string_not_equal(rule, "iss");
    setup(NULL);
    token = provider_rs256(provider.rsa, "{\"alg\":\"RS256\",\"kid\":\"new\"}", put_payload(), &buf);
    assert_int_equal(verify_at(token, TEST_NOW_S), AK_E_NOT_FOUND);
    assert_string_equal(rule, "kid");
    token = provider_hs256(
        ak_span(provider.jwks.keys[0].bytes, 256), "{\"alg\":\"HS256\",\"kid\":\"r\"}", put_payload(), &buf);
    assert_int_equal(verify_at(token, TEST_NOW_S), AK_E_MEANING);
    assert_string_equal(rule, "alg");
}

static void form(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]", "x", "{", "{\"iss\":\"a\",\"iss\":\"b\"}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(
            verify_at(provider_rs256(provider.rsa, HEADER, ak_span_str(bad[i]), &buf), TEST_NOW_S),
            AK_E_FORMAT);
        assert_string_equal(rule, "form");
    }
    memset(text, 'A', AK_RP_ID_TOKEN_MAX + 1);
    assert_int_equal(verify_at(ak_span(text, AK_RP_ID_TOKEN_MAX + 1), TEST_NOW_S), AK_E_LIMIT);
    assert_int_equal(verify_at(ak_span(text, AK_RP_ID_TOKEN_MAX), TEST_NOW_S), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whose_it_is, setup),
        cmocka_unit_test_setup(by_es256, setup),
        cmocka_unit_test_setup(audiences, setup),
        cmocka_unit_test_setup(issuer, setup),
        cmocka_unit_test_setup(nonce, setup),
        cmocka_unit_test_setup(times, setup),
        cmocka_unit_test_setup(times_malformed, setup),
        cmocka_unit_test_setup(subject, setup),
        cmocka_unit_test_setup(signature_first, setup),
        cmocka_unit_test_setup(form, setup),
    };
    return cmocka_run_group_tests_name("rp-id-token", tests, open_all, close_all);
}
