/* run: which --env is taken, what the command's environment becomes, and that nothing starts where a value
 * cannot be had. The command is a shell in a process of its own. */
#include "unit/check.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "programs/cli/commands.h"
#include "programs/command/vault.h"
#include "unit/programs/cli/capture.h"

static struct ak_cli cli;

/* What the vault would give: a value by the service's name; "none" is not stored. */
static struct {
    const char *service;
    const char *value;
    size_t len;
} stored[40];
static unsigned reads;

static enum ak_err get(struct ak_cli *of, void *ctx, const struct ak_vault_name *name,
    struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply)
{
    (void)out_reply;
    assert_ptr_equal(ctx, stored);
    reads++;
    for (size_t i = 0; i < AK_COUNT(stored); i++)
        if (stored[i].service && ak_span_eq(name->service, ak_span_str(stored[i].service))) {
            assert_true(stored[i].len <= sizeof out_value->bytes);
            memcpy(out_value->bytes, stored[i].value, stored[i].len);
            out_value->len = stored[i].len;
            return AK_OK;
        }
    ak_client_error_set(&of->error, "not_found", "no credential of this name here");
    of->error.status = 404;
    return AK_E_MEANING;
}

static void store(size_t at, const char *service, const char *value, size_t len)
{
    stored[at].service = service;
    stored[at].value = value;
    stored[at].len = len;
}

static int begin(void **state)
{
    (void)state;
    memset(&cli, 0, sizeof cli);
    memset(stored, 0, sizeof stored);
    reads = 0;
    cli.program = &ak_cli_agentkeys;
    cli.profile.dir_fd = -1;
    cli.trace_fd = -1;
    for (size_t i = 0; i < cli.program->count; i++)
        if (strcmp(cli.program->commands[i].noun, "run") == 0) cli.command = &cli.program->commands[i];
    assert_non_null(cli.command);
    store(0, "openrouter", "sk-1", 4);
    store(1, "github", "gh=2 \n", 6);
    store(2, "empty", "", 0);
    return 0;
}

static void set_env(const char *text)
{
    for (size_t i = 0; i < cli.command->option_count; i++)
        if (strcmp(cli.command->options[i].name, "env") == 0) cli.values[i] = text;
}

static int check(const char *env)
{
    set_env(env);
    capture();
    int status = ak_cli_check_run(&cli);
    release();
    return status;
}

/* Runs `command` in a shell, in a child; its exit status. What it printed is in out_text. */
static int run_program(const char *env, char **command)
{
    set_env(env);
    cli.operands = command;
    capture();
    pid_t pid = fork();
    if (pid == 0) _exit(ak_cli_run(&cli, get, stored));
    int status = -1;
    pid_t ended = waitpid(pid, &status, 0);
    release();
    cli.operands = NULL;
    assert_int_equal(ended, pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_shell(const char *env, char *script)
{
    char sh[] = "sh", c[] = "-c";
    char *command[] = {sh, c, script, NULL};
    return run_program(env, command);
}

/* ---- what is asked for ---- */

static void what_env_takes(void **state)
{
    (void)state;
    static const char *const good[] = {"A=a", "_=a", "a1_B=0-9", "A=a,B=a", "LONG=a-b-c,_X=z"};
    static const char *const bad[] = {"", "A", "=a", "A=", "A=A", "A=-a", "A=a_b", "1A=a", "A-B=a", "A B=a",
        "A=a,", ",A=a", "A=a,,B=b", "A=a,A=b", "A=a=b", "A=a,B", "\xc3\xa4=a", "A=cap:sign-tx"};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_int_equal(check(good[i]), 0);
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (check(bad[i]) != AK_CATEGORY_USAGE) fail_msg("taken: %s", bad[i]);
    assert_int_equal(check(NULL), AK_CATEGORY_USAGE);
    assert_non_null(strstr(err_text, "VARIABLE=SERVICE"));
}

static void limits_of_env(void **state)
{
    (void)state;
    static char text[8192];
    size_t len = 0;
    for (unsigned i = 0; i < 33; i++) {
        if (i) assert_int_equal(check(text), 0);
        len += (size_t)snprintf(text + len, sizeof text - len, "%sV%u=s", i ? "," : "", i);
    }
    assert_int_equal(check(text), AK_CATEGORY_USAGE);
    assert_non_null(strstr(err_text, "at most 32"));
    for (size_t name = 128; name <= 129; name++) {
        memset(text, 'V', name);
        (void)snprintf(text + name, sizeof text - name, "=s");
        assert_int_equal(check(text), name == 128 ? 0 : AK_CATEGORY_USAGE);
    }
    for (size_t service = 63; service <= 64; service++) {
        (void)snprintf(text, sizeof text, "V=");
        memset(text + 2, 's', service);
        text[2 + service] = 0;
        assert_int_equal(check(text), service == 63 ? 0 : AK_CATEGORY_USAGE);
    }
}

/* ---- what the command gets ---- */

static void values_stand_in_its_environment(void **state)
{
    (void)state;
    char script[] = "printf '[%s][%s][%s]' \"$KEY\" \"$GH\" \"${NO-unset}\"; exit 7";
    assert_int_equal(setenv("KEPT", "as it was", 1), 0);
    assert_int_equal(run_shell("KEY=openrouter,GH=github,NO=empty", script), 7);
    assert_string_equal(out_text, "[sk-1][gh=2 \n][]");
    char inherited[] = "printf %s \"$KEPT\"";
    assert_int_equal(run_shell("KEY=openrouter", inherited), 0);
    assert_string_equal(out_text, "as it was");
}

/* A variable that was there before is replaced, not doubled; one whose name only begins like it stays. */
static void variables_are_replaced(void **state)
{
    (void)state;
    char script[] = "env | grep '^AK_T' | sort | tr '\\n' ';'";
    assert_int_equal(setenv("AK_T", "old", 1), 0);
    assert_int_equal(setenv("AK_TWO", "stays", 1), 0);
    assert_int_equal(run_shell("AK_T=openrouter", script), 0);
    assert_string_equal(out_text, "AK_T=sk-1;AK_TWO=stays;");
    (void)unsetenv("AK_T");
    (void)unsetenv("AK_TWO");
}

/* ---- what does not start ---- */

static void nothing_starts_without_each_value(void **state)
{
    (void)state;
    char script[] = "echo started";
    assert_int_equal(run_shell("A=openrouter,B=none", script), AK_CATEGORY_NOT_FOUND);
    assert_string_equal(out_text, "");
    assert_non_null(strstr(err_text, "reading none"));
    assert_null(strstr(err_text, "sk-1"));
}

static void values_that_no_environment_carries(void **state)
{
    (void)state;
    char script[] = "echo started";
    store(3, "nul", "sec\0ret", 7);
    assert_int_equal(run_shell("A=nul", script), AK_CATEGORY_FAILURE);
    assert_non_null(strstr(err_text, "NUL"));
    assert_null(strstr(err_text, "sec"));
    static char large[AK_LIMIT_VALUE];
    memset(large, 'x', sizeof large);
    store(4, "large", large, sizeof large);
    assert_int_equal(run_shell("A=large,B=large", script), AK_CATEGORY_FAILURE); /* 32 KiB beside one value */
    assert_non_null(strstr(err_text, "too long"));
    assert_string_equal(out_text, "");
    char count[] = "printf %s \"$A\" | wc -c";
    assert_int_equal(run_shell("A=large", count), 0);
    assert_int_equal(strtol(out_text, NULL, 10), AK_LIMIT_VALUE);
}

static void a_command_that_is_not_there(void **state)
{
    (void)state;
    char name[] = "/nowhere/at-all";
    char *command[] = {name, NULL};
    assert_int_equal(run_program("A=openrouter", command), AK_CATEGORY_FAILURE);
    assert_non_null(strstr(err_text, "cannot be started"));
    assert_null(strstr(err_text, "sk-1"));
}

/* Nothing is read where the environment has no room anyway; a variable to be replaced takes none. */
static void an_environment_that_is_full(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    static char names[MOST + 1][16];
    static char *full[MOST + 2];
    char **kept = environ;
    for (size_t i = 0; i <= MOST; i++) {
        (void)snprintf(names[i], sizeof names[i], "V%zu=x", i);
        full[i] = names[i];
    }
    static char name[] = "/nowhere/at-all";
    static char *command[] = {name, NULL};
    environ = full;
    cli.operands = command;
    set_env("A=openrouter");
    capture();
    int status = ak_cli_run(&cli, get, stored);
    release();
    assert_int_equal(status, AK_CATEGORY_FAILURE);
    assert_non_null(strstr(err_text, "too large"));
    assert_int_equal(reads, 0);
    set_env("V7=openrouter");
    capture();
    status = ak_cli_run(&cli, get, stored);
    release();
    environ = kept;
    cli.operands = NULL;
    assert_int_equal(status, AK_CATEGORY_FAILURE);
    assert_non_null(strstr(err_text, "cannot be started"));
    assert_int_equal(reads, 1);
}

#define T(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {T(what_env_takes), T(limits_of_env),
        T(values_stand_in_its_environment), T(variables_are_replaced), T(nothing_starts_without_each_value),
        T(values_that_no_environment_carries), T(a_command_that_is_not_there),
        T(an_environment_that_is_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
