/* Files of others: what is taken, what is refused and why, and that no reason holds a value. */
#include "unit/check.h"

#include "programs/command/import.h"

static struct ak_import out;

static enum ak_err parse(const char *text, enum ak_import_format format)
{
    return ak_import_parse(ak_span_str(text), format, &out);
}

static void has(size_t i, const char *service, const char *value)
{
    assert_true(i < out.count);
    assert_string_equal(out.items[i].service, service);
    assert_int_equal(out.items[i].value.len, strlen(value));
    assert_memory_equal(out.items[i].value.ptr, value, strlen(value));
}

static void refused(const char *text, enum ak_import_format format, const char *reason)
{
    if (parse(text, format) == AK_OK) fail_msg("took %s", text);
    assert_string_equal(out.reason, reason);
    assert_int_equal(out.count, 0);
    for (size_t i = 0; i < 64; i++) assert_int_equal(out.values[i], 0);
}

static void test_env(void **state)
{
    (void)state;
    static const char text[] = "# keys\n"
                               "\n"
                               "OPENROUTER_API_KEY=sk-or-1 # of the demo\n"
                               "export GITHUB_TOKEN = ghp_2\r\n"
                               "EMPTY=\n"
                               "HASH=a#b\n"
                               "SINGLE='a \\n \"b\" # c'  # comment\n"
                               "DOUBLE=\"line 1\\nline \\\"2\\\"\"\n"
                               "PEM=\"-----BEGIN\nAAAA\n-----END\"\n"
                               "LAST=no line end";
    assert_int_equal(parse(text, AK_IMPORT_ANY), AK_OK);
    assert_int_equal(out.count, 8);
    has(0, "openrouter-api-key", "sk-or-1");
    has(1, "github-token", "ghp_2");
    has(2, "empty", "");
    has(3, "hash", "a#b");
    has(4, "single", "a \\n \"b\" # c");
    has(5, "double", "line 1\nline \"2\"");
    has(6, "pem", "-----BEGIN\nAAAA\n-----END");
    has(7, "last", "no line end");
}

static void test_bad_env(void **state)
{
    (void)state;
    refused("", AK_IMPORT_ENV, "there is nothing in it");
    refused("# only\n", AK_IMPORT_ENV, "there is nothing in it");
    refused("A=secret\nsecret without a name\n", AK_IMPORT_ENV, "a line is not NAME=VALUE");
    refused("A=\"secret\n", AK_IMPORT_ENV, "A: a quote is not closed");
    refused("A='secret' x\n", AK_IMPORT_ENV, "A: something stands behind the closing quote");
    refused("=secret\n", AK_IMPORT_ENV, "does not become a service's name (a-z 0-9 -, at most 63)");
    refused("A B=secret\n", AK_IMPORT_ENV, "A B: does not become a service's name (a-z 0-9 -, at most 63)");
    refused("_A=secret\n", AK_IMPORT_ENV, "_A: does not become a service's name (a-z 0-9 -, at most 63)");
    refused("A_B=1\na.b=2\n", AK_IMPORT_ENV, "a-b: two names become this one service");
}

static void test_json(void **state)
{
    (void)state;
    assert_int_equal(parse(" {\"openai\": \"sk-1\", \"a/b\": \"\\u00e9\"}", AK_IMPORT_ANY), AK_OK);
    assert_int_equal(out.count, 2);
    size_t first = strcmp(out.items[0].service, "openai") == 0 ? 0 : 1;
    has(first, "openai", "sk-1");
    has(1 - first, "a-b", "\xc3\xa9");
    refused("{\"a\": \"1\", \"a\": \"2\"}", AK_IMPORT_JSON, "it is not one JSON object");
    refused("{\"a\": 7}", AK_IMPORT_JSON, "a: the value is no string");
    refused("{\"a\": {\"b\": \"secret\"}}", AK_IMPORT_JSON, "a: the value is no string");
    refused("[]", AK_IMPORT_JSON, "it is not one JSON object");
    refused("{", AK_IMPORT_JSON, "it is not one JSON object");
    refused("{}", AK_IMPORT_JSON, "there is nothing in it");
}

static void test_vault(void **state)
{
    (void)state;
    static const char kv2[] = "{\"request_id\":\"x\",\"lease_id\":\"\",\"data\":{\"data\":{\"api_key\":"
                              "\"k2\"},\"metadata\":{\"version\":3}}}";
    static const char kv1[] = "{\"request_id\":\"x\",\"data\":{\"api_key\":\"k1\"}}";
    assert_int_equal(parse(kv2, AK_IMPORT_ANY), AK_OK);
    has(0, "api-key", "k2");
    assert_int_equal(parse(kv1, AK_IMPORT_VAULT), AK_OK);
    has(0, "api-key", "k1");
    refused("{\"api_key\":\"secret\"}", AK_IMPORT_VAULT,
        "it has no object data, as vault kv get -format=json prints it");
    assert_int_equal(parse(kv2, AK_IMPORT_JSON), AK_E_FORMAT);
}

/* n - 1, n, n + 1 of a value, a name, the number of items and the file. */
/* As editors of another system begin their files. */
static void test_byte_order_mark(void **state)
{
    (void)state;
    assert_int_equal(parse("\xef\xbb\xbfOPENROUTER=a\r\n", AK_IMPORT_ANY), AK_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(parse("\xef\xbb\xbf{\"openrouter\":\"a\"}", AK_IMPORT_ANY), AK_OK);
    assert_int_equal(parse("\xef\xbb\xbf", AK_IMPORT_ANY), AK_E_FORMAT);
    assert_int_equal(parse("A=1\n\xef\xbb\xbfOPENROUTER=a\n", AK_IMPORT_ANY), AK_E_FORMAT);
}

static void test_limits(void **state)
{
    (void)state;
    static char text[AK_IMPORT_TEXT_MAX + 2];
    for (size_t len = AK_LIMIT_VALUE - 1; len <= AK_LIMIT_VALUE + 1; len++) {
        memcpy(text, "A=", 2);
        memset(text + 2, 'x', len);
        text[2 + len] = 0;
        assert_int_equal(parse(text, AK_IMPORT_ENV), len <= AK_LIMIT_VALUE ? AK_OK : AK_E_LIMIT);
    }
    for (size_t len = 62; len <= 64; len++) {
        memset(text, 'a', len);
        memcpy(text + len, "=1", 3);
        assert_int_equal(parse(text, AK_IMPORT_ENV), len <= 63 ? AK_OK : AK_E_FORMAT);
    }
    for (size_t count = AK_IMPORT_ITEMS_MAX - 1; count <= AK_IMPORT_ITEMS_MAX + 1; count++) {
        size_t at = 0;
        for (size_t i = 0; i < count; i++) at += (size_t)snprintf(text + at, 32, "k%zu=1\n", i);
        assert_int_equal(parse(text, AK_IMPORT_ENV), count <= AK_IMPORT_ITEMS_MAX ? AK_OK : AK_E_LIMIT);
    }
    memset(text, '#', sizeof text);
    assert_int_equal(ak_import_parse(ak_span(text, AK_IMPORT_TEXT_MAX + 1), AK_IMPORT_ENV, &out), AK_E_LIMIT);
    assert_int_equal(ak_import_parse(ak_span(text, AK_IMPORT_TEXT_MAX), AK_IMPORT_ENV, &out), AK_E_FORMAT);
}

/* The heap has no value once the document is gone, whatever the library had it in meanwhile (I2). */
static void nothing_stays_on_the_heap(void **state)
{
    (void)state;
    static char text[8192];
    size_t len = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned long from = 0, to = 0;
    len += (size_t)snprintf(text, sizeof text, "{\"a\":\"");
    for (int i = 0; i < 300; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%03dplanted\\u0041", i);
    len += (size_t)snprintf(text + len, sizeof text - len, "\"}");
    assert_int_equal(ak_import_parse(ak_span(text, len), AK_IMPORT_JSON, &out), AK_OK);
    assert_int_equal(out.items[0].value.len, 300 * 11);
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (strstr(line, "[heap]")) assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
    (void)fclose(maps);
    if (from) assert_null(memmem((const void *)from, to - from, "0planted", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env),
        cmocka_unit_test(test_bad_env),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_vault),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(nothing_stays_on_the_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
