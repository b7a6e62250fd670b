/* Running worker and broker side by side. The worker is what counts: when it ends, all ends, with its status.
 * Neither outlives this process, not even where it is killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wipe.h"
#include "io/proc/clock.h"
#include "programs/cli/up.h"

enum { PAUSE_MAX_S = 60, CALM_MS = 60000, END_MS = 8000, BOOT_FAILED = 1, SIGNALLED = 128 };

struct both {
    struct ak_up *up;
    sigset_t set, before;
    pid_t worker, broker; /* 0: does not run */
    int worker_status, broker_status;
    bool stopping;
    unsigned failures; /* of the broker, one after the other */
    uint64_t started_ms, again_ms;
};

static pid_t start(struct both *both, const char *program, char *const *args, const char *const *env)
{
    pid_t parent = getpid(), pid = fork();
    if (pid != 0) return pid > 0 ? pid : 0;
    (void)sigprocmask(SIG_SETMASK, &both->before, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) (void)execve(program, args, (char *const *)(uintptr_t)env);
    _exit(127);
}

static void start_broker(struct both *both)
{
    both->started_ms = ak_clock_mono_ms();
    both->broker = start(both, both->up->broker, both->up->broker_args.list, both->up->env);
}

static void tell(pid_t pid)
{
    if (pid > 0) (void)kill(pid, SIGTERM);
}

/* Its status 1 is a start that cannot be, which trying again does not cure. */
static bool broker_cannot_be(const struct both *both)
{
    return both->broker == 0 && WIFEXITED(both->broker_status) &&
           WEXITSTATUS(both->broker_status) == BOOT_FAILED;
}

static void on_broker_end(struct both *both)
{
    both->broker = 0;
    if (both->stopping || broker_cannot_be(both)) return;
    uint64_t now = ak_clock_mono_ms();
    both->failures = now - both->started_ms > CALM_MS ? 1 : both->failures + 1;
    unsigned pause_s = both->failures > 6 ? PAUSE_MAX_S : 1u << (both->failures - 1);
    both->again_ms = now + (uint64_t)pause_s * 1000;
    (void)fprintf(stderr, "agentkeys up: the broker ended; it is started again in %u s\n", pause_s);
}

static void reap(struct both *both)
{
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == both->worker) {
            both->worker = 0;
            both->worker_status = status;
        } else if (pid == both->broker) {
            both->broker_status = status;
            on_broker_end(both);
        }
    }
}

/* The next signal, or 0 after `ms`. */
static int wait_signal(const struct both *both, uint64_t ms)
{
    const struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    int got = sigtimedwait(&both->set, NULL, &time);
    return got > 0 ? got : 0;
}

static uint64_t wait_ms(const struct both *both)
{
    uint64_t now = ak_clock_mono_ms();
    if (both->stopping || both->broker) return CALM_MS;
    return both->again_ms > now ? both->again_ms - now : 0;
}

static void turn(struct both *both)
{
    int got = wait_signal(both, wait_ms(both));
    if (got && got != SIGCHLD) {
        both->stopping = true;
        tell(both->broker);
        tell(both->worker);
    }
    reap(both);
    bool due = !both->broker && !both->stopping && ak_clock_mono_ms() >= both->again_ms;
    if (due && both->worker && !broker_cannot_be(both)) start_broker(both);
}

/* Whatever still runs; the worker first, as its end makes the broker's jobs end. */
static void end_all(struct both *both)
{
    both->stopping = true;
    tell(both->worker);
    tell(both->broker);
    uint64_t until = ak_clock_mono_ms() + END_MS;
    while ((both->worker || both->broker) && ak_clock_mono_ms() < until) {
        (void)wait_signal(both, 100);
        reap(both);
    }
    if (both->broker) (void)kill(both->broker, SIGKILL);
    while (both->worker && waitpid(both->worker, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* The development signer's secret is the worker's; this process needs it no more. */
static void forget_secret(void)
{
    char *value = getenv("DEV_KEY_SERVICE_MASTER_SECRET");
    if (!value) return;
    ak_wipe(value, strlen(value));
    (void)unsetenv("DEV_KEY_SERVICE_MASTER_SECRET");
}

static bool begin(struct both *both)
{
    const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    (void)sigemptyset(&both->set);
    for (size_t i = 0; i < AK_COUNT(wanted); i++) (void)sigaddset(&both->set, wanted[i]);
    if (sigprocmask(SIG_BLOCK, &both->set, &both->before)) return false;
    both->worker =
        start(both, both->up->worker, both->up->worker_args.list, (const char *const *)(uintptr_t)environ);
    forget_secret();
    if (both->worker) start_broker(both);
    return both->worker && both->broker;
}

int ak_up_run_both(struct ak_up *up)
{
    struct both both = {.up = up};
    bool begun = begin(&both);
    while (begun && both.worker && !broker_cannot_be(&both)) turn(&both);
    bool broker_failed = begun && broker_cannot_be(&both) && both.worker && !both.stopping;
    bool worker_runs = both.worker != 0;
    end_all(&both);
    if (!begun)
        return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "worker and broker cannot be started",
            "the system gave no process", "agentkeys up --broker off");
    if (broker_failed)
        return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE,
            "the broker did not start, so the worker was stopped", "its own message stands above",
            "correct it, or go without: agentkeys up --broker off");
    if (worker_runs) return AK_CATEGORY_FAILURE;
    return WIFEXITED(both.worker_status) ? WEXITSTATUS(both.worker_status)
                                         : SIGNALLED + WTERMSIG(both.worker_status);
}

bool ak_up_run(const char *program, char *const *args, const char *const *env)
{
    int how = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)execve(program, args, (char *const *)(uintptr_t)env);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}
