/* Which addresses are taken, and that no value gets out of its place. */
#include "unit/check.h"

#include "core/rp/url.h"

static char memory[AK_RP_FORM_MAX];
static struct ak_buf buf;
static struct ak_rp_authorize authorize;
static struct ak_rp_exchange exchange;
static char x[AK_RP_CODE_MAX + 1];

static int setup(void **state)
{
    (void)state;
    memset(x, 'x', sizeof x);
    buf = AK_BUF_ARR(memory);
    authorize = (struct ak_rp_authorize){.endpoint = AK_SPAN_LIT("https://id.demo.example/authorize"),
        .client_id = AK_SPAN_LIT("agentkeys"),
        .redirect_uri = AK_SPAN_LIT("https://broker.demo.example/auth/oauth2/callback"),
        .scope = AK_SPAN_LIT("openid"),
        .state = AK_SPAN_LIT("google.AAAA"),
        .nonce = AK_SPAN_LIT("NNNN"),
        .challenge = AK_SPAN_LIT("CCCC")};
    exchange = (struct ak_rp_exchange){.client_id = AK_SPAN_LIT("agentkeys"),
        .redirect_uri = AK_SPAN_LIT("https://broker.demo.example/cb"),
        .code = AK_SPAN_LIT("4/0A b"),
        .verifier = AK_SPAN_LIT("VVVV")};
    return 0;
}

static bool valid(const char *url, bool plain)
{
    return ak_rp_url_valid(ak_span_str(url), plain);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"https://id.demo.example", "https://id.demo.example:8443/a?b=c",
        "https://[2001:db8::1]/", "https://id.demo.example/a@b"};
    static const char *const plain[] = {"http://localhost", "http://127.0.0.1:3000/x", "http://[::1]:1",
        "http://localhost/@", "http://localhost?a"};
    static const char *const bad[] = {"", "id.demo.example", "https://", "https:///x",
        "http://id.demo.example", "ftp://127.0.0.1", "https://id.demo.example/#f", "https://id.demo.example#",
        "https://u@id.demo.example", "https://u:p@id.demo.example", "http://127.0.0.1@id.demo.example",
        "http://localhost:80@id.demo.example/", "http://127.0.0.1.demo.example",
        "http://localhost.demo.example", "http://127.0.0.10", "http://u@127.0.0.1",
        "https://id.demo.example/ x", "https://id.demo.example/\r\nx", "HTTPS://id.demo.example",
        "javascript:alert(1)", "file:///etc/passwd", "https://id.demo.example/%zz"};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_true(valid(good[i], false));
    for (size_t i = 0; i < AK_COUNT(plain); i++) {
        assert_true(valid(plain[i], true));
        assert_false(valid(plain[i], false));
        assert_true(ak_rp_url_is_plain_loopback(ak_span_str(plain[i])));
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (valid(bad[i], true) || ak_rp_url_is_plain_loopback(ak_span_str(bad[i])) != false)
            fail_msg("taken: %s", bad[i]);
}

static void address_length(void **state)
{
    (void)state;
    char url[AK_RP_URL_MAX + 2];
    memset(url, 'x', sizeof url);
    memcpy(url, "https://id.example/", 19);
    assert_true(ak_rp_url_valid(ak_span(url, AK_RP_URL_MAX), false));
    assert_false(ak_rp_url_valid(ak_span(url, AK_RP_URL_MAX + 1), false));
}

static const char *text(void)
{
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    return memory;
}

static void every_byte_encoded(void **state)
{
    (void)state;
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (unsigned c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        char want[8];
        buf.len = 0;
        ak_rp_put_encoded(&buf, ak_span(&byte, 1));
        if (c && strchr(plain, (int)c))
            (void)snprintf(want, sizeof want, "%c", (int)c);
        else
            (void)snprintf(want, sizeof want, "%%%02X", c);
        assert_string_equal(text(), want);
    }
}

static void authorization_url(void **state)
{
    (void)state;
    assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_OK);
    assert_string_equal(text(),
        "https://id.demo.example/authorize?response_type=code&client_id=agentkeys"
        "&redirect_uri=https%3A%2F%2Fbroker.demo.example%2Fauth%2Foauth2%2Fcallback&scope=openid"
        "&state=google.AAAA&nonce=NNNN&code_challenge=CCCC&code_challenge_method=S256");
    setup(NULL);
    authorize.endpoint = AK_SPAN_LIT("https://id.demo.example/a?policy=p");
    authorize.client_id = AK_SPAN_LIT("a&state=mine#\n");
    authorize.scope = AK_SPAN_LIT("openid profile");
    assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_OK);
    assert_non_null(strstr(text(), "/a?policy=p&response_type=code&client_id=a%26state%3Dmine%23%0A&"));
    assert_non_null(strstr(text(), "&scope=openid%20profile&"));
}

static void authorization_url_refused(void **state)
{
    (void)state;
    struct ak_span *const values[] = {&authorize.endpoint, &authorize.client_id, &authorize.redirect_uri,
        &authorize.scope, &authorize.state, &authorize.nonce, &authorize.challenge};
    for (size_t i = 0; i < AK_COUNT(values); i++) {
        struct ak_span was = *values[i];
        *values[i] = AK_SPAN_EMPTY;
        assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_E_ARG);
        *values[i] = ak_span(x, AK_RP_VALUE_MAX + 1);
        assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_E_ARG);
        *values[i] = was;
    }
    authorize.endpoint = AK_SPAN_LIT("http://id.demo.example/");
    assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_E_ARG);
    assert_int_equal(buf.len, 0);
    setup(NULL);
    assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_OK);
    struct ak_buf small = ak_buf(memory, buf.len - 1);
    assert_int_equal(ak_rp_authorize_url(&small, &authorize), AK_E_FULL);
    assert_int_equal(small.len, 0);
}

/* With the longest of everything it still fits, each byte three times as long. */
static void longest(void **state)
{
    (void)state;
    char slashes[AK_RP_CODE_MAX];
    memset(slashes, '/', sizeof slashes);
    struct ak_span most = ak_span(slashes, AK_RP_VALUE_MAX);
    authorize.client_id = authorize.redirect_uri = authorize.scope = most;
    assert_int_equal(ak_rp_authorize_url(&buf, &authorize), AK_OK);
    assert_true(buf.len <= AK_RP_AUTHORIZE_MAX);
    setup(NULL);
    exchange.client_id = exchange.redirect_uri = exchange.verifier = exchange.secret = most;
    exchange.code = ak_span(slashes, AK_RP_CODE_MAX);
    assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_OK);
    buf.len = 0;
    assert_int_equal(ak_rp_basic(&buf, most, most), AK_OK);
    assert_int_equal(buf.len, 6 + 4 * ((2 * 3 * AK_RP_VALUE_MAX + 1 + 2) / 3));
}

static void form(void **state)
{
    (void)state;
    assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_OK);
    assert_string_equal(text(),
        "grant_type=authorization_code&code=4%2F0A%20b&redirect_uri=https%3A%2F%2Fbroker.demo.example%2Fcb"
        "&client_id=agentkeys&code_verifier=VVVV");
    size_t len = buf.len;
    exchange.secret = AK_SPAN_LIT("s&t");
    assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_OK);
    assert_string_equal(text() + 2 * len, "&client_secret=s%26t");
}

static void form_refused(void **state)
{
    (void)state;
    struct ak_span *const values[] = {
        &exchange.client_id, &exchange.redirect_uri, &exchange.code, &exchange.verifier};
    for (size_t i = 0; i < AK_COUNT(values); i++) {
        struct ak_span was = *values[i];
        *values[i] = AK_SPAN_EMPTY;
        assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_E_ARG);
        *values[i] = AK_SPAN_ARR(x);
        assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_E_ARG);
        *values[i] = was;
    }
    exchange.secret = ak_span(x, AK_RP_VALUE_MAX + 1);
    assert_int_equal(ak_rp_exchange_form(&buf, &exchange), AK_E_ARG);
    exchange.secret = AK_SPAN_EMPTY;
    struct ak_buf small = ak_buf(memory, 60);
    assert_int_equal(ak_rp_exchange_form(&small, &exchange), AK_E_FULL);
    assert_int_equal(small.len, 0);
    for (size_t i = 0; i < 60; i++) assert_int_equal(memory[i], 0); /* the code is gone, too */
}

/* spec: RFC 6749 2.3.1 */
static void basic(void **state)
{
    (void)state;
    assert_int_equal(
        ak_rp_basic(&buf, AK_SPAN_LIT("s6BhdRkqt3"), AK_SPAN_LIT("7Fjfp0ZBr1KtDRbnfVdmIw")), AK_OK);
    assert_string_equal(text(), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
    buf.len = 0;
    assert_int_equal(ak_rp_basic(&buf, AK_SPAN_LIT("a:b"), AK_SPAN_LIT("c")), AK_OK);
    assert_string_equal(text(), "Basic YSUzQWI6Yw=="); /* a%3Ab:c */
    buf.len = 0;
    assert_int_equal(ak_rp_basic(&buf, AK_SPAN_EMPTY, AK_SPAN_LIT("c")), AK_E_ARG);
    assert_int_equal(ak_rp_basic(&buf, AK_SPAN_LIT("a"), AK_SPAN_EMPTY), AK_E_ARG);
    assert_int_equal(ak_rp_basic(&buf, AK_SPAN_LIT("a"), ak_span(x, AK_RP_VALUE_MAX + 1)), AK_E_ARG);
    struct ak_buf small = ak_buf(memory, 8);
    assert_int_equal(ak_rp_basic(&small, AK_SPAN_LIT("a"), AK_SPAN_LIT("c")), AK_E_FULL);
    assert_int_equal(small.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(addresses, setup),
        cmocka_unit_test_setup(address_length, setup),
        cmocka_unit_test_setup(every_byte_encoded, setup),
        cmocka_unit_test_setup(authorization_url, setup),
        cmocka_unit_test_setup(authorization_url_refused, setup),
        cmocka_unit_test_setup(longest, setup),
        cmocka_unit_test_setup(form, setup),
        cmocka_unit_test_setup(form_refused, setup),
        cmocka_unit_test_setup(basic, setup),
    };
    return cmocka_run_group_tests_name("rp-url", tests, NULL, NULL);
}
