/* Which system calls each role may make. Children: an allow-list, everything else EPERM, so that a library's
 * harmless wish degrades instead of killing; calls that only an intruder makes kill the process. The
 * supervisor's filter binds its children through exec, so it is a deny-list. */
#include "io/proc/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"

/* Threads, memory, time, waiting, descriptors already held. */
static const int calls_common[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(close),
    SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(futex), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(signalfd4)};

/* Files: Landlock says which. What SQLite and io/proc/durable.c use. */
static const int calls_keeper[] = {SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(open), SCMP_SYS(stat),
    SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(mkdirat), SCMP_SYS(flock),
    SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(fstatfs)};

/* One socket, memory, time: less than the others have in common. */
static const int calls_reencryptor[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(recvfrom), SCMP_SYS(sendto),
    SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(sched_yield), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group)};

/* Sockets that are there and those accepted from them. */
static const int calls_gateway[] = {SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown)};

/* Connections outwards: mail server, name servers, the worker's socket. */
static const int calls_broker[] = {
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(socketpair)};

/* Nobody of ours ever does this. */
static const int calls_deadly[] = {SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(bpf), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
    SCMP_SYS(chroot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(acct),
    SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(setns), SCMP_SYS(unshare)};
static const int calls_deadly_child[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork)};

static const int calls_denied_connect[] = {SCMP_SYS(socket), SCMP_SYS(connect)};
static const int calls_denied_supervisor[] = {SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(io_uring_setup),
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mknod),
    SCMP_SYS(mknodat)};

/* A call that the build's architecture or the kernel does not know is left out. */
static bool add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = seccomp_rule_add(filter, action, calls[i], 0);
        if (rc && rc != -EDOM && rc != -EEXIST) return false;
    }
    return true;
}

static bool allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, condition) == 0;
}

static bool add_conditions(scmp_filter_ctx filter)
{
    scmp_datum_t self = (scmp_datum_t)getpid();
    return allow_if(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           allow_if(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
           /* The C library falls back to clone, whose flags a filter can see. */
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           allow_if(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self)) &&
           allow_if(filter, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, self)) &&
           allow_if(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)) &&
           allow_if(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_GET_DUMPABLE)) &&
           allow_if(filter, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0)) &&
           allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO)) &&
           allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD)) &&
           allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TCGETS));
}

static bool fill_child(scmp_filter_ctx filter, enum ak_role role)
{
    bool ok = add_all(filter, SCMP_ACT_KILL_PROCESS, calls_deadly_child, AK_COUNT(calls_deadly_child)) &&
              add_conditions(filter);
    if (role == AK_ROLE_REENCRYPTOR)
        return ok && add_all(filter, SCMP_ACT_ALLOW, calls_reencryptor, AK_COUNT(calls_reencryptor));
    ok = ok && add_all(filter, SCMP_ACT_ALLOW, calls_common, AK_COUNT(calls_common));
    if (role == AK_ROLE_KEEPER || role == AK_ROLE_BROKER)
        ok = ok && add_all(filter, SCMP_ACT_ALLOW, calls_keeper, AK_COUNT(calls_keeper));
    if (role == AK_ROLE_KEEPER) return ok;
    if (role == AK_ROLE_BROKER)
        ok = ok && add_all(filter, SCMP_ACT_ALLOW, calls_broker, AK_COUNT(calls_broker));
    return ok && add_all(filter, SCMP_ACT_ALLOW, calls_gateway, AK_COUNT(calls_gateway));
}

static bool fill_supervisor(scmp_filter_ctx filter, bool children_connect)
{
    const uint32_t denied = SCMP_ACT_ERRNO(EPERM);
    return add_all(filter, denied, calls_denied_supervisor, AK_COUNT(calls_denied_supervisor)) &&
           (children_connect ||
               add_all(filter, denied, calls_denied_connect, AK_COUNT(calls_denied_connect)));
}

enum ak_err ak_sandbox_seccomp(enum ak_role role, bool children_connect)
{
    ak_assert(role < AK_ROLE_COUNT);
    bool supervisor = role == AK_ROLE_SUPERVISOR;
    scmp_filter_ctx filter = seccomp_init(supervisor ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
    if (!filter) return AK_E_FULL;
    bool ok = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
              seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
              add_all(filter, SCMP_ACT_KILL_PROCESS, calls_deadly, AK_COUNT(calls_deadly));
    if (supervisor)
        ok = ok && fill_supervisor(filter, children_connect);
    else
        ok = ok && fill_child(filter, role);
    ok = ok && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok ? AK_OK : AK_E_IO;
}
