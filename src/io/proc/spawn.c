/* fork, arrange the descriptors, exec. Between fork and exec the child only makes system calls. */
#include "io/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"

enum { ARGS_MAX = 16, HIGH_FD = 64, ROLE_MAX = 32 };

#define ROLE_FLAG "--role="

static enum ak_err check_fds(const struct ak_spawn *spawn)
{
    bool taken[AK_FD_CHILD_MAX] = {false};
    for (size_t i = 0; i < spawn->fd_count; i++) {
        int number = spawn->fds[i].child_fd;
        if (number < 3 || number >= AK_FD_CHILD_MAX || taken[number] || spawn->fds[i].fd < 0) return AK_E_ARG;
        taken[number] = true;
    }
    return AK_OK;
}

/* First out of the way of each other, then to their places; everything else is closed. */
static bool place_fds(const struct ak_spawn *spawn)
{
    int high[AK_FD_CHILD_MAX];
    for (size_t i = 0; i < spawn->fd_count; i++) {
        high[i] = fcntl(spawn->fds[i].fd, F_DUPFD_CLOEXEC, HIGH_FD);
        if (high[i] < 0) return false;
    }
    if (close_range(3, HIGH_FD - 1, 0)) return false;
    for (size_t i = 0; i < spawn->fd_count; i++)
        if (dup2(high[i], spawn->fds[i].child_fd) < 0) return false;
    return close_range(AK_FD_CHILD_MAX, ~0u, 0) == 0;
}

/* A terminal's Ctrl-C reaches every process of the group; the supervisor alone decides the order of stopping.
 */
static bool reset_signals(void)
{
    sigset_t none;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const struct sigaction normal = {.sa_handler = SIG_DFL};
    return sigemptyset(&none) == 0 && sigaction(SIGINT, &ignore, NULL) == 0 &&
           sigaction(SIGTERM, &normal, NULL) == 0 && sigaction(SIGCHLD, &normal, NULL) == 0 &&
           sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

AK_NORETURN static void become(const struct ak_spawn *spawn, pid_t parent, const char *const *argv)
{
    static const char *const no_env[] = {NULL};
    const char *exe = spawn->exe ? spawn->exe : "/proc/self/exe";
    /* Dies with its parent, however that ends; the check closes the gap before prctl. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent) _exit(127);
    if (!reset_signals() || !place_fds(spawn)) _exit(127);
    union {
        const char *const *in;
        char *const *out;
    } args = {argv}, env = {spawn->env ? spawn->env : no_env};
    (void)execve(exe, args.out, env.out);
    _exit(127);
}

enum ak_err ak_spawn_self(const struct ak_spawn *spawn, struct ak_child *out_child)
{
    *out_child = (struct ak_child){0, -1, spawn->role};
    AK_TRY(check_fds(spawn));
    char role[ROLE_MAX + sizeof ROLE_FLAG];
    struct ak_buf role_buf = AK_BUF_ARR(role);
    ak_buf_put_str(&role_buf, ROLE_FLAG);
    ak_buf_put_str(&role_buf, spawn->role);
    AK_TRY(ak_buf_terminate(&role_buf));
    const char *argv[ARGS_MAX + 3] = {program_invocation_name, role};
    for (size_t i = 0; spawn->args && spawn->args[i]; i++) {
        if (i >= ARGS_MAX) return AK_E_ARG;
        argv[i + 2] = spawn->args[i];
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) return AK_E_IO;
    if (pid == 0) become(spawn, parent, argv);
    out_child->pid = pid;
    out_child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return AK_OK;
}

enum ak_err ak_spawn_text_fd(struct ak_span text, int *out_fd)
{
    *out_fd = -1;
    int fd = memfd_create("agentkeys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return AK_E_IO;
    if (write(fd, text.ptr, text.len) != (ssize_t)text.len || lseek(fd, 0, SEEK_SET) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
        (void)close(fd);
        return AK_E_IO;
    }
    *out_fd = fd;
    return AK_OK;
}

enum ak_err ak_spawn_read_all(int fd, uint8_t *out_bytes, size_t cap, size_t *out_len)
{
    *out_len = 0;
    size_t len = 0;
    enum ak_err err = AK_OK;
    /* A second reader of the same memfd (a restart) starts at its beginning; a pipe cannot seek. */
    (void)lseek(fd, 0, SEEK_SET);
    for (;;) {
        uint8_t beyond;
        ssize_t got = len < cap ? read(fd, out_bytes + len, cap - len) : read(fd, &beyond, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) err = AK_E_IO;
        if (got <= 0) break;
        if (len == cap) {
            err = AK_E_LIMIT;
            break;
        }
        len += (size_t)got;
    }
    (void)close(fd);
    if (!err) *out_len = len;
    return err;
}

const char *ak_spawn_role(int argc, char **argv)
{
    size_t flag_len = strlen(ROLE_FLAG);
    if (argc < 2 || strncmp(argv[1], ROLE_FLAG, flag_len) != 0) return NULL;
    return argv[1] + flag_len;
}

static void tell(char what)
{
    /* A full pipe is fine: the supervisor reads all of it at once. */
    ssize_t written = write(AK_FD_STATUS, &what, 1);
    (void)written;
}

void ak_child_ready(void)
{
    tell('R');
}

void ak_child_beat(void)
{
    tell('W');
}
