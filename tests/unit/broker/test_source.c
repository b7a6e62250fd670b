/* Whose request it is: addresses, networks, and what a stranger writes into X-Forwarded-For. */
#include "unit/check.h"

#include "core/broker/source.h"

static struct ak_source_nets nets;

static struct ak_source address(const char *text)
{
    struct ak_source source;
    if (ak_source_parse(ak_span_str(text), &source) != AK_OK) fail_msg("%s", text);
    return source;
}

static void expect_same(const char *a, const char *b)
{
    struct ak_source x = address(a), y = address(b);
    assert_memory_equal(&x, &y, sizeof x);
}

static void addresses(void **state)
{
    (void)state;
    const uint8_t v4[4] = {192, 0, 2, 7};
    struct ak_source of = ak_source_of(v4, 4), parsed = address("192.0.2.7");
    assert_memory_equal(&of, &parsed, sizeof of);
    expect_same("192.0.2.7", "::ffff:192.0.2.7");
    expect_same("192.0.2.7", "::ffff:c000:207");
    expect_same("2001:db8::1", "2001:0DB8:0:0:0:0:0:1");
    expect_same("::", "0:0:0:0:0:0:0:0");
    expect_same("1::", "1:0:0:0:0:0:0:0");
    expect_same("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
    struct ak_source v6 = address("2001:db8::1");
    of = ak_source_of(v6.address, 16);
    assert_memory_equal(&of, &v6, sizeof of);
}

static void no_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "a.b.c.d",
        "1.2.3.4 ", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7::8",
        "12345::", "g::", "::1%eth0", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "1:", "[::1]", "1.2.3.4:80"};
    struct ak_source source;
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (ak_source_parse(ak_span_str(bad[i]), &source) != AK_E_FORMAT) fail_msg("%s", bad[i]);
}

static void networks(void **state)
{
    (void)state;
    assert_int_equal(ak_source_nets_parse(AK_SPAN_EMPTY, &nets), AK_OK);
    assert_int_equal(nets.count, 0);
    assert_int_equal(ak_source_nets_parse(AK_SPAN_LIT(" 10.0.0.0/8 , ::1,unix"), &nets), AK_OK);
    assert_int_equal(nets.count, 2);
    assert_int_equal(nets.nets[0].bits, 96 + 8);
    assert_int_equal(nets.nets[1].bits, 128);
    assert_true(nets.unix_peers);
    static const char *const bad[] = {
        ",", "10.0.0.0/33", "::1/129", "10.0.0.0/", "x", "10.0.0.0/08", "::1/-1"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (ak_source_nets_parse(ak_span_str(bad[i]), &nets) != AK_E_FORMAT) fail_msg("%s", bad[i]);
    char many[17 * 4];
    for (size_t i = 0; i < 17; i++) memcpy(many + 4 * i, "::1,", 4);
    assert_int_equal(ak_source_nets_parse(ak_span(many, 16 * 4 - 1), &nets), AK_OK);
    assert_int_equal(ak_source_nets_parse(ak_span(many, 17 * 4 - 1), &nets), AK_E_LIMIT);
}

static void expect_source(const char *proxies, const char *peer, const char *forwarded, const char *want)
{
    struct ak_source from = peer ? address(peer) : ak_source_of(NULL, 0), got, expected = address(want);
    assert_int_equal(ak_source_nets_parse(ak_span_str(proxies), &nets), AK_OK);
    if (ak_source_decide(&nets, &from, ak_span_str(forwarded), &got) != AK_OK ||
        memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("%s from %s, %s: not %s", forwarded, peer ? peer : "unix", proxies, want);
}

static void from_the_right(void **state)
{
    (void)state;
    expect_source("", "198.51.100.1", "203.0.113.9", "198.51.100.1"); /* a stranger's word */
    expect_source("10.0.0.0/8", "198.51.100.1", "203.0.113.9", "198.51.100.1");
    expect_source("10.0.0.0/8", "10.1.2.3", "203.0.113.9", "203.0.113.9");
    expect_source("10.0.0.0/8", "10.1.2.3", "", "10.1.2.3");
    expect_source("10.0.0.0/8", "10.1.2.3", "1.1.1.1, 203.0.113.9", "203.0.113.9");
    expect_source("10.0.0.0/8", "10.1.2.3", "1.1.1.1,203.0.113.9 , 10.9.9.9", "203.0.113.9");
    expect_source("10.0.0.0/8", "10.1.2.3", "10.0.0.1,10.0.0.2", "10.0.0.1");
    expect_source("10.0.0.0/9", "10.127.0.1", "1.1.1.1", "1.1.1.1");
    expect_source("10.0.0.0/9", "10.128.0.1", "1.1.1.1", "10.128.0.1");
    expect_source("unix", NULL, "1.1.1.1", "1.1.1.1");
    expect_source("", NULL, "1.1.1.1", "::");
    expect_source("::1", "::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"); /* a /64 is one customer */
    expect_source("", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::");
}

static void unreadable_is_an_error_only_of_proxies(void **state)
{
    (void)state;
    struct ak_source proxy = address("10.0.0.1"), stranger = address("9.9.9.9"), got;
    assert_int_equal(ak_source_nets_parse(AK_SPAN_LIT("10.0.0.0/8"), &nets), AK_OK);
    assert_int_equal(ak_source_decide(&nets, &proxy, AK_SPAN_LIT("1.1.1.1, unknown"), &got), AK_E_FORMAT);
    assert_int_equal(ak_source_decide(&nets, &proxy, AK_SPAN_LIT("1.1.1.1,"), &got), AK_E_FORMAT);
    assert_int_equal(ak_source_decide(&nets, &stranger, AK_SPAN_LIT("unknown"), &got), AK_OK);
    assert_memory_equal(&got, &stranger, sizeof got);
}

static void networks_around(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"192.0.2.255", "192.0.2.0"}, {"192.0.3.0", "192.0.3.0"},
        {"::ffff:192.0.2.1", "192.0.2.0"}, {"2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::"},
        {"2001:db8:2::", "2001:db8:2::"}, {"::1", "::"}, {"::", "::"}};
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_source of = address(rows[i][0]), want = address(rows[i][1]), got = ak_source_network(&of);
        if (memcmp(&got, &want, sizeof got) != 0) fail_msg("%s", rows[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(no_addresses),
        cmocka_unit_test(networks), cmocka_unit_test(networks_around), cmocka_unit_test(from_the_right),
        cmocka_unit_test(unreadable_is_an_error_only_of_proxies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
