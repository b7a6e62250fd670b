/* Queries: decoding, and what is refused. */
#include "unit/check.h"

#include "io/http/uri.h"

enum { CAP = 4 };

static uint8_t memory[64];
static struct ak_msg_param params[CAP];
static size_t count;

static enum ak_err parse(const char *query)
{
    struct ak_buf buf = AK_BUF_ARR(memory);
    count = 0;
    return ak_http_query_parse(ak_span_str(query), &buf, params, CAP, &count);
}

static void assert_param(size_t i, const char *name, const char *value)
{
    assert_true(ak_span_eq(params[i].name, ak_span_str(name)));
    assert_true(ak_span_eq(params[i].value, ak_span_str(value)));
}

static void reads_pairs(void **state)
{
    (void)state;
    assert_int_equal(parse("a=1&b=x%20y&c"), AK_OK);
    assert_int_equal(count, 3);
    assert_param(0, "a", "1");
    assert_param(1, "b", "x y");
    assert_param(2, "c", "");
    assert_int_equal(parse("a=b=c&%61%62=%C3%a9&p=1+1"), AK_OK);
    assert_param(0, "a", "b=c");
    assert_param(1, "ab", "\xc3\xa9");
    assert_param(2, "p", "1+1");
    assert_int_equal(parse(""), AK_OK);
    assert_int_equal(count, 0);
}

static void refuses_bad_ones(void **state)
{
    (void)state;
    static const char *const bad[] = {"a=%", "a=%4", "a=%4x", "a=%x4", "%=1", "a=%00", "a=1&a=2", "a=1&%61=2",
        "=1", "&a=1", "a=1&&b=2", "a=%%41"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (parse(bad[i]) != AK_E_FORMAT) fail_msg("%s", bad[i]);
}

static void keeps_limits(void **state)
{
    (void)state;
    char query[72];
    assert_int_equal(parse("a&b&c&d"), AK_OK);
    assert_int_equal(parse("a&b&c&d&e"), AK_E_LIMIT);
    memset(query, 'v', sizeof query);
    query[sizeof memory] = 0;
    assert_int_equal(parse(query), AK_OK);
    query[sizeof memory] = 'v';
    query[sizeof memory + 1] = 0;
    assert_int_equal(parse(query), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pairs),
        cmocka_unit_test(refuses_bad_ones),
        cmocka_unit_test(keeps_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
