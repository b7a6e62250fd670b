/* Files of a profile: modes, damage, round trips, the device key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/client/device.h"
#include "io/client/profile.h"

static char base[64];
static struct ak_profile profile;

static int begin(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/ak-profile.XXXXXX");
    return mkdtemp(base) && ak_profile_open(base, "default", NULL, true, &profile) == AK_OK ? 0 : -1;
}

static int end(void **state)
{
    static const char *const files[] = {"token.json", "device.key", "lock", "x", "link"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < AK_COUNT(files); i++) (void)unlinkat(profile.dir_fd, files[i], 0);
    ak_profile_close(&profile);
    (void)snprintf(path, sizeof path, "%s/default", base);
    return rmdir(path) || rmdir(base);
}

static struct ak_saved session(void)
{
    struct ak_saved saved = {.kind = AK_SAVED_SESSION,
        .token = "header.payload.signature",
        .expires_at = 1790000000,
        .identity = "email:alice@demo.example"};
    memset(saved.anchor, 0xab, sizeof saved.anchor);
    memset(saved.address, 0xcd, sizeof saved.address);
    return saved;
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(fstatat(profile.dir_fd, name, &st, 0), 0);
    return st.st_mode & 07777;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = openat(profile.dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct ak_saved saved = session(), back;
    assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
    assert_int_equal(mode_of("token.json"), 0600);
    assert_int_equal(ak_profile_load(&profile, &back), AK_OK);
    assert_memory_equal(&saved, &back, sizeof saved);
    saved.kind = AK_SAVED_AGENT;
    saved.generation = 4294967295;
    saved.identity[0] = 0;
    memset(saved.identity, 0, sizeof saved.identity);
    memcpy(saved.label, "agent-1", 8);
    memset(saved.token, 'a', AK_LIMIT_TOKEN);
    assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
    assert_int_equal(ak_profile_load(&profile, &back), AK_OK);
    assert_memory_equal(&saved, &back, sizeof saved);
}

static void test_forget(void **state)
{
    (void)state;
    struct ak_saved saved = session(), back;
    assert_int_equal(ak_profile_forget(&profile), AK_OK);
    assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
    assert_int_equal(ak_profile_forget(&profile), AK_OK);
    assert_int_equal(ak_profile_load(&profile, &back), AK_E_NOT_FOUND);
    memset(saved.token, 'a', AK_LIMIT_TOKEN); /* longer than an erasable file */
    assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
    assert_int_equal(ak_profile_forget(&profile), AK_OK);
    assert_int_equal(ak_profile_load(&profile, &back), AK_E_NOT_FOUND);
}

/* I19: a token that others may read is not used. */
static void test_open_to_others(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0700};
    struct ak_saved saved = session(), back;
    for (size_t i = 0; i < AK_COUNT(modes); i++) {
        assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
        assert_int_equal(fchmodat(profile.dir_fd, "token.json", modes[i], 0), 0);
        assert_int_equal(ak_profile_load(&profile, &back), AK_E_MEANING);
        assert_int_equal(back.kind, AK_SAVED_NONE);
    }
    assert_int_equal(unlinkat(profile.dir_fd, "token.json", 0), 0);
    write_file("x", "{}", 0600);
    assert_int_equal(symlinkat("x", profile.dir_fd, "token.json"), 0);
    assert_int_equal(ak_profile_load(&profile, &back), AK_E_MEANING);
    assert_int_equal(unlinkat(profile.dir_fd, "token.json", 0), 0);
    assert_int_equal(mkdirat(profile.dir_fd, "token.json", 0600), 0); /* no file */
    assert_int_equal(ak_profile_load(&profile, &back), AK_E_MEANING);
    assert_int_equal(unlinkat(profile.dir_fd, "token.json", AT_REMOVEDIR), 0);
    if (geteuid() != 0) return; /* who else could make another user's */
    assert_int_equal(ak_profile_save(&profile, &saved), AK_OK);
    assert_int_equal(fchownat(profile.dir_fd, "token.json", 1, 0, 0), 0);
    assert_int_equal(ak_profile_load(&profile, &back), AK_E_MEANING);
}

static _Atomic bool let_go;

static void *let_go_soon(void *other)
{
    (void)usleep(50 * 1000);
    let_go = true;
    ak_profile_unlock(other);
    return NULL;
}

/* Two processes write one after the other; none keeps the lock behind its writing. */
static void test_writers_take_turns(void **state)
{
    (void)state;
    struct ak_profile other;
    pthread_t thread;
    assert_int_equal(ak_profile_open(base, "default", NULL, true, &other), AK_OK);
    assert_int_equal(ak_profile_lock(&other), AK_OK);
    let_go = false;
    assert_int_equal(pthread_create(&thread, NULL, let_go_soon, &other), 0);
    assert_int_equal(ak_profile_write(&profile, "x", AK_SPAN_LIT("1")), AK_OK);
    assert_true(let_go);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(profile.lock_fd, -1);
    assert_int_equal(ak_profile_lock(&other), AK_OK);
    ak_profile_close(&other);
}

static void test_damaged(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "{}", "[]", "{\"kind\":\"session\"}",
        "{\"kind\":\"other\",\"token\":\"t\",\"expires_at\":1,\"anchor\":"
        "\"abababababababababababababababababababababababababababababababab\",\"address\":"
        "\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"generation\":0,\"label\":\"\",\"identity\":\"\"}",
        "{\"kind\":\"session\",\"token\":\"\",\"expires_at\":1,\"anchor\":"
        "\"abababababababababababababababababababababababababababababababab\",\"address\":"
        "\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"generation\":0,\"label\":\"\",\"identity\":\"\"}",
        "{\"kind\":\"session\",\"token\":\"t\",\"expires_at\":\"1\",\"anchor\":"
        "\"abababababababababababababababababababababababababababababababab\",\"address\":"
        "\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"generation\":0,\"label\":\"\",\"identity\":\"\"}",
        "{\"kind\":\"session\",\"token\":\"t\",\"expires_at\":1,\"anchor\":\"ab\",\"address\":"
        "\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"generation\":0,\"label\":\"\",\"identity\":\"\"}"};
    struct ak_saved back;
    for (size_t i = 0; i < AK_COUNT(texts); i++) {
        write_file("token.json", texts[i], 0600);
        memset(&back, 1, sizeof back);
        assert_int_equal(ak_profile_load(&profile, &back), AK_E_FORMAT);
        assert_int_equal(back.kind, AK_SAVED_NONE);
        assert_int_equal(back.token[0], 0);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct ak_profile other;
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "../x", "a b", "-x", "\xc3\xa4",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_false(ak_profile_name_fits(bad[i]));
        assert_int_equal(ak_profile_open(base, bad[i], NULL, true, &other), AK_E_FORMAT);
        assert_int_equal(ak_profile_open(base, "default", bad[i], true, &other), AK_E_FORMAT);
    }
    assert_true(ak_profile_name_fits("Work-2.eu_west"));
    assert_true(ak_profile_name_fits("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_int_equal(ak_profile_open(base, "other", NULL, false, &other), AK_E_NOT_FOUND);
}

static void test_folder_open_to_others(void **state)
{
    (void)state;
    struct ak_profile other;
    assert_int_equal(fchmod(profile.dir_fd, 0750), 0);
    assert_int_equal(ak_profile_open(base, "default", NULL, true, &other), AK_E_MEANING);
    assert_int_equal(fchmod(profile.dir_fd, 0700), 0);
}

/* ---- the device key ---- */

static void test_device(void **state)
{
    (void)state;
    struct ak_client_device device, again;
    uint8_t sig[64];
    bool made = false;
    assert_int_equal(ak_client_device_load(profile.dir_fd, &device), AK_E_NOT_FOUND);
    assert_int_equal(ak_client_device_open(profile.dir_fd, &device, &made), AK_OK);
    assert_true(made);
    assert_int_equal(mode_of("device.key"), 0600);
    assert_int_equal(ak_client_device_open(profile.dir_fd, &again, &made), AK_OK);
    assert_false(made);
    assert_memory_equal(device.thumbprint, again.thumbprint, 32);
    assert_int_equal(ak_p256_sign(&again.signer, AK_SPAN_LIT("m"), sig), AK_OK);
    assert_int_equal(ak_p256_verify(&device.pub, AK_SPAN_LIT("m"), sig), AK_OK);
    ak_client_device_close(&device);
    ak_client_device_close(&again);
}

static void test_device_refused(void **state)
{
    (void)state;
    struct ak_client_device device;
    bool made = false;
    assert_int_equal(ak_client_device_open(profile.dir_fd, &device, &made), AK_OK);
    ak_client_device_close(&device);
    assert_int_equal(fchmodat(profile.dir_fd, "device.key", 0640, 0), 0);
    assert_int_equal(ak_client_device_open(profile.dir_fd, &device, &made), AK_E_MEANING);
    static const char *const texts[] = {"", "AKdevk01", "AKdevk01234567890123456789012345678901",
        "AKdevk0212345678901234567890123456789012", "AKdevk01123456789012345678901234567890123",
        "AKdevk01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (size_t i = 0; i < AK_COUNT(texts); i++) {
        write_file("device.key", texts[i], 0600);
        assert_int_equal(ak_client_device_open(profile.dir_fd, &device, &made), AK_E_FORMAT);
        assert_false(made); /* a damaged key is never written over */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
        cmocka_unit_test_setup_teardown(test_forget, begin, end),
        cmocka_unit_test_setup_teardown(test_open_to_others, begin, end),
        cmocka_unit_test_setup_teardown(test_writers_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(test_damaged, begin, end),
        cmocka_unit_test_setup_teardown(test_names, begin, end),
        cmocka_unit_test_setup_teardown(test_folder_open_to_others, begin, end),
        cmocka_unit_test_setup_teardown(test_device, begin, end),
        cmocka_unit_test_setup_teardown(test_device_refused, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
