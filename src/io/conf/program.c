/* One table of options for all programs; the rest is in theirs. */
#include "io/conf/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/proc/inherit.h"
#include "io/proc/sandbox.h"

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

static int end(const struct ak_conf_program *program, int status)
{
    int why = ak_inherit_flush();
    if (!why) return status;
    if (why != EPIPE) /* who went away knows */
        (void)fprintf(
            stderr, "%s: standard output cannot be written: %s\n", program->table->program, strerror(why));
    return status ? status : 1;
}

static enum ak_err on_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    const struct ak_conf_program *program = ctx;
    (void)value;
    if (option == &options[OPTION_HELP])
        ak_conf_program_help(program);
    else
        (void)printf("%s " AK_VERSION "\n", program->table->program);
    exit(end(program, 0));
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

void ak_conf_program_files(const struct ak_conf *conf, size_t setting, uint64_t need)
{
    char reason[AK_CONF_TEXT_MAX];
    uint64_t have = 0;
    enum ak_err err = ak_sandbox_files(need, &have);
    if (!err) return;
    (void)snprintf(reason, sizeof reason,
        "takes %llu open files, and the system grants %llu (LimitNOFILE, ulimit -Hn)",
        (unsigned long long)need, (unsigned long long)have);
    ak_boot_fail("file_limit", conf->table->keys[setting].name, ak_conf_text(conf, (unsigned)setting), reason,
        "docs/operations.md#start-up-failures");
}

/* A process' keys and the stacks of some 28 threads. */
#define LOCKED_NEED ((rlim_t)8 * 1024 * 1024)

void ak_conf_program_locked(const char *what)
{
    char value[32], reason[AK_CONF_TEXT_MAX];
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    (void)snprintf(value, sizeof value, "%llu KiB", (unsigned long long)limit.rlim_cur / 1024);
    (void)snprintf(reason, sizeof reason, "%s cannot be locked%s", what,
        limit.rlim_cur < LOCKED_NEED ? "; 8 MiB are needed: LimitMEMLOCK=8M in the unit, ulimit -l 8192, or "
                                       "memlock in limits.conf"
                                     : ", though this is enough: the system has no more to give");
    ak_boot_fail("locked_memory", "RLIMIT_MEMLOCK", limit.rlim_cur == RLIM_INFINITY ? "unlimited" : value,
        reason, "docs/operations.md#locked-memory");
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
        return end(program, program->commands[i].run(argc - 1, argv));
    }
    return end(program, program->otherwise(argc, argv));
}
