/* The real file system: replacing, reading, erasing, locking, and who may own the folder. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/durable.h"

static char dir[64];
static int dir_fd;
static struct ak_file_ops ops;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-durable-XXXXXX");
    ops = ak_file_ops_system();
    if (!mkdtemp(dir)) return -1;
    return ak_durable_open_dir(dir, false, &dir_fd) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    const char *names[] = {"f", "f.tmp", "lock", "s"};
    for (size_t i = 0; i < AK_COUNT(names); i++) unlinkat(dir_fd, names[i], 0);
    close(dir_fd);
    return rmdir(dir);
}

static void replaces_and_reads(void **state)
{
    (void)state;
    uint8_t bytes[16];
    size_t len = 9;
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, sizeof bytes, &len), AK_E_NOT_FOUND);
    assert_int_equal(len, 0);
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("0123456789abcdef")), AK_OK);
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, 15, &len), AK_E_LIMIT);
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, 16, &len), AK_OK);
    assert_int_equal(len, 16);
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("new")), AK_OK);
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, 16, &len), AK_OK);
    assert_int_equal(len, 3);
    struct stat st;
    assert_int_equal(fstatat(dir_fd, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(fstatat(dir_fd, "f.tmp", &st, 0), -1);
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_EMPTY), AK_OK);
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, 0, &len), AK_OK);
}

static void names_stay_in_the_folder(void **state)
{
    (void)state;
    const char *bad[] = {"", "../f", "a/b", ".", ".hidden",
        "a-name-that-is-longer-than-anything-we-would-ever-write-to-the-folder"};
    uint8_t bytes[4];
    size_t len;
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_durable_write(&ops, dir_fd, bad[i], AK_SPAN_LIT("x")), AK_E_ARG);
        assert_int_equal(ak_durable_read(&ops, dir_fd, bad[i], bytes, 4, &len), AK_E_ARG);
        assert_int_equal(ak_durable_erase(&ops, dir_fd, bad[i]), AK_E_ARG);
    }
    char name[64] = "";
    for (size_t n = 58; n <= 61; n++) { /* ".tmp" and the end have room behind 59 */
        memset(name, 'n', n);
        enum ak_err want = n <= 59 ? AK_E_NOT_FOUND : AK_E_ARG;
        assert_int_equal(ak_durable_read(&ops, dir_fd, name, bytes, 4, &len), want);
    }
    assert_int_equal(symlinkat("/etc/passwd", dir_fd, "s"), 0);
    assert_int_equal(
        ak_durable_read(&ops, dir_fd, "s", bytes, 4, &len), AK_E_IO); /* links are not followed */
}

static void erase_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(ak_durable_erase(&ops, dir_fd, "f"), AK_E_NOT_FOUND);
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("secret")), AK_OK);
    int fd = openat(dir_fd, "f", O_RDONLY); /* a descriptor still sees the blocks */
    assert_int_equal(ak_durable_erase(&ops, dir_fd, "f"), AK_OK);
    char bytes[6] = "......";
    assert_int_equal(read(fd, bytes, 6), 6);
    assert_memory_equal(bytes, "\0\0\0\0\0\0", 6);
    close(fd);
    assert_int_equal(faccessat(dir_fd, "f", F_OK, 0), -1);
}

static void folder_must_be_ours_alone(void **state)
{
    (void)state;
    int fd;
    const mode_t open_modes[] = {0710, 0740, 0701, 0777};
    for (size_t i = 0; i < AK_COUNT(open_modes); i++) {
        assert_int_equal(chmod(dir, open_modes[i]), 0);
        assert_int_equal(ak_durable_open_dir(dir, false, &fd), AK_E_MEANING);
        assert_int_equal(fd, -1);
    }
    assert_int_equal(chmod(dir, 0700), 0);
    if (geteuid() == 0) { /* who else could give it away */
        assert_int_equal(chown(dir, 1, 0), 0);
        assert_int_equal(ak_durable_open_dir(dir, false, &fd), AK_E_MEANING);
        assert_int_equal(chown(dir, 0, 0), 0);
    }
    assert_int_equal(ak_durable_open_dir("relative", true, &fd), AK_E_ARG);
    char longest[514];
    for (int n = 512; n <= 513; n++) {
        (void)snprintf(longest, sizeof longest, "%s/%0*d", dir, n - (int)strlen(dir) - 1, 0);
        assert_int_equal(ak_durable_open_dir(longest, true, &fd), AK_E_LIMIT);
    }
    char deep[128], middle[96];
    snprintf(middle, sizeof middle, "%s/a", dir);
    snprintf(deep, sizeof deep, "%s/a/b", dir);
    assert_int_equal(ak_durable_open_dir(deep, false, &fd), AK_E_NOT_FOUND);
    assert_int_equal(ak_durable_open_dir(deep, true, &fd), AK_OK);
    close(fd);
    assert_int_equal(ak_durable_open_dir(deep, true, &fd), AK_OK);
    close(fd);
    rmdir(deep);
    rmdir(middle);
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("x")), AK_OK);
    snprintf(deep, sizeof deep, "%s/f", dir);
    assert_int_equal(ak_durable_open_dir(deep, false, &fd), AK_E_MEANING);
}

/* A second process, for real. */
static enum ak_err lock_in_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        int other_dir, fd;
        if (ak_durable_open_dir(dir, false, &other_dir)) _exit(99);
        _exit((int)ak_durable_lock(other_dir, &fd));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return (enum ak_err)WEXITSTATUS(status);
}

static void lock_excludes_another_process(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(lock_in_child(), AK_OK);
    assert_int_equal(ak_durable_lock(dir_fd, &fd), AK_OK);
    assert_int_equal(lock_in_child(), AK_E_CONFLICT);
    close(fd);
    assert_int_equal(lock_in_child(), AK_OK); /* and the death of the holder lets go */
}

/* What a link names is neither made nor locked. */
static void lock_is_no_link(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(symlinkat("f", dir_fd, "lock"), 0);
    assert_int_equal(ak_durable_lock(dir_fd, &fd), AK_E_IO);
    assert_int_equal(fd, -1);
    assert_int_equal(faccessat(dir_fd, "f", F_OK, 0), -1);
}

static int fail_errno;
static ssize_t failing_write(void *ctx, int fd, const void *buf, size_t len)
{
    (void)ctx;
    (void)fd;
    (void)buf;
    (void)len;
    errno = fail_errno;
    return -1;
}

static void full_disk_keeps_the_old(void **state)
{
    (void)state;
    uint8_t bytes[16];
    size_t len;
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("old")), AK_OK);
    ops.write = failing_write;
    fail_errno = ENOSPC;
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("new")), AK_E_FULL);
    fail_errno = EDQUOT;
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("new")), AK_E_FULL);
    fail_errno = EIO;
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("new")), AK_E_IO);
    assert_int_equal(ak_durable_read(&ops, dir_fd, "f", bytes, sizeof bytes, &len), AK_OK);
    assert_memory_equal(bytes, "old", 3);
}

static int syncs, sync_that_fails;
static int counted_fsync(void *ctx, int fd)
{
    (void)ctx;
    errno = EIO;
    return ++syncs == sync_that_fails ? -1 : fsync(fd);
}

static int failing_close(void *ctx, int fd)
{
    (void)ctx;
    close(fd);
    errno = EIO;
    return -1;
}

/* The file's and the folder's, in writing and in erasing; and what the system says as late as at closing. */
static void each_failure_to_sync_is_told(void **state)
{
    (void)state;
    ops.fsync = counted_fsync;
    for (sync_that_fails = 1; sync_that_fails <= 3; sync_that_fails++) {
        enum ak_err want = sync_that_fails <= 2 ? AK_E_IO : AK_OK;
        syncs = 0;
        assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("x")), want);
    }
    for (sync_that_fails = 1; sync_that_fails <= 3; sync_that_fails++) {
        struct ak_file_ops plain = ak_file_ops_system();
        assert_int_equal(ak_durable_write(&plain, dir_fd, "f", AK_SPAN_LIT("x")), AK_OK);
        enum ak_err want = sync_that_fails <= 2 ? AK_E_IO : AK_OK;
        syncs = 0;
        assert_int_equal(ak_durable_erase(&ops, dir_fd, "f"), want);
    }
    ops.close = failing_close;
    assert_int_equal(ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("x")), AK_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaces_and_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(names_stay_in_the_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(erase_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(folder_must_be_ours_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_excludes_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_is_no_link, setup, teardown),
        cmocka_unit_test_setup_teardown(full_disk_keeps_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(each_failure_to_sync_is_told, setup, teardown),
    };
    return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}
