/* Failures: three lines, the right exit status, the wire's error with --json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/cli/commands.h"
#include "programs/command/again.h"
#include "programs/command/out.h"
#include "unit/programs/cli/capture.h"

static struct ak_cli cli;

static size_t lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static int begin(void **state)
{
    (void)state;
    memset(&cli, 0, sizeof cli);
    cli.program = &ak_cli_agentkeys;
    cli.command = &ak_cli_agentkeys.commands[1];
    return 0;
}

static void test_three_lines(void **state)
{
    (void)state;
    capture();
    int status = ak_cli_fail(&cli, AK_CATEGORY_CONFLICT, "a problem", "its cause", "agentkeys status");
    release();
    assert_int_equal(status, 7);
    assert_string_equal(err_text, "agentkeys: a problem\n  cause: its cause\n  next:  agentkeys status\n");
    assert_string_equal(out_text, "");
}

static void test_json(void **state)
{
    (void)state;
    cli.json = true;
    capture();
    int status = ak_cli_fail_usage(&cli, "a problem", "its cause");
    release();
    assert_int_equal(status, 2);
    assert_string_equal(out_text, "{\"error\":\"invalid_request\",\"message\":\"a problem: its cause\"}\n");
    assert_int_equal(lines(err_text), 3);
    assert_non_null(strstr(err_text, "next:  agentkeys init --help"));
}

static int fail_call(const char *code, unsigned status)
{
    ak_client_error_set(&cli.error, code, "what the worker says");
    cli.error.status = status;
    capture();
    int result = ak_cli_fail_call(&cli, "trying");
    release();
    return result;
}

/* Every code of the wire gives three lines and the category of its status. */
static void test_every_code(void **state)
{
    (void)state;
    for (int code = 1; code < AK_CODE_COUNT; code++) {
        const char *name = ak_code_name((enum ak_code)code);
        int status = fail_call(name, ak_code_status((enum ak_code)code));
        assert_int_equal(lines(err_text), 3);
        assert_non_null(strstr(err_text, name));
        assert_non_null(strstr(err_text, "\n  next:  "));
        if (code == AK_CODE_PENDING) continue;
        assert_in_range(status, 1, 8);
    }
}

static void test_sign_in(void **state)
{
    (void)state;
    assert_int_equal(fail_call("token_expired", 401), 4);
    assert_non_null(strstr(err_text, "next:  agentkeys init --local"));
    assert_int_equal(fail_call("unreachable", 0), 8);
    assert_non_null(strstr(err_text, "next:  agentkeys up"));
}

/* What was typed the last time, where the profile has it; else what the settings allow. */
static void test_sign_in_again(void **state)
{
    (void)state;
    char dir[] = "/tmp/ak-fail.XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(ak_profile_open(dir, "default", NULL, true, &cli.profile), AK_OK);
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys init --local email:YOU");
    struct ak_conf_input in = {.dirs = {"/d", "/r", "/h", "/c"},
        .file = "/nowhere/config",
        .envp = (const char *const[]){"AGENTKEYS_BROKER_URL=https://keys.example", NULL}};
    struct ak_boot_fail fail;
    if (ak_client_conf_load(&cli.conf, &in, &fail))
        fail_msg("%s: %s: %s", fail.code, fail.setting, fail.reason);
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys init --email YOU");
    assert_int_equal(ak_profile_write(&cli.profile, AK_RECOVERY_WAITING_FILE, AK_SPAN_LIT("x")), AK_OK);
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys recover");
    assert_int_equal(ak_profile_erase(&cli.profile, AK_RECOVERY_WAITING_FILE), AK_OK);
    ak_cli_keep_way(&cli, "oauth2", "google");
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys init --oauth2 google");
    ak_cli_keep_way(&cli, "local", "email:a\x1b[2J");
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys init --email YOU");
    char longest[AK_SAVED_TEXT_MAX + 16];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    ak_cli_keep_way(&cli, "email", longest); /* none that init takes: kept as it was */
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys init --email YOU");
    cli.program = &(struct ak_cli_program){.name = "agentkeys-daemon", .agent = true};
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys-daemon pair --label LABEL");
    assert_int_equal(ak_profile_write(&cli.profile, AK_PAIR_PENDING_FILE, AK_SPAN_LIT("x")), AK_OK);
    assert_string_equal(ak_cli_sign_in(&cli), "agentkeys-daemon pair --resume");
    ak_profile_close(&cli.profile);
    static const char *const made[] = {
        "/default/signed-in", "/default/pending", "/default/lock", "/default", ""};
    for (size_t i = 0; i < AK_COUNT(made); i++) {
        (void)snprintf(path, sizeof path, "%s%s", dir, made[i]);
        (void)remove(path);
    }
    assert_int_not_equal(access(dir, F_OK), 0);
}

static int run(const char *first, const char *second, const char *third, const char *fourth)
{
    char words[5][40] = {"agentkeys"};
    char *argv[6] = {words[0]};
    const char *typed[] = {first, second, third, fourth};
    int argc = 1;
    for (size_t i = 0; i < AK_COUNT(typed) && typed[i]; i++, argc++) {
        (void)snprintf(words[argc], sizeof words[argc], "%s", typed[i]);
        argv[argc] = words[argc];
    }
    capture();
    int status = ak_cli_main(&ak_cli_agentkeys, argc, argv);
    release();
    return status;
}

static const char *noticed(const char *notice)
{
    (void)snprintf(cli.client.fetch.notice, sizeof cli.client.fetch.notice, "%s", notice);
    capture();
    ak_cli_show_notice(&cli, &cli.client);
    release();
    return err_text;
}

/* What waits, with times that people read, and what ends it; once. */
static void test_notice(void **state)
{
    (void)state;
    assert_string_equal(noticed("sign-in ready_at=1795701107; trust-change; x ready_at=0 y"),
        "agentkeys: NOTICE: waiting in this account: sign-in ready_at=1795701107 (2026-11-26 13:51:47 UTC); "
        "trust-change; x ready_at=0 (1970-01-01 00:00:00 UTC) y\n"
        "agentkeys: if that was not you: agentkeys account cancel\n");
    assert_string_equal(noticed("sign-in ready_at=1795701107; trust-change; x ready_at=0 y"), "");
    assert_non_null(strstr(noticed("sign-in-by-code ready_at=1"), "agentkeys account suspend; no device"));
    assert_non_null(strstr(noticed("x ready_at="), ": x ready_at=\n"));
    assert_non_null(
        strstr(noticed("x ready_at=99999999999999999999"), ": x ready_at=99999999999999999999\n"));
    assert_string_equal(noticed(""), "");
    char longest[AK_FETCH_NOTICE_MAX + 1] = "";
    for (size_t i = 0; i + 12 <= AK_FETCH_NOTICE_MAX; i += 12) memcpy(longest + i, "ready_at=1; ", 13);
    assert_non_null(strstr(noticed(longest), longest)); /* no room for so many times: as it came */
}

/* Settings may stand before the command. */
static void test_settings_first(void **state)
{
    (void)state;
    assert_int_equal(run("--log-level", "info", "--json", "version"), 0);
    assert_non_null(strstr(out_text, "{\"version\":"));
    assert_int_equal(run("--log-level=info", "version", "--json", NULL), 0);
    assert_non_null(strstr(out_text, "{\"version\":"));
    assert_int_equal(run("--config", "/nowhere/config", "agents", "list"), 2);
    assert_non_null(strstr(err_text, "/nowhere/config"));
    assert_non_null(strstr(err_text, "next:  agentkeys agents list --help"));
    assert_int_equal(run("--log-level", "info", "--help", NULL), 0);
    assert_non_null(strstr(out_text, "usage: agentkeys COMMAND"));
    static const char *const none[][2] = {{"--config", NULL}, {"--json", NULL}, {"--configs", "x"},
        {"--config", "version"}, {"--name", "version"}, {"-x", "version"}, {"--", "version"}};
    for (size_t i = 0; i < AK_COUNT(none); i++) {
        assert_int_equal(run(none[i][0], none[i][1], NULL, NULL), 2);
        assert_non_null(strstr(err_text, "no command given"));
    }
}

/* Half a command says which verbs there are, another word that there is none. */
static void test_half_a_command(void **state)
{
    (void)state;
    char program[] = "agentkeys", noun[] = "device", word[] = "devise";
    char *half[] = {program, noun, NULL}, *none[] = {program, word, NULL};
    capture();
    int status = ak_cli_main(&ak_cli_agentkeys, 2, half);
    release();
    assert_int_equal(status, 2);
    assert_string_equal(err_text,
        "agentkeys: device is half a command\n  cause: behind it stands one of list, add, remove\n"
        "  next:  agentkeys --help\n");
    capture();
    status = ak_cli_main(&ak_cli_agentkeys, 2, none);
    release();
    assert_int_equal(status, 2);
    assert_string_equal(err_text,
        "agentkeys: there is no command devise\n  cause: --help lists the commands\n"
        "  next:  agentkeys --help\n");
}

/* A code that is over is the agent's to renew. */
static void test_pairing_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ak_cli_agentkeys.count; i++) {
        cli.command = &ak_cli_agentkeys.commands[i];
        if (strcmp(cli.command->noun, "pair") == 0 && strcmp(cli.command->verb, "approve") == 0) break;
    }
    assert_int_equal(fail_call("not_found", 404), 6);
    assert_non_null(strstr(err_text, "next:  agentkeys-daemon pair --label LABEL, on the agent's side\n"));
}

static void test_wrong_recovery_code(void **state)
{
    (void)state;
    ak_client_error_set(&cli.error, "bad_signature", "the recovery code is not this account's");
    cli.error.status = 401;
    capture();
    int status = ak_cli_fail_call(&cli, "removing the device");
    release();
    assert_int_equal(status, 4);
    assert_non_null(strstr(err_text, "if it is lost: agentkeys recover --new-code\n"));
    assert_int_equal(fail_call("bad_signature", 401), 4);
    assert_non_null(strstr(err_text, "next:  agentkeys doctor\n"));
}

static const char *word(const char *text)
{
    static char out[32];
    return ak_out_word(text, out, sizeof out) ? out : "(no)";
}

static void test_words_of_a_shell(void **state)
{
    (void)state;
    assert_string_equal(word("/home/ada/a-b_c.jsonl"), "/home/ada/a-b_c.jsonl");
    assert_string_equal(word(""), "''");
    assert_string_equal(word("a b"), "'a b'");
    assert_string_equal(word("it's"), "'it'\\''s'");
    assert_string_equal(word("$(x)"), "'$(x)'");
    assert_string_equal(word("~/a"), "'~/a'");
    assert_string_equal(word("a\n"), "'a\n'");
    assert_string_equal(word("caf\xc3\xa9"), "'caf\xc3\xa9'");
    assert_string_equal(word("0123456789012345678901234567890"), "0123456789012345678901234567890"); /* 31 */
    assert_string_equal(word("01234567890123456789012345678901"), "(no)");
    assert_string_equal(word("01234567890123456789012345678 "), "(no)"); /* 30 and its quotes */
}

static void test_folder_of_the_profile(void **state)
{
    (void)state;
    memcpy(cli.profile.path, "/home of/it's", sizeof "/home of/it's");
    static const struct {
        enum ak_err err;
        const char *says;
    } rows[] = {
        {AK_E_MEANING, "others may read it, or it is not yours\n  next:  chmod -R go= '/home of/it'\\''s'\n"},
        {AK_E_FULL, "make room, then the same command again\n  next:  df -h '/home of/it'\\''s'\n"},
        {AK_E_IO, "the system refused\n  next:  ls -la '/home of/it'\\''s'\n"},
        {AK_E_FORMAT, "a file in it is damaged\n  next:  ls -la '/home of/it'\\''s'\n"},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        capture();
        int status = ak_cli_fail_state(&cli, rows[i].err, "the token cannot be kept");
        release();
        assert_int_equal(status, 1);
        if (!strstr(err_text, rows[i].says)) fail_msg("%s", err_text);
    }
}

static void test_denial(void **state)
{
    (void)state;
    ak_client_error_set(&cli.error, "denied", "denied");
    cli.error.status = 403;
    cli.error.has_denial = true;
    memcpy(cli.error.rule, "scope", 6);
    memcpy(cli.error.seen, "cap:sign-siwe", 14);
    memcpy(cli.error.limit, "openrouter", 11);
    memcpy(cli.error.remedy, "agentkeys agents policy a --scope +cap:sign-siwe", 49);
    capture();
    int status = ak_cli_fail_call(&cli, "signing");
    release();
    assert_int_equal(status, 3);
    assert_string_equal(err_text,
        "agentkeys: signing: denied\n  cause: rule scope: saw cap:sign-siwe; limit: openrouter\n"
        "  next:  agentkeys agents policy a --scope +cap:sign-siwe\n");
}

static void test_rate(void **state)
{
    (void)state;
    ak_client_error_set(&cli.error, "rate_limit_exceeded", "too many");
    cli.error.status = 429;
    cli.error.has_retry = true;
    cli.error.retry_after_secs = 12;
    capture();
    int status = ak_cli_fail_call(&cli, "signing");
    release();
    assert_int_equal(status, 5);
    assert_non_null(strstr(err_text, "next:  try again in 12 s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_three_lines, begin),
        cmocka_unit_test_setup(test_json, begin), cmocka_unit_test_setup(test_every_code, begin),
        cmocka_unit_test_setup(test_sign_in, begin), cmocka_unit_test_setup(test_sign_in_again, begin),
        cmocka_unit_test_setup(test_notice, begin), cmocka_unit_test_setup(test_settings_first, begin),
        cmocka_unit_test_setup(test_half_a_command, begin), cmocka_unit_test_setup(test_pairing_code, begin),
        cmocka_unit_test_setup(test_wrong_recovery_code, begin),
        cmocka_unit_test_setup(test_words_of_a_shell, begin),
        cmocka_unit_test_setup(test_folder_of_the_profile, begin), cmocka_unit_test_setup(test_denial, begin),
        cmocka_unit_test_setup(test_rate, begin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
