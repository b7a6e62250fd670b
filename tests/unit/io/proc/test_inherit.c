/* A forked child gets descriptors, umask and signals as a careless starter leaves them. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/inherit.h"
#include "io/proc/sandbox.h"

/* The number of the first check that did not hold; 0: all did. */
static int outcome(int (*child)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int without_descriptors(void)
{
    char byte = 0;
    for (int fd = 0; fd < 3; fd++) close(fd);
    if (ak_inherit_mend() != AK_OK) return 1;
    if (read(0, &byte, 1) != -1 || errno != EBADF) return 2;
    if (write(1, &byte, 1) != -1 || errno != EBADF) return 3;
    if (write(2, &byte, 1) != 1) return 4;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (next < 3) return 5;
    printf("lost");
    return ak_inherit_flush() == EBADF ? 0 : 6;
}

static void closed_descriptors_are_taken_and_refuse(void **state)
{
    (void)state;
    assert_int_equal(outcome(without_descriptors), 0);
}

static int with_descriptors(void)
{
    struct stat before[3], after[3];
    for (int fd = 0; fd < 3; fd++)
        if (fstat(fd, &before[fd])) return 1;
    if (ak_inherit_mend() != AK_OK) return 2;
    for (int fd = 0; fd < 3; fd++)
        if (fstat(fd, &after[fd]) || after[fd].st_ino != before[fd].st_ino) return 3;
    return 0;
}

static void open_descriptors_stay(void **state)
{
    (void)state;
    assert_int_equal(outcome(with_descriptors), 0);
}

static int with_umasks(void)
{
    static const mode_t masks[][2] = {{0, 0}, {022, 022}, {077, 077}, {0777, 077}, {0400, 0}, {0227, 027}};
    for (size_t i = 0; i < AK_COUNT(masks); i++) {
        (void)umask(masks[i][0]);
        if (ak_inherit_mend() != AK_OK) return 1;
        mode_t now = umask(0);
        if (now != masks[i][1]) return 2;
        ak_inherit_give_back();
        if (umask(0) != masks[i][0]) return 3;
    }
    return 0;
}

static void a_umask_takes_nothing_from_the_owner(void **state)
{
    (void)state;
    assert_int_equal(outcome(with_umasks), 0);
}

static int into_a_broken_pipe(void)
{
    int ends[2];
    struct sigaction now;
    if (pipe(ends) || close(ends[0]) || dup2(ends[1], 1) != 1) return 1;
    if (ak_inherit_mend() != AK_OK) return 2;
    printf("nobody reads");
    if (ak_inherit_flush() != EPIPE) return 3;
    ak_inherit_give_back();
    return sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL ? 0 : 4;
}

/* More than stdio's buffer takes: it fails before the end. */
static int much_into_a_broken_pipe(void)
{
    static char much[100000];
    int ends[2];
    if (pipe(ends) || close(ends[0]) || dup2(ends[1], 1) != 1) return 1;
    if (ak_inherit_mend() != AK_OK) return 2;
    if (fwrite(much, 1, sizeof much, stdout) == sizeof much) return 3;
    return ak_inherit_flush() == EPIPE ? 0 : 4;
}

static int much_into_a_full_device(void)
{
    static char much[100000];
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, 1) != 1 || ak_inherit_mend() != AK_OK) return 1;
    if (fwrite(much, 1, sizeof much, stdout) == sizeof much) return 2;
    int why = ak_inherit_flush();
    return why == EIO || why == ENOSPC ? 0 : 3;
}

static int into_a_file_at_its_limit(void)
{
    const struct rlimit none = {0, 0};
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/agentkeys-inherit-%d", (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || unlink(path) || dup2(fd, 1) != 1) return 1;
    if (ak_inherit_mend() != AK_OK || setrlimit(RLIMIT_FSIZE, &none)) return 2;
    printf("too much");
    return ak_inherit_flush() == EFBIG ? 0 : 3;
}

static int into_a_full_device(void)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, 1) != 1) return 1;
    if (ak_inherit_mend() != AK_OK || ak_inherit_flush() != 0) return 2;
    printf("no room");
    int first = ak_inherit_flush(), again = ak_inherit_flush();
    return first == ENOSPC && again == ENOSPC ? 0 : 3;
}

static void output_that_is_not_taken_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(outcome(into_a_broken_pipe), 0);
    assert_int_equal(outcome(much_into_a_broken_pipe), 0);
    assert_int_equal(outcome(much_into_a_full_device), 0);
    assert_int_equal(outcome(into_a_file_at_its_limit), 0);
    assert_int_equal(outcome(into_a_full_device), 0);
}

static int never_mended(void)
{
    (void)umask(0123);
    ak_inherit_give_back();
    return umask(0) == 0123 ? 0 : 1;
}

static void nothing_is_given_back_that_was_not_taken(void **state)
{
    (void)state;
    assert_int_equal(outcome(never_mended), 0);
}

/* ---- open files ---- */

static int set_files(rlim_t soft, rlim_t hard)
{
    const struct rlimit files = {soft, hard};
    return setrlimit(RLIMIT_NOFILE, &files);
}

static int files_at_the_limit(void)
{
    struct rlimit files;
    uint64_t have = 0;
    if (set_files(64, 300)) return 1;
    if (ak_sandbox_files(301, &have) != AK_E_LIMIT || have != 300) return 2;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur != 64) return 3;
    if (ak_sandbox_files(63, &have) != AK_OK || getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur != 64)
        return 4;
    if (ak_sandbox_files(65, &have) != AK_OK || getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur != 65)
        return 5;
    if (ak_sandbox_files(300, &have) != AK_OK || getrlimit(RLIMIT_NOFILE, &files)) return 6;
    return files.rlim_cur == 300 && files.rlim_max == 300 ? 0 : 7;
}

static void open_files_are_raised_to_the_hard_limit(void **state)
{
    (void)state;
    assert_int_equal(outcome(files_at_the_limit), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_descriptors_are_taken_and_refuse),
        cmocka_unit_test(open_descriptors_stay),
        cmocka_unit_test(a_umask_takes_nothing_from_the_owner),
        cmocka_unit_test(output_that_is_not_taken_is_an_error),
        cmocka_unit_test(nothing_is_given_back_that_was_not_taken),
        cmocka_unit_test(open_files_are_raised_to_the_hard_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
