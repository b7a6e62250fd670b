/* Time stamps against values of another program, both ways; dates that do not exist refused. */
#include "unit/check.h"

#include "core/evm/rfc3339.h"

static enum ak_err parse(const char *text, uint64_t *out_ms)
{
    return ak_rfc3339_parse(ak_span_str(text), out_ms);
}

static void reads_published_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0}, {"2021-09-30T16:25:24-02:00", 1633026324000},
        {"2000-02-29T23:59:59.999Z", 951868799999}, {"2100-02-28T00:00:00Z", 4107456000000},
        {"9999-12-31T23:59:59.999Z", 253402300799999}, {"2024-12-31T23:59:59.5+05:30", 1735669799500},
        {"1972-06-30T00:00:00.001Z", 78710400001}, {"1970-01-01T00:00:00.0009Z", 0},
        {"1970-01-01T00:00:00.123456789Z", 123}, {"1969-12-31T23:00:00-01:00", 0},
        {"1970-01-01T00:00:00-00:00", 0}, {"1970-01-01T01:00:00.1+01:00", 100}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        uint64_t ms = 1;
        assert_int_equal(parse(cases[i].text, &ms), AK_OK);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void refuses_other_texts(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "2021", "2021-09-30", "2021-09-30T16:25:24", "2021-09-30 16:25:24Z",
        "2021-09-30t16:25:24Z", "2021-09-30T16:25:24z", "2021-09-30T16:25Z", "2021-9-30T16:25:24Z",
        "21-09-30T16:25:24Z", "2021-09-30T16:25:24.Z", "2021-09-30T16:25:24.1234567890Z",
        "2021-09-30T16:25:24,5Z", "2021-09-30T16:25:24Z ", " 2021-09-30T16:25:24Z", "2021-09-30T16:25:24ZZ",
        "2021-09-30T16:25:24+0200", "2021-09-30T16:25:24+02", "2021-09-30T16:25:24+24:00",
        "2021-09-30T16:25:24+02:60", "2021-09-30T16:25:24*02:00", "2021-13-30T16:25:24Z",
        "2021-00-30T16:25:24Z", "2021-09-31T16:25:24Z", "2021-09-00T16:25:24Z", "2021-02-29T16:25:24Z",
        "2100-02-29T16:25:24Z", "2021-09-30T24:00:00Z", "2021-09-30T16:60:24Z", "2021-09-30T16:25:60Z",
        "0000-01-01T00:00:00Z", "+2021-09-30T16:25:24Z", "2021/09/30T16:25:24Z", "2021-09-30T16-25-24Z",
        "2O21-09-30T16:25:24Z", "Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)", "2021-09-30T16:25:24\n"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        uint64_t ms = 1;
        if (parse(bad[i], &ms) != AK_E_FORMAT) fail_msg("accepted: %s", bad[i]);
        assert_int_equal(ms, 0);
    }
    uint64_t ms = 1;
    assert_int_equal(parse("1969-12-31T23:59:59.999Z", &ms), AK_E_LIMIT);
    assert_int_equal(parse("1970-01-01T00:00:00+00:01", &ms), AK_E_LIMIT);
    assert_int_equal(parse("0001-01-01T00:00:00Z", &ms), AK_E_LIMIT);
    assert_int_equal(parse("9999-12-31T23:59:59-00:01", &ms), AK_E_LIMIT);
    assert_int_equal(ms, 0);
}

static void writes_what_it_reads_for_every_day(void **state)
{
    (void)state;
    uint64_t expected = 43200007; /* each day from 1970 to 9999, at 12:00:00.007 */
    char before[24] = "";
    for (; expected < UINT64_C(253402300800000); expected += 86400000) {
        uint8_t text[24];
        uint64_t ms = 0;
        struct ak_buf buf = AK_BUF_ARR(text);
        ak_rfc3339_put(&buf, expected);
        assert_int_equal(ak_buf_check(&buf), AK_OK);
        if (ak_rfc3339_parse(ak_buf_span(&buf), &ms) != AK_OK || ms != expected) fail_msg("%.24s", text);
        assert_true(memcmp(text, before, 24) > 0);
        memcpy(before, text, 24);
    }
}

static void writes_milliseconds_and_ends_with_9999(void **state)
{
    (void)state;
    uint8_t text[24];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_rfc3339_put(&buf, UINT64_C(253402300799999));
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("9999-12-31T23:59:59.999Z")));
    struct ak_buf over = AK_BUF_ARR(text);
    ak_rfc3339_put(&over, UINT64_C(253402300800000));
    assert_int_equal(ak_buf_check(&over), AK_E_FULL);
    struct ak_buf first = AK_BUF_ARR(text);
    ak_rfc3339_put(&first, 1);
    assert_true(ak_span_eq(ak_buf_span(&first), AK_SPAN_LIT("1970-01-01T00:00:00.001Z")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_published_times),
        cmocka_unit_test(refuses_other_texts),
        cmocka_unit_test(writes_what_it_reads_for_every_day),
        cmocka_unit_test(writes_milliseconds_and_ends_with_9999),
    };
    return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
