/* Each role for real: a forked child enters the sandbox, tries one forbidden thing, and what happened to it
 * is looked at from outside. Then what each role must still be able to do. */
#include "unit/check.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/durable.h"
#include "io/proc/landlock.h"
#include "io/proc/random.h"
#include "io/proc/sandbox.h"

enum outcome { WORKED = 1, REFUSED, KILLED, NO_SANDBOX };
static char dir[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-sandbox-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[96];
    const char *names[] = {"f", "f.tmp", "lock"};
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static bool enter(enum ak_role role)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = role,
        .data_dir = role == AK_ROLE_KEEPER || role == AK_ROLE_BROKER ? dir : NULL,
        .max_files = 64};
    return ak_sandbox_enter(&sandbox, &report) == AK_OK && report.seccomp;
}

static enum outcome outcome_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return KILLED;
    }
    return (enum outcome)WEXITSTATUS(status);
}

static enum outcome attempt(enum ak_role role, enum ak_sandbox_try what)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!enter(role)) _exit(NO_SANDBOX);
        _exit(ak_sandbox_refuses(what) ? REFUSED : WORKED);
    }
    return outcome_of(pid);
}

static void children_are_refused_everything(void **state)
{
    (void)state;
    bool landlock = ak_landlock_abi() > 0;
    for (int role = AK_ROLE_KEEPER; role <= AK_ROLE_REENCRYPTOR; role++) {
        for (int what = 0; what < AK_TRY_COUNT; what++) {
            bool by_landlock_only = role == AK_ROLE_KEEPER &&
                                    (what == AK_TRY_OPEN_ETC_PASSWD || what == AK_TRY_CREATE_FILE_IN_TMP);
            if (by_landlock_only && !landlock) continue;
            enum outcome got = attempt((enum ak_role)role, (enum ak_sandbox_try)what);
            if (got != REFUSED && got != KILLED) print_error("role %d, try %d: %d\n", role, what, got);
            assert_true(got == REFUSED || got == KILLED);
        }
    }
}

/* It connects to mail servers and writes its folder; everything else stays refused. */
static void broker_connects_and_no_more(void **state)
{
    (void)state;
    static const enum ak_sandbox_try refused[] = {
        AK_TRY_BIND, AK_TRY_SETUID_ROOT, AK_TRY_MMAP_EXEC, AK_TRY_KILL_PARENT};
    assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_SOCKET_INET), WORKED);
    assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_SOCKET_UNIX), WORKED);
    assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_OPEN_ETC_PASSWD), WORKED); /* as names of hosts are */
    for (size_t i = 0; i < AK_COUNT(refused); i++)
        assert_int_equal(attempt(AK_ROLE_BROKER, refused[i]), REFUSED);
    assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_EXEC), KILLED);
    assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_PTRACE), KILLED);
    if (ak_landlock_abi() > 0) assert_int_equal(attempt(AK_ROLE_BROKER, AK_TRY_CREATE_FILE_IN_TMP), REFUSED);
}

static void intruders_calls_kill(void **state)
{
    (void)state;
    assert_int_equal(attempt(AK_ROLE_KEEPER, AK_TRY_EXEC), KILLED);
    assert_int_equal(attempt(AK_ROLE_GATEWAY, AK_TRY_EXEC), KILLED);
    assert_int_equal(attempt(AK_ROLE_KEEPER, AK_TRY_PTRACE), KILLED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_PTRACE), KILLED);
}

/* A TPM behind a socket is the one reason for it; everything else stays refused. */
static void supervisor_whose_children_connect(void **state)
{
    (void)state;
    static const struct {
        enum ak_sandbox_try what;
        enum outcome outcome;
    } cases[] = {{AK_TRY_SOCKET_UNIX, WORKED}, {AK_TRY_BIND, REFUSED}, {AK_TRY_SETUID_ROOT, REFUSED},
        {AK_TRY_PTRACE, KILLED}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        const struct ak_sandbox sandbox = {
            .role = AK_ROLE_SUPERVISOR, .max_files = 64, .children_connect = true};
        struct ak_sandbox_report report;
        pid_t pid = fork();
        if (pid == 0) {
            if (ak_sandbox_enter(&sandbox, &report) != AK_OK) _exit(NO_SANDBOX);
            _exit(ak_sandbox_refuses(cases[i].what) ? REFUSED : WORKED);
        }
        assert_int_equal(outcome_of(pid), cases[i].outcome);
    }
}

static void supervisor_only_starts_and_ends(void **state)
{
    (void)state;
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_SOCKET_INET), REFUSED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_SOCKET_UNIX), REFUSED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_CONNECT), REFUSED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_BIND), REFUSED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_SETUID_ROOT), REFUSED);
    assert_int_equal(attempt(AK_ROLE_SUPERVISOR, AK_TRY_FORK), WORKED);
    pid_t pid = fork();
    if (pid == 0) {
        if (!enter(AK_ROLE_SUPERVISOR)) _exit(NO_SANDBOX);
        char path[] = "/bin/true";
        char *const argv[] = {path, NULL};
        execve(path, argv, argv + 1);
        _exit(9);
    }
    assert_int_equal(outcome_of(pid), 0);
}

/* Without the sandbox the same tries work, so the checks above can fail. */
static void tries_work_outside(void **state)
{
    (void)state;
    assert_false(ak_sandbox_refuses(AK_TRY_OPEN_ETC_PASSWD));
    assert_false(ak_sandbox_refuses(AK_TRY_SOCKET_INET));
    assert_false(ak_sandbox_refuses(AK_TRY_SOCKET_UNIX));
    assert_false(ak_sandbox_refuses(AK_TRY_CONNECT));
    assert_false(ak_sandbox_refuses(AK_TRY_BIND));
    assert_false(ak_sandbox_refuses(AK_TRY_FORK));
    assert_false(ak_sandbox_refuses(AK_TRY_MMAP_EXEC));
    assert_false(ak_sandbox_refuses(AK_TRY_CREATE_FILE_IN_TMP));
    unlink("/tmp/agentkeys-sandbox-check");
}

static void *thread_main(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static bool threads_and_memory_work(void)
{
    int ran = 0;
    pthread_t thread;
    uint8_t bytes[32];
    if (pthread_create(&thread, NULL, thread_main, &ran) || pthread_join(thread, NULL) || !ran) return false;
    void *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ak_random_bytes(bytes, sizeof bytes);
    return page != MAP_FAILED && madvise(page, 65536, MADV_DONTDUMP) == 0;
}

static bool keeper_can_work(void)
{
    int dir_fd, lock_fd;
    uint8_t bytes[8];
    size_t len = 0;
    struct ak_file_ops ops = ak_file_ops_system();
    return threads_and_memory_work() && ak_durable_open_dir(dir, false, &dir_fd) == AK_OK &&
           ak_durable_lock(dir_fd, &lock_fd) == AK_OK &&
           ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("state")) == AK_OK &&
           ak_durable_write(&ops, dir_fd, "f", AK_SPAN_LIT("again")) == AK_OK &&
           ak_durable_read(&ops, dir_fd, "f", bytes, sizeof bytes, &len) == AK_OK && len == 5 &&
           ak_durable_erase(&ops, dir_fd, "f") == AK_OK;
}

static void keeper_keeps_its_folder(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) _exit(enter(AK_ROLE_KEEPER) && keeper_can_work() ? WORKED : REFUSED);
    assert_int_equal(outcome_of(pid), WORKED);
}

static bool gateway_can_work(int listen_fd)
{
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event)) return false;
    if (epoll_wait(epoll_fd, &event, 1, 5000) != 1) return false;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    char byte = 0;
    struct ucred cred;
    socklen_t len = sizeof cred;
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
           recv(fd, &byte, 1, 0) == 1 && sendmsg(fd, &message, MSG_NOSIGNAL) == 1 &&
           shutdown(fd, SHUT_RDWR) == 0 && close(fd) == 0 && threads_and_memory_work();
}

static void gateway_keeps_its_sockets(void **state)
{
    (void)state;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX}; /* abstract name given by the kernel */
    socklen_t len = sizeof addr;
    assert_int_equal(bind(listener, (const struct sockaddr *)(const void *)&addr, sizeof addr.sun_family), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)(void *)&addr, &len), 0);
    pid_t pid = fork();
    if (pid == 0) _exit(enter(AK_ROLE_GATEWAY) && gateway_can_work(listener) ? WORKED : REFUSED);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)(const void *)&addr, len), 0);
    assert_int_equal(send(client, "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(outcome_of(pid), WORKED);
    close(client);
    close(listener);
}

/* A thread started after entering is under the same filter. */
static void *try_exec(void *arg)
{
    (void)arg;
    (void)ak_sandbox_refuses(AK_TRY_EXEC);
    return NULL;
}

static void threads_inherit(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        if (!enter(AK_ROLE_KEEPER) || pthread_create(&thread, NULL, try_exec, NULL)) _exit(NO_SANDBOX);
        pthread_join(thread, NULL);
        _exit(WORKED);
    }
    assert_int_equal(outcome_of(pid), KILLED);
}

static void limits_are_set(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit core, files;
        if (!enter(AK_ROLE_KEEPER)) _exit(NO_SANDBOX);
        if (getrlimit(RLIMIT_CORE, &core) || getrlimit(RLIMIT_NOFILE, &files)) _exit(REFUSED);
        bool ok = core.rlim_max == 0 && files.rlim_cur == 64 && files.rlim_max == 64 &&
                  prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
        _exit(ok ? WORKED : REFUSED);
    }
    assert_int_equal(outcome_of(pid), WORKED);
}

/* The system's own limit is never raised. */
static void limits_stay_under_the_systems(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit low = {40, 50};
        struct rlimit files;
        uint64_t have = 0;
        if (setrlimit(RLIMIT_NOFILE, &low)) _exit(10);
        if (ak_sandbox_files(51, &have) != AK_E_LIMIT || have != 50) _exit(11);
        if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur != 40) _exit(12);
        if (ak_sandbox_files(50, &have) != AK_OK || have != 50) _exit(13);
        if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur != 50) _exit(14);
        if (ak_sandbox_files(49, &have) != AK_OK) _exit(15);
        if (!enter(AK_ROLE_SUPERVISOR) || getrlimit(RLIMIT_NOFILE, &files)) _exit(16);
        _exit(files.rlim_cur == 50 && files.rlim_max == 50 ? WORKED : REFUSED);
    }
    assert_int_equal(outcome_of(pid), WORKED);
}

/* Groups that the old user had beside its own go, too. */
static bool groups_are_the_users(void)
{
    gid_t groups[64];
    int count = getgroups(AK_COUNT(groups), groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == 0) return false;
    return count >= 0;
}

static void user_is_dropped_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        skip();
    }
    pid_t pid = fork();
    if (pid == 0) {
        bool dropped = false;
        const gid_t root = 0;
        if (setgroups(1, &root)) _exit(9);
        if (ak_sandbox_user("no-such-user-here", &dropped) != AK_E_MEANING || dropped) _exit(10);
        if (ak_sandbox_user("root", &dropped) != AK_E_MEANING || dropped) _exit(11);
        if (ak_sandbox_user("", &dropped) != AK_OK || dropped) _exit(12);
        if (ak_sandbox_user("nobody", &dropped) != AK_OK || !dropped) _exit(13);
        if (geteuid() == 0 || getegid() == 0 || setuid(0) == 0) _exit(14);
        if (!groups_are_the_users()) _exit(15);
        _exit(WORKED);
    }
    assert_int_equal(outcome_of(pid), WORKED);
}

static void report_says_what_holds(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct ak_sandbox_report report;
        const struct ak_sandbox sandbox = {.role = AK_ROLE_KEEPER, .data_dir = dir};
        if (ak_sandbox_enter(&sandbox, &report)) _exit(NO_SANDBOX);
        bool ok = report.landlock_fs == (report.landlock_abi > 0) &&
                  report.landlock_net == (report.landlock_abi >= 4);
        _exit(ok ? WORKED : REFUSED);
    }
    assert_int_equal(outcome_of(pid), WORKED);
    struct ak_sandbox_report report = {0};
    const struct ak_sandbox keeper = {.role = AK_ROLE_KEEPER};
    if (ak_landlock_abi() > 0) assert_int_equal(ak_sandbox_landlock(&keeper, &report), AK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(children_are_refused_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(broker_connects_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(intruders_calls_kill, setup, teardown),
        cmocka_unit_test_setup_teardown(supervisor_only_starts_and_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(supervisor_whose_children_connect, setup, teardown),
        cmocka_unit_test(tries_work_outside),
        cmocka_unit_test_setup_teardown(keeper_keeps_its_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(gateway_keeps_its_sockets, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_inherit, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_are_set, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_stay_under_the_systems, setup, teardown),
        cmocka_unit_test(user_is_dropped_for_good),
        cmocka_unit_test_setup_teardown(report_says_what_holds, setup, teardown),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
