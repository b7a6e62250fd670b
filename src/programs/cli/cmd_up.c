/* agentkeys up: worker and broker in the foreground, for one machine. Makes keys and sealed state where there
 * are none; the worker says what its backend does not protect. Without a broker it becomes the worker. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/tee/sealed_file.h"
#include "programs/cli/commands.h"
#include "programs/cli/up.h"
#include "programs/command/help.h"
#include "programs/command/out.h"

enum { HELP_MAX = 32 * 1024, ARGS_MAX = 64 };

enum { OPTION_HELP, OPTION_JSON, OPTION_YES, OPTION_BROKER, OPTION_CONFIG, OPTION_LISTEN, OPTION_COUNT };
static const struct ak_conf_option own_options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", 'h', false},
    [OPTION_JSON] = {"json", 0, false},
    [OPTION_YES] = {"yes", 0, false},
    [OPTION_BROKER] = {"broker", 0, true},
    [OPTION_CONFIG] = {"broker-config", 0, true},
    [OPTION_LISTEN] = {"broker-listen", 0, true},
};

/* Ours, and those settings of the broker that the worker does not have. */
static struct ak_conf_option options[OPTION_COUNT + AK_CONF_KEYS_MAX];
static char names[AK_CONF_KEYS_MAX][AK_CONF_FLAG_MAX];
static unsigned option_keys[OPTION_COUNT + AK_CONF_KEYS_MAX];

static size_t make_options(void)
{
    size_t count = OPTION_COUNT;
    memcpy(options, own_options, sizeof own_options);
    for (unsigned key = 0; key < ak_broker_conf_table.count; key++) {
        if (!ak_up_is_brokers(key)) continue;
        ak_conf_flag_name(ak_broker_conf_table.keys[key].name, names[key]);
        option_keys[count] = key;
        options[count++] = (struct ak_conf_option){names[key], 0, true};
    }
    return count;
}

static enum ak_err take_broker(struct ak_up *up, const char *value)
{
    up->said = strcmp(value, "on") == 0 ? AK_UP_ON : AK_UP_OFF;
    return up->said == AK_UP_ON || strcmp(value, "off") == 0 ? AK_OK : AK_E_FORMAT;
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    struct ak_up *up = ctx;
    size_t which = (size_t)(option - options);
    switch (which) {
    case OPTION_HELP: up->help = true; break;
    case OPTION_JSON: up->cli->json = true; break;
    case OPTION_YES: break;
    case OPTION_BROKER: return take_broker(up, value);
    case OPTION_CONFIG: up->broker_file = value; break;
    case OPTION_LISTEN: up->broker_listen = value; break;
    default: up->broker_flags[option_keys[which]] = value;
    }
    return AK_OK;
}

static void put_brokers_options(struct ak_buf *buf)
{
    static struct ak_conf_key keys[AK_CONF_KEYS_MAX];
    struct ak_conf_table table = {ak_broker_conf_table.program, ak_broker_conf_table.see, keys, 0};
    for (size_t key = 0; key < ak_broker_conf_table.count; key++)
        if (ak_up_is_brokers(key)) keys[table.count++] = ak_broker_conf_table.keys[key];
    ak_conf_document(&table, AK_CONF_DOC_HELP, buf);
}

static int print_help(const struct ak_cli *cli)
{
    static char text[HELP_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, "usage: ");
    ak_help_usage(cli->program, cli->command, &buf);
    ak_buf_put_str(&buf, "\n\n");
    ak_buf_put_str(&buf, cli->command->doc);
    ak_buf_put_str(&buf, "\n\nexample:\n  ");
    ak_buf_put_str(&buf, cli->command->example);
    ak_buf_put_str(&buf, "\n\noptions:\n");
    ak_help_common(cli->command, &buf);
    ak_buf_put_str(&buf, "\nthe broker:\n"
                         "  --broker on|off             Start one; default: on for a new data_dir, then "
                         "wherever it has keys.\n"
                         "  --broker-listen ADDRESS     Its address and port; default: 127.0.0.1:8091.\n"
                         "  --broker-config FILE        Its settings; default: DATA_DIR/broker/broker.conf, "
                         "made with its keys.\n");
    put_brokers_options(&buf);
    ak_buf_put_str(&buf, "\noptions, passed to agentkeys-worker:\n");
    ak_conf_document(&ak_worker_conf_table, AK_CONF_DOC_HELP, &buf);
    ak_help_statuses(&buf);
    (void)fwrite(text, 1, buf.len, stdout);
    return 0;
}

/* getopt moves operands about, so it gets a copy of the arguments. */
static int read_conf(struct ak_up *up)
{
    struct ak_cli *cli = up->cli;
    struct ak_boot_fail fail;
    char *copy[ARGS_MAX];
    if (cli->argc >= ARGS_MAX - 1) return ak_cli_fail_usage(cli, "too many arguments", "at most 60");
    memcpy(copy, cli->argv, ((size_t)cli->argc + 1) * sizeof *copy);
    struct ak_conf_input in = {.dirs = cli->dirs,
        .file = AK_WORKER_CONF_FILE,
        .envp = (const char *const *)environ,
        .argc = cli->argc,
        .argv = copy,
        .options = options,
        .option_count = make_options(),
        .on_option = on_option,
        .ctx = up};
    enum ak_err err = ak_conf_load(&up->conf, &ak_worker_conf_table, &in, &fail);
    if (up->help) return 0;
    if (err) return ak_cli_fail_usage(cli, fail.setting, fail.reason);
    if (in.file_required) up->config_file = in.file;
    return in.out_argc ? ak_cli_fail_usage(cli, "an operand too many", in.out_argv[0]) : 0;
}

/* ---- starting ---- */

bool ak_up_add(struct ak_up_args *args, const char *word)
{
    size_t len = strlen(word);
    if (args->count == AK_UP_ARGS_MAX || len >= AK_UP_FLAG_MAX) return false;
    memcpy(args->memory[args->count], word, len + 1);
    args->list[args->count] = args->memory[args->count];
    args->list[++args->count] = NULL;
    return true;
}

bool ak_up_add_flag(struct ak_up_args *args, const char *setting, const char *value)
{
    char name[AK_CONF_FLAG_MAX], word[AK_UP_FLAG_MAX];
    ak_conf_flag_name(setting, name);
    int len = snprintf(word, sizeof word, "--%s=%s", name, value);
    return len > 0 && (size_t)len < sizeof word && ak_up_add(args, word);
}

/* As they were given; files and environment the worker reads itself. args[1] is its subcommand. */
static bool make_worker_args(struct ak_up *up)
{
    struct ak_up_args *args = &up->worker_args;
    bool fits = ak_up_add(args, up->worker) && ak_up_add(args, "serve");
    if (up->config_file) fits = fits && ak_up_add_flag(args, "config", up->config_file);
    for (size_t key = 0; key < ak_worker_conf_table.count; key++)
        if (up->conf.values[key].source == AK_CONF_FROM_FLAG)
            fits =
                fits && ak_up_add_flag(args, ak_worker_conf_table.keys[key].name, up->conf.values[key].text);
    return fits;
}

bool ak_up_has_sealed_state(const struct ak_up *up)
{
    char path[AK_CONF_TEXT_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/" AK_SEALED_NAME, ak_conf_text(&up->conf, AK_WORKER_DATA_DIR));
    return access(path, F_OK) == 0;
}

/* The start follows at once, and says what the backend does not protect. */
static int run_init(struct ak_up *up)
{
    static char init[] = "init", no_warning[] = "--no-warning";
    const struct ak_up_args *worker = &up->worker_args;
    char *args[AK_UP_ARGS_MAX + 2];
    (void)fprintf(stderr,
        "agentkeys up: no sealed state in %s: making the master secret and an empty ledger\n",
        ak_conf_text(&up->conf, AK_WORKER_DATA_DIR));
    memcpy(args, worker->list, worker->count * sizeof args[0]);
    args[1] = init;
    args[worker->count] = no_warning;
    args[worker->count + 1] = NULL;
    if (ak_up_run(up->worker, args, (const char *const *)environ)) return 0;
    return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "the master secret was not made",
        "agentkeys-worker init failed; its own message stands above",
        "do what that message says, then agentkeys up again");
}

static int start(struct ak_up *up)
{
    if (up->cli->json)
        ak_out_line("{\"starting\":\"agentkeys-worker\",\"version\":\"" AK_VERSION "\"%s%s%s}",
            up->with_broker ? ",\"broker_url\":\"" : "", up->url, up->with_broker ? "\"" : "");
    (void)fflush(NULL);
    if (up->with_broker) return ak_up_run_both(up);
    (void)execv(up->worker, up->worker_args.list);
    return ak_cli_fail(
        up->cli, AK_CATEGORY_FAILURE, "the worker cannot be started", strerror(errno), up->worker);
}

int ak_cmd_up(struct ak_cli *cli)
{
    static struct ak_up up;
    up.cli = cli;
    int status = read_conf(&up);
    if (up.help) return print_help(cli);
    if (status) return status;
    if (!ak_cli_find_worker(up.worker))
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "there is no agentkeys-worker",
            "it is neither beside this program nor on PATH", "meson install -C build");
    if (!make_worker_args(&up)) return ak_cli_fail_usage(cli, "too many arguments", "at most 60");
    status = ak_up_prepare_broker(&up);
    if (!status && !ak_up_has_sealed_state(&up)) status = run_init(&up);
    return status ? status : start(&up);
}
