/* One table of options for all programs; the rest is in theirs. */
#include "io/conf/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_HELP, OPTION_VERSION, OPTION_COUNT };

static const struct ak_conf_option options[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", 'h', false},
    [OPTION_VERSION] = {"version", 'V', false},
};

void ak_conf_program_help(const struct ak_conf_program *program)
{
    static char text[32 * 1024];
    struct ak_buf buf = AK_BUF_ARR(text);
    (void)fputs(program->help, stdout);
    ak_conf_document(program->table, AK_CONF_DOC_HELP, &buf);
    (void)fwrite(text, 1, buf.len, stdout);
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    const struct ak_conf_program *program = ctx;
    (void)value;
    if (option == &options[OPTION_HELP])
        ak_conf_program_help(program);
    else
        (void)printf("%s " AK_VERSION "\n", program->table->program);
    exit(0);
}

void ak_conf_program_load(const struct ak_conf_program *program, int argc, char **argv, const char *command,
    struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs)
{
    struct ak_boot_fail fail;
    struct ak_conf_input in = {.file = program->file,
        .envp = (const char *const *)environ,
        .argc = argc,
        .argv = argv,
        .options = options,
        .option_count = OPTION_COUNT,
        .on_option = on_option,
        .ctx = (void *)(uintptr_t)program};
    if (ak_conf_dirs_find(in.envp, geteuid() == 0, &in.dirs) != AK_OK)
        ak_boot_fail("no_home", "HOME", "", "neither HOME nor XDG_DATA_HOME is set", program->table->see);
    *out_dirs = in.dirs;
    if (ak_conf_load(out_conf, program->table, &in, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    if (in.out_argc > 0)
        ak_boot_fail(
            "bad_command", command, in.out_argv[0], "takes no such operand; see --help", program->see);
}

int ak_conf_program_print(const struct ak_conf *conf, bool json)
{
    static char text[2 * AK_CONF_FILE_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    if (json)
        ak_conf_print_json(conf, &buf);
    else
        ak_conf_print(conf, true, &buf);
    if (buf.failed) return 1;
    return fwrite(text, 1, buf.len, stdout) == buf.len ? 0 : 1;
}

int ak_conf_program_run(const struct ak_conf_program *program, int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < program->command_count; i++) {
        if (strcmp(argv[1], program->commands[i].name) != 0) continue;
        memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv); /* with the NULL at the end */
        return program->commands[i].run(argc - 1, argv);
    }
    return program->otherwise(argc, argv);
}
