/* `agentkeys-worker`: which process or subcommand this is. */
#include <stdio.h>
#include <string.h>

#include "io/conf/program.h"
#include "io/conf/worker_conf.h"
#include "io/proc/inherit.h"
#include "io/proc/spawn.h"
#include "programs/worker/roles.h"
#include "programs/worker/take.h"
#include "programs/worker/usage.h"

static const char help_head[] =
    "usage: agentkeys-worker [COMMAND] [OPTIONS]\n"
    "\n"
    "Holds the keys, decides what agents may sign, and keeps the ledger of it.\n"
    "\n"
    "  serve          run the worker (default)\n"
    "  init           make the master secret and an empty ledger in data_dir\n"
    "  check-config   check the configuration and print it with its sources\n"
    "  ledger         export, verify or archive the ledger in data_dir\n"
    "  issuer         rotate the key that signs tokens for clouds\n"
    "  evidence       write what the TEE says of machine, program and counter\n"
    "  restore        a lost worker again, from recovery shares and its ledger\n"
    "\n"
    "example:\n"
    "  agentkeys-worker init --data-dir /var/lib/agentkeys\n"
    "  agentkeys-worker check-config --json\n"
    "  agentkeys-worker serve --data-dir /var/lib/agentkeys --listen 127.0.0.1:8092\n"
    "  agentkeys-worker ledger verify --data-dir /var/lib/agentkeys --json\n"
    "\n"
    "options (each is also a key of " AK_WORKER_CONF_FILE " and a variable AGENTKEYS_...):\n"
    "  -h, --help     this text\n"
    "  -V, --version  version\n"
    "  --config FILE  another configuration file\n"
    "  --json         of init, check-config, ledger verify and archive: one JSON object on standard output\n"
    "  --no-warning   of init: what the backend does not protect is left to the start to say\n";

static const struct ak_conf_command commands[] = {
    {"serve", ak_worker_serve},
    {"init", ak_worker_init},
    {"check-config", ak_worker_check_config},
    {"--check-config", ak_worker_check_config},
    {"ledger", ak_worker_ledger},
    {"issuer", ak_worker_issuer},
    {"evidence", ak_worker_evidence},
    {"restore", ak_worker_restore},
};
static const struct ak_conf_program program = {.table = &ak_worker_conf_table,
    .file = AK_WORKER_CONF_FILE,
    .help = help_head,
    .see = "docs/operations.md#commands",
    .commands = commands,
    .command_count = AK_COUNT(commands),
    .otherwise = ak_worker_serve};

void ak_worker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs)
{
    ak_conf_program_load(&program, argc, argv, command, out_conf, out_dirs);
}

int ak_worker_check_config(int argc, char **argv)
{
    static struct ak_conf conf;
    struct ak_conf_dirs dirs;
    struct ak_boot_fail fail;
    bool json = ak_take_switch(&argc, argv, "json");
    ak_worker_load(argc, argv, "check-config", &conf, &dirs);
    if (ak_worker_conf_validate(&conf, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    return ak_conf_program_print(&conf, json);
}

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
    if (role) return run_role(role); /* from a supervisor, which did this */
    if (ak_inherit_mend() != AK_OK)
        ak_boot_fail(
            "channels", "/dev/null", "", "it cannot be opened", "docs/operations.md#start-up-failures");
    return ak_conf_program_run(&program, argc, argv);
}
