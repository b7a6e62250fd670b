/* Each type: what it takes, what it refuses, both sides of each limit. */
#include "unit/check.h"

#include "io/conf/value.h"

struct one {
    const char *text;
    enum ak_err err;
    uint64_t number;
};

static void run(const struct ak_conf_key *key, const struct one *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 99;
        const char *reason = NULL;
        enum ak_err err = ak_conf_parse_value(key, cases[i].text, &number, &reason);
        if (err != cases[i].err) print_error("case '%s'\n", cases[i].text);
        assert_int_equal(err, cases[i].err);
        if (err)
            assert_non_null(reason);
        else
            assert_int_equal(number, cases[i].number);
    }
}

static void durations(void **state)
{
    (void)state;
    const struct ak_conf_key key = {"x", AK_CONF_DURATION, "5h", 60, 86400, NULL, ""};
    const struct one cases[] = {{"60", AK_OK, 60}, {"60s", AK_OK, 60}, {"1m", AK_OK, 60},
        {"5h", AK_OK, 18000}, {"24h", AK_OK, 86400}, {"1d", AK_OK, 86400}, {"59s", AK_E_LIMIT, 0},
        {"86401", AK_E_LIMIT, 0}, {"25h", AK_E_LIMIT, 0}, {"2d", AK_E_LIMIT, 0}, {"", AK_E_FORMAT, 0},
        {"h", AK_E_FORMAT, 0}, {"1.5h", AK_E_FORMAT, 0}, {"-5h", AK_E_FORMAT, 0}, {"5 h", AK_E_FORMAT, 0},
        {"5H", AK_E_FORMAT, 0}, {"5hh", AK_E_FORMAT, 0}, {"18446744073709551615d", AK_E_LIMIT, 0},
        {"144115188075855873d", AK_E_LIMIT, 0} /* 2^64 seconds and a day */};
    run(&key, cases, AK_COUNT(cases));
}

static void numbers(void **state)
{
    (void)state;
    const struct ak_conf_key key = {"x", AK_CONF_NUMBER, "8", 8, 100, NULL, ""};
    const struct one cases[] = {{"7", AK_E_LIMIT, 0}, {"8", AK_OK, 8}, {"9", AK_OK, 9}, {"99", AK_OK, 99},
        {"100", AK_OK, 100}, {"101", AK_E_LIMIT, 0}, {"08", AK_E_FORMAT, 0}, {"0x8", AK_E_FORMAT, 0},
        {"", AK_E_FORMAT, 0}, {"99999999999999999999", AK_E_FORMAT, 0}};
    run(&key, cases, AK_COUNT(cases));
}

static void switches_and_choices(void **state)
{
    (void)state;
    const struct ak_conf_key on_off = {"x", AK_CONF_SWITCH, "on", 0, 0, NULL, ""};
    const struct one switches[] = {{"on", AK_OK, 1}, {"off", AK_OK, 0}, {"true", AK_E_FORMAT, 0},
        {"1", AK_E_FORMAT, 0}, {"On", AK_E_FORMAT, 0}, {"", AK_E_FORMAT, 0}};
    run(&on_off, switches, AK_COUNT(switches));
    const struct ak_conf_key choice = {"x", AK_CONF_CHOICE, "auto", 0, 0, "auto|on|off", ""};
    const struct one choices[] = {{"auto", AK_OK, 0}, {"on", AK_OK, 1}, {"off", AK_OK, 2},
        {"aut", AK_E_FORMAT, 0}, {"auto|on", AK_E_FORMAT, 0}, {"", AK_E_FORMAT, 0}, {"|", AK_E_FORMAT, 0}};
    run(&choice, choices, AK_COUNT(choices));
}

static void listens(void **state)
{
    (void)state;
    const struct ak_conf_key key = {"listen", AK_CONF_LISTEN, "none", 0, 0, NULL, ""};
    const struct one cases[] = {{"127.0.0.1:8092", AK_OK, 0}, {"0.0.0.0:0", AK_OK, 0},
        {"[::1]:65535", AK_OK, 0}, {"none", AK_OK, 0}, {"127.0.0.1", AK_E_FORMAT, 0},
        {"127.0.0.1:", AK_E_FORMAT, 0}, {":8092", AK_E_FORMAT, 0}, {"127.0.0.1:65536", AK_E_FORMAT, 0},
        {"localhost:8092", AK_E_FORMAT, 0}, {"::1:80", AK_E_FORMAT, 0}, {"[::1]", AK_E_FORMAT, 0},
        {"[::1:80", AK_E_FORMAT, 0}, {"[]:80", AK_E_FORMAT, 0}, {"[127.0.0.1]:80", AK_E_FORMAT, 0},
        {"127.0.0.1:080", AK_E_FORMAT, 0}, {"", AK_E_FORMAT, 0}, {"None", AK_E_FORMAT, 0}};
    run(&key, cases, AK_COUNT(cases));
    char host[64], text[80];
    for (size_t len = 62; len <= 65; len++) { /* as long as the host's memory, and longer */
        (void)snprintf(text, sizeof text, "%0*d:80", (int)len, 0);
        const struct one too_long[] = {{text, AK_E_FORMAT, 0}};
        run(&key, too_long, 1);
    }
    uint16_t port = 1;
    assert_int_equal(ak_conf_split_listen("[fe80::1]:443", host, &port), AK_OK);
    assert_string_equal(host, "fe80::1");
    assert_int_equal(port, 443);
    assert_int_equal(ak_conf_split_listen("none", host, &port), AK_OK);
    assert_string_equal(host, "");
    assert_int_equal(ak_conf_split_listen("bad:1", host, &port), AK_E_FORMAT);
    assert_string_equal(host, "");
}

static void urls_and_paths(void **state)
{
    (void)state;
    const struct ak_conf_key url = {"u", AK_CONF_URL, "", 1, 0, NULL, ""};
    const struct one urls[] = {{"http://127.0.0.1:8092/tee", AK_OK, 0}, {"https://w.example", AK_OK, 0},
        {"unix:/run/w.sock", AK_OK, 0}, {"", AK_E_FORMAT, 0}, {"http://", AK_E_FORMAT, 0},
        {"http:///x", AK_E_FORMAT, 0}, {"unix:w", AK_E_FORMAT, 0}, {"ftp://x", AK_E_FORMAT, 0},
        {"https://u@x", AK_E_FORMAT, 0}, {"https://x?q", AK_E_FORMAT, 0}, {"https://x y", AK_E_FORMAT, 0},
        {"https://x\n", AK_E_FORMAT, 0}, {"https://x#f", AK_E_FORMAT, 0},
        {"https://\xc3\xa9", AK_E_FORMAT, 0}, {"HTTPS://x", AK_E_FORMAT, 0}};
    run(&url, urls, AK_COUNT(urls));
    const struct ak_conf_key path = {"p", AK_CONF_PATH, "/", 1, 0, NULL, ""};
    const struct one paths[] = {{"/x", AK_OK, 0}, {"x", AK_E_FORMAT, 0}, {"./x", AK_E_FORMAT, 0},
        {"", AK_E_FORMAT, 0}, {"/a\tb", AK_E_FORMAT, 0}};
    run(&path, paths, AK_COUNT(paths));
    const struct ak_conf_key may_be_empty = {"p", AK_CONF_PATH, "", 0, 0, NULL, ""};
    const struct one empty[] = {{"", AK_OK, 0}};
    run(&may_be_empty, empty, 1);
}

static void texts(void **state)
{
    (void)state;
    const struct ak_conf_key key = {"t", AK_CONF_TEXT, "ab", 2, 4, NULL, ""};
    const struct one cases[] = {{"a", AK_E_LIMIT, 0}, {"ab", AK_OK, 0}, {"abcd", AK_OK, 0},
        {"abcde", AK_E_LIMIT, 0}, {"a\x7f", AK_E_FORMAT, 0}};
    run(&key, cases, AK_COUNT(cases));
    char large[AK_CONF_TEXT_MAX + 1];
    memset(large, 'x', sizeof large);
    const struct ak_conf_key any = {"t", AK_CONF_TEXT, "", 0, 10000, NULL, ""};
    large[AK_CONF_TEXT_MAX - 1] = '\0';
    const struct one fits[] = {{large, AK_OK, 0}};
    run(&any, fits, 1);
    large[AK_CONF_TEXT_MAX - 1] = 'x';
    large[AK_CONF_TEXT_MAX] = '\0';
    const struct one too_long[] = {{large, AK_E_LIMIT, 0}};
    run(&any, too_long, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(numbers),
        cmocka_unit_test(switches_and_choices),
        cmocka_unit_test(listens),
        cmocka_unit_test(urls_and_paths),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
