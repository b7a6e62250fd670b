/* Defaults under snapshot, ranges, and the rules over several keys. */
#include "unit/check.h"

#include "io/conf/worker_conf.h"
#include "io/log/log.h"

static struct ak_conf conf;
static struct ak_boot_fail fail;

static enum ak_err load_text(const char *text)
{
    return ak_conf_load_text(&conf, &ak_worker_conf_table, ak_span_str(text), &fail);
}

/* A changed default is a visible change: CHANGELOG. */
static void defaults_are_these(void **state)
{
    (void)state;
    static const char want[] =
        "listen = 127.0.0.1:8092\nsocket = /run/x/worker.sock\n"
        "operator_socket = /run/x/operator.sock\ndata_dir = /data/x\npublic_url = \nissuer = \n"
        "tee = software\ninsecure_dev = off\nverify_before_release = on\ntls = auto\n"
        "session_lifetime = 5h\nagent_token_lifetime = 10m\nrecovery_wait = 7d\n"
        "recovery_wait_code = 24h\nsign_in.local = on\nlog_level = info\nmax_connections = 512\n"
        "batch_wait_us = 2000\nthreads = 0\nverify_all = off\nuser = \n"
        "vault.rotate = 7d\nvault.sweep_deadline = 24h\nvault.services_max = 1000\n"
        "vault.check = 24h\n"
        "vault.erasure_slot = \noidc.audience = sts.amazonaws.com\noidc.token_lifetime = 5m\n"
        "oidc.mints_per_hour = 30\ncloud.sts_lifetime = 15m\ntee.tcti = device:/dev/tpmrm0\n"
        "operators = \nek_roots = \nbroker_socket = \nbroker_user = \nbroker_url = \nbroker_key = \n"
        "identity_providers = \n";
    struct ak_conf_input in = {.dirs = {"/data/x", "/run/x", "/home/x"}};
    char text[4096] = {0};
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_conf_load(&conf, &ak_worker_conf_table, &in, &fail), AK_OK);
    ak_conf_print(&conf, false, &buf);
    assert_string_equal(text, want);
}

static void enum_and_table_agree(void **state)
{
    (void)state;
    const struct ak_conf_key *keys = ak_worker_conf_table.keys;
    assert_int_equal(ak_worker_conf_table.count, AK_WORKER_KEY_COUNT);
    for (size_t i = 0; i < AK_WORKER_KEY_COUNT; i++) assert_non_null(keys[i].name);
    assert_string_equal(keys[AK_WORKER_LISTEN].name, "listen");
    assert_string_equal(keys[AK_WORKER_SIGN_IN_LOCAL].name, "sign_in.local");
    assert_string_equal(keys[AK_WORKER_USER].name, "user");
    assert_string_equal(keys[AK_WORKER_VAULT_ERASURE_SLOT].name, "vault.erasure_slot");
    assert_string_equal(keys[AK_WORKER_TEE_TCTI].name, "tee.tcti");
}

static void ranges_are_the_designs(void **state)
{
    (void)state;
    assert_int_not_equal(load_text("session_lifetime = 59s\n"), AK_OK);
    assert_int_equal(load_text("session_lifetime = 60s\n"), AK_OK);
    assert_int_equal(load_text("session_lifetime = 24h\n"), AK_OK);
    assert_int_not_equal(load_text("session_lifetime = 86401s\n"), AK_OK);
    assert_int_not_equal(load_text("agent_token_lifetime = 59s\n"), AK_OK);
    assert_int_equal(load_text("agent_token_lifetime = 1h\n"), AK_OK);
    assert_int_equal(ak_conf_ms(&conf, AK_WORKER_AGENT_TOKEN_LIFETIME), 3600000);
    assert_int_not_equal(load_text("agent_token_lifetime = 61m\n"), AK_OK);
    assert_int_not_equal(load_text("tee = sev-snp\n"), AK_OK);
}

static void log_levels_match_the_log(void **state)
{
    (void)state;
    const char *names[] = {"error", "warn", "info", "debug"};
    const enum ak_log_level levels[] = {AK_LOG_ERROR, AK_LOG_WARN, AK_LOG_INFO, AK_LOG_DEBUG};
    for (unsigned i = 0; i < AK_COUNT(names); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "log_level = %s\n", names[i]);
        assert_int_equal(load_text(text), AK_OK);
        assert_int_equal(ak_conf_choice(&conf, AK_WORKER_LOG_LEVEL), levels[i]);
    }
}

/* What an error names is told by its code. */
static void assert_invalid(const char *text, const char *code)
{
    assert_int_equal(load_text(text), AK_OK);
    assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_E_MEANING);
    assert_string_equal(fail.code, code);
}

static void plain_text_stays_on_loopback(void **state)
{
    (void)state;
    assert_invalid("insecure_dev = on\nlisten = 0.0.0.0:8092\ntls = off\n", "plain_off_loopback");
    assert_invalid("insecure_dev = on\nlisten = [::]:8092\ntls = off\n", "plain_off_loopback");
    assert_invalid("insecure_dev = on\nlisten = 128.0.0.1:1\ntls = off\n", "plain_off_loopback");
    const char *fine[] = {
        "listen = 127.0.0.1:1\n", "listen = 127.9.9.9:1\n", "listen = [::1]:1\n", "listen = none\n"};
    for (size_t i = 0; i < AK_COUNT(fine); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "insecure_dev = on\ntls = off\n%s", fine[i]);
        assert_int_equal(load_text(text), AK_OK);
        assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
        assert_false(ak_worker_conf_tls(&conf));
    }
    assert_int_equal(load_text("listen = 127.0.0.1:1\n"), AK_OK);
    assert_false(ak_worker_conf_tls(&conf));
    assert_int_equal(load_text("listen = 192.0.2.1:1\n"), AK_OK);
    assert_true(ak_worker_conf_tls(&conf));
    assert_int_equal(load_text("listen = 127.0.0.1:1\ntls = on\n"), AK_OK);
    assert_true(ak_worker_conf_tls(&conf));
}

static void other_rules(void **state)
{
    (void)state;
    assert_invalid("insecure_dev = on\nlisten = none\nsocket =\n", "no_listener");
    assert_invalid("insecure_dev = on\nrecovery_wait = 1h\nrecovery_wait_code = 2h\n", "bad_value");
    assert_int_equal(load_text("insecure_dev = on\nrecovery_wait = 2h\nrecovery_wait_code = 2h\n"), AK_OK);
    assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
    assert_invalid("insecure_dev = on\nbroker_socket = /b\n", "bad_value");
    assert_string_equal(fail.setting, "broker_url");
    static const char *const sockets[] = {"socket", "operator_socket", "broker_socket"};
    for (size_t i = 0; i < AK_COUNT(sockets); i++) {
        for (int len = 106; len <= 108; len++) { /* a Unix socket's path has up to 107 bytes */
            char text[256];
            (void)snprintf(text, sizeof text, "insecure_dev = on\nbroker_url = http://b\n%s = /%0*d\n",
                sockets[i], len - 1, 0);
            if (len > 107) {
                assert_invalid(text, "bad_value");
                assert_string_equal(fail.setting, sockets[i]);
                continue;
            }
            assert_int_equal(load_text(text), AK_OK);
            assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
        }
    }
#if AK_RELEASE
    assert_invalid("tee = software\n", "insecure_tee");
    assert_int_equal(load_text("tee = tpm2\n"), AK_OK);
    assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
#else
    assert_int_equal(load_text("tee = software\n"), AK_OK);
    assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
#endif
}

static void slots_lie_outside_the_data_folder(void **state)
{
    (void)state;
    const char *inside[] = {"/d/x", "/d/x/", "/d/x/slots", "/d/x//slots"};
    const char *outside[] = {"", "/d/x-slots", "/d/xx", "/d", "/d/y/x", "/"};
    for (size_t i = 0; i < AK_COUNT(inside) + AK_COUNT(outside); i++) {
        const char *slot = i < AK_COUNT(inside) ? inside[i] : outside[i - AK_COUNT(inside)];
        char text[128];
        (void)snprintf(
            text, sizeof text, "insecure_dev = on\ndata_dir = /d/x\nvault.erasure_slot = %s\n", slot);
        if (i < AK_COUNT(inside)) {
            assert_invalid(text, "bad_value");
            continue;
        }
        assert_int_equal(load_text(text), AK_OK);
        assert_int_equal(ak_worker_conf_validate(&conf, &fail), AK_OK);
    }
    char path[32];
    assert_invalid("insecure_dev = on\ndata_dir = /d/x/\nvault.erasure_slot = /d/x/y\n", "bad_value");
    assert_invalid("insecure_dev = on\ndata_dir = /\nvault.erasure_slot = /y\n", "bad_value");
    assert_int_equal(load_text("data_dir = /d/x\n"), AK_OK);
    assert_int_equal(ak_worker_conf_slot_dir(&conf, path, sizeof path), AK_OK);
    assert_string_equal(path, "/d/x-slots");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_these),
        cmocka_unit_test(enum_and_table_agree),
        cmocka_unit_test(ranges_are_the_designs),
        cmocka_unit_test(log_levels_match_the_log),
        cmocka_unit_test(plain_text_stays_on_loopback),
        cmocka_unit_test(other_rules),
        cmocka_unit_test(slots_lie_outside_the_data_folder),
    };
    return cmocka_run_group_tests_name("worker_conf", tests, NULL, NULL);
}
