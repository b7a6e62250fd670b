/* The broker's defaults under snapshot, and the rules over several keys. */
#include "unit/check.h"

#include "io/conf/broker_conf.h"

static struct ak_conf conf;
static struct ak_boot_fail fail;

/* A changed default is a visible change: CHANGELOG. */
static void defaults_are_these(void **state)
{
    (void)state;
    static const char want[] =
        "listen = 127.0.0.1:8091\nsocket = \ndata_dir = /data/x/broker\npublic_url = \n"
        "issuer = http://127.0.0.1:8092\nworker_socket = /run/x/broker.sock\nworker_timeout = 10s\n"
        "trusted_proxies = \nmail.url = \nmail.starttls = on\nmail.from = \nmail.user = \n"
        "mail.password_file = \nmail.ca_file = \nmail.timeout = 30s\n"
        "oauth2.providers = \noauth2.file = /etc/agentkeys/oauth2.conf\noauth2.timeout = "
        "5s\nlimit.starts_per_minute = 30\n"
        "limit.challenges_per_hour = 60\nlimit.mails_per_hour = 5\nlog_level = info\n"
        "max_connections = 512\nthreads = 8\nuser = \n";
    struct ak_conf_input in = {.dirs = {"/data/x", "/run/x", "/home/x"}};
    char text[4096] = {0};
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_conf_load(&conf, &ak_broker_conf_table, &in, &fail), AK_OK);
    ak_conf_print(&conf, false, &buf);
    assert_string_equal(text, want);
    assert_int_equal(ak_broker_conf_validate(&conf, &fail), AK_OK);
    for (size_t i = 0; i < AK_BROKER_KEY_COUNT; i++) assert_non_null(ak_broker_conf_table.keys[i].name);
    assert_string_equal(ak_broker_conf_table.keys[AK_BROKER_USER].name, "user");
}

static enum ak_err validate(const char *text)
{
    char all[1024];
    (void)snprintf(all, sizeof all, "data_dir = /d\nworker_socket = /w\n%s", text);
    if (ak_conf_load_text(&conf, &ak_broker_conf_table, ak_span_str(all), &fail) != AK_OK)
        fail_msg("%s: %s", text, fail.reason);
    return ak_broker_conf_validate(&conf, &fail);
}

static void good_ones(void **state)
{
    (void)state;
    static const char *const good[] = {"listen = [::1]:0\n",
        "listen = none\nsocket = /s\npublic_url = https://a\n",
        "mail.url = smtps://mail.example.org\nmail.from = a@b.example\n",
        "mail.url = smtp://mail.example.org:587\nmail.from = a@b.example\n",
        "mail.url = smtp://127.0.0.1:25\nmail.starttls = off\nmail.from = a@b\n",
        "mail.url = smtp://[::1]:25\nmail.starttls = off\nmail.from = a@b\n",
        "mail.url = smtp://localhost\nmail.starttls = off\nmail.from = a@b\n",
        "mail.url = smtps://m\nmail.starttls = off\nmail.from = a@b\n",
        "mail.url = smtps://m\nmail.from = a@b\nmail.user = u\nmail.password_file = /p\n",
        "trusted_proxies = 10.0.0.0/8, unix\n", "oauth2.providers = google, okta\noauth2.timeout = 30s\n"};
    for (size_t i = 0; i < AK_COUNT(good); i++)
        if (validate(good[i]) != AK_OK) fail_msg("%s: %s", good[i], fail.reason);
}

static void bad_ones(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"listen = 0.0.0.0:8091\n", "plain_off_loopback"},
        {"listen = none\n", "no_listener"}, {"listen = none\nsocket = /s\n", "bad_value"},
        {"mail.url = https://a\nmail.from = a@b\n", "bad_value"},
        {"mail.url = smtp://\nmail.from = a@b\n", "bad_value"},
        {"mail.url = smtps://u:p@m\nmail.from = a@b\n", "bad_value"},
        {"mail.url = smtps://m/x\nmail.from = a@b\n", "bad_value"},
        {"mail.url = smtps://[::1\nmail.from = a@b\n", "bad_value"},
        {"mail.url = smtp://mail.example.org\nmail.starttls = off\nmail.from = a@b\n", "plain_off_loopback"},
        {"mail.url = smtp://127.example.org\nmail.starttls = off\nmail.from = a@b\n", "plain_off_loopback"},
        {"mail.url = smtps://m\n", "bad_value"}, {"mail.url = smtps://m\nmail.from = a\n", "bad_value"},
        {"mail.url = smtps://m\nmail.from = @b\n", "bad_value"},
        {"mail.url = smtps://m\nmail.from = a@b> x\n", "bad_value"},
        {"mail.url = smtps://m\nmail.from = a@b\nmail.user = u\n", "bad_value"},
        {"mail.url = smtps://m\nmail.from = a@b\nmail.password_file = /p\n", "bad_value"},
        {"trusted_proxies = everybody\n", "bad_value"}, {"oauth2.providers = Google\n", "bad_value"},
        {"oauth2.providers = google,\n", "bad_value"}, {"oauth2.providers = a\n", "bad_value"},
        {"oauth2.providers = acme,acme2\n", "bad_value"},
        {"oauth2.providers = aa,bb,cc,dd,ee,ff,gg,hh,ii\n", "bad_value"}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (validate(bad[i][0]) != AK_E_MEANING) fail_msg("%s", bad[i][0]);
        assert_string_equal(fail.code, bad[i][1]);
    }
    char path[256] = "socket = /";
    memset(path + 10, 'a', 110);
    path[120] = '\n';
    assert_int_equal(validate(path), AK_E_MEANING);
    assert_string_equal(fail.setting, "socket");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_these), cmocka_unit_test(good_ones), cmocka_unit_test(bad_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
