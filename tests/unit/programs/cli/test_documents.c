/* Man pages and completions are what the table of subcommands says. With AK_WRITE set they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/cli/commands.h"
#include "programs/command/help.h"
#include "programs/daemon/agent.h"

enum { TEXT_MAX = 128 * 1024 };

static char made[TEXT_MAX], kept[TEXT_MAX];

static void check(const char *file, const struct ak_buf *text)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", AK_SOURCE_ROOT, file);
    assert_false(text->failed);
    if (getenv("AK_WRITE")) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        assert_int_equal(fwrite(text->ptr, 1, text->len, out), text->len);
        assert_int_equal(fclose(out), 0);
    }
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t len = fread(kept, 1, sizeof kept, in);
    (void)fclose(in);
    assert_int_equal(len, text->len);
    assert_memory_equal(kept, text->ptr, len);
}

static void test_man(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(made);
    ak_help_man(&ak_cli_agentkeys, &buf);
    check("docs/man/agentkeys.1", &buf);
    buf = AK_BUF_ARR(made);
    ak_help_man(&ak_daemon_program, &buf);
    check("docs/man/agentkeys-daemon.1", &buf);
    buf = AK_BUF_ARR(made);
    ak_help_man_worker(&buf);
    check("docs/man/agentkeys-worker.1", &buf);
    buf = AK_BUF_ARR(made);
    ak_help_man_broker(&buf);
    check("docs/man/agentkeys-broker.1", &buf);
}

static void test_completion(void **state)
{
    (void)state;
    const struct {
        void (*put)(const struct ak_cli_program *program, struct ak_buf *out);
        const struct ak_cli_program *program;
        const char *file;
    } rows[] = {
        {ak_help_bash, &ak_cli_agentkeys, "data/completion/agentkeys.bash"},
        {ak_help_bash, &ak_daemon_program, "data/completion/agentkeys-daemon.bash"},
        {ak_help_zsh, &ak_cli_agentkeys, "data/completion/_agentkeys"},
        {ak_help_zsh, &ak_daemon_program, "data/completion/_agentkeys-daemon"},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_buf buf = AK_BUF_ARR(made);
        rows[i].put(rows[i].program, &buf);
        check(rows[i].file, &buf);
    }
}

static void check_command(const struct ak_cli_program *program, const struct ak_cli_command *command)
{
    char start[64];
    (void)snprintf(start, sizeof start, "%s %s%s%s", program->name, command->noun, command->verb ? " " : "",
        command->verb ? command->verb : "");
    assert_non_null(command->run);
    assert_int_equal(strncmp(command->example, start, strlen(start)), 0);
    assert_int_equal(command->doc[strlen(command->doc) - 1], '.');
    assert_true(strlen(command->json) > 0);
    assert_true(command->min_operands <= command->max_operands);
    assert_int_equal(command->max_operands > 0, command->operands[0] != 0);
    assert_int_equal(command->min_operands > 0, command->operands[0] != 0 && command->operands[0] != '[');
    assert_true(command->option_count <= AK_CLI_OPTIONS_MAX);
}

/* No option hides a setting or a common option: they are flags of one name space. */
static void check_names(const struct ak_cli_command *command)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const char *name = command->options[i].name;
        for (size_t k = 0; k < AK_CLI_COMMON_COUNT; k++) assert_string_not_equal(name, ak_cli_common[k].name);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(name, command->options[k].name);
        for (size_t k = 0; k < ak_client_conf_table.count; k++)
            assert_string_not_equal(name, ak_client_conf_table.keys[k].name);
    }
}

static void test_table(void **state)
{
    (void)state;
    const struct ak_cli_program *programs[] = {&ak_cli_agentkeys, &ak_daemon_program};
    for (size_t p = 0; p < AK_COUNT(programs); p++)
        for (size_t i = 0; i < programs[p]->count; i++) {
            check_command(programs[p], &programs[p]->commands[i]);
            check_names(&programs[p]->commands[i]);
        }
}

/* Nouns and verbs of the contract are all there. */
static void test_all_commands(void **state)
{
    (void)state;
    static const char *const wanted[] = {"up", "init", "recover", "link", "unlink", "links", "whoami",
        "status", "logout", "pair list", "pair approve", "pair refuse", "pair invite", "agents list",
        "agents show", "agents suspend", "agents resume", "agents rotate", "agents policy",
        "agents decommission", "device list", "device add", "device remove", "account show",
        "account suspend", "account resume", "account cancel", "account seen", "sign", "address", "lineage",
        "oidc", "issuer thumbprint", "issuer publish", "explain", "audit list", "audit show", "audit export",
        "audit verify", "audit proof", "attest verify", "attest", "store", "read", "run", "credentials list",
        "credentials rollback", "credentials delete", "trust show", "trust change", "recovery share",
        "epoch list", "epoch rotate", "epoch destroy", "service define", "service list", "service show",
        "import", "export", "export-key", "doctor", "version"};
    assert_int_equal(ak_cli_agentkeys.count, AK_COUNT(wanted));
    for (size_t i = 0; i < AK_COUNT(wanted); i++) {
        const struct ak_cli_command *command = &ak_cli_agentkeys.commands[i];
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s%s", command->noun, command->verb ? " " : "",
            command->verb ? command->verb : "");
        assert_string_equal(name, wanted[i]);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    for (int i = 0; i < AK_CATEGORY_COUNT; i++) assert_int_equal(ak_cli_statuses[i].status, i);
}

/* Each command's help has usage, example, --json and the exit statuses. */
static void test_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < ak_cli_agentkeys.count; i++) {
        struct ak_buf buf = AK_BUF_ARR(made);
        ak_help_command(&ak_cli_agentkeys, &ak_cli_agentkeys.commands[i], &buf);
        assert_int_equal(ak_buf_terminate(&buf), AK_OK);
        assert_non_null(strstr(made, "usage: agentkeys "));
        assert_non_null(strstr(made, ak_cli_agentkeys.commands[i].example));
        assert_non_null(strstr(made, "--json"));
        assert_non_null(strstr(made, "exit status:"));
        for (size_t k = 0; k < ak_cli_agentkeys.commands[i].option_count; k++)
            assert_non_null(strstr(made, ak_cli_agentkeys.commands[i].options[k].doc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_man), cmocka_unit_test(test_completion),
        cmocka_unit_test(test_table), cmocka_unit_test(test_all_commands), cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_help)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
