/* `agentkeys-broker`: signs people in, nothing else. Which subcommand this is. */
#include <stdio.h>

#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "io/conf/program.h"
#include "io/log/log.h"
#include "io/proc/durable.h"
#include "io/proc/inherit.h"
#include "programs/broker/broker.h"

#define SEE "docs/operations.md#broker"

static const char help_head[] =
    "usage: agentkeys-broker [COMMAND] [OPTIONS]\n"
    "\n"
    "Signs people in by a mail, at a provider or by their wallet. The worker believes it only for opening "
    "accounts and\n"
    "starting recoveries.\n"
    "\n"
    "  serve          run the broker (default)\n"
    "  init           make the signing key and the file key in data_dir\n"
    "  check-config   check the configuration and print it with its sources\n"
    "\n"
    "example:\n"
    "  agentkeys-broker init --data-dir /var/lib/agentkeys-broker\n"
    "  agentkeys-broker serve --mail-url smtps://mail.example.org --mail-from keys@example.org\n"
    "\n"
    "options (each is also a key of " AK_BROKER_CONF_FILE " and a variable AGENTKEYS_...):\n"
    "  -h, --help     this text\n"
    "  -V, --version  version\n"
    "  --config FILE  another configuration file\n";

static const struct ak_conf_command commands[] = {
    {"serve", ak_broker_serve},
    {"init", ak_broker_init},
    {"check-config", ak_broker_check_config},
    {"--check-config", ak_broker_check_config},
};
static const struct ak_conf_program program = {.table = &ak_broker_conf_table,
    .file = AK_BROKER_CONF_FILE,
    .help = help_head,
    .see = SEE,
    .commands = commands,
    .command_count = AK_COUNT(commands),
    .otherwise = ak_broker_serve};

void ak_broker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs)
{
    ak_conf_program_load(&program, argc, argv, command, out_conf, out_dirs);
}

int ak_broker_open_folder(const struct ak_conf *conf, bool create)
{
    int fd = -1;
    const char *path = ak_conf_text(conf, AK_BROKER_DATA_DIR);
    enum ak_err err = ak_durable_open_dir(path, create, &fd);
    if (err == AK_E_MEANING)
        ak_boot_fail(
            "data_dir", "data_dir", path, "not a folder of ours, or open to others (mode 0700)", SEE);
    if (err && !create)
        ak_boot_fail("no_keys", "data_dir", path, "cannot be opened; run agentkeys-broker init first", SEE);
    if (err) ak_boot_fail("data_dir", "data_dir", path, "cannot be made", SEE);
    return fd;
}

int ak_broker_init(int argc, char **argv)
{
    static struct ak_conf conf;
    struct ak_conf_dirs dirs;
    struct ak_signin_keys keys;
    uint8_t jkt[32];
    char text[AK_THUMBPRINT_TEXT_LEN + 1];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_broker_load(argc, argv, "init", &conf, &dirs);
    const char *path = ak_conf_text(&conf, AK_BROKER_DATA_DIR);
    int fd = ak_broker_open_folder(&conf, true);
    enum ak_err err = ak_signin_keys_create(fd, &keys);
    if (err == AK_E_EXISTS)
        ak_boot_fail("keys_exist", "data_dir", path,
            "there are keys already; nothing was changed (remove them to begin anew)", SEE);
    if (err) ak_boot_fail("data_dir", "data_dir", path, "the keys cannot be written", SEE);
    ak_jwk_thumbprint(&keys.pub, jkt);
    ak_base64url_encode(&buf, AK_SPAN_ARR(jkt));
    if (ak_buf_terminate(&buf) != AK_OK) text[0] = 0;
    printf("broker made in %s\nsigning key:    %s\nfor the worker: broker_key = %s/" AK_SIGNIN_PUB_FILE "\n",
        path, text, path);
    ak_signin_keys_done(&keys);
    return 0;
}

int ak_broker_check_config(int argc, char **argv)
{
    static struct ak_conf conf;
    struct ak_conf_dirs dirs;
    struct ak_boot_fail fail;
    ak_broker_load(argc, argv, "check-config", &conf, &dirs);
    if (ak_broker_conf_validate(&conf, &fail) != AK_OK || ak_providers_check(&conf, &fail) != AK_OK)
        ak_boot_fail_exit(&fail);
    return ak_conf_program_print(&conf, false);
}

int main(int argc, char **argv)
{
    if (ak_inherit_mend() != AK_OK)
        ak_boot_fail(
            "channels", "/dev/null", "", "it cannot be opened", "docs/operations.md#start-up-failures");
    return ak_conf_program_run(&program, argc, argv);
}
