/* Providers of the broker: names, defaults under snapshot, and what a section may not say. */
#include "unit/check.h"
#include "unit/io/conf/temp_file.h"

#include "io/conf/provider_conf.h"

static struct ak_conf conf;
static struct ak_boot_fail fail_said;

static enum ak_err load(const char *text, const char *name)
{
    char path[64];
    assert_int_equal(temp_file(path, text), 0);
    enum ak_err err = ak_provider_conf_load(&conf, path, name, &fail_said);
    (void)unlink(path);
    return err;
}

static void reads_its_section(void **state)
{
    (void)state;
    static const char file[] =
        "scope = openid profile\n[acme]\nissuer = https://id.acme.example\nclient_id = abc\n"
        "[corp]\nissuer = http://127.0.0.1:9/x\nclient_id = d\nscope = openid\n"
        "client_secret_file = /s\nca_file = /c\n";
    assert_int_equal(load(file, "acme"), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_ISSUER), "https://id.acme.example");
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_CLIENT_ID), "abc");
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_SECRET_FILE), "");
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_SCOPE), "openid profile");
    assert_int_equal(load(file, "corp"), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_ISSUER), "http://127.0.0.1:9/x");
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_SECRET_FILE), "/s");
    assert_string_equal(ak_conf_text(&conf, AK_PROVIDER_CA_FILE), "/c");
    assert_int_not_equal(load(file, "other"), AK_OK);
    assert_int_not_equal(ak_provider_conf_load(&conf, "/nowhere/oauth2.conf", "acme", &fail_said), AK_OK);
    for (size_t i = 0; i < AK_PROVIDER_KEY_COUNT; i++) assert_non_null(ak_provider_conf_table.keys[i].name);
}

static void defaults_are_these(void **state)
{
    (void)state;
    char text[512] = {0};
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(load("[acme]\nissuer = https://a.example\nclient_id = x\n", "acme"), AK_OK);
    ak_conf_print(&conf, false, &buf);
    assert_string_equal(text, "issuer = https://a.example\nclient_id = x\nclient_secret_file = \nscope = "
                              "openid\nca_file = \n");
}

static void bad_sections(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"client_id = x\n", "issuer"},
        {"issuer = http://acme.example\nclient_id = x\n", "issuer"},
        {"issuer = https://u@acme.example\nclient_id = x\n", "issuer"},
        {"issuer = unix:/s\nclient_id = x\n", "issuer"}, {"issuer = https://a.example\n", "client_id"},
        {"issuer = https://a.example\nclient_id = x\nscope = profile openidx\n", "scope"},
        {"issuer = https://a.example\nclient_id = x\nsecret = y\n", "secret"}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "[acme]\n%s", bad[i][0]);
        assert_int_equal(load(text, "acme"), AK_E_MEANING);
        assert_string_equal(fail_said.setting, bad[i][1]);
    }
}

static void an_issuer_has_an_end(void **state)
{
    (void)state;
    for (size_t len = 126; len <= 128; len++) {
        char issuer[160] = "https://", text[256];
        memset(issuer + 8, 'a', len - 8);
        (void)snprintf(text, sizeof text, "[acme]\nissuer = %s\nclient_id = x\n", issuer);
        assert_int_equal(load(text, "acme"), len <= 127 ? AK_OK : AK_E_MEANING);
    }
}

static void names(void **state)
{
    (void)state;
    struct ak_span found[AK_PROVIDERS_MAX];
    size_t count = 9;
    assert_int_equal(ak_provider_names(AK_SPAN_LIT(" "), found, &count), AK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(ak_provider_names(AK_SPAN_LIT("google, okta ,corp"), found, &count), AK_OK);
    assert_int_equal(count, 3);
    assert_true(ak_span_eq(found[1], AK_SPAN_LIT("okta")));
    assert_int_equal(ak_provider_names(AK_SPAN_LIT("aa,bb,cc,dd,ee,ff,gg,hh"), found, &count), AK_OK);
    assert_int_equal(count, 8);
    assert_int_equal(ak_provider_names(AK_SPAN_LIT("aa,bb,cc,dd,ee,ff,gg,hh,ii"), found, &count), AK_E_LIMIT);
    assert_int_equal(count, 0);
    assert_int_equal(ak_provider_names(AK_SPAN_LIT("aa,,bb"), found, &count), AK_E_FORMAT);
    assert_int_equal(ak_provider_names(AK_SPAN_LIT("aa,aab"), found, &count), AK_E_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_its_section),
        cmocka_unit_test(defaults_are_these), cmocka_unit_test(bad_sections),
        cmocka_unit_test(an_issuer_has_an_end), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
