/* `agentkeys-broker`: signs people in, nothing else. Which subcommand this is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "io/log/log.h"
#include "io/proc/durable.h"
#include "programs/broker/broker.h"

#define SEE "docs/operations.md#broker"

enum { OPTION_HELP, OPTION_VERSION, OPTION_COUNT };

static const struct ak_conf_option options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", 'h', false},
    [OPTION_VERSION] = {"version", 'V', false},
};

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

static void print_help(void)
{
    static char text[32 * 1024];
    struct ak_buf buf = AK_BUF_ARR(text);
    (void)fputs(help_head, stdout);
    ak_conf_document(&ak_broker_conf_table, AK_CONF_DOC_HELP, &buf);
    (void)fwrite(text, 1, buf.len, stdout);
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    (void)ctx;
    (void)value;
    if (option == &options[OPTION_HELP])
        print_help();
    else
        (void)puts("agentkeys-broker " AK_VERSION);
    exit(0);
}

void ak_broker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs)
{
    struct ak_boot_fail fail;
    struct ak_conf_input in = {.file = AK_BROKER_CONF_FILE,
        .envp = (const char *const *)environ,
        .argc = argc,
        .argv = argv,
        .options = options,
        .option_count = OPTION_COUNT,
        .on_option = on_option};
    if (ak_conf_dirs_find(in.envp, geteuid() == 0, &in.dirs) != AK_OK)
        ak_boot_fail("no_home", "HOME", "", "neither HOME nor XDG_DATA_HOME is set", SEE);
    *out_dirs = in.dirs;
    if (ak_conf_load(out_conf, &ak_broker_conf_table, &in, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    if (in.out_argc > 0)
        ak_boot_fail("bad_command", command, in.out_argv[0], "takes no such operand; see --help", SEE);
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
    static char text[AK_CONF_FILE_MAX];
    struct ak_conf_dirs dirs;
    struct ak_boot_fail fail;
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_broker_load(argc, argv, "check-config", &conf, &dirs);
    if (ak_broker_conf_validate(&conf, &fail) != AK_OK || ak_providers_check(&conf, &fail) != AK_OK)
        ak_boot_fail_exit(&fail);
    ak_conf_print(&conf, true, &buf);
    return fwrite(text, 1, buf.len, stdout) == buf.len ? 0 : 1;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", ak_broker_serve},
    {"init", ak_broker_init},
    {"check-config", ak_broker_check_config},
    {"--check-config", ak_broker_check_config},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < AK_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv); /* with the NULL at the end */
        return commands[i].run(argc - 1, argv);
    }
    return ak_broker_serve(argc, argv);
}
