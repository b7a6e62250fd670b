/* agentkeys up: the worker in the foreground, for one machine. Makes the sealed state where there is none,
 * then becomes the worker, which says what its backend does not protect: signals and exit status are its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/conf/worker_conf.h"
#include "io/tee/sealed_file.h"
#include "programs/cli/commands.h"
#include "programs/cli/help.h"
#include "programs/cli/out.h"
#include "programs/cli/worker_binary.h"

enum { ARGS_MAX = 64, HELP_MAX = 32 * 1024 };

enum { OPTION_HELP, OPTION_JSON, OPTION_YES, OPTION_COUNT };
static const struct ak_conf_option options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", 'h', false},
    [OPTION_JSON] = {"json", 0, false},
    [OPTION_YES] = {"yes", 0, false},
};

struct up {
    struct ak_cli *cli;
    bool help;
    struct ak_conf conf; /* the worker's */
    char worker[AK_WORKER_PATH_MAX];
    char *args[ARGS_MAX]; /* for the worker: args[1] is its subcommand */
};

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    struct up *up = ctx;
    (void)value;
    if (option == &options[OPTION_HELP]) up->help = true;
    if (option == &options[OPTION_JSON]) up->cli->json = true;
    return AK_OK;
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
    ak_buf_put_str(&buf, "\n\noptions, passed to agentkeys-worker:\n");
    ak_conf_document(&ak_worker_conf_table, AK_CONF_DOC_HELP, &buf);
    (void)fwrite(text, 1, buf.len, stdout);
    return 0;
}

/* getopt moves operands about, so it gets a copy of the arguments. */
static int read_conf(struct up *up)
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
        .option_count = OPTION_COUNT,
        .on_option = on_option,
        .ctx = up};
    enum ak_err err = ak_conf_load(&up->conf, &ak_worker_conf_table, &in, &fail);
    if (up->help) return 0;
    if (err) return ak_cli_fail_usage(cli, fail.setting, fail.reason);
    return in.out_argc ? ak_cli_fail_usage(cli, "an operand too many", in.out_argv[0]) : 0;
}

/* ---- starting ---- */

/* The arguments for `command`, without options that are ours. */
static void make_args(struct up *up, const char *command)
{
    size_t count = 0;
    up->args[count++] = up->worker;
    up->args[count++] = (char *)(uintptr_t)command;
    for (int i = 1; i < up->cli->argc; i++)
        if (strcmp(up->cli->argv[i], "--json") != 0 && strcmp(up->cli->argv[i], "--yes") != 0)
            up->args[count++] = up->cli->argv[i];
    up->args[count] = NULL;
}

static bool has_sealed_state(const struct up *up)
{
    char path[AK_CONF_TEXT_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/" AK_SEALED_NAME, ak_conf_text(&up->conf, AK_WORKER_DATA_DIR));
    return access(path, F_OK) == 0;
}

static int run_init(struct up *up)
{
    int how = 0;
    (void)fprintf(stderr,
        "agentkeys up: no sealed state in %s: making the master secret and an empty ledger\n",
        ak_conf_text(&up->conf, AK_WORKER_DATA_DIR));
    make_args(up, "init");
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)execv(up->worker, up->args);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    if (pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0) return 0;
    return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "the master secret was not made",
        "agentkeys-worker init failed; its own message stands above", "agentkeys-worker check-config");
}

static int become_worker(struct up *up)
{
    make_args(up, "serve");
    if (up->cli->json) ak_out_line("{\"starting\":\"agentkeys-worker\",\"version\":\"" AK_VERSION "\"}");
    (void)fflush(NULL);
    (void)execv(up->worker, up->args);
    return ak_cli_fail(
        up->cli, AK_CATEGORY_FAILURE, "the worker cannot be started", strerror(errno), up->worker);
}

int ak_cmd_up(struct ak_cli *cli)
{
    static struct up up;
    up.cli = cli;
    int status = read_conf(&up);
    if (up.help) return print_help(cli);
    if (status) return status;
    if (!ak_cli_find_worker(up.worker))
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "there is no agentkeys-worker",
            "it is neither beside this program nor on PATH", "meson install -C build");
    if (!has_sealed_state(&up)) status = run_init(&up);
    return status ? status : become_worker(&up);
}
