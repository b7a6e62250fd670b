/* The grammar of RFC 3986, part by part. */
#include "unit/check.h"

#include "base/attr.h"
#include "core/evm/uri.h"

static void takes_uris(void **state)
{
    (void)state;
    static const char *const good[] = {"https://example.org", "https://example.org/",
        "http://a/b/c?d=e&f=/?#g/?", "urn:a:b", "urn:agentkeys:device:abc_-9",
        "ipfs://Qme7ss3ARVgxv6rXqVPiikMJ8u2NLgmgszg13pYrDKEoiu", "mailto:a@b.c", "a:", "a+b-c.1:x",
        "file:///etc/hosts", "https://user:pw@host:8080/p", "https://[::cafe]", "https://[2001:db8::1]:443/x",
        "https://127.0.0.1", "https://a.b/%20%aF", "https://a.b//c", "x:/a", "https://a:/", "did:web:x#key"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        if (!ak_uri_valid(ak_span_str(good[i]))) fail_msg("refused: %s", good[i]);
    }
}

static void refuses_what_is_no_uri(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ":", ":not_a_rfc3986_valid_uri_", "example.org", "//example.org",
        "/a", "1a:b", "-a:b", "a_b:c", "https://a b", "https://a/b c", "https://a/<b>", "https://a/\"",
        "https://a/{b}", "https://a/|", "https://a/\\", "https://a/^", "https://a/`", "https://a/%",
        "https://a/%1", "https://a/%g0", "https://a/%0g", "https://a#b#c", "https://a/\xc3\xa4",
        "https://a@b@c", "https://a:b", "https://a:1:2", "https://[::cafe", "https://::cafe]",
        "https://[::cafe]x", "https://[::cafe]:x", "https://[v1.a]", "https://[]", "https://[1.2.3.4]",
        "https://a/[b]", "https://a/\n", "https://a/\x7f", "https://a?[", "https://a/ "};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (ak_uri_valid(ak_span_str(bad[i]))) fail_msg("accepted: %s", bad[i]);
    }
    assert_false(ak_uri_valid(ak_span("a:\0", 3)));
}

static void tells_ipv6_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"[::]", "[::1]", "[1::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]",
        "[::2:3:4:5:6:7:8]", "[1:2::7:8]", "[::1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", "[::ffff:255.255.255.255]",
        "[ABCD:ef01::]", "[1::2.3.4.5]:1"};
    static const char *const bad[] = {"[]", "[:]", "[1]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]", "[12345::]", "[g::]", "[1:]",
        "[:1]", "[1:2:3:4:5:6:7:]", "[::1.2.3]", "[::1.2.3.4.5]", "[::256.1.1.1]", "[::01.1.1.1]",
        "[1.2.3.4::]", "[1:2:3:4:5:6:7:1.2.3.4]", "[1.2.3.4:1::]", "[::1", "[::1]]", "[::1.2.3.4:5]",
        "[::%25eth0]", "[:: ]"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        if (!ak_uri_authority_valid(ak_span_str(good[i]))) fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (ak_uri_authority_valid(ak_span_str(bad[i]))) fail_msg("accepted: %s", bad[i]);
    }
}

static void tells_authorities(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a", "example.org", "127.0.0.1:8080", "test@127.0.0.1", "u:p@h:1", "xn--a.b", "a%20b", "@a"};
    static const char *const bad[] = {
        "", ":80", "@", "a@", "a@:1", "a/b", "a b", "#a", "a?", "a:x", "a@b@c", "\xc3\xa4", "a\n", "a<"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        if (!ak_uri_authority_valid(ak_span_str(good[i]))) fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (ak_uri_authority_valid(ak_span_str(bad[i]))) fail_msg("accepted: %s", bad[i]);
    }
}

static void tells_the_characters_of_each_class(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t text[] = {'a', (uint8_t)byte};
        bool alnum =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        bool pchar = alnum || (byte != 0 && byte < 128 && strchr("-._~!$&'()*+,;=:@", (int)byte));
        bool statement = pchar || byte == ' ' || (byte != 0 && byte < 128 && strchr("/?#[]", (int)byte));
        bool scheme = alnum || byte == '+' || byte == '-' || byte == '.';
        assert_int_equal(ak_uri_pchars_valid(AK_SPAN_ARR(text)), pchar);
        assert_int_equal(ak_uri_statement_valid(AK_SPAN_ARR(text)), statement);
        assert_int_equal(ak_uri_scheme_valid(AK_SPAN_ARR(text)), scheme);
    }
    assert_true(ak_uri_pchars_valid(AK_SPAN_EMPTY));
    assert_true(ak_uri_pchars_valid(AK_SPAN_LIT("%00")));
    assert_false(ak_uri_statement_valid(AK_SPAN_EMPTY));
    assert_false(ak_uri_scheme_valid(AK_SPAN_EMPTY));
}

/* Where something may be fetched from: over TLS, or on this machine where that is allowed. */
static void places(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        bool web, plain;
    } rows[] = {
        {"https://a.example", true, false},
        {"https://127.0.0.1:1/x?y", true, false},
        {"http://127.0.0.1", false, true},
        {"http://localhost/x", false, true},
        {"http://[::1]:8080?x", false, true},
        {"http://a.example", false, false},
        {"http://127.0.0.1.a.example", false, false},
        {"http://localhost:80@a.example", false, false},
        {"https://u@a.example", false, false},
        {"https://a.example#f", false, false},
        {"https:a.example", false, false},
        {"https:///x", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_span uri = ak_span_str(rows[i].uri);
        assert_int_equal(ak_uri_is_web(uri, false), rows[i].web);
        assert_int_equal(ak_uri_is_web(uri, true), rows[i].web || rows[i].plain);
        assert_int_equal(ak_uri_is_plain_loopback(uri), rows[i].plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_uris),
        cmocka_unit_test(refuses_what_is_no_uri),
        cmocka_unit_test(tells_ipv6_addresses),
        cmocka_unit_test(tells_authorities),
        cmocka_unit_test(tells_the_characters_of_each_class),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
