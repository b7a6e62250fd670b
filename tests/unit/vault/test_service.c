/* Definitions: good ones, each rule broken, the limits, and five lines that read back. */
#include "unit/check.h"

#include "core/vault/service.h"

static struct ak_service_definition good(void)
{
    return (struct ak_service_definition){.inject = AK_SPAN_LIT("header"),
        .hosts = AK_SPAN_LIT("api.example.org,127.0.0.1:8080"),
        .methods = AK_SPAN_LIT("GET,POST"),
        .path_prefixes = AK_SPAN_LIT("/v1/,/v2"),
        .template = AK_SPAN_LIT("Authorization: Bearer {value}")};
}

static void good_ones_pass(void **state)
{
    (void)state;
    struct ak_service_definition d = good();
    assert_null(ak_service_definition_fault(&d));
    d.inject = AK_SPAN_LIT("query");
    d.template = AK_SPAN_LIT("key={value}");
    assert_null(ak_service_definition_fault(&d));
    d.template = AK_SPAN_EMPTY;
    d.inject = AK_SPAN_LIT("basic");
    assert_null(ak_service_definition_fault(&d));
    d.inject = AK_SPAN_LIT("sigv4");
    assert_null(ak_service_definition_fault(&d));
}

static void each_rule_refuses(void **state)
{
    (void)state;
    static const char *const injects[] = {"", "Header", "cookie"};
    static const char *const hosts[] = {
        "", ",", "a,", "A.org", "-a", "a b", "a/b", "a:", "a:x", "a:123456", ":80", "*.org"};
    static const char *const methods[] = {"", "get", "GET,", "GET POST", "ABCDEFGHIJKLMNOPQ"};
    static const char *const prefixes[] = {
        "", "v1", "/a/..", "//", "/%2e", "/a?b", "/a#b", "/a b", "/a\\b", "/\x7f", "/v1,"};
    static const char *const templates[] = {
        "", "X: value", "{value}", ": {value}", "X: {value}\r\nY: z", "X: \xc3\xa4 {value}"};
    struct ak_service_definition d;
    for (size_t i = 0; i < AK_COUNT(injects); i++)
        d = good(), d.inject = ak_span_str(injects[i]), assert_non_null(ak_service_definition_fault(&d));
    for (size_t i = 0; i < AK_COUNT(hosts); i++)
        d = good(), d.hosts = ak_span_str(hosts[i]), assert_non_null(ak_service_definition_fault(&d));
    for (size_t i = 0; i < AK_COUNT(methods); i++)
        d = good(), d.methods = ak_span_str(methods[i]), assert_non_null(ak_service_definition_fault(&d));
    for (size_t i = 0; i < AK_COUNT(prefixes); i++)
        d = good(), d.path_prefixes = ak_span_str(prefixes[i]),
        assert_non_null(ak_service_definition_fault(&d));
    for (size_t i = 0; i < AK_COUNT(templates); i++)
        d = good(), d.template = ak_span_str(templates[i]), assert_non_null(ak_service_definition_fault(&d));
    d = good();
    d.inject = AK_SPAN_LIT("query");
    assert_non_null(ak_service_definition_fault(&d)); /* a header's template */
    d.inject = AK_SPAN_LIT("basic");
    assert_non_null(ak_service_definition_fault(&d));
}

static void five_lines_read_back(void **state)
{
    (void)state;
    uint8_t memory[AK_LIMIT_DEFINITION];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_service_definition d = good(), seen;
    assert_int_equal(ak_service_definition_put(&text, &d), AK_OK);
    assert_int_equal(ak_service_definition_parse(ak_buf_span(&text), &seen), AK_OK);
    assert_true(ak_span_eq(seen.inject, d.inject) && ak_span_eq(seen.hosts, d.hosts));
    assert_true(ak_span_eq(seen.methods, d.methods) && ak_span_eq(seen.path_prefixes, d.path_prefixes));
    assert_true(ak_span_eq(seen.template, d.template));
    static const char *const bad[] = {"", "a\nb\nc\nd", "a\nb\nc\nd\ne\nf", "a\nb\nc\nd\ne\n"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_service_definition_parse(ak_span_str(bad[i]), &seen), AK_E_FORMAT);
        assert_int_equal(seen.hosts.len, 0);
    }
    assert_int_equal(ak_service_definition_parse(AK_SPAN_LIT("\n\n\n\n"), &seen), AK_OK);
}

static void length_is_bounded(void **state)
{
    (void)state;
    static uint8_t memory[AK_LIMIT_DEFINITION + 1], long_text[AK_LIMIT_DEFINITION];
    struct ak_service_definition d = {.template = ak_span(long_text, AK_LIMIT_DEFINITION - 4)};
    struct ak_buf text = AK_BUF_ARR(memory);
    assert_int_equal(ak_service_definition_put(&text, &d), AK_OK);
    assert_int_equal(text.len, AK_LIMIT_DEFINITION);
    d.template.len++;
    assert_int_equal(ak_service_definition_put(&text, &d), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_pass),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(five_lines_read_back),
        cmocka_unit_test(length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
