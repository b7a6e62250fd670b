/* From arguments to a command: find it in the table, load the configuration, hand over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "io/log/log.h"
#include "io/proc/inherit.h"
#include "io/proc/random.h"
#include "programs/command/cli.h"
#include "programs/command/help.h"

enum { HELP_MAX = 64 * 1024, OPTION_TOTAL = AK_CLI_OPTIONS_MAX + AK_CLI_COMMON_COUNT };

static struct ak_cli cli_state; /* one run a process; large */

static void print(void (*put)(const struct ak_cli *cli, struct ak_buf *out), const struct ak_cli *cli)
{
    static char text[HELP_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    put(cli, &buf);
    (void)fwrite(text, 1, buf.len, stdout);
}

static void put_program(const struct ak_cli *cli, struct ak_buf *out)
{
    ak_help_program(cli->program, out);
}

static void put_command(const struct ak_cli *cli, struct ak_buf *out)
{
    ak_help_command(cli->program, cli->command, out);
}

/* ---- which command ---- */

/* The number of words of argv that name the command; 0 where none does. */
static int match(const struct ak_cli_command *command, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], command->noun) != 0) return 0;
    if (!command->verb) return 1;
    return argc >= 3 && strcmp(argv[2], command->verb) == 0 ? 2 : 0;
}

static const struct ak_cli_command *find(
    const struct ak_cli_program *program, int argc, char **argv, int *out_words)
{
    for (size_t i = 0; i < program->count; i++) {
        *out_words = match(&program->commands[i], argc, argv);
        if (*out_words) return &program->commands[i];
    }
    return NULL;
}

static bool is_noun(const struct ak_cli_program *program, const char *word)
{
    for (size_t i = 0; i < program->count; i++)
        if (strcmp(program->commands[i].noun, word) == 0) return true;
    return false;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* ---- settings before the command, as other programs take them, too ---- */

static bool is_setting(const char *name, size_t len)
{
    if (len == strlen("config") && strncmp(name, "config", len) == 0) return true;
    for (size_t i = 0; i < ak_client_conf_table.count; i++) {
        char flag[AK_CONF_FLAG_MAX];
        ak_conf_flag_name(ak_client_conf_table.keys[i].name, flag);
        if (strlen(flag) == len && strncmp(name, flag, len) == 0) return true;
    }
    return false;
}

/* Words that stand before the command: settings with their values, --json, --yes. */
static int count_leading(int argc, char **argv)
{
    int i = 1;
    while (i < argc && strncmp(argv[i], "--", 2) == 0) {
        const char *name = argv[i] + 2;
        size_t len = strcspn(name, "=");
        bool is_switch = strcmp(name, "json") == 0 || strcmp(name, "yes") == 0;
        if (!is_switch && !is_setting(name, len)) break;
        i += is_switch || name[len] == '=' ? 1 : 2;
    }
    return i < argc ? i - 1 : argc - 1;
}

static void reverse(char **words, int count)
{
    for (int i = 0; i < count / 2; i++) {
        char *word = words[i];
        words[i] = words[count - 1 - i];
        words[count - 1 - i] = word;
    }
}

/* Behind the command's own words, where all else expects them. */
static void move_behind(char **argv, int leading, int words)
{
    reverse(argv + 1, leading);
    reverse(argv + 1 + leading, words);
    reverse(argv + 1, leading + words);
}

/* Where reading the arguments stopped early: --json may stand behind. A value that reads so costs nothing. */
static bool stands_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0) return true;
    return false;
}

/* "list, show, suspend": what may stand behind this noun. */
static void put_verbs(const struct ak_cli_program *program, const char *noun, char *out, size_t cap)
{
    struct ak_buf text = ak_buf(out, cap);
    ak_buf_put_str(&text, "behind it stands one of ");
    size_t head = text.len;
    for (size_t i = 0; i < program->count; i++) {
        const struct ak_cli_command *command = &program->commands[i];
        if (strcmp(command->noun, noun) != 0 || !command->verb) continue;
        if (text.len > head) ak_buf_put_str(&text, ", ");
        ak_buf_put_str(&text, command->verb);
    }
    if (ak_buf_terminate(&text) != AK_OK) out[0] = 0;
}

/* No command, or none of that name. */
static int without_command(struct ak_cli *cli, int argc, char **argv)
{
    char problem[128], cause[256] = "--help lists the commands";
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        (void)printf("%s " AK_VERSION "\n", cli->program->name);
        return AK_CATEGORY_OK;
    }
    bool asked =
        argc >= 2 && (is_help(argv[1]) || (argc >= 3 && is_noun(cli->program, argv[1]) && is_help(argv[2])));
    if (asked) {
        print(put_program, cli);
        return AK_CATEGORY_OK;
    }
    cli->json = stands_json(argc, argv);
    if (argc < 2) return ak_cli_fail_usage(cli, "no command given", "the first word is a command");
    if (argv[1][0] == '-')
        return ak_cli_fail_usage(cli, "no command given",
            "the first word is a command; only settings, such as --config FILE, may stand before it");
    bool is_half = is_noun(cli->program, argv[1]);
    if (is_half) put_verbs(cli->program, argv[1], cause, sizeof cause);
    (void)snprintf(
        problem, sizeof problem, is_half ? "%.40s is half a command" : "there is no command %.40s", argv[1]);
    return ak_cli_fail_usage(cli, problem, cause);
}

/* ---- options ---- */

struct options {
    struct ak_cli *cli;
    struct ak_conf_option rows[OPTION_TOTAL];
    size_t count;
    bool twice;
    bool help;
};

static enum ak_err join(struct ak_cli *cli, size_t i, const char *value)
{
    struct ak_buf text = AK_BUF_ARR(cli->joined);
    text.len = strlen(cli->joined);
    if (cli->values[i]) ak_buf_put_u8(&text, ',');
    ak_buf_put_str(&text, value);
    cli->values[i] = cli->joined;
    return ak_buf_terminate(&text);
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    struct options *options = ctx;
    struct ak_cli *cli = options->cli;
    size_t i = (size_t)(option - options->rows);
    if (i < AK_CLI_COMMON_COUNT) {
        cli->json = cli->json || i == AK_CLI_COMMON_JSON;
        cli->yes = cli->yes || i == AK_CLI_COMMON_YES;
        options->help = options->help || i == AK_CLI_COMMON_HELP;
        return AK_OK;
    }
    i -= AK_CLI_COMMON_COUNT;
    if (cli->command->options[i].many) return join(cli, i, value);
    options->twice = options->twice || cli->values[i];
    cli->values[i] = value ? value : "";
    return AK_OK;
}

static void list_options(struct ak_cli *cli, struct options *options)
{
    options->cli = cli;
    for (size_t i = 0; i < AK_CLI_COMMON_COUNT; i++)
        options->rows[options->count++] =
            (struct ak_conf_option){ak_cli_common[i].name, i == AK_CLI_COMMON_HELP ? 'h' : 0, false};
    for (size_t i = 0; i < cli->command->option_count; i++) {
        const struct ak_cli_option *option = &cli->command->options[i];
        options->rows[options->count++] = (struct ak_conf_option){option->name, 0, option->value != NULL};
    }
}

const char *ak_cli_value(const struct ak_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->command->option_count; i++)
        if (strcmp(cli->command->options[i].name, name) == 0) return cli->values[i];
    return NULL;
}

bool ak_cli_has(const struct ak_cli *cli, const char *name)
{
    return ak_cli_value(cli, name) != NULL;
}

static int fail_conf(struct ak_cli *cli, const struct ak_boot_fail *fail)
{
    char problem[256];
    (void)snprintf(problem, sizeof problem, "%s: %s%s%s", fail->code, fail->setting,
        fail->value[0] ? "=" : "", fail->value);
    return ak_cli_fail_usage(cli, problem, fail->reason);
}

/* 0, or the exit status; *out_done where all is done already (--help). */
static int load(struct ak_cli *cli, int argc, char **argv, bool *out_done)
{
    struct options options = {.count = 0};
    struct ak_boot_fail fail;
    char file[AK_CONF_TEXT_MAX];
    list_options(cli, &options);
    struct ak_conf_input in = {.dirs = cli->dirs,
        .file = file,
        .envp = (const char *const *)environ,
        .argc = argc,
        .argv = argv,
        .options = options.rows,
        .option_count = options.count,
        .on_option = on_option,
        .ctx = &options};
    (void)snprintf(file, sizeof file, "%s/config", cli->dirs.home);
    enum ak_err err = ak_client_conf_load(&cli->conf, &in, &fail);
    if (options.help) {
        print(put_command, cli);
        *out_done = true;
        return AK_CATEGORY_OK;
    }
    cli->json = cli->json || (err && stands_json(argc, argv));
    if (err) return fail_conf(cli, &fail);
    if (options.twice) return ak_cli_fail_usage(cli, "an option stands there twice", "each is given once");
    cli->operand_count = in.out_argc;
    cli->operands = in.out_argv;
    if (in.out_argc >= cli->command->min_operands && in.out_argc <= cli->command->max_operands) return 0;
    char cause[128] = "it takes none";
    if (cli->command->operands[0])
        (void)snprintf(cause, sizeof cause, "it takes: %.100s", cli->command->operands);
    return ak_cli_fail_usage(cli, "wrong number of operands", cause);
}

static int run(struct ak_cli *cli, int argc, char **argv)
{
    bool done = false;
    if (cli->command->own_arguments) {
        cli->argc = argc;
        cli->argv = argv;
        return cli->command->run(cli);
    }
    int status = load(cli, argc, argv, &done);
    if (status || done) return status;
    ak_log_init((enum ak_log_level)ak_conf_choice(&cli->conf, AK_CLIENT_LOG_LEVEL), cli->program->name, 2);
    status = cli->command->run(cli);
    ak_cli_close(cli);
    return status;
}

static int dispatch(struct ak_cli *cli, int argc, char **argv)
{
    int words = 0;
    int leading = count_leading(argc, argv);
    cli->command = find(cli->program, argc - leading, argv + leading, &words);
    if (!cli->command) return without_command(cli, argc - leading, argv + leading);
    move_behind(argv, leading, words);
    if (ak_conf_dirs_find((const char *const *)environ, geteuid() == 0, &cli->dirs) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no folder for settings and state",
            "neither HOME nor XDG_CONFIG_HOME and XDG_DATA_HOME are set", "export HOME=/home/you");
    argv[words] = argv[0];
    return run(cli, argc - words, argv + words);
}

int ak_cli_main(const struct ak_cli_program *program, int argc, char **argv)
{
    struct ak_cli *cli = &cli_state;
    uint64_t seed = 0;
    *cli = (struct ak_cli){.program = program, .profile.dir_fd = -1, .profile.lock_fd = -1, .trace_fd = -1};
    if (ak_inherit_mend() != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "this system has no /dev/null", "it cannot be opened",
            "ls -l /dev/null");
    ak_random_bytes(&seed, sizeof seed);
    ak_json_init(seed | 1);
    int status = dispatch(cli, argc, argv);
    int why = ak_inherit_flush();
    return why ? ak_cli_fail_output(cli, status, why) : status;
}
