/* What Landlock alone refuses and leaves, without seccomp before it: a forked child of each role tries, and
 * the kernel's answer is EACCES. What the kernel has not is passed over. */
#include "unit/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/landlock.h"
#include "io/proc/sandbox.h"

enum { ABI_NET = 4, ABI_SCOPE = 6 };

static char dir[64], data[80], slots[80], other[80];

static void path_in(char *out, size_t cap, const char *folder, const char *name)
{
    (void)snprintf(out, cap, "%s/%s", folder, name);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-landlock-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    path_in(data, sizeof data, dir, "data");
    path_in(slots, sizeof slots, dir, "slots");
    path_in(other, sizeof other, dir, "other");
    return mkdir(data, 0700) || mkdir(slots, 0700) || mkdir(other, 0700) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"f", "program", "link", "fifo"};
    char *const folders[] = {data, slots, other};
    for (size_t i = 0; i < AK_COUNT(folders); i++) {
        for (size_t k = 0; k < AK_COUNT(names); k++) {
            char path[128];
            path_in(path, sizeof path, folders[i], names[k]);
            (void)unlink(path);
        }
        if (rmdir(folders[i])) return -1;
    }
    return rmdir(dir);
}

static bool makes(const char *folder)
{
    char path[128];
    path_in(path, sizeof path, folder, "f");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0 && close(fd) == 0 && unlink(path) == 0;
}

static bool denied(bool failed)
{
    return failed && errno == EACCES;
}

static bool opening_is_denied(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return denied(fd < 0);
}

/* Neither run nor made something that is no file: not even in the own folder. */
static bool only_files_are_made(void)
{
    char program[128], link[128], fifo[128];
    path_in(program, sizeof program, data, "program");
    path_in(link, sizeof link, data, "link");
    path_in(fifo, sizeof fifo, data, "fifo");
    char *const argv[] = {program, NULL}, *const env[] = {NULL};
    return denied(execve(program, argv, env) != 0) && denied(symlink("/etc/passwd", link) != 0) &&
           denied(mkfifo(fifo, 0600) != 0);
}

static bool network_is_denied(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    if (!denied(!bound)) return false;
    address.sin_port = htons(9);
    return denied(connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0);
}

/* Of an unrelated process: the parent. */
static bool signals_are_denied(void)
{
    return kill(getppid(), 0) == -1 && errno == EPERM;
}

/* The number of the first thing that is not as the role wants it; 0: all is. */
static int look(enum ak_role role, const char *slot_dir)
{
    bool writes = role == AK_ROLE_KEEPER || role == AK_ROLE_BROKER;
    const struct ak_sandbox sandbox = {
        .role = role, .data_dir = writes ? data : NULL, .slot_dir = writes ? slot_dir : NULL};
    struct ak_sandbox_report report;
    if (ak_sandbox_landlock(&sandbox, &report) != AK_OK || !report.landlock_fs) return 1;
    if (makes(data) != writes) return 2;
    if (makes(slots) != (role == AK_ROLE_KEEPER && slot_dir)) return 3;
    if (makes(other)) return 4;
    if (!only_files_are_made()) return 5;
    if (opening_is_denied("/etc/passwd", O_RDONLY) == (role == AK_ROLE_BROKER)) return 6;
    if (!opening_is_denied("/etc/passwd", O_WRONLY) || !opening_is_denied("/etc", O_WRONLY | O_TMPFILE))
        return 7;
    if (!opening_is_denied(other, O_RDONLY | O_DIRECTORY)) return 8;
    if (report.landlock_abi >= ABI_NET && network_is_denied() == (role == AK_ROLE_BROKER)) return 9;
    if (report.landlock_abi >= ABI_SCOPE && !signals_are_denied()) return 10;
    return 0;
}

static void each_role_has_its_folders(void **state)
{
    (void)state;
    char program[128];
    if (ak_landlock_abi() == 0) {
        print_message("skipped: the kernel has no Landlock\n");
        skip();
    }
    path_in(program, sizeof program, data, "program");
    int fd = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, "nothing", 7), 7); /* where it may be run, the kernel says ENOEXEC */
    assert_int_equal(close(fd), 0);
    for (int role = AK_ROLE_KEEPER; role < AK_ROLE_COUNT; role++) {
        for (int with_slots = 0; with_slots < 2; with_slots++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) _exit(look((enum ak_role)role, with_slots ? slots : NULL));
            int status = 0;
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_true(WIFEXITED(status));
            if (WEXITSTATUS(status)) fail_msg("role %d: look %d", role, WEXITSTATUS(status));
        }
    }
}

/* The looks above can fail. */
static void outside_it_works(void **state)
{
    (void)state;
    assert_true(makes(data) && makes(slots) && makes(other));
    assert_false(only_files_are_made());
    assert_false(network_is_denied());
    pid_t pid = fork(); /* whose parent is of the same user, for sure */
    if (pid == 0) _exit(signals_are_denied());
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_false(opening_is_denied("/etc/passwd", O_RDONLY));
    const struct ak_landlock rules = {.no_network = true};
    assert_int_equal(ak_landlock_apply(&rules, 0), AK_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_role_has_its_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(outside_it_works, setup, teardown),
    };
    return cmocka_run_group_tests_name("landlock", tests, NULL, NULL);
}
