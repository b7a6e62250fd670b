/* Settings against what is sealed: what is given must agree, what is not given takes the sealed value. */
#include "unit/check.h"

#include <unistd.h>

#include "programs/worker/folder.h"
#include "programs/worker/trust.h"
#include "unit/attest/made.h"

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
    "operators = email:alice@demo.example\n"                                                                 \
    "identity_providers = google https://accounts.google.com ID\n"

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
        {"identity_providers = google https://mallory.example ID\n", "identity_providers",
            "sealed is: google https://accounts.google.com ID;"},
        {"identity_providers = \n", "identity_providers", "sealed is: google "},
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
        {"identity_providers = google\n", "identity_providers"},
        {"identity_providers = google http://a.example ID\n", "identity_providers"},
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
    assert_string_equal(
        ak_conf_text(&conf, AK_WORKER_IDENTITY_PROVIDERS), "google https://accounts.google.com ID");
}

/* ---- makers of TPMs ---- */

static char roots[2][64];
static enum ak_err maker_says;
static size_t maker_count;

static void write_roots(size_t at, size_t count)
{
    static struct made_cert certs[2];
    static uint8_t pem[2 * MADE_CERT_MAX];
    struct ak_buf text = AK_BUF_ARR(pem);
    for (size_t i = 0; i < count; i++) {
        const char *name = i ? "Other" : "Maker";
        if (!certs[i].len) {
            EVP_PKEY *key = made_ec("P-384");
            made_cert_init(&certs[i], name, key, name, key);
            certs[i].ca = true;
            (void)made_cert_sign(&certs[i]);
            EVP_PKEY_free(key);
        }
        made_pem(made_cert_span(&certs[i]), &text);
    }
    (void)snprintf(roots[at], sizeof roots[at], "/tmp/agentkeys-makers-%d-%zu", (int)getpid(), at);
    FILE *file = fopen(roots[at], "w");
    assert_non_null(file);
    assert_int_equal(fwrite(pem, 1, text.len, file), text.len);
    fclose(file);
}

static enum ak_err says(void *impl, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    (void)impl;
    assert_int_equal(now_s, 7);
    maker_count = makers->count;
    return maker_says;
}

static const char *because(void)
{
    return "because";
}

static enum ak_err ask(const struct ak_trust *sealed, bool can)
{
    const struct ak_tee_ops ops = {.check_maker = can ? says : NULL, .why = can ? because : NULL};
    const struct ak_tee tee = {&ops, NULL};
    maker_count = 0;
    return ak_worker_trust_check_maker(&trust, sealed, &tee, 7);
}

static void makers_are_fixed_and_asked(void **state)
{
    (void)state;
    char one[160], two[160];
    struct ak_trust sealed;
    write_roots(0, 1);
    (void)snprintf(one, sizeof one, "tee = tpm2\nek_roots = %s\n", roots[0]);
    seal(one);
    ak_worker_trust_done(&trust);
    assert_int_equal(ak_trust_parse(ak_buf_span(&sealed_bytes), &sealed), AK_OK);
    assert_int_equal(sealed.ek_root_count, 1);
    assert_true(fits(one));
    maker_says = AK_OK;
    assert_int_equal(ask(&sealed, true), AK_OK);
    assert_int_equal(maker_count, 1);
    maker_says = AK_E_AUTH;
    assert_int_equal(ask(&sealed, true), AK_E_MEANING);
    assert_string_equal(trust.why.code, "tpm_unknown_maker");
    assert_string_equal(trust.why.reason, "because");
    maker_says = AK_E_IO;
    assert_int_equal(ask(&sealed, true), AK_E_MEANING);
    assert_string_equal(trust.why.code, "tee_unavailable");
    assert_int_equal(ask(&sealed, false), AK_E_MEANING);
    assert_string_equal(trust.why.code, "tpm_unknown_maker");
    ak_worker_trust_done(&trust);
    /* a file with one more is fine, and that one is not trusted */
    write_roots(1, 2);
    (void)snprintf(two, sizeof two, "tee = tpm2\nek_roots = %s\n", roots[1]);
    assert_true(fits(two));
    maker_says = AK_OK;
    assert_int_equal(ask(&sealed, true), AK_OK);
    assert_int_equal(maker_count, 1);
    ak_worker_trust_done(&trust);
    /* one less is not; and no file none at all */
    seal(two);
    ak_worker_trust_done(&trust);
    assert_false(fits(one));
    assert_string_equal(trust.why.setting, "ek_roots");
    ak_worker_trust_done(&trust);
    assert_true(fits("tee = tpm2\n"));
    assert_int_equal(ask(&sealed, true), AK_E_MEANING);
    assert_string_equal(trust.why.code, "trust_config");
    /* makers that were not sealed are refused, and nobody is asked where none is sealed */
    seal("tee = tpm2\n");
    assert_false(fits(one));
    ak_worker_trust_done(&trust);
    assert_int_equal(ak_trust_parse(ak_buf_span(&sealed_bytes), &sealed), AK_OK);
    assert_int_equal(ask(&sealed, false), AK_OK);
    (void)unlink(roots[0]);
    (void)unlink(roots[1]);
}

static void makers_that_do_not_read(void **state)
{
    (void)state;
    char text[160];
    write_roots(0, 1);
    (void)snprintf(text, sizeof text, "ek_roots = %s\n", roots[0]);
    load(text);
    assert_int_equal(
        ak_worker_trust_read(&conf, &trust), AK_E_MEANING); /* the software backend has no maker */
    assert_string_equal(trust.why.setting, "ek_roots");
    (void)unlink(roots[0]);
    (void)snprintf(text, sizeof text, "tee = tpm2\nek_roots = %s\n", roots[0]);
    load(text);
    assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
    load("tee = tpm2\nek_roots = /proc/self/exe\n"); /* too long */
    assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
    load("tee = tpm2\nek_roots = /proc/self/cmdline\n");
    assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
    assert_non_null(strstr(trust.why.reason, "PEM"));
}

/* ---- the broker ---- */

static void write_jwk(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

/* RFC 7515 A.3 and RFC 7517 A.1: two published keys. */
#define JWK_1                                                                                                \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","               \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}\n"
#define JWK_2                                                                                                \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","               \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}\n"

static void the_broker_is_fixed(void **state)
{
    (void)state;
    char path[64], given[200], url[200];
    struct ak_trust sealed;
    (void)snprintf(path, sizeof path, "/tmp/agentkeys-broker-%d", (int)getpid());
    (void)snprintf(given, sizeof given, "broker_url = https://b.example\nbroker_key = %s\n", path);
    (void)snprintf(url, sizeof url, "broker_url = https://c.example\nbroker_key = %s\n", path);
    write_jwk(path, JWK_1);
    seal(given);
    assert_int_equal(ak_trust_parse(ak_buf_span(&sealed_bytes), &sealed), AK_OK);
    assert_true(sealed.has_broker_key);
    assert_memory_equal(sealed.broker_key, trust.wanted.broker_key, 32);
    assert_true(fits(given));
    assert_true(fits(""));
    assert_false(trust.wanted.has_broker_key); /* without the file nobody's word counts */
    ak_worker_trust_apply(&sealed, &conf);
    assert_string_equal(ak_conf_text(&conf, AK_WORKER_BROKER_URL), "https://b.example");
    assert_false(fits(url));
    assert_string_equal(trust.why.setting, "broker_url");
    write_jwk(path, JWK_2); /* the same file with another key in it */
    assert_false(fits(given));
    assert_string_equal(trust.why.setting, "broker_key");
    seal("");
    assert_false(fits(given));
    static const char *const bad[] = {"", "{}", "{\"kty\":\"EC\"}", "not JSON"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        write_jwk(path, bad[i]);
        load(given);
        assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
        assert_string_equal(trust.why.setting, "broker_key");
    }
    (void)unlink(path);
    load(given);
    assert_int_equal(ak_worker_trust_read(&conf, &trust), AK_E_MEANING);
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
        cmocka_unit_test(makers_are_fixed_and_asked),
        cmocka_unit_test(makers_that_do_not_read),
        cmocka_unit_test(the_broker_is_fixed),
    };
    return cmocka_run_group_tests_name("worker trust", tests, NULL, NULL);
}
