/* The tables of system calls, call by call: each deadly one kills, each that a role has no use for is
 * refused, and where an argument decides, both of its sides. All other arguments are such that the kernel
 * itself would refuse the call, in another way. */
#include "unit/check.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/span.h"
#include "io/proc/sandbox.h"

enum { ALL_REFUSED = 1, KILLED, NO_SANDBOX, FIRST = 16 /* and the place of the one that got through */ };

static int status_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    assert_int_equal(WTERMSIG(status), SIGSYS);
    return KILLED;
}

static bool is_refused(long call)
{
    return syscall(call, -1L, -1L, -1L, -1L, -1L, -1L) == -1 && errno == EPERM;
}

/* How a process of that role ends that makes these calls one after the other. */
static int make_calls(enum ak_role role, const long *calls, size_t count)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_CORE, &none) || ak_sandbox_seccomp(role, false)) _exit(NO_SANDBOX);
        for (size_t i = 0; i < count; i++)
            if (!is_refused(calls[i])) _exit(FIRST + (int)i);
        _exit(ALL_REFUSED);
    }
    return status_of(pid);
}

static void assert_refused(enum ak_role role, const long *calls, size_t count)
{
    int status = make_calls(role, calls, count);
    if (status >= FIRST) fail_msg("role %d makes call %ld", (int)role, calls[status - FIRST]);
    assert_int_equal(status, ALL_REFUSED);
}

static void assert_deadly(enum ak_role role, const long *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status = make_calls(role, &calls[i], 1);
        if (status != KILLED) fail_msg("role %d survives call %ld", (int)role, calls[i]);
    }
}

static void each_intruders_call_kills(void **state)
{
    (void)state;
    static const long any[] = {
        SYS_ptrace,
        SYS_process_vm_readv,
        SYS_process_vm_writev,
        SYS_kexec_load,
        SYS_init_module,
        SYS_finit_module,
        SYS_delete_module,
        SYS_bpf,
        SYS_mount,
        SYS_umount2,
        SYS_pivot_root,
        SYS_chroot,
        SYS_swapon,
        SYS_swapoff,
        SYS_reboot,
        SYS_userfaultfd,
        SYS_perf_event_open,
        SYS_add_key,
        SYS_request_key,
        SYS_keyctl,
        SYS_acct,
        SYS_setns,
        SYS_unshare,
#ifdef SYS_iopl
        SYS_iopl,
        SYS_ioperm,
#endif
#ifdef SYS_kexec_file_load
        SYS_kexec_file_load,
#endif
    };
    static const long children[] = {
        SYS_execve,
        SYS_execveat,
#ifdef SYS_fork
        SYS_fork,
#endif
    };
    assert_deadly(AK_ROLE_SUPERVISOR, any, AK_COUNT(any));
    assert_deadly(AK_ROLE_REENCRYPTOR, any, AK_COUNT(any));
    for (int role = AK_ROLE_KEEPER; role < AK_ROLE_COUNT; role++)
        assert_deadly((enum ak_role)role, children, AK_COUNT(children));
}

/* Calls of another architecture have other numbers: none of them is looked up. */
static void other_architectures_kill(void **state)
{
    (void)state;
#ifdef __x86_64__
    static const long x32 = 0x40000000 + SYS_getpid;
    for (int role = AK_ROLE_SUPERVISOR; role < AK_ROLE_COUNT; role++)
        assert_deadly((enum ak_role)role, &x32, 1);
#endif
}

static void no_child_makes_these(void **state)
{
    (void)state;
    static const long calls[] = {SYS_bind, SYS_listen, SYS_symlinkat, SYS_linkat, SYS_mknodat, SYS_setuid,
        SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_capset, SYS_personality,
        SYS_io_uring_setup, SYS_memfd_create, SYS_pkey_mprotect, SYS_shmget, SYS_msgget, SYS_mq_open,
        SYS_chdir, SYS_fchmodat, SYS_fchownat, SYS_setxattr, SYS_open_by_handle_at, SYS_pidfd_open,
        SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_process_madvise, SYS_tkill, SYS_rt_sigqueueinfo,
        SYS_seccomp, SYS_inotify_init1, SYS_sched_setaffinity, SYS_setrlimit, SYS_clock_settime,
        SYS_sethostname};
    for (int role = AK_ROLE_KEEPER; role < AK_ROLE_COUNT; role++)
        assert_refused((enum ak_role)role, calls, AK_COUNT(calls));
}

static const long files[] = {SYS_openat, SYS_openat2, SYS_statx, SYS_faccessat, SYS_readlinkat,
    SYS_getdents64, SYS_unlinkat, SYS_renameat2, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync,
    SYS_pread64, SYS_pwrite64, SYS_mkdirat, SYS_flock, SYS_fchmod, SYS_fchown};
static const long accepted[] = {
    SYS_accept, SYS_accept4, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_shutdown};
static const long outwards[] = {SYS_socket, SYS_connect, SYS_socketpair, SYS_sendmmsg, SYS_recvmmsg};
static const long descriptors[] = {SYS_recvmsg, SYS_sendmsg, SYS_readv, SYS_writev, SYS_dup, SYS_fcntl,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_eventfd2, SYS_pipe2, SYS_timerfd_create, SYS_signalfd4,
    SYS_rt_sigaction, SYS_getppid, SYS_getuid, SYS_uname, SYS_sysinfo, SYS_mlock, SYS_munlock, SYS_nanosleep};

static void each_role_lacks_what_the_others_need(void **state)
{
    (void)state;
    assert_refused(AK_ROLE_GATEWAY, files, AK_COUNT(files));
    assert_refused(AK_ROLE_GATEWAY, outwards, AK_COUNT(outwards));
    assert_refused(AK_ROLE_KEEPER, accepted, AK_COUNT(accepted));
    assert_refused(AK_ROLE_KEEPER, outwards, AK_COUNT(outwards));
    assert_refused(AK_ROLE_REENCRYPTOR, files, AK_COUNT(files));
    assert_refused(AK_ROLE_REENCRYPTOR, accepted, AK_COUNT(accepted));
    assert_refused(AK_ROLE_REENCRYPTOR, outwards, AK_COUNT(outwards));
    assert_refused(AK_ROLE_REENCRYPTOR, descriptors, AK_COUNT(descriptors));
}

/* The tables above can fail: who has a use for these calls gets through to the kernel. */
static void the_role_with_the_use_gets_through(void **state)
{
    (void)state;
    assert_int_equal(make_calls(AK_ROLE_KEEPER, files, 1), FIRST);
    assert_int_equal(make_calls(AK_ROLE_GATEWAY, accepted, 1), FIRST);
    assert_int_equal(make_calls(AK_ROLE_BROKER, outwards, 1), FIRST);
    assert_int_equal(make_calls(AK_ROLE_KEEPER, descriptors, 1), FIRST);
}

static void supervisor_becomes_nobody_and_opens_no_port(void **state)
{
    (void)state;
    static const long calls[] = {
        SYS_socket,
        SYS_connect,
        SYS_bind,
        SYS_listen,
        SYS_io_uring_setup,
        SYS_setuid,
        SYS_setgid,
        SYS_setreuid,
        SYS_setregid,
        SYS_setresuid,
        SYS_setresgid,
        SYS_setgroups,
        SYS_symlinkat,
        SYS_mknodat,
#ifdef SYS_symlink
        SYS_symlink,
        SYS_mknod,
#endif
    };
    assert_refused(AK_ROLE_SUPERVISOR, calls, AK_COUNT(calls));
}

/* ---- arguments ---- */

static bool mapped_as(int before, int after)
{
    void *page = mmap(NULL, 4096, before, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, after) == 0;
}

static bool limits_stay(void)
{
    struct rlimit files_now;
    return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files_now) == 0 &&
           syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &files_now, NULL) == -1 && errno == EPERM;
}

static bool signals_stay_inside(pid_t parent)
{
    pid_t self = getpid();
    return kill(self, 0) == 0 && syscall(SYS_tgkill, self, self, 0) == 0 && kill(parent, 0) == -1 &&
           errno == EPERM && syscall(SYS_tgkill, parent, parent, 0) == -1 && errno == EPERM;
}

static bool only_threads_are_made(void)
{
    errno = 0;
    bool no_flags_seen = syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS;
    return no_flags_seen && syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == -1 && errno == EPERM;
}

/* The number of the first that does not hold; 0: all. */
static int arguments_hold(pid_t parent, int pipe_fd)
{
    int there = 0;
    if (!mapped_as(PROT_READ, PROT_READ | PROT_WRITE)) return 1;
    if (mapped_as(PROT_READ, PROT_READ | PROT_EXEC) || errno != EPERM) return 2;
    if (mapped_as(PROT_READ | PROT_EXEC, PROT_READ) || errno != EPERM) return 3;
    if (!limits_stay()) return 4;
    if (!signals_stay_inside(parent)) return 5;
    if (!only_threads_are_made()) return 6;
    if (prctl(PR_SET_NAME, "name", 0, 0, 0) || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) < 0) return 7;
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != -1 || errno != EPERM) return 8;
    if (prctl(PR_SET_SECCOMP, 0, 0, 0, 0) != -1 || errno != EPERM) return 9;
    if (ioctl(pipe_fd, FIONREAD, &there) || there != 1) return 10;
    if (ioctl(pipe_fd, FIOCLEX) != -1 || errno != EPERM) return 11;
    if (ioctl(pipe_fd, TIOCSTI, "x") != -1 || errno != EPERM) return 12;
    return 0;
}

static void arguments_decide(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (int role = AK_ROLE_KEEPER; role < AK_ROLE_COUNT; role++) {
        pid_t parent = getpid(), pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(ak_sandbox_seccomp((enum ak_role)role, false) ? FIRST : arguments_hold(parent, fds[0]));
        assert_int_equal(status_of(pid), 0);
    }
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_intruders_call_kills),
        cmocka_unit_test(other_architectures_kill),
        cmocka_unit_test(no_child_makes_these),
        cmocka_unit_test(each_role_lacks_what_the_others_need),
        cmocka_unit_test(the_role_with_the_use_gets_through),
        cmocka_unit_test(supervisor_becomes_nobody_and_opens_no_port),
        cmocka_unit_test(arguments_decide),
    };
    return cmocka_run_group_tests_name("sandbox_calls", tests, NULL, NULL);
}
