/* One loop over signalfd, pidfds and status pipes. A set of children is started, watched and stopped as a
 * whole. */
#include "io/proc/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/notify.h"

enum { PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 10000, CALM_MS = 60000 };

enum watch_end { WATCH_STOP, WATCH_CHILD_ENDED };

struct one {
    struct ak_child child;
    int status_fd;
    bool ready;
    uint64_t last_beat_ms;
};
struct set {
    const struct ak_supervise *plan;
    struct one all[AK_SUPERVISE_CHILDREN_MAX];
    size_t started;
    bool ready;
    bool boot_failed; /* a child of this set could not start */
    bool stop_failed; /* … or was killed while it stopped, or says that it did not keep all */
    int signal_fd;
    struct ak_notify notify;
};

unsigned ak_supervise_pause_ms(unsigned restarts)
{
    if (restarts == 0) return 0;
    if (restarts > 7) return PAUSE_MAX_MS;
    unsigned pause = (unsigned)PAUSE_FIRST_MS << (restarts - 1);
    return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

enum ak_err ak_stop_fd(bool with_interrupt, int *out_fd)
{
    *out_fd = -1;
    sigset_t set;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) || sigaction(SIGHUP, &ignore, NULL)) return AK_E_IO;
    if (!with_interrupt && sigaction(SIGINT, &ignore, NULL)) return AK_E_IO;
    if (sigemptyset(&set) || sigaddset(&set, SIGTERM)) return AK_E_IO;
    if (with_interrupt && sigaddset(&set, SIGINT)) return AK_E_IO;
    if (sigprocmask(SIG_BLOCK, &set, NULL)) return AK_E_IO;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return AK_E_IO;
    *out_fd = fd;
    return AK_OK;
}

static enum ak_err start_one(struct set *set, size_t index)
{
    const struct ak_supervise *plan = set->plan;
    struct one *one = &set->all[index];
    struct ak_spawn_fd fds[AK_FD_CHILD_MAX] = {{-1, -1}};
    struct ak_spawn spawn = {.role = plan->roles[index], .fds = fds};
    AK_TRY(plan->child(plan->ctx, index, &spawn, fds, AK_COUNT(fds) - 1));
    spawn.role = plan->roles[index];
    spawn.fds = fds;
    ak_assert(spawn.fd_count < AK_COUNT(fds));
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK)) return AK_E_IO;
    fds[spawn.fd_count++] = (struct ak_spawn_fd){pipe_fds[1], AK_FD_STATUS};
    enum ak_err err = ak_spawn_self(&spawn, &one->child);
    (void)close(pipe_fds[1]);
    if (err || one->child.pidfd < 0) {
        (void)close(pipe_fds[0]);
        if (err) return err;
        (void)kill(one->child.pid, SIGKILL);
        (void)waitpid(one->child.pid, NULL, 0);
        return AK_E_IO;
    }
    one->status_fd = pipe_fds[0];
    one->ready = false;
    one->last_beat_ms = ak_clock_mono_ms();
    ak_log(AK_LOG_INFO, "child_started", ak_log_str("child", one->child.role),
        ak_log_u64("pid", (uint64_t)one->child.pid));
    return AK_OK;
}

static enum ak_err start_all(struct set *set)
{
    const struct ak_supervise *plan = set->plan;
    set->started = 0;
    set->ready = set->boot_failed = set->stop_failed = false;
    enum ak_err err = plan->prepare ? plan->prepare(plan->ctx) : AK_OK;
    while (!err && set->started < plan->count) {
        err = start_one(set, set->started);
        if (!err) set->started++;
    }
    if (plan->started) plan->started(plan->ctx);
    return err;
}

static void log_end(const struct one *one, int status)
{
    if (WIFSIGNALED(status))
        ak_log(AK_LOG_WARN, "child_ended", ak_log_str("child", one->child.role),
            ak_log_u64("signal", (uint64_t)WTERMSIG(status)));
    else
        ak_log(WEXITSTATUS(status) ? AK_LOG_WARN : AK_LOG_INFO, "child_ended",
            ak_log_str("child", one->child.role), ak_log_u64("exit_status", (uint64_t)WEXITSTATUS(status)));
}

static void forget(struct one *one)
{
    (void)close(one->child.pidfd);
    (void)close(one->status_fd);
    one->child = (struct ak_child){0, -1, one->child.role};
    one->status_fd = -1;
}

static void read_status(struct one *one)
{
    char bytes[64];
    ssize_t got;
    while ((got = read(one->status_fd, bytes, sizeof bytes)) > 0) {
        one->last_beat_ms = ak_clock_mono_ms();
        for (ssize_t i = 0; i < got; i++) one->ready |= bytes[i] == 'R';
    }
}

/* Takes a child's end: says it, and whether its start failed. What it said before it ended counts. */
static void take_end(struct set *set, struct one *one, int status)
{
    read_status(one);
    log_end(one, status);
    if (!one->ready && WIFEXITED(status) && WEXITSTATUS(status) == AK_BOOT_FAIL_EXIT) set->boot_failed = true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == AK_STOP_FAIL_EXIT) set->stop_failed = true;
    forget(one);
}

/* Waits for the child's end, at most until the deadline. */
static bool reap_until(struct set *set, struct one *one, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = ak_clock_mono_ms();
        struct pollfd pfd = {one->child.pidfd, POLLIN, 0};
        int wait_ms = now < deadline_ms ? (int)(deadline_ms - now) : 0;
        if (poll(&pfd, 1, wait_ms) <= 0 && now < deadline_ms) continue;
        int status = 0;
        if (waitpid(one->child.pid, &status, WNOHANG) == one->child.pid) {
            take_end(set, one, status);
            return true;
        }
        if (now >= deadline_ms) return false;
    }
}

/* Reverse order of the start; one that does not stop in time is killed. */
static void stop_all(struct set *set)
{
    unsigned stop_ms = set->plan->stop_ms ? set->plan->stop_ms : AK_SUPERVISE_STOP_MS;
    for (size_t i = set->started; i-- > 0;) {
        struct one *one = &set->all[i];
        if (one->child.pid == 0) continue;
        (void)kill(one->child.pid, SIGTERM);
        if (reap_until(set, one, ak_clock_mono_ms() + stop_ms)) continue;
        ak_log(AK_LOG_WARN, "child_killed", ak_log_str("child", one->child.role));
        set->stop_failed = true;
        (void)kill(one->child.pid, SIGKILL);
        int status = 0;
        while (waitpid(one->child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        log_end(one, status);
        forget(one);
    }
    set->started = 0;
}

static void note_ready(struct set *set)
{
    if (set->ready) return;
    for (size_t i = 0; i < set->started; i++)
        if (!set->all[i].ready) return;
    set->ready = true;
    ak_log_event(AK_LOG_INFO, "ready");
    ak_notify_send(&set->notify, "READY=1\nSTATUS=serving");
    if (set->plan->ready) set->plan->ready(set->plan->ctx);
}

static unsigned beat_ms(const struct set *set)
{
    return set->plan->beat_ms ? set->plan->beat_ms : AK_SUPERVISE_BEAT_MS;
}

/* AK_E_EXPIRED where a child that was ready has been silent too long. */
static enum ak_err check_beats(const struct set *set)
{
    if (!set->plan->require_beats || !set->ready) return AK_OK;
    uint64_t now = ak_clock_mono_ms();
    for (size_t i = 0; i < set->started; i++) {
        if (now - set->all[i].last_beat_ms < beat_ms(set)) continue;
        ak_log(AK_LOG_ERROR, "child_silent", ak_log_str("child", set->all[i].child.role));
        (void)kill(set->all[i].child.pid, SIGKILL);
        return AK_E_EXPIRED;
    }
    return AK_OK;
}

static int wait_ms(const struct set *set)
{
    uint64_t period = set->plan->require_beats ? beat_ms(set) / 4 : 0;
    uint64_t watchdog = set->notify.fd >= 0 ? set->notify.watchdog_period_ms : 0;
    if (watchdog && (!period || watchdog < period)) period = watchdog;
    return period ? (int)(period < 60000 ? period : 60000) : -1;
}

static bool ended(struct set *set, struct one *one)
{
    int status = 0;
    if (waitpid(one->child.pid, &status, WNOHANG) != one->child.pid) return false;
    take_end(set, one, status);
    return true;
}

/* Who did not run himself cannot say that others were silent: where all stood still (SIGSTOP, a frozen
 * container, a paused virtual machine), everybody has a full term again. Looks are a quarter term apart. */
static void forgive(struct set *set, uint64_t slept_ms)
{
    if (!set->plan->require_beats || !set->ready || slept_ms < beat_ms(set) / 2) return;
    ak_log(AK_LOG_WARN, "supervisor_held_up", ak_log_u64("ms", slept_ms));
    for (size_t i = 0; i < set->started; i++) set->all[i].last_beat_ms = ak_clock_mono_ms();
}

static enum watch_end watch(struct set *set)
{
    struct pollfd pfds[1 + 2 * AK_SUPERVISE_CHILDREN_MAX];
    for (;;) {
        uint64_t slept = ak_clock_mono_ms();
        pfds[0] = (struct pollfd){set->signal_fd, POLLIN, 0};
        for (size_t i = 0; i < set->started; i++) {
            pfds[1 + 2 * i] = (struct pollfd){set->all[i].child.pidfd, POLLIN, 0};
            pfds[2 + 2 * i] = (struct pollfd){set->all[i].status_fd, POLLIN, 0};
        }
        (void)poll(pfds, (nfds_t)(1 + 2 * set->started), wait_ms(set));
        if (pfds[0].revents) return WATCH_STOP;
        forgive(set, ak_clock_mono_ms() - slept);
        for (size_t i = 0; i < set->started; i++) {
            if (pfds[1 + 2 * i].revents && ended(set, &set->all[i])) return WATCH_CHILD_ENDED;
            if (pfds[2 + 2 * i].revents) read_status(&set->all[i]);
        }
        note_ready(set);
        if (check_beats(set)) return WATCH_CHILD_ENDED;
        if (set->notify.watchdog_period_ms) ak_notify_send(&set->notify, "WATCHDOG=1");
    }
}

/* True where the pause was ended by a wish to stop. */
static bool pause_or_stop(const struct set *set, unsigned pause_ms)
{
    struct pollfd pfd = {set->signal_fd, POLLIN, 0};
    uint64_t end = ak_clock_mono_ms() + pause_ms;
    for (uint64_t now = ak_clock_mono_ms(); now < end; now = ak_clock_mono_ms()) {
        if (poll(&pfd, 1, (int)(end - now)) > 0) return true;
        if (set->notify.watchdog_period_ms) ak_notify_send(&set->notify, "WATCHDOG=1");
    }
    return false;
}

static int run(struct set *set)
{
    unsigned restarts = 0;
    for (;;) {
        uint64_t began = ak_clock_mono_ms();
        enum watch_end end = start_all(set) ? WATCH_CHILD_ENDED : watch(set);
        if (end == WATCH_STOP) ak_notify_send(&set->notify, "STOPPING=1");
        stop_all(set);
        if (end == WATCH_STOP) return set->stop_failed ? AK_STOP_FAIL_EXIT : 0;
        /* whichever was seen to end first: the others end with the one whose start failed */
        if (set->boot_failed || set->plan->once) return 1;
        restarts = ak_clock_mono_ms() - began >= CALM_MS ? 1 : restarts + 1;
        unsigned pause = ak_supervise_pause_ms(restarts);
        ak_log(AK_LOG_WARN, "restarting", ak_log_u64("restarts", restarts), ak_log_u64("pause_ms", pause));
        ak_notify_send(&set->notify, "STATUS=restarting");
        if (pause_or_stop(set, pause)) return 0;
    }
}

int ak_supervise_run(const struct ak_supervise *plan)
{
    ak_assert(plan->count > 0 && plan->count <= AK_SUPERVISE_CHILDREN_MAX);
    struct set set = {.plan = plan, .notify = {-1, 0}};
    if (ak_notify_open(&set.notify)) ak_log_event(AK_LOG_WARN, "notify_socket_unusable");
    if (ak_stop_fd(true, &set.signal_fd)) return 1;
    int status = run(&set);
    (void)close(set.signal_fd);
    ak_notify_close(&set.notify);
    return status;
}
