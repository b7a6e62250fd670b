/* What programs that run as services have in common: subcommands, --help, --version, settings, refusals. */
#include "unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/conf/program.h"
#include "io/conf/worker_conf.h"

/* As main gets them. */
static char *args[8];
static int words(const char *const *list)
{
    int count = 1;
    args[0] = (char *)(uintptr_t) "program";
    for (; list[count - 1]; count++) args[count] = (char *)(uintptr_t)list[count - 1];
    args[count] = NULL;
    return count;
}
#define WORDS(...) words((const char *const[]){__VA_ARGS__, NULL})

static int seen_argc;
static char **seen_argv;

static int first(int argc, char **argv)
{
    seen_argc = argc;
    seen_argv = argv;
    return 11;
}
static int second(int argc, char **argv)
{
    seen_argc = argc;
    seen_argv = argv;
    return 12;
}
static int otherwise(int argc, char **argv)
{
    seen_argc = argc;
    seen_argv = argv;
    return 13;
}

static const struct ak_conf_command commands[] = {{"first", first}, {"second", second}};
static const struct ak_conf_program program = {.table = &ak_worker_conf_table,
    .file = "/nonexistent/agentkeys-test.conf",
    .help = "usage: what it is\n",
    .see = "docs/none.md",
    .commands = commands,
    .command_count = AK_COUNT(commands),
    .otherwise = otherwise};

static void a_command_is_taken_out(void **state)
{
    (void)state;
    int argc = WORDS("second", "--flag", "operand");
    assert_int_equal(ak_conf_program_run(&program, argc, args), 12);
    assert_int_equal(seen_argc, 3);
    assert_string_equal(seen_argv[0], "program");
    assert_string_equal(seen_argv[1], "--flag");
    assert_string_equal(seen_argv[2], "operand");
    assert_null(seen_argv[3]);
    argc = WORDS("first");
    assert_int_equal(ak_conf_program_run(&program, argc, args), 11);
    assert_int_equal(seen_argc, 1);
}

/* Also where the command's name stands later, or only its beginning. */
static void without_one_everything_stays(void **state)
{
    (void)state;
    int argc = WORDS("--flag", "first");
    assert_int_equal(ak_conf_program_run(&program, argc, args), 13);
    assert_int_equal(seen_argc, 3);
    assert_ptr_equal(seen_argv, args);
    argc = WORDS("firs");
    assert_int_equal(ak_conf_program_run(&program, argc, args), 13);
    argc = words((const char *const[]){NULL});
    assert_int_equal(ak_conf_program_run(&program, argc, args), 13);
    assert_int_equal(seen_argc, 1);
}

/* What a child of ours says on either output, and its exit status. */
static int hear(pid_t pid, const int ends[2], char *out_text, size_t cap)
{
    int status = 0;
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], out_text + len, cap - 1 - len)) > 0;) len += (size_t)got;
    out_text[len] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool speak(const int ends[2])
{
    return dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2;
}

/* Runs it as a process of its own. */
static int say(int argc, bool json, char *out_text, size_t cap)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        static struct ak_conf conf;
        struct ak_conf_dirs dirs;
        if (!speak(ends)) _exit(99);
        (void)setvbuf(stdout, NULL, _IOLBF, 1 << 16);
        ak_conf_program_load(&program, argc, args, "first", &conf, &dirs);
        int status = ak_conf_program_print(&conf, json);
        (void)fflush(stdout);
        _exit(status);
    }
    return hear(pid, ends, out_text, cap);
}

static char text[64 * 1024];
#define SAY(...)      say(WORDS(__VA_ARGS__), false, text, sizeof text)
#define SAY_JSON(...) say(WORDS(__VA_ARGS__), true, text, sizeof text)

static void help_and_version(void **state)
{
    (void)state;
    assert_int_equal(SAY("--help"), 0);
    assert_memory_equal(text, "usage: what it is\n", 18);
    assert_non_null(strstr(text, "--data-dir"));
    assert_int_equal(SAY("-V"), 0);
    assert_string_equal(text, "agentkeys-worker " AK_VERSION "\n");
}

static void settings_with_their_sources(void **state)
{
    (void)state;
    assert_int_equal(SAY("--vault-services-max=77"), 0);
    assert_non_null(strstr(text, "vault.services_max = 77"));
    assert_non_null(strstr(text, "flag"));
    assert_int_equal(SAY_JSON("--vault-services-max=77", "--socket=/run/a\"b"), 0);
    assert_int_equal(text[0], '{');
    assert_non_null(strstr(text, "\"vault.services_max\":{\"value\":\"77\",\"source\":\"flag\"}"));
    assert_non_null(strstr(text, "{\"value\":\"/run/a\\\"b\",\"source\":\"flag\"}"));
    assert_string_equal(text + strlen(text) - 3, "}}\n");
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    assert_int_not_equal(SAY("operand"), 0);
    assert_non_null(strstr(text, "BOOT_FAIL bad_command"));
    assert_non_null(strstr(text, "docs/none.md"));
    assert_int_not_equal(SAY("--no-such-flag"), 0);
    assert_non_null(strstr(text, "BOOT_FAIL unknown_flag"));
}

static const char *fail_locked(rlim_t have)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit limit = {have, have};
        if (!speak(ends) || setrlimit(RLIMIT_MEMLOCK, &limit)) _exit(99);
        ak_conf_program_locked("key memory");
    }
    assert_int_equal(hear(pid, ends, text, sizeof text), 1);
    return text;
}

/* The limit, what is needed, and how to get it; where there is enough, no advice that would not help. */
static void memory_that_cannot_be_locked(void **state)
{
    (void)state;
    enum { NEED = 8 * 1024 * 1024 };
    static const char low[] =
        "; 8 MiB are needed: LimitMEMLOCK=8M in the unit, ulimit -l 8192, or memlock in "
        "limits.conf; see docs/operations.md#locked-memory\n";
    assert_string_equal(strstr(fail_locked((rlim_t)64 * 1024), "cannot be locked") + 16, low);
    assert_memory_equal(text, "BOOT_FAIL locked_memory: RLIMIT_MEMLOCK=64 KiB: key memory cannot be", 66);
    assert_non_null(strstr(fail_locked(0), "=0 KiB: "));
    struct rlimit have;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &have), 0);
    if (have.rlim_max < NEED) return; /* more than the tests may have themselves */
    assert_non_null(strstr(fail_locked(NEED - 1), "=8191 KiB: "));
    assert_non_null(strstr(text, low));
    assert_non_null(
        strstr(fail_locked(NEED), "=8192 KiB: key memory cannot be locked, though this is enough: "));
    if (have.rlim_max == RLIM_INFINITY)
        assert_non_null(
            strstr(fail_locked(RLIM_INFINITY), "=unlimited: key memory cannot be locked, though"));
}

/* Whatever the environment of the tests says. */
static void without_a_home(void **state)
{
    (void)state;
    if (geteuid() == 0) return; /* it needs none */
    char home[256] = "", data[256] = "";
    (void)snprintf(home, sizeof home, "%s", getenv("HOME") ? getenv("HOME") : "");
    (void)snprintf(data, sizeof data, "%s", getenv("XDG_DATA_HOME") ? getenv("XDG_DATA_HOME") : "");
    (void)unsetenv("HOME");
    (void)unsetenv("XDG_DATA_HOME");
    assert_int_not_equal(SAY("--vault-services-max=77"), 0);
    assert_non_null(strstr(text, "BOOT_FAIL no_home"));
    if (home[0]) (void)setenv("HOME", home, 1);
    if (data[0]) (void)setenv("XDG_DATA_HOME", data, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_command_is_taken_out),
        cmocka_unit_test(without_one_everything_stays), cmocka_unit_test(help_and_version),
        cmocka_unit_test(settings_with_their_sources), cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(memory_that_cannot_be_locked), cmocka_unit_test(without_a_home)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
