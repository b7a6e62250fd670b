/* Identity providers: what one may be, names that mean one issuer for ever, the list as a setting. */
#include "unit/check.h"

#include "core/trust/trust.h"

static struct ak_trust trust, other;
static char x[256];

static enum ak_err set(struct ak_trust *into, const char *text)
{
    return ak_trust_set_providers(into, ak_span_str(text));
}

static int setup(void **state)
{
    (void)state;
    trust = other = (struct ak_trust){0};
    memset(x, 'x', sizeof x);
    assert_int_equal(set(&trust, "google https://accounts.google.com ID, ok http://127.0.0.1:3000 b"), AK_OK);
    return 0;
}

static void as_written(void **state)
{
    (void)state;
    char text[AK_TRUST_SHOWN_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(set(&trust, " zz  https://z.example ,aa https://a.example/t/v2.0 1-2.apps "), AK_OK);
    assert_int_equal(trust.provider_count, 2);
    assert_true(ak_span_eq(trust.providers[0].name, AK_SPAN_LIT("aa")));
    assert_true(ak_span_eq(trust.providers[0].iss, AK_SPAN_LIT("https://a.example/t/v2.0")));
    assert_true(ak_span_eq(trust.providers[0].client_id, AK_SPAN_LIT("1-2.apps")));
    assert_int_equal(trust.providers[1].client_id.len, 0);
    ak_trust_put_item(&trust, AK_TRUST_PROVIDERS, &buf);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, "aa https://a.example/t/v2.0 1-2.apps, zz https://z.example");
    assert_int_equal(set(&other, text), AK_OK);
    assert_true(ak_trust_providers_same(&trust, &other));
    assert_int_equal(set(&trust, "  "), AK_OK);
    assert_int_equal(trust.provider_count, 0);
}

static void not_as_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ak_err err;
    } rows[] = {
        {",", AK_E_FORMAT},
        {"google", AK_E_FORMAT},
        {"google https://a.example id more", AK_E_FORMAT},
        {"google https://a.example id,", AK_E_FORMAT},
        {"Google https://a.example id", AK_E_MEANING},
        {"g https://a.example id", AK_E_MEANING},
        {"abcdefghijklmnopq https://a.example id", AK_E_MEANING},
        {"google a.example id", AK_E_MEANING},
        {"google http://a.example id", AK_E_MEANING},
        {"google https://u@a.example id", AK_E_MEANING},
        {"google https://a.example/?t id", AK_E_MEANING},
        {"google https://a.example/#t id", AK_E_MEANING},
        {"google https://a.example i\"d", AK_E_MEANING},
        {"google https://a.example i\\d", AK_E_MEANING},
        {"google https://a.example i\td", AK_E_MEANING},
        {"google https://a.example id, google https://a.example id", AK_E_MEANING},
        {"google https://a.example id, goog https://b.example id", AK_E_MEANING}, /* a prefix: keys.md */
        {"ab https://a.example id, b https://b.example, abc https://c.example id", AK_E_MEANING},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        setup(NULL);
        enum ak_err err = set(&trust, rows[i].text);
        if (err != rows[i].err) fail_msg("%s: %s", rows[i].text, ak_err_name(err));
        assert_int_equal(trust.provider_count, 0);
    }
}

static void limits(void **state)
{
    (void)state;
    char text[1024];
    struct ak_buf buf = AK_BUF_ARR(text);
    for (char c = 'a'; c < 'a' + AK_TRUST_PROVIDERS_MAX; c++) {
        ak_buf_put_str(&buf, buf.len ? "," : "");
        ak_buf_put_u8(&buf, (uint8_t)c);
        ak_buf_put_str(&buf, "0 https://a.example x");
    }
    assert_int_equal(ak_trust_set_providers(&trust, ak_buf_span(&buf)), AK_OK);
    ak_buf_put_str(&buf, ", zz https://a.example x");
    assert_int_equal(ak_trust_set_providers(&trust, ak_buf_span(&buf)), AK_E_LIMIT);
    setup(NULL);
    memcpy(x, "https://", 8);
    trust.providers[0].iss = ak_span(x, AK_TRUST_ISS_MAX);
    trust.providers[0].client_id = ak_span(x, AK_TRUST_CLIENT_ID_MAX);
    assert_int_equal(ak_trust_providers_validate(&trust), AK_OK);
    trust.providers[0].iss.len++;
    assert_int_equal(ak_trust_providers_validate(&trust), AK_E_LIMIT);
    trust.providers[0].iss.len--;
    trust.providers[0].client_id.len++;
    assert_int_equal(ak_trust_providers_validate(&trust), AK_E_LIMIT);
    trust.provider_count = AK_TRUST_PROVIDERS_MAX + 1;
    assert_int_equal(ak_trust_providers_validate(&trust), AK_E_LIMIT);
}

static void order_is_a_rule(void **state)
{
    (void)state;
    struct ak_trust_provider first = trust.providers[0];
    trust.providers[0] = trust.providers[1];
    trust.providers[1] = first;
    assert_int_equal(ak_trust_providers_validate(&trust), AK_E_MEANING);
    trust.providers[0] = first;
    assert_int_equal(ak_trust_providers_validate(&trust), AK_E_MEANING); /* twice */
}

static void found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(ak_trust_provider(&trust, AK_SPAN_LIT("ok")), &trust.providers[1]);
    assert_null(ak_trust_provider(&trust, AK_SPAN_LIT("o")));
    assert_null(ak_trust_provider(&trust, AK_SPAN_LIT("okta")));
    assert_null(ak_trust_provider(&trust, AK_SPAN_EMPTY));
}

/* A name keeps its issuer; clients come and go. */
static void one_issuer_for_ever(void **state)
{
    (void)state;
    static const struct {
        const char *next;
        enum ak_err err;
    } rows[] = {
        {"google https://accounts.google.com ID, ok http://127.0.0.1:3000 b", AK_OK},
        {"google https://accounts.google.com other, ok http://127.0.0.1:3000", AK_OK},
        {"aa https://a.example, google https://accounts.google.com, ok http://127.0.0.1:3000 b", AK_OK},
        {"google https://accounts.google.com.mallory.example ID, ok http://127.0.0.1:3000 b", AK_E_CONFLICT},
        {"google https://accounts.google.com/ ID, ok http://127.0.0.1:3000 b", AK_E_CONFLICT},
        {"google https://accounts.google.com ID", AK_E_CONFLICT}, /* gone, so that it could come again */
        {"", AK_E_CONFLICT},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_equal(set(&other, rows[i].next), AK_OK);
        assert_int_equal(ak_trust_providers_follow(&trust, &other), rows[i].err);
        assert_int_equal(ak_trust_providers_same(&trust, &other), i == 0);
    }
    const struct ak_trust none = {0};
    assert_int_equal(ak_trust_providers_follow(&none, &trust), AK_OK);
}

static void retiring(void **state)
{
    (void)state;
    assert_int_equal(set(&other, "nn https://n.example id, ok http://127.0.0.1:3000 c"), AK_OK);
    assert_int_equal(ak_trust_providers_retire(&trust, &other), AK_OK);
    assert_int_equal(other.provider_count, 3);
    assert_int_equal(other.providers[0].client_id.len, 0);
    assert_true(ak_span_eq(other.providers[0].iss, AK_SPAN_LIT("https://accounts.google.com")));
    assert_true(ak_span_eq(other.providers[2].client_id, AK_SPAN_LIT("c")));
    assert_int_equal(ak_trust_providers_validate(&other), AK_OK);
    assert_int_equal(ak_trust_providers_follow(&trust, &other), AK_OK);
    other.provider_count = AK_TRUST_PROVIDERS_MAX;
    memset(other.providers, 0, sizeof other.providers);
    assert_int_equal(ak_trust_providers_retire(&trust, &other), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_written, setup),
        cmocka_unit_test_setup(not_as_written, setup),
        cmocka_unit_test_setup(limits, setup),
        cmocka_unit_test_setup(order_is_a_rule, setup),
        cmocka_unit_test_setup(found_by_name, setup),
        cmocka_unit_test_setup(one_issuer_for_ever, setup),
        cmocka_unit_test_setup(retiring, setup),
    };
    return cmocka_run_group_tests_name("trust-providers", tests, NULL, NULL);
}
