/* Tries one forbidden thing each, for tests that run it in a forked child. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/proc/sandbox.h"

static bool file_is_refused(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) return errno == EACCES || errno == EPERM;
    (void)close(fd);
    return false;
}

static bool socket_is_refused(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno == EPERM || errno == EACCES;
    (void)close(fd);
    return false;
}

/* The filter looks at the call before the kernel looks at the descriptor: EBADF would mean it got through. */
static bool connect_is_refused(void)
{
    const struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(-1, (const struct sockaddr *)(const void *)&addr, sizeof addr) < 0 && errno == EPERM;
}

static bool bind_is_refused(void)
{
    const struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return bind(-1, (const struct sockaddr *)(const void *)&addr, sizeof addr) < 0 && errno == EPERM;
}

static bool exec_is_refused(void)
{
    char path[] = "/bin/true";
    char *const argv[] = {path, NULL};
    char *const env[] = {NULL};
    (void)execve(path, argv, env);
    return errno == EPERM || errno == EACCES;
}

static bool fork_is_refused(void)
{
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid < 0) return errno == EPERM;
    (void)waitpid(pid, NULL, 0);
    return false;
}

static bool exec_pages_are_refused(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return errno == EPERM || errno == EACCES;
    (void)munmap(page, 4096);
    return false;
}

bool ak_sandbox_refuses(enum ak_sandbox_try what)
{
    switch (what) {
    case AK_TRY_OPEN_ETC_PASSWD: return file_is_refused("/etc/passwd", O_RDONLY);
    case AK_TRY_CREATE_FILE_IN_TMP:
        return file_is_refused("/tmp/agentkeys-sandbox-check", O_WRONLY | O_CREAT);
    case AK_TRY_SOCKET_INET: return socket_is_refused(AF_INET);
    case AK_TRY_SOCKET_UNIX: return socket_is_refused(AF_UNIX);
    case AK_TRY_CONNECT: return connect_is_refused();
    case AK_TRY_BIND: return bind_is_refused();
    case AK_TRY_EXEC: return exec_is_refused();
    case AK_TRY_FORK: return fork_is_refused();
    case AK_TRY_PTRACE: return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM;
    case AK_TRY_KILL_PARENT: return kill(getppid(), 0) < 0 && errno == EPERM;
    case AK_TRY_MMAP_EXEC: return exec_pages_are_refused();
    case AK_TRY_SETUID_ROOT: return setresuid(0, 0, 0) < 0 && errno == EPERM;
    case AK_TRY_COUNT: break;
    }
    ak_abort();
}
