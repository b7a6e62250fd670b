#include "bench/common/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/common/bench.h"

enum { READY_MS = 600 * 1000, TEXT_LEN = 700 };

void bench_worker_init(struct bench_worker *worker, const char *build, const char *folder)
{
    memset(worker, 0, sizeof *worker);
    (void)snprintf(worker->exe, sizeof worker->exe, "%s/src/programs/worker/agentkeys-worker", build);
    (void)snprintf(worker->folder, sizeof worker->folder, "%s", folder);
    (void)snprintf(worker->data, sizeof worker->data, "%s/data", folder);
    bench_must(access(worker->exe, X_OK) == 0, worker->exe);
}

pid_t bench_spawn(const char *const *argv, const char *out_path)
{
    char err_path[TEXT_LEN + 8];
    (void)snprintf(err_path, sizeof err_path, "%s.err", out_path);
    pid_t parent = getpid();
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    errno = 0;
    if (pid) return pid;
    int out = open(out_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int err = open(err_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    bool ready = out >= 0 && err >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
                 prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
    if (!ready || getppid() != parent) _exit(127);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

void bench_end(pid_t pid)
{
    if (pid <= 0) return;
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}

void bench_worker_create(const struct bench_worker *worker)
{
    char log[TEXT_LEN];
    int status = -1;
    (void)snprintf(log, sizeof log, "%s/log", worker->folder);
    const char *const argv[] = {worker->exe, "init", "--data-dir", worker->data, NULL};
    pid_t pid = bench_spawn(argv, log);
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, "agentkeys-worker init");
}

/* ---- start ---- */

/* The socket that a service manager would give: READY=1 arrives here. */
static int notify_socket(const struct bench_worker *worker)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[TEXT_LEN];
    (void)snprintf(path, sizeof path, "%s/notify", worker->folder);
    bench_must(strlen(path) < sizeof address.sun_path, "the folder's name is too long");
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "notify socket");
    bench_must(setenv("NOTIFY_SOCKET", path, 1) == 0, "setenv");
    return fd;
}

static void wait_ready(int fd, pid_t pid)
{
    char text[256];
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        bench_must(waitpid(pid, NULL, WNOHANG) == 0, "the worker ended while it started; see its log");
        int count = poll(&poll_fd, 1, 1000);
        if (count <= 0) continue;
        ssize_t len = recv(fd, text, sizeof text - 1, 0);
        bench_must(len > 0, "notify");
        text[len] = 0;
        if (strstr(text, "READY=1")) return;
    }
}

static pid_t child_of(pid_t parent, const char *role)
{
    char path[128];
    char line[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    FILE *file = fopen(path, "re");
    bench_must(file != NULL, path);
    bool some = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    for (char *at = some ? line : NULL, *end = NULL; at; at = end) {
        char text[512] = {0};
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at) break;
        (void)snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0) (void)close(fd);
        if (len > 0 && memmem(text, (size_t)len, role, strlen(role))) return pid;
    }
    bench_must(false, "the worker's processes are not found");
    return -1;
}

static void read_url(struct bench_worker *worker)
{
    char path[TEXT_LEN];
    char url[256] = {0};
    const char *reason = NULL;
    (void)snprintf(path, sizeof path, "%s/worker.url", worker->folder);
    FILE *file = fopen(path, "re");
    bench_must(file && fgets(url, (int)sizeof url - 5, file) != NULL, path);
    (void)fclose(file);
    url[strcspn(url, "\n")] = 0;
    memcpy(url + strlen(url), "/tee", 5);
    bench_must(ak_target_parse(url, &worker->tcp, &reason) == AK_OK, "worker.url");
    (void)snprintf(path, sizeof path, "%s/operator.sock", worker->folder);
    bench_must(ak_target_socket(path, &worker->tcp, &worker->operator_socket) == AK_OK, "operator.sock");
}

void bench_worker_start(struct bench_worker *worker, const char *const *args)
{
    char log[TEXT_LEN];
    char operator_sock[TEXT_LEN];
    (void)snprintf(log, sizeof log, "%s/log", worker->folder);
    (void)snprintf(worker->socket, sizeof worker->socket, "%s/worker.sock", worker->folder);
    (void)snprintf(operator_sock, sizeof operator_sock, "%s/operator.sock", worker->folder);
    const char *argv[12 + BENCH_WORKER_ARGS] = {worker->exe, "serve", "--data-dir", worker->data, "--socket",
        worker->socket, "--operator-socket", operator_sock, "--listen", "127.0.0.1:0", NULL};
    for (size_t i = 0; args && args[i]; i++) {
        bench_must(i < BENCH_WORKER_ARGS, "too many arguments");
        argv[10 + i] = args[i];
        argv[11 + i] = NULL;
    }
    int fd = notify_socket(worker);
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
    worker->pids[0] = bench_spawn(argv, log);
    (void)unsetenv("NOTIFY_SOCKET");
    wait_ready(fd, worker->pids[0]);
    worker->ready_ns = bench_now_ns(CLOCK_MONOTONIC) - begin;
    (void)close(fd);
    worker->pids[1] = child_of(worker->pids[0], "--role=keeper");
    worker->pids[2] = child_of(worker->pids[0], "--role=gateway");
    worker->pids[3] = child_of(worker->pids[0], "--role=reencryptor");
    read_url(worker);
}

void bench_worker_stop(struct bench_worker *worker)
{
    bench_end(worker->pids[0]);
    memset(worker->pids, 0, sizeof worker->pids);
}

/* ---- what it uses ---- */

uint64_t bench_process_cpu_ns(pid_t pid)
{
    clockid_t clock;
    errno = 0;
    bench_must(clock_getcpuclockid(pid, &clock) == 0, "a process that is measured has ended");
    return bench_now_ns(clock);
}

uint64_t bench_worker_cpu_ns(const struct bench_worker *worker)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BENCH_WORKER_PROCESSES; i++) sum += bench_process_cpu_ns(worker->pids[i]);
    return sum;
}

uint64_t bench_worker_pss(const struct bench_worker *worker, unsigned process)
{
    char path[64];
    char line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", worker->pids[process]);
    FILE *file = fopen(path, "re");
    bench_must(file != NULL, "smaps_rollup (the keeper's may be read by root only)");
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "Pss:", 4) == 0) kib = strtoul(line + 4, NULL, 10);
    (void)fclose(file);
    bench_must(kib > 0, "no Pss");
    return (uint64_t)kib * 1024;
}
