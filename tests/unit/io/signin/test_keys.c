/* Key files: made once, closed to others, read back; sealed values fit their place only. */
#include "unit/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/signin/keys.h"

static char dir[64];
static int fd;
static struct ak_signin_keys keys;
static const char *const names[] = {AK_SIGNIN_KEY_FILE, AK_SIGNIN_PUB_FILE, AK_SIGNIN_FILE_KEY_FILE};

static int make(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-signin-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    fd = open(dir, O_RDONLY | O_DIRECTORY);
    return ak_signin_keys_create(fd, &keys);
}

static int remove_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(names); i++) (void)unlinkat(fd, names[i], 0);
    close(fd);
    return rmdir(dir);
}

static void write_over(const char *name, const char *text)
{
    int file = openat(fd, name, O_WRONLY | O_TRUNC);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

static void made_once_and_read_back(void **state)
{
    (void)state;
    struct ak_signin_keys again;
    struct stat info;
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_OK);
    assert_memory_equal(&again, &keys, sizeof keys);
    assert_memory_not_equal(keys.scalar.bytes, keys.file_key.bytes, 32);
    assert_int_equal(ak_signin_keys_create(fd, &again), AK_E_EXISTS);
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_OK);
    assert_memory_equal(&again, &keys, sizeof keys);
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        assert_int_equal(fstatat(fd, names[i], &info, 0), 0);
        assert_int_equal(info.st_mode & 0777, i == 1 ? 0644 : 0600);
    }
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    struct ak_signin_keys again;
    assert_int_equal(fchmodat(fd, AK_SIGNIN_KEY_FILE, 0640, 0), 0);
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_MEANING);
    assert_int_equal(fchmodat(fd, AK_SIGNIN_KEY_FILE, 0600, 0), 0);
    write_over(AK_SIGNIN_KEY_FILE, "ab\n");
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_FORMAT);
    write_over(AK_SIGNIN_KEY_FILE, "0000000000000000000000000000000000000000000000000000000000000000\n");
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_MEANING);
    write_over(AK_SIGNIN_KEY_FILE, "000000000000000000000000000000000000000000000000000000000000000g\n");
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_FORMAT);
    assert_int_equal(unlinkat(fd, AK_SIGNIN_KEY_FILE, 0), 0);
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_NOT_FOUND);
    assert_int_equal(symlinkat("/etc/passwd", fd, AK_SIGNIN_KEY_FILE), 0);
    assert_int_equal(ak_signin_keys_load(fd, &again), AK_E_IO);
}

static void sealed_values(void **state)
{
    (void)state;
    uint8_t sealed[64], again[64], plain[64];
    struct ak_buf a = AK_BUF_ARR(sealed), b = AK_BUF_ARR(again), out = AK_BUF_ARR(plain);
    const struct ak_span about = AK_SPAN_LIT("id"), value = AK_SPAN_LIT("alice@example.org");
    assert_int_equal(ak_signin_seal(&keys.file_key, about, value, &a), AK_OK);
    assert_int_equal(ak_signin_seal(&keys.file_key, about, value, &b), AK_OK);
    assert_int_equal(a.len, value.len + AK_SIGNIN_SEAL_MORE);
    assert_memory_not_equal(sealed, again, a.len); /* equal addresses do not look equal */
    assert_int_equal(ak_signin_unseal(&keys.file_key, about, ak_buf_span(&a), &out), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&out), value));
    assert_int_equal(ak_signin_unseal(&keys.file_key, AK_SPAN_LIT("ie"), ak_buf_span(&a), &out), AK_E_AUTH);
    assert_int_equal(ak_signin_unseal(&keys.scalar, about, ak_buf_span(&a), &out), AK_E_AUTH);
    assert_int_equal(ak_signin_unseal(&keys.file_key, about, ak_span(sealed, 27), &out), AK_E_FORMAT);
    for (size_t i = 0; i < a.len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(ak_signin_unseal(&keys.file_key, about, ak_buf_span(&a), &out), AK_E_AUTH);
        sealed[i] ^= 1;
    }
    struct ak_buf small = ak_buf(plain, 10);
    assert_int_equal(ak_signin_unseal(&keys.file_key, about, ak_buf_span(&a), &small), AK_E_FULL);
    small = ak_buf(plain, 20);
    assert_int_equal(ak_signin_seal(&keys.file_key, about, value, &small), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_once_and_read_back, make, remove_all),
        cmocka_unit_test_setup_teardown(bad_files_are_refused, make, remove_all),
        cmocka_unit_test_setup_teardown(sealed_values, make, remove_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
