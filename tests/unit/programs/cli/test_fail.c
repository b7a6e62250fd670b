/* Failures: three lines, the right exit status, the wire's error with --json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "programs/cli/commands.h"
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
        cmocka_unit_test_setup(test_sign_in, begin), cmocka_unit_test_setup(test_denial, begin),
        cmocka_unit_test_setup(test_rate, begin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
