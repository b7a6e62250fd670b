/* Profiles: which section is taken, by whom it is chosen, what is refused. */
#include "unit/check.h"

#include "io/conf/client_conf.h"
#include "unit/io/conf/temp_file.h"

static struct ak_conf conf;
static struct ak_boot_fail fail;
static const char content[] = "timeout = 10s\nprofile = home\n"
                              "[home]\nsigner_url = http://127.0.0.1:1/tee\ntimeout = 20s\n"
                              "[work]\nsigner_url = https://w.example/tee\nevidence = required\n";

static enum ak_err load(const char *text, const char *profile_flag)
{
    char name[64];
    assert_int_equal(temp_file(name, text), 0);
    char *argv[] = {(char[]){"agentkeys"}, (char[]){"--profile"}, (char[64]){0}, NULL};
    struct ak_conf_input in = {
        .dirs = {"/d", "/r", "/h", "/d/client"}, .file = name, .argc = profile_flag ? 3 : 1, .argv = argv};
    if (profile_flag) (void)snprintf(argv[2], 64, "%s", profile_flag);
    enum ak_err err = ak_client_conf_load(&conf, &in, &fail);
    unlink(name);
    return err;
}

static void the_file_chooses(void **state)
{
    (void)state;
    assert_int_equal(load(content, NULL), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_CLIENT_PROFILE), "home");
    assert_string_equal(ak_conf_text(&conf, AK_CLIENT_SIGNER_URL), "http://127.0.0.1:1/tee");
    assert_int_equal(ak_conf_number(&conf, AK_CLIENT_TIMEOUT), 20);
}

static void a_flag_chooses(void **state)
{
    (void)state;
    assert_int_equal(load(content, "work"), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_CLIENT_SIGNER_URL), "https://w.example/tee");
    assert_int_equal(ak_conf_number(&conf, AK_CLIENT_TIMEOUT), 10);
    assert_int_equal(ak_conf_choice(&conf, AK_CLIENT_EVIDENCE), 1);
}

static void missing_profile_is_refused(void **state)
{
    (void)state;
    assert_int_not_equal(load(content, "wrok"), AK_OK);
    assert_string_equal(fail.code, "no_profile");
    assert_string_equal(fail.value, "wrok");
    assert_int_equal(load("timeout = 5s\n", NULL), AK_OK);
    assert_int_equal(load("timeout = 5s\n", "default"), AK_OK);
    struct ak_conf_input in = {.dirs = {"/d", "/r", "/h", "/d/client"}, .file = "/nonexistent/agentkeys"};
    assert_int_equal(ak_client_conf_load(&conf, &in, &fail), AK_OK);
    assert_string_equal(ak_conf_text(&conf, AK_CLIENT_STATE_DIR), "/d/client");
    const char *const env[] = {"AGENTKEYS_PROFILE=ghost", NULL};
    in.envp = env;
    assert_int_not_equal(ak_client_conf_load(&conf, &in, &fail), AK_OK);
    assert_string_equal(fail.code, "no_profile");
}

static void other_profiles_are_checked_too(void **state)
{
    (void)state;
    assert_int_not_equal(load("[a]\ntimeout = 5s\n[b]\ntimeout = never\n", "a"), AK_OK);
    assert_string_equal(fail.code, "bad_value");
    assert_int_not_equal(load("[a]\ntimeout = 5s\n[b]\ntimeuot = 5s\n", "a"), AK_OK);
    assert_string_equal(fail.code, "unknown_key");
    assert_int_not_equal(load("[a]\ntimeout = 5s\ntimeout = 6s\n", "a"), AK_OK);
    assert_string_equal(fail.code, "bad_config");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_chooses),
        cmocka_unit_test(a_flag_chooses),
        cmocka_unit_test(missing_profile_is_refused),
        cmocka_unit_test(other_profiles_are_checked_too),
    };
    return cmocka_run_group_tests_name("client_conf", tests, NULL, NULL);
}
