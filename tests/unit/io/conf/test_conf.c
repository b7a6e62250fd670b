/* Order of the sources, unknown keys and flags, the file's traps. */
#include "unit/check.h"

#include <sys/stat.h>

#include "io/conf/conf.h"
#include "unit/io/conf/temp_file.h"

enum { LISTEN, RATE, SWITCH, DIR, DOTTED };
static const struct ak_conf_key keys[] = {
    {"listen", AK_CONF_LISTEN, "127.0.0.1:1", 0, 0, NULL, "Where."},
    {"rate_per_minute", AK_CONF_NUMBER, "100", 1, 10000, NULL, "How often."},
    {"enabled", AK_CONF_SWITCH, "off", 0, 0, NULL, "Whether."},
    {"dir", AK_CONF_PATH, "${data}/x", 1, 0, NULL, "Folder."},
    {"sign_in.local", AK_CONF_SWITCH, "on", 0, 0, NULL, "Local."},
};
static const struct ak_conf_table table = {"program", "docs/x.md", keys, AK_COUNT(keys)};
static const struct ak_conf_dirs dirs = {"/data", "/run", "/home", "/data/client"};
static struct ak_conf conf;
static struct ak_boot_fail fail;

static enum ak_err load(const char *content, const char *const *envp, int argc, char **argv)
{
    char name[64] = "";
    struct ak_conf_input in = {.dirs = dirs, .envp = envp, .argc = argc, .argv = argv};
    if (content) {
        assert_int_equal(temp_file(name, content), 0);
        in.file = name;
    }
    enum ak_err err = ak_conf_load(&conf, &table, &in, &fail);
    if (content) unlink(name);
    return err;
}

static void defaults_hold(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, NULL, 0, NULL), AK_OK);
    assert_string_equal(ak_conf_text(&conf, DIR), "/data/x");
    assert_int_equal(ak_conf_number(&conf, RATE), 100);
    assert_false(ak_conf_on(&conf, SWITCH));
    assert_true(ak_conf_on(&conf, DOTTED));
}

static void stronger_sources_win(void **state)
{
    (void)state;
    const char *const env[] = {"AGENTKEYS_RATE_PER_MINUTES=9", "AGENTKEYS_RATE_PER_MINUTE=300",
        "AGENTKEYS_SIGN_IN_LOCAL=off", "OTHER=1", NULL};
    char flag[] = "--rate-per-minute=400", dotted[] = "--sign-in-local";
    char name[] = "program";
    char *argv[] = {name, flag, dotted, NULL};
    const char *file = "; a comment\nrate_per_minute = 200\nenabled = on\n";
    assert_int_equal(load(file, NULL, 0, NULL), AK_OK);
    assert_int_equal(ak_conf_number(&conf, RATE), 200);
    assert_true(ak_conf_on(&conf, SWITCH));
    assert_int_equal(load(file, env, 0, NULL), AK_OK);
    assert_int_equal(ak_conf_number(&conf, RATE), 300);
    assert_false(ak_conf_on(&conf, DOTTED));
    assert_int_equal(load(file, env, 3, argv), AK_OK);
    assert_int_equal(ak_conf_number(&conf, RATE), 400);
    assert_true(ak_conf_on(&conf, DOTTED));
    assert_int_equal(conf.values[RATE].source, AK_CONF_FROM_FLAG);
    assert_int_equal(conf.values[SWITCH].source, AK_CONF_FROM_FILE);
    assert_int_equal(conf.values[LISTEN].source, AK_CONF_FROM_DEFAULT);
}

static void assert_refused(const char *content, const char *code, const char *setting)
{
    assert_int_not_equal(load(content, NULL, 0, NULL), AK_OK);
    assert_string_equal(fail.code, code);
    assert_string_equal(fail.setting, setting);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    assert_refused("unknown = 1\n", "unknown_key", "unknown");
    assert_refused("Listen = none\n", "unknown_key", "Listen");
    assert_refused("rate_per_minute = 0\n", "bad_value", "rate_per_minute");
    assert_string_equal(fail.reason, "too small; allowed: 1 to 10000");
    assert_refused("rate_per_minute = 10001\n", "bad_value", "rate_per_minute");
    assert_string_equal(fail.reason, "too large; allowed: 1 to 10000");
    assert_refused("enabled = yes\n", "bad_value", "enabled");
    assert_non_null(strstr(fail.reason, "; allowed: on|off"));
    assert_refused("listen = nowhere\n", "bad_value", "listen");
    assert_null(strstr(fail.reason, "allowed"));
    assert_refused("rate_per_minute = 1\nrate_per_minute = 2\n", "bad_config", "rate_per_minute");
    assert_refused("rate_per_minute\n", "bad_config", "config");
    assert_refused("[part]\nenabled = on\n", "bad_config", "enabled");
    assert_refused("rate_per_minute = 5\n  6\n", "bad_config", "config");
    assert_refused("rate_per_minute = 5\n\t6\n", "bad_config", "config");
    assert_refused("rate_per_minute =\n", "bad_value", "rate_per_minute");
    char line[300] = "dir = /";
    memset(line + 7, 'x', 250);
    assert_refused(line, "bad_config", "config");
}

static void lines_and_files_end_at_their_limits(void **state)
{
    (void)state;
    char text[300];
    for (size_t len = 196; len <= 199; len++) { /* inih would split the longer ones */
        (void)snprintf(text, sizeof text, "dir = /%0*d\nenabled = on\n", (int)len - 7, 0);
        assert_int_equal(load(text, NULL, 0, NULL), len <= 197 ? AK_OK : AK_E_FORMAT);
        if (len <= 197) assert_int_equal(strlen(ak_conf_text(&conf, DIR)), len - 6);
    }
    static char file[AK_CONF_FILE_MAX + 2];
    memset(file, '\n', sizeof file - 1);
    for (size_t len = AK_CONF_FILE_MAX - 1; len <= AK_CONF_FILE_MAX + 1; len++) {
        struct ak_span whole = ak_span(file, len);
        enum ak_err want = len <= AK_CONF_FILE_MAX ? AK_OK : AK_E_FORMAT;
        assert_int_equal(ak_conf_load_text(&conf, &table, whole, &fail), want);
    }
    file[AK_CONF_FILE_MAX + 1] = 0;
    assert_int_equal(load(file, NULL, 0, NULL), AK_E_FORMAT);
    assert_string_equal(fail.reason, "longer than 64 KiB");
    file[AK_CONF_FILE_MAX] = 0;
    assert_int_equal(load(file, NULL, 0, NULL), AK_OK);
}

static void a_default_may_be_too_long_for_its_folder(void **state)
{
    (void)state;
    char text[400] = "${data}/";
    memset(text + 8, 'x', 300);
    const struct ak_conf_key key = {"dir", AK_CONF_PATH, text, 1, 0, NULL, ""};
    const struct ak_conf_table one = {"program", "docs/x.md", &key, 1};
    for (size_t folder = AK_CONF_TEXT_MAX - 302 - 1; folder <= AK_CONF_TEXT_MAX - 302 + 1; folder++) {
        struct ak_conf_input in = {.dirs = {.data = "/"}};
        memset(in.dirs.data, '/', folder);
        bool fits = folder + 301 < AK_CONF_TEXT_MAX;
        assert_int_equal(ak_conf_load(&conf, &one, &in, &fail), fits ? AK_OK : AK_E_MEANING);
        if (!fits) assert_string_equal(fail.reason, "too long");
    }
}

static void file_needs_an_owner(void **state)
{
    (void)state;
    char name[64];
    assert_int_equal(temp_file(name, "enabled = on\n"), 0);
    struct ak_conf_input in = {.dirs = dirs, .file = name, .file_required = true};
    assert_int_equal(chmod(name, 0666), 0);
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_E_MEANING);
    assert_string_equal(fail.code, "bad_config");
    assert_int_equal(chmod(name, 0644), 0);
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_OK);
    if (geteuid() == 0) { /* who else could give a file away */
        assert_int_equal(chown(name, 1, 0), 0);
        assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_E_MEANING);
        assert_string_equal(fail.reason, "others may write it");
    }
    unlink(name);
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_E_MEANING);
    assert_string_equal(fail.reason, "No such file or directory");
    in.file_required = false;
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_OK);
}

static void bad_value_is_told_even_where_a_flag_hides_it(void **state)
{
    (void)state;
    char flag[] = "--rate-per-minute=400", name[] = "program";
    char *argv[] = {name, flag, NULL};
    assert_int_equal(load("rate_per_minute = x\n", NULL, 2, argv), AK_E_MEANING);
    assert_string_equal(fail.value, "x");
}

static void bad_flags_are_refused(void **state)
{
    (void)state;
    char name[] = "program", unknown[] = "--unknown", missing[] = "--listen", bad[] = "--enabled=maybe";
    char *argv[] = {name, unknown, NULL};
    assert_int_equal(load(NULL, NULL, 2, argv), AK_E_MEANING);
    assert_string_equal(fail.code, "unknown_flag");
    assert_string_equal(fail.setting, "--unknown");
    argv[1] = missing;
    assert_int_equal(load(NULL, NULL, 2, argv), AK_E_MEANING);
    assert_string_equal(fail.code, "bad_flag");
    argv[1] = bad;
    assert_int_equal(load(NULL, NULL, 2, argv), AK_E_MEANING);
    assert_string_equal(fail.code, "bad_value");
}

enum { SEEN_MAX = 64 };

static enum ak_err note_option(void *ctx, const struct ak_conf_option *option, const char *value)
{
    char *seen = ctx;
    size_t len = strlen(seen);
    (void)snprintf(seen + len, SEEN_MAX - len, "%s%s", option->name, value ? value : "-");
    return value && strcmp(value, "bad") == 0 ? AK_E_FORMAT : AK_OK;
}

static void own_options_and_operands(void **state)
{
    (void)state;
    static const struct ak_conf_option options[] = {{"help", 'h', false}, {"json", 0, true}};
    char seen[SEEN_MAX] = "";
    char *argv[] = {(char[]){"program"}, (char[]){"verb"}, (char[]){"-h"}, (char[]){"--json=F"},
        (char[]){"--enabled"}, (char[]){"--"}, (char[]){"--operand"}, NULL};
    struct ak_conf_input in = {.dirs = dirs,
        .argc = 7,
        .argv = argv,
        .options = options,
        .option_count = 2,
        .on_option = note_option,
        .ctx = seen};
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_OK);
    assert_string_equal(seen, "help-jsonF");
    assert_true(ak_conf_on(&conf, SWITCH));
    assert_int_equal(in.out_argc, 2);
    assert_string_equal(in.out_argv[0], "verb");
    assert_string_equal(in.out_argv[1], "--operand");
    char *bad[] = {(char[]){"program"}, (char[]){"--json=bad"}, NULL};
    in.argc = 2;
    in.argv = bad;
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_E_MEANING);
    assert_string_equal(fail.code, "bad_flag");
    assert_string_equal(fail.setting, "json");
}

/* An option of the program hides the setting of its name. */
static void own_option_goes_first(void **state)
{
    (void)state;
    char seen[SEEN_MAX] = "";
    static const struct ak_conf_option options[] = {{"enabled", 0, true}};
    char *argv[] = {(char[]){"program"}, (char[]){"--enabled"}, (char[]){"this"}, NULL};
    struct ak_conf_input in = {.dirs = dirs,
        .argc = 3,
        .argv = argv,
        .options = options,
        .option_count = 1,
        .on_option = note_option,
        .ctx = seen};
    assert_int_equal(ak_conf_load(&conf, &table, &in, &fail), AK_OK);
    assert_string_equal(seen, "enabledthis");
    assert_false(ak_conf_on(&conf, SWITCH));
    assert_int_equal(in.out_argc, 0);
}

static void config_flag_names_the_file(void **state)
{
    (void)state;
    char name[64], flag[] = "--config";
    assert_int_equal(temp_file(name, "enabled = on\n"), 0);
    char *argv[] = {(char[]){"program"}, flag, name, NULL};
    assert_int_equal(load(NULL, NULL, 3, argv), AK_OK);
    assert_true(ak_conf_on(&conf, SWITCH));
    unlink(name);
    assert_int_equal(load(NULL, NULL, 3, argv), AK_E_MEANING);
    assert_string_equal(fail.code, "bad_config");
}

static void print_reads_back(void **state)
{
    (void)state;
    char text[4096];
    for (int with_sources = 0; with_sources < 2; with_sources++) {
        assert_int_equal(load("rate_per_minute = 7\nenabled = on\n", NULL, 0, NULL), AK_OK);
        struct ak_buf buf = AK_BUF_ARR(text);
        ak_conf_print(&conf, with_sources, &buf);
        assert_int_equal(ak_buf_check(&buf), AK_OK);
        struct ak_conf again;
        assert_int_equal(ak_conf_load_text(&again, &table, ak_buf_span(&buf), &fail), AK_OK);
        for (size_t i = 0; i < AK_COUNT(keys); i++) {
            assert_string_equal(again.values[i].text, conf.values[i].text);
            assert_int_equal(again.values[i].number, conf.values[i].number);
        }
    }
    assert_int_not_equal(ak_conf_load_text(&conf, &table, AK_SPAN_LIT("what = 1\n"), &fail), AK_OK);
    assert_int_not_equal(ak_conf_load_text(&conf, &table, ak_span("dir = /a\0b\n", 11), &fail), AK_OK);
}

/* A child knows what was given from what is a default, and gets the same values. */
static void given_values_stay_given(void **state)
{
    (void)state;
    char text[4096];
    struct ak_conf again;
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(load("rate_per_minute = 7\n", NULL, 0, NULL), AK_OK);
    ak_conf_print_given(&conf, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(ak_conf_load_text(&again, &table, ak_buf_span(&buf), &fail), AK_OK);
    for (size_t i = 0; i < AK_COUNT(keys); i++) {
        assert_string_equal(again.values[i].text, conf.values[i].text);
        assert_int_equal(again.values[i].number, conf.values[i].number);
        bool plain = strncmp(keys[i].default_text, "${", 2) != 0;
        bool given = conf.values[i].source != AK_CONF_FROM_DEFAULT;
        if (plain) assert_int_equal(again.values[i].source != AK_CONF_FROM_DEFAULT, given);
    }
}

static void dirs_follow_xdg(void **state)
{
    (void)state;
    struct ak_conf_dirs found;
    const char *const home[] = {"HOME=/home/a", NULL};
    assert_int_equal(ak_conf_dirs_find(home, false, &found), AK_OK);
    assert_string_equal(found.data, "/home/a/.local/share/agentkeys");
    assert_string_equal(found.run, "/home/a/.local/share/agentkeys/run");
    assert_string_equal(found.home, "/home/a/.config/agentkeys");
    const char *const xdg[] = {
        "HOME=/home/a", "XDG_DATA_HOME=/d", "XDG_RUNTIME_DIR=/r", "XDG_CONFIG_HOME=relative", NULL};
    assert_int_equal(ak_conf_dirs_find(xdg, false, &found), AK_OK);
    assert_string_equal(found.data, "/d/agentkeys");
    assert_string_equal(found.run, "/r/agentkeys");
    assert_string_equal(found.home, "/home/a/.config/agentkeys");
    assert_string_equal(found.client, "/d/agentkeys/client");
    const char *const none[] = {NULL};
    assert_int_equal(ak_conf_dirs_find(none, false, &found), AK_E_MEANING);
    assert_int_equal(ak_conf_dirs_find(none, true, &found), AK_OK);
    assert_string_equal(found.data, "/var/lib/agentkeys");
    assert_string_equal(found.run, "/run/agentkeys");
    const char *const service[] = {"STATE_DIRECTORY=/s", "RUNTIME_DIRECTORY=/rt", NULL};
    assert_int_equal(ak_conf_dirs_find(service, false, &found), AK_OK);
    assert_string_equal(found.data, "/s");
    assert_string_equal(found.run, "/rt");
    assert_string_equal(found.client, "/s/client");
    const char *const several[] = {"STATE_DIRECTORY=/s:/s-slots", "RUNTIME_DIRECTORY=/a:/b:/c", NULL};
    assert_int_equal(ak_conf_dirs_find(several, false, &found), AK_OK);
    assert_string_equal(found.data, "/s");
    assert_string_equal(found.run, "/a");
    const char *const half[] = {"STATE_DIRECTORY=/s", "RUNTIME_DIRECTORY=b:/a", NULL};
    assert_int_equal(ak_conf_dirs_find(half, false, &found), AK_E_MEANING);
    char long_home[400] = "HOME=/";
    memset(long_home + 6, 'x', 300);
    const char *const too_long[] = {long_home, NULL};
    assert_int_equal(ak_conf_dirs_find(too_long, false, &found), AK_E_LIMIT);
}

/* What serves lies in the system's folders, what root keeps as a person in root's own. */
static void dirs_of_root(void **state)
{
    (void)state;
    struct ak_conf_dirs found;
    const char *const none[] = {NULL};
    assert_int_equal(ak_conf_dirs_find(none, true, &found), AK_OK);
    assert_string_equal(found.client, "/var/lib/agentkeys/client");
    assert_string_equal(found.home, "/root/.config/agentkeys");
    const char *const login[] = {"HOME=/h", "XDG_RUNTIME_DIR=/run/user/0", NULL};
    assert_int_equal(ak_conf_dirs_find(login, true, &found), AK_OK);
    assert_string_equal(found.data, "/var/lib/agentkeys");
    assert_string_equal(found.run, "/run/agentkeys");
    assert_string_equal(found.home, "/h/.config/agentkeys");
    assert_string_equal(found.client, "/h/.local/share/agentkeys/client");
    const char *const xdg[] = {"HOME=/h", "XDG_DATA_HOME=/d", "XDG_RUNTIME_DIR=/r", NULL};
    assert_int_equal(ak_conf_dirs_find(xdg, true, &found), AK_OK);
    assert_string_equal(found.data, "/d/agentkeys");
    assert_string_equal(found.run, "/r/agentkeys");
    assert_string_equal(found.client, "/d/agentkeys/client");
    const char *const relative[] = {"HOME=/h", "XDG_DATA_HOME=d", NULL};
    assert_int_equal(ak_conf_dirs_find(relative, true, &found), AK_OK);
    assert_string_equal(found.data, "/var/lib/agentkeys");
    const char *const service[] = {"HOME=/h", "STATE_DIRECTORY=/s:/t", NULL};
    assert_int_equal(ak_conf_dirs_find(service, true, &found), AK_OK);
    assert_string_equal(found.client, "/s/client");
    char long_home[400] = "HOME=/";
    memset(long_home + 6, 'x', 230); /* a folder's path fits, the clients' does not */
    const char *const too_long[] = {long_home, NULL};
    assert_int_equal(ak_conf_dirs_find(too_long, true, &found), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(stronger_sources_win),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(lines_and_files_end_at_their_limits),
        cmocka_unit_test(a_default_may_be_too_long_for_its_folder),
        cmocka_unit_test(file_needs_an_owner),
        cmocka_unit_test(bad_value_is_told_even_where_a_flag_hides_it),
        cmocka_unit_test(bad_flags_are_refused),
        cmocka_unit_test(own_options_and_operands),
        cmocka_unit_test(own_option_goes_first),
        cmocka_unit_test(config_flag_names_the_file),
        cmocka_unit_test(print_reads_back),
        cmocka_unit_test(given_values_stay_given),
        cmocka_unit_test(dirs_follow_xdg),
        cmocka_unit_test(dirs_of_root),
    };
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
