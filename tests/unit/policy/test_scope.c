/* Scope texts: what is taken, in which canonical form, and each refusal with its item. */
#include "core/policy/scope.h"
#include "unit/check.h"

static enum ak_err canonicalise(const char *text, char *out, size_t cap, struct ak_scope_error *error)
{
    struct ak_buf buf = ak_buf(out, cap);
    enum ak_err err = ak_scope_canonicalise(ak_span_str(text), &buf, error);
    out[buf.len < cap ? buf.len : cap - 1] = 0;
    return err;
}

static void test_canonical(void **state)
{
    (void)state;
    static const char *pairs[][2] = {
        {"", ""},
        {"openrouter", "openrouter"},
        {"openrouter,cap:sign-siwe", "cap:sign-siwe,openrouter"},
        {"b,a,c", "a,b,c"},
        {"a,a1,a-b,aa", "a,a-b,a1,aa"},
        {"cap:sign-message?bytes=1,cap:sign-message", "cap:sign-message,cap:sign-message?bytes=1"},
        {"cap:sign-siwe?domain=b.example,cap:sign-siwe?domain=a.example:8443",
            "cap:sign-siwe?domain=a.example:8443,cap:sign-siwe?domain=b.example"},
        {"cap:sign-tx?max-value=0&to=0x00000000000000000000000000000000000000ff&chain=8453",
            "cap:sign-tx?chain=8453&to=0x00000000000000000000000000000000000000ff&max-value=0"},
        {"cap:oidc?aud=sts.amazonaws.com", "cap:oidc?aud=sts.amazonaws.com"},
        {"cap:oidc?aud=https://a.example/x_Y-9,cap:oidc?aud=B",
            "cap:oidc?aud=B,cap:oidc?aud=https://a.example/x_Y-9"},
        {"cap:sign-typed-data", "cap:sign-typed-data"},
    };
    char out[AK_LIMIT_SCOPE_TEXT + 1];
    for (size_t i = 0; i < AK_COUNT(pairs); i++) {
        struct ak_scope_error error = {AK_SCOPE_BAD_VALUE, AK_SPAN_EMPTY};
        assert_int_equal(canonicalise(pairs[i][0], out, sizeof out, &error), AK_OK);
        assert_string_equal(out, pairs[i][1]);
        assert_int_equal(error.fault, AK_SCOPE_FINE);
        assert_int_equal(ak_scope_validate(ak_span_str(pairs[i][1]), NULL), AK_OK);
        enum ak_err same = strcmp(pairs[i][0], pairs[i][1]) == 0 ? AK_OK : AK_E_FORMAT;
        assert_int_equal(ak_scope_validate(ak_span_str(pairs[i][0]), &error), same);
        if (same != AK_OK) assert_int_equal(error.fault, AK_SCOPE_NOT_CANONICAL);
    }
}

struct refusal {
    const char *text;
    enum ak_scope_fault fault;
    const char *item;
};
static const struct refusal refusals[] = {
    {",", AK_SCOPE_ITEM_EMPTY, ""},
    {"a,", AK_SCOPE_ITEM_EMPTY, ""},
    {",a", AK_SCOPE_ITEM_EMPTY, ""},
    {"a,,b", AK_SCOPE_ITEM_EMPTY, ""},
    {"a, b", AK_SCOPE_BAD_SERVICE, " b"},
    {"-a", AK_SCOPE_BAD_SERVICE, "-a"},
    {"Openrouter", AK_SCOPE_BAD_SERVICE, "Openrouter"},
    {"a_b", AK_SCOPE_BAD_SERVICE, "a_b"},
    {"a.b", AK_SCOPE_BAD_SERVICE, "a.b"},
    {"a?x=1", AK_SCOPE_BAD_SERVICE, "a?x=1"},
    {"*", AK_SCOPE_BAD_SERVICE, "*"},
    {"a\n", AK_SCOPE_BAD_SERVICE, "a\n"},
    {"\xc3\xa4", AK_SCOPE_BAD_SERVICE, "\xc3\xa4"},
    {"Cap:oidc", AK_SCOPE_BAD_SERVICE, "Cap:oidc"},
    {"cap", AK_SCOPE_FINE, ""}, /* a service may be called so */
    {"a23456789012345678901234567890123456789012345678901234567890123", AK_SCOPE_FINE, ""},
    {"a234567890123456789012345678901234567890123456789012345678901234", AK_SCOPE_BAD_SERVICE,
        "a234567890123456789012345678901234567890123456789012345678901234"},
    {"cap:", AK_SCOPE_UNKNOWN_CAP, "cap:"},
    {"cap:*", AK_SCOPE_UNKNOWN_CAP, "cap:*"},
    {"cap:export", AK_SCOPE_UNKNOWN_CAP, "cap:export"},
    {"cap:sign", AK_SCOPE_UNKNOWN_CAP, "cap:sign"},
    {"cap:sign-siwe2", AK_SCOPE_UNKNOWN_CAP, "cap:sign-siwe2"},
    {"cap:sign-siwe=x", AK_SCOPE_UNKNOWN_CAP, "cap:sign-siwe=x"},
    {"cap:SIGN-SIWE", AK_SCOPE_UNKNOWN_CAP, "cap:SIGN-SIWE"},
    {"cap:sign-siwe ", AK_SCOPE_UNKNOWN_CAP, "cap:sign-siwe "},
    {"cap:sign-siwe?", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?"},
    {"cap:sign-siwe?x=1", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?x=1"},
    {"cap:sign-siwe?Domain=a", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?Domain=a"},
    {"cap:sign-siwe?bytes=1", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?bytes=1"},
    {"cap:sign-message?domain=a", AK_SCOPE_UNKNOWN_KEY, "cap:sign-message?domain=a"},
    {"cap:sign-typed-data?chain=1", AK_SCOPE_UNKNOWN_KEY, "cap:sign-typed-data?chain=1"},
    {"cap:sign-siwe?domain=a&", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?domain=a&"},
    {"cap:sign-siwe?&domain=a", AK_SCOPE_UNKNOWN_KEY, "cap:sign-siwe?&domain=a"},
    {"cap:sign-siwe?domain=a&domain=a", AK_SCOPE_DUPLICATE_KEY, "cap:sign-siwe?domain=a&domain=a"},
    {"cap:sign-siwe?domain", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain"},
    {"cap:sign-siwe?domain=", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain="},
    {"cap:sign-siwe?domain=A.example", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=A.example"},
    {"cap:sign-siwe?domain=a/b", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a/b"},
    {"cap:sign-siwe?domain=a?b", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a?b"},
    {"cap:sign-siwe?domain=*.example", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=*.example"},
    {"cap:sign-siwe?domain=u@a.example", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=u@a.example"},
    {"cap:sign-siwe?domain=:80", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=:80"},
    {"cap:sign-siwe?domain=a:", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a:"},
    {"cap:sign-siwe?domain=a:0", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a:0"},
    {"cap:sign-siwe?domain=a:080", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a:080"},
    {"cap:sign-siwe?domain=a:65535", AK_SCOPE_FINE, ""},
    {"cap:sign-siwe?domain=a:65536", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a:65536"},
    {"cap:sign-siwe?domain=a:80:80", AK_SCOPE_BAD_VALUE, "cap:sign-siwe?domain=a:80:80"},
    {"cap:sign-message?bytes=0", AK_SCOPE_BAD_VALUE, "cap:sign-message?bytes=0"},
    {"cap:sign-message?bytes=11", AK_SCOPE_BAD_VALUE, "cap:sign-message?bytes=11"},
    {"cap:sign-message?bytes=true", AK_SCOPE_BAD_VALUE, "cap:sign-message?bytes=true"},
    {"cap:oidc?aud=", AK_SCOPE_BAD_VALUE, "cap:oidc?aud="},
    {"cap:oidc?aud=a b", AK_SCOPE_BAD_VALUE, "cap:oidc?aud=a b"},
    {"cap:oidc?aud=a\"b", AK_SCOPE_BAD_VALUE, "cap:oidc?aud=a\"b"},
    {"cap:oidc?aud=a*", AK_SCOPE_BAD_VALUE, "cap:oidc?aud=a*"},
    {"cap:sign-tx?chain=0", AK_SCOPE_BAD_VALUE, "cap:sign-tx?chain=0"},
    {"cap:sign-tx?chain=01", AK_SCOPE_BAD_VALUE, "cap:sign-tx?chain=01"},
    {"cap:sign-tx?chain=18446744073709551615", AK_SCOPE_FINE, ""},
    {"cap:sign-tx?chain=18446744073709551616", AK_SCOPE_BAD_VALUE, "cap:sign-tx?chain=18446744073709551616"},
    {"cap:sign-tx?to=0x00000000000000000000000000000000000000FF", AK_SCOPE_BAD_VALUE,
        "cap:sign-tx?to=0x00000000000000000000000000000000000000FF"},
    {"cap:sign-tx?to=0x00000000000000000000000000000000000000f", AK_SCOPE_BAD_VALUE,
        "cap:sign-tx?to=0x00000000000000000000000000000000000000f"},
    {"cap:sign-tx?to=0X00000000000000000000000000000000000000ff", AK_SCOPE_BAD_VALUE,
        "cap:sign-tx?to=0X00000000000000000000000000000000000000ff"},
    {"cap:sign-tx?to=0x00000000000000000000000000000000000000ff0", AK_SCOPE_BAD_VALUE,
        "cap:sign-tx?to=0x00000000000000000000000000000000000000ff0"},
    {"cap:sign-tx?max-value=", AK_SCOPE_BAD_VALUE, "cap:sign-tx?max-value="},
    {"cap:sign-tx?max-value=1e3", AK_SCOPE_BAD_VALUE, "cap:sign-tx?max-value=1e3"},
    {"cap:sign-tx?max-value=00", AK_SCOPE_BAD_VALUE, "cap:sign-tx?max-value=00"},
    /* 2^256 - 1 and 2^256 */
    {"cap:sign-tx?max-value=115792089237316195423570985008687907853269984665640564039457584007913129639935",
        AK_SCOPE_FINE, ""},
    {"cap:sign-tx?max-value=115792089237316195423570985008687907853269984665640564039457584007913129639936",
        AK_SCOPE_BAD_VALUE,
        "cap:sign-tx?max-value="
        "115792089237316195423570985008687907853269984665640564039457584007913129639936"},
    {"a,b,a", AK_SCOPE_DUPLICATE, "a"},
    {"cap:oidc,cap:oidc", AK_SCOPE_DUPLICATE, "cap:oidc"},
    {"cap:sign-tx?chain=1&max-value=2,cap:sign-tx?max-value=2&chain=1", AK_SCOPE_DUPLICATE,
        "cap:sign-tx?max-value=2&chain=1"},
    {"cap:sign-siwe?domain=a,cap:sign-siwe", AK_SCOPE_SHADOWED, "cap:sign-siwe?domain=a"},
    {"cap:oidc,cap:oidc?aud=a", AK_SCOPE_SHADOWED, "cap:oidc?aud=a"},
    {"cap:sign-tx?chain=1,cap:sign-tx", AK_SCOPE_SHADOWED, "cap:sign-tx?chain=1"},
};

static void test_refusals(void **state)
{
    (void)state;
    char out[AK_LIMIT_SCOPE_TEXT + 1];
    for (size_t i = 0; i < AK_COUNT(refusals); i++) {
        const struct refusal *r = &refusals[i];
        struct ak_scope_error error;
        enum ak_err err = canonicalise(r->text, out, sizeof out, &error);
        if (error.fault != r->fault) print_error("%s\n", r->text);
        assert_int_equal(error.fault, r->fault);
        assert_int_equal(err, r->fault == AK_SCOPE_FINE ? AK_OK : AK_E_FORMAT);
        assert_true(ak_span_eq(error.item, ak_span_str(r->item)));
        if (err != AK_OK) assert_string_equal(out, "");
        assert_int_equal(ak_scope_validate(ak_span_str(r->text), NULL), err);
    }
}

static void test_nul_inside(void **state)
{
    (void)state;
    assert_int_equal(ak_scope_validate(AK_SPAN_LIT("a\0b"), NULL), AK_E_FORMAT);
    assert_int_equal(ak_scope_validate(AK_SPAN_LIT("cap:oidc?aud=a\0"), NULL), AK_E_FORMAT);
}

/* n items of `len` characters; returns the text's length. */
static size_t many_items(char *out, size_t n, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) out[at++] = ',';
        memset(out + at, 'a', len);
        out[at + len - 2] = (char)('a' + i / 26);
        out[at + len - 1] = (char)('a' + i % 26);
        at += len;
    }
    out[at] = 0;
    return at;
}

static void test_limits(void **state)
{
    (void)state;
    static char text[8192], out[AK_LIMIT_SCOPE_TEXT + 1];
    struct ak_scope_error error;
    (void)many_items(text, AK_LIMIT_SCOPE_ITEMS, 2);
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_OK);
    (void)many_items(text, AK_LIMIT_SCOPE_ITEMS + 1, 2);
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_E_LIMIT);
    assert_int_equal(error.fault, AK_SCOPE_TOO_MANY_ITEMS);
    assert_int_equal(many_items(text, 32, 63), 2047);
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_OK);
    assert_int_equal(many_items(text, 33, 61), 2045);
    memcpy(text + 2045, ",zz", 4); /* 2048 */
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_OK);
    memcpy(text + 2045, ",zzz", 5);
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_E_LIMIT);
    assert_int_equal(error.fault, AK_SCOPE_TEXT_TOO_LONG);
}

static void test_item_limit(void **state)
{
    (void)state;
    char text[512] = "cap:oidc?aud=", out[AK_LIMIT_SCOPE_TEXT + 1];
    struct ak_scope_error error;
    memset(text + 13, 'a', 200);
    text[213] = 0;
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_OK);
    text[213] = 'a';
    text[214] = 0;
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_E_FORMAT);
    assert_int_equal(error.fault, AK_SCOPE_BAD_VALUE);
    memset(text + 13, 'a', AK_LIMIT_SCOPE_ITEM + 1 - 13);
    text[AK_LIMIT_SCOPE_ITEM] = 0;
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_E_FORMAT);
    text[AK_LIMIT_SCOPE_ITEM] = 'a';
    text[AK_LIMIT_SCOPE_ITEM + 1] = 0;
    assert_int_equal(canonicalise(text, out, sizeof out, &error), AK_E_LIMIT);
    assert_int_equal(error.fault, AK_SCOPE_ITEM_TOO_LONG);
}

static void test_small_out(void **state)
{
    (void)state;
    char out[11];
    for (size_t cap = 0; cap < 10; cap++) {
        struct ak_buf buf = ak_buf(out, cap);
        assert_int_equal(ak_scope_canonicalise(AK_SPAN_LIT("openrouter"), &buf, NULL), AK_E_FULL);
        assert_int_equal(buf.len, 0);
        assert_false(buf.failed);
    }
    struct ak_buf buf = ak_buf(out, 10);
    assert_int_equal(ak_scope_canonicalise(AK_SPAN_LIT("openrouter"), &buf, NULL), AK_OK);
}

static void test_walk(void **state)
{
    (void)state;
    struct ak_span item;
    size_t cursor = 0, count = 0;
    while (ak_scope_next(AK_SPAN_LIT("a,bb,ccc"), &cursor, &item)) {
        count++;
        assert_int_equal(item.len, count);
    }
    assert_int_equal(count, 3);
    cursor = 0;
    assert_false(ak_scope_next(AK_SPAN_EMPTY, &cursor, &item));
}

static void test_fault_texts(void **state)
{
    (void)state;
    for (int fault = AK_SCOPE_FINE; fault <= AK_SCOPE_MIXED_EDIT; fault++) {
        assert_string_not_equal(ak_scope_fault_text((enum ak_scope_fault)fault), "unknown");
    }
    assert_string_equal(ak_scope_fault_text((enum ak_scope_fault)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_canonical), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_nul_inside), cmocka_unit_test(test_limits), cmocka_unit_test(test_item_limit),
        cmocka_unit_test(test_small_out), cmocka_unit_test(test_walk), cmocka_unit_test(test_fault_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
