/* `agentkeys-worker`: which process or subcommand this is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/conf/worker_conf.h"
#include "io/proc/spawn.h"
#include "programs/worker/roles.h"
#include "programs/worker/usage.h"

enum { OPTION_HELP, OPTION_VERSION, OPTION_COUNT };

static const struct ak_conf_option options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", 'h', false},
    [OPTION_VERSION] = {"version", 'V', false},
};

static const char help_head[] =
    "usage: agentkeys-worker [COMMAND] [OPTIONS]\n"
    "\n"
    "Holds the keys, decides what agents may sign, and keeps the ledger of it.\n"
    "\n"
    "  serve          run the worker (default)\n"
    "  init           make the master secret and an empty ledger in data_dir\n"
    "  check-config   check the configuration and print it with its sources\n"
    "  ledger         export or verify the ledger in data_dir\n"
    "  issuer         rotate the key that signs tokens for clouds\n"
    "  evidence       write what the TEE says of machine, program and counter\n"
    "  restore        a lost worker again, from recovery shares and its ledger\n"
    "\n"
    "example:\n"
    "  agentkeys-worker init --data-dir /var/lib/agentkeys\n"
    "  agentkeys-worker serve --data-dir /var/lib/agentkeys --listen 127.0.0.1:8092\n"
    "\n"
    "options (each is also a key of " AK_WORKER_CONF_FILE " and a variable AGENTKEYS_...):\n"
    "  -h, --help     this text\n"
    "  -V, --version  version\n"
    "  --config FILE  another configuration file\n";

void ak_worker_print_help(void)
{
    static char text[32 * 1024];
    struct ak_buf buf = AK_BUF_ARR(text);
    (void)fputs(help_head, stdout);
    ak_conf_document(&ak_worker_conf_table, AK_CONF_DOC_HELP, &buf);
    (void)fwrite(text, 1, buf.len, stdout);
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    (void)ctx;
    (void)value;
    if (option == &options[OPTION_HELP])
        ak_worker_print_help();
    else
        (void)puts("agentkeys-worker " AK_VERSION);
    exit(0);
}

void ak_worker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs)
{
    struct ak_boot_fail fail;
    struct ak_conf_input in = {.file = AK_WORKER_CONF_FILE,
        .envp = (const char *const *)environ,
        .argc = argc,
        .argv = argv,
        .options = options,
        .option_count = OPTION_COUNT,
        .on_option = on_option};
    if (ak_conf_dirs_find(in.envp, geteuid() == 0, &in.dirs) != AK_OK)
        ak_boot_fail(
            "no_home", "HOME", "", "neither HOME nor XDG_DATA_HOME is set", ak_worker_conf_table.see);
    *out_dirs = in.dirs;
    if (ak_conf_load(out_conf, &ak_worker_conf_table, &in, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    if (in.out_argc > 0)
        ak_boot_fail("bad_command", command, in.out_argv[0], "takes no such operand; see --help",
            "docs/operations.md#commands");
}

int ak_worker_check_config(int argc, char **argv)
{
    static struct ak_conf conf;
    static char text[AK_CONF_FILE_MAX];
    struct ak_conf_dirs dirs;
    struct ak_boot_fail fail;
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_worker_load(argc, argv, "check-config", &conf, &dirs);
    if (ak_worker_conf_validate(&conf, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    ak_conf_print(&conf, true, &buf);
    return fwrite(text, 1, buf.len, stdout) == buf.len ? 0 : 1;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", ak_worker_serve},
    {"init", ak_worker_init},
    {"check-config", ak_worker_check_config},
    {"--check-config", ak_worker_check_config},
    {"ledger", ak_worker_ledger},
    {"issuer", ak_worker_issuer},
    {"evidence", ak_worker_evidence},
    {"restore", ak_worker_restore},
};

static int run_role(const char *role)
{
    if (strcmp(role, "keeper") == 0) return ak_keeper_main();
    if (strcmp(role, "gateway") == 0) return ak_gateway_main();
    if (strcmp(role, "reencryptor") == 0) return ak_reencryptor_main();
    (void)fprintf(stderr, "agentkeys-worker: no such role\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *role = ak_spawn_role(argc, argv);
    if (role) return run_role(role);
    for (size_t i = 0; argc > 1 && i < AK_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv); /* with the NULL at the end */
        return commands[i].run(argc - 1, argv);
    }
    return ak_worker_serve(argc, argv);
}
