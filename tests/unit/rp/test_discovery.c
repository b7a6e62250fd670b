/* Discovery documents: real ones' shapes, and each thing that one may not say. */
#include "unit/check.h"

#include "core/rp/discovery.h"

#define ISS "https://id.demo.example"
#define ENDPOINTS                                                                                            \
    "\"authorization_endpoint\":\"https://id.demo.example/a\",\"token_endpoint\":\"https://t.demo.example/"  \
    "t\","                                                                                                   \
    "\"jwks_uri\":\"https://id.demo.example/jwks\""
#define START "{\"issuer\":\"" ISS "\"," ENDPOINTS

static struct ak_rp_discovery got;

static enum ak_err parse_for(const char *issuer, const char *text)
{
    static const struct ak_rp_discovery zero;
    memset(&got, 0x77, sizeof got);
    enum ak_err err = ak_rp_discovery_parse(ak_span_str(text), ak_span_str(issuer), &got);
    if (err) assert_memory_equal(&got, &zero, sizeof zero);
    return err;
}

static enum ak_err parse(const char *text)
{
    return parse_for(ISS, text);
}

static void smallest(void **state)
{
    (void)state;
    assert_int_equal(parse(START "}"), AK_OK);
    assert_true(ak_span_eq(ak_rp_text(&got.authorization), AK_SPAN_LIT("https://id.demo.example/a")));
    assert_true(ak_span_eq(ak_rp_text(&got.token), AK_SPAN_LIT("https://t.demo.example/t")));
    assert_true(ak_span_eq(ak_rp_text(&got.jwks), AK_SPAN_LIT("https://id.demo.example/jwks")));
    assert_int_equal(got.auth, AK_RP_AUTH_BASIC);
    assert_false(got.iss_parameter);
}

static void abilities(void **state)
{
    (void)state;
    assert_int_equal(
        parse(START ",\"response_types_supported\":[\"id_token\",\"code\"],"
                    "\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
                    "\"id_token_signing_alg_values_supported\":[\"HS256\",\"RS256\"],"
                    "\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\",\"client_secret_post\"],"
                    "\"authorization_response_iss_parameter_supported\":true}"),
        AK_OK);
    assert_int_equal(got.auth, AK_RP_AUTH_POST);
    assert_true(got.iss_parameter);
    assert_int_equal(parse(START ",\"token_endpoint_auth_methods_supported\":[\"none\"],"
                                 "\"id_token_signing_alg_values_supported\":[\"ES256\"]}"),
        AK_OK);
    assert_int_equal(got.auth, AK_RP_AUTH_NONE);
    assert_int_equal(parse(START ",\"token_endpoint_auth_methods_supported\":[\"none\","
                                 "\"client_secret_post\",\"client_secret_basic\"]}"),
        AK_OK);
    assert_int_equal(got.auth, AK_RP_AUTH_BASIC);
}

static void cannot(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"response_types_supported\":[\"id_token\"]",
        "\"response_types_supported\":\"code\"", "\"code_challenge_methods_supported\":[\"plain\"]",
        "\"code_challenge_methods_supported\":[]",
        "\"id_token_signing_alg_values_supported\":[\"none\",\"HS256\",\"PS256\"]",
        "\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]"};
    char text[1024];
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        (void)snprintf(text, sizeof text, START ",%s}", bad[i]);
        assert_int_equal(parse(text), AK_E_UNSUPPORTED);
    }
}

static void another_issuer(void **state)
{
    (void)state;
    static const char *const others[] = {ISS "/", "https://ID.demo.example",
        "https://id.demo.example.mallory.example", "https://id.demo.exampl"};
    for (size_t i = 0; i < AK_COUNT(others); i++)
        assert_int_equal(parse_for(others[i], START "}"), AK_E_AUTH);
    assert_int_equal(parse("{" ENDPOINTS "}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"issuer\":[\"" ISS "\"]," ENDPOINTS "}"), AK_E_FORMAT);
}

static void endpoints(void **state)
{
    (void)state;
    static const char *const names[] = {"authorization_endpoint", "token_endpoint", "jwks_uri"};
    static const char *const bad[] = {"http://id.demo.example/x", "http://127.0.0.1/x",
        "https://id.demo.example/#x", "https://u@id.demo.example/", "javascript:x", "/x", ""};
    char text[1024];
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        for (size_t k = 0; k <= AK_COUNT(bad); k++) {
            int len = snprintf(text, sizeof text, "{\"issuer\":\"" ISS "\"");
            for (size_t n = 0; n < AK_COUNT(names); n++) {
                if (n == i && k == AK_COUNT(bad)) continue; /* missing */
                len += snprintf(text + len, sizeof text - (size_t)len, ",\"%s\":\"%s\"", names[n],
                    n == i ? bad[k] : "https://id.demo.example/x");
            }
            (void)snprintf(text + len, sizeof text - (size_t)len, "}");
            assert_int_equal(parse(text), k == AK_COUNT(bad) ? AK_E_FORMAT : AK_E_MEANING);
        }
    }
}

/* Plain text stays on the machine, and only where the issuer was said to be there. */
static void loopback(void **state)
{
    (void)state;
    static const char text[] =
        "{\"issuer\":\"http://127.0.0.1:3000\",\"authorization_endpoint\":\"http://127.0.0.1:3000/a\","
        "\"token_endpoint\":\"http://localhost:3000/t\",\"jwks_uri\":\"https://id.demo.example/j\"}";
    assert_int_equal(parse_for("http://127.0.0.1:3000", text), AK_OK);
    assert_int_equal(parse_for("http://127.0.0.1:3000",
                         "{\"issuer\":\"http://127.0.0.1:3000\",\"authorization_endpoint\":"
                         "\"http://id.demo.example/a\",\"token_endpoint\":\"https://a.example\","
                         "\"jwks_uri\":\"https://a.example\"}"),
        AK_E_MEANING);
}

static void malformed(void **state)
{
    (void)state;
    static char big[AK_RP_DISCOVERY_MAX + 2];
    assert_int_equal(parse(""), AK_E_FORMAT);
    assert_int_equal(parse("[]"), AK_E_FORMAT);
    assert_int_equal(parse("<html>"), AK_E_FORMAT);
    assert_int_equal(parse(START ",\"issuer\":\"https://mallory.example\"}"), AK_E_FORMAT); /* twice */
    assert_int_equal(
        parse(START ",\"authorization_response_iss_parameter_supported\":\"true\"}"), AK_E_FORMAT);
    memset(big, ' ', sizeof big - 1);
    memcpy(big, START "}", sizeof START);
    assert_int_equal(parse(big), AK_E_LIMIT);
    big[AK_RP_DISCOVERY_MAX] = '\0';
    assert_int_equal(parse(big), AK_OK);
}

static const char *url(const char *issuer, enum ak_err want)
{
    static char text[1024];
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_rp_discovery_url(&buf, ak_span_str(issuer)), want);
    if (want) assert_int_equal(buf.len, 0);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    return text;
}

static void address(void **state)
{
    (void)state;
    char small[30];
    struct ak_buf buf = AK_BUF_ARR(small);
    assert_string_equal(url(ISS, AK_OK), ISS "/.well-known/openid-configuration");
    assert_string_equal(url(ISS "/", AK_OK), ISS "/.well-known/openid-configuration");
    assert_string_equal(url(ISS "/t/v2.0", AK_OK), ISS "/t/v2.0/.well-known/openid-configuration");
    assert_string_equal(
        url("http://127.0.0.1:3000", AK_OK), "http://127.0.0.1:3000/.well-known/openid-configuration");
    (void)url("http://id.demo.example", AK_E_ARG);
    (void)url(ISS "/?a", AK_E_ARG);
    (void)url("", AK_E_ARG);
    assert_int_equal(ak_rp_discovery_url(&buf, AK_SPAN_LIT(ISS)), AK_E_FULL);
}

/* spec: RFC 9207 2.4 */
static void callback_names_the_issuer(void **state)
{
    (void)state;
    struct ak_rp_discovery says = {.iss_parameter = true}, silent = {0};
    struct ak_span iss = AK_SPAN_LIT(ISS), other = AK_SPAN_LIT("https://mallory.example");
    assert_true(ak_rp_callback_iss_fits(&says, iss, iss));
    assert_true(ak_rp_callback_iss_fits(&silent, iss, iss));
    assert_true(ak_rp_callback_iss_fits(&silent, iss, AK_SPAN_EMPTY));
    assert_false(ak_rp_callback_iss_fits(&says, iss, AK_SPAN_EMPTY));
    assert_false(ak_rp_callback_iss_fits(&says, iss, other));
    assert_false(ak_rp_callback_iss_fits(&silent, iss, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest),
        cmocka_unit_test(abilities),
        cmocka_unit_test(cannot),
        cmocka_unit_test(another_issuer),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(loopback),
        cmocka_unit_test(malformed),
        cmocka_unit_test(address),
        cmocka_unit_test(callback_names_the_issuer),
    };
    return cmocka_run_group_tests_name("rp-discovery", tests, NULL, NULL);
}
