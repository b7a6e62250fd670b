/* Settings against what is sealed: what is given must agree, what is not given takes the sealed value. */
#include "unit/check.h"

#include "programs/worker/folder.h"
#include "programs/worker/trust.h"

static struct ak_conf conf;
static struct ak_worker_trust trust;
static uint8_t memory[AK_TRUST_LEN_MAX];
static struct ak_buf sealed_bytes;

static void load(const char *text)
{
    struct ak_boot_fail fail;
    assert_int_equal(ak_conf_load_text(&conf, &ak_worker_conf_table, ak_span_str(text), &fail), AK_OK);
}

static void read_settings(const char *text)
{
    load(text);
    assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_OK);
}

/* What `init` with these settings would seal. */
static void seal(const char *text)
{
    read_settings(text);
    sealed_bytes = AK_BUF_ARR(memory);
    ak_buf_put(&sealed_bytes, ak_worker_trust_sealed(&trust).config);
}

static bool fits(const char *text)
{
    read_settings(text);
    const struct ak_sealed_trust sealed = ak_worker_trust_sealed(&trust);
    return sealed.fits(sealed.ctx, ak_buf_span(&sealed_bytes));
}

#define ALL                                                                                                  \
    "issuer = https://a.example\nrecovery_wait = 3d\nrecovery_wait_code = 2h\n"                              \
    "operators = email:alice@demo.example\n"

static void the_same_settings_fit(void **state)
{
    (void)state;
    seal(ALL);
    assert_true(fits(ALL));
    assert_true(fits(""));
    assert_true(fits("recovery_wait = 72h\nlog_level = debug\n"));
    seal("");
    assert_true(fits(""));
    assert_true(fits("recovery_wait = 7d\noperators = \n"));
}

static void a_given_setting_that_differs_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *setting, *says;
    } cases[] = {
        {"issuer = https://b.example\n", "issuer", "sealed is: https://a.example;"},
        {"issuer = \n", "issuer", "sealed is: https://a.example;"},
        {"recovery_wait = 7d\n", "recovery_wait", "sealed is: 259200s;"},
        {"recovery_wait_code = 24h\n", "recovery_wait_code", "sealed is: 7200s;"},
        {"operators = email:mallory@demo.example\n", "operators", "sealed is: "},
        {"operators = \n", "operators", "sealed is: "},
    };
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        seal(ALL);
        assert_false(fits(cases[i].text));
        assert_string_equal(trust.why.code, "trust_config");
        assert_string_equal(trust.why.setting, cases[i].setting);
        assert_non_null(strstr(trust.why.reason, cases[i].says));
    }
    seal("");
    assert_false(fits("operators = email:mallory@demo.example\n"));
    assert_non_null(strstr(trust.why.reason, "sealed is: none;"));
}

static void a_later_versions_item_is_refused(void **state)
{
    (void)state;
    sealed_bytes = AK_BUF_ARR(memory);
    ak_buf_put(&sealed_bytes, AK_SPAN_LIT("\xa4\x00\x01\x02\x01\x03\x01\x18\x63\x01"));
    assert_false(fits(""));
    assert_string_equal(trust.why.code, "trust_config");
    assert_string_equal(trust.why.setting, "data_dir");
}

/* Format 1: its hash is over the settings as they are written, and a difference cannot be named. */
static void format_1_compares_texts(void **state)
{
    (void)state;
    uint8_t hash[32];
    read_settings("recovery_wait = 3d\n");
    const struct ak_sealed_trust sealed = ak_worker_trust_sealed(&trust);
    ak_folder_config_hash(&conf, hash);
    assert_memory_equal(sealed.legacy, hash, 32);
    assert_string_equal(trust.why.code, "trust_config");
}

static void bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *setting;
    } cases[] = {
        {"operators = alice\n", "operators"},
        {"recovery_wait = 1h\n", "recovery_wait_code"},
    };
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        load(cases[i].text);
        assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
        assert_string_equal(trust.why.code, "bad_value");
        assert_string_equal(trust.why.setting, cases[i].setting);
    }
}

static void what_is_sealed_is_in_force(void **state)
{
    (void)state;
    struct ak_trust sealed;
    char anchor[65];
    struct ak_buf text = AK_BUF_ARR(anchor);
    seal(ALL);
    assert_int_equal(ak_trust_parse(ak_buf_span(&sealed_bytes), &sealed), AK_OK);
    load("");
    ak_worker_trust_apply(&sealed, &conf);
    assert_string_equal(ak_conf_text(&conf, AK_WORKER_ISSUER), "https://a.example");
    assert_int_equal(ak_conf_ms(&conf, AK_WORKER_RECOVERY_WAIT), 259200000);
    assert_int_equal(ak_conf_number(&conf, AK_WORKER_RECOVERY_WAIT_CODE), 7200);
    ak_trust_put_item(&sealed, AK_TRUST_OPERATORS, &text);
    assert_int_equal(ak_buf_terminate(&text), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_WORKER_OPERATORS), anchor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_settings_fit),
        cmocka_unit_test(a_given_setting_that_differs_is_named),
        cmocka_unit_test(a_later_versions_item_is_refused),
        cmocka_unit_test(format_1_compares_texts),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(what_is_sealed_is_in_force),
    };
    return cmocka_run_group_tests_name("worker trust", tests, NULL, NULL);
}
