/* One mailbox, one thread. */
#include "programs/worker/helper.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/attr.h"
#include "io/proc/clock.h"

enum { WARNED_NS = 60000 };

void ak_event_signal(int event_fd)
{
    uint64_t one = 1;
    (void)!write(event_fd, &one, sizeof one);
}

void ak_event_clear(int event_fd)
{
    uint64_t value = 0;
    (void)!read(event_fd, &value, sizeof value);
}

/* Eases a core that only looks, so that the other thread of the same core gets on. */
static void ease(void)
{
#if defined(__x86_64__)
    for (int i = 0; i < 32; i++) __builtin_ia32_pause();
#endif
}

/* True where bytes came; where their sender is gone, nobody is listened to any more. */
static bool take_warning(struct ak_helper *helper, int fd)
{
    uint8_t bytes[64];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) return true;
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) helper->warning_fd = -1;
    return false;
}

/* Both are called, and return, with the mutex locked. */
static void look_for_work(struct ak_helper *helper)
{
    uint64_t until_ns = ak_clock_mono_ns() + WARNED_NS;
    while (helper->state == AK_HELPER_IDLE && ak_clock_mono_ns() < until_ns) {
        pthread_mutex_unlock(&helper->mutex);
        ease();
        pthread_mutex_lock(&helper->mutex);
    }
}

static void sleep_until_woken(struct ak_helper *helper)
{
    struct pollfd fds[] = {
        {.fd = helper->wake_fd, .events = POLLIN}, {.fd = helper->warning_fd, .events = POLLIN}};
    helper->asleep = true;
    pthread_mutex_unlock(&helper->mutex);
    (void)poll(fds, AK_COUNT(fds), -1);
    ak_event_clear(helper->wake_fd);
    pthread_mutex_lock(&helper->mutex);
    helper->asleep = false;
    if (fds[1].revents && take_warning(helper, fds[1].fd)) look_for_work(helper);
}

static void *run(void *arg)
{
    struct ak_helper *helper = arg;
    pthread_mutex_lock(&helper->mutex);
    while (helper->state != AK_HELPER_STOP) {
        if (helper->state != AK_HELPER_GIVEN) {
            sleep_until_woken(helper);
            continue;
        }
        pthread_mutex_unlock(&helper->mutex);
        helper->work(helper->ctx);
        pthread_mutex_lock(&helper->mutex);
        if (helper->state == AK_HELPER_GIVEN) helper->state = AK_HELPER_DONE;
        pthread_cond_broadcast(&helper->finished);
        if (!helper->hushed) ak_event_signal(helper->event_fd);
    }
    pthread_mutex_unlock(&helper->mutex);
    return NULL;
}

enum ak_err ak_helper_start(struct ak_helper *helper, void (*work)(void *ctx), void *ctx, int event_fd)
{
    *helper = (struct ak_helper){.work = work, .ctx = ctx, .event_fd = event_fd, .warning_fd = -1};
    helper->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (helper->wake_fd < 0) return AK_E_IO;
    pthread_mutex_init(&helper->mutex, NULL);
    pthread_cond_init(&helper->finished, NULL);
    helper->started = pthread_create(&helper->thread, NULL, run, helper) == 0;
    if (!helper->started) (void)close(helper->wake_fd);
    return helper->started ? AK_OK : AK_E_IO;
}

void ak_helper_warned_by(struct ak_helper *helper, int fd)
{
    pthread_mutex_lock(&helper->mutex);
    helper->warning_fd = fd;
    pthread_mutex_unlock(&helper->mutex);
    ak_event_signal(helper->wake_fd); /* it sleeps without it */
}

bool ak_helper_idle(struct ak_helper *helper)
{
    pthread_mutex_lock(&helper->mutex);
    bool idle = helper->state == AK_HELPER_IDLE;
    pthread_mutex_unlock(&helper->mutex);
    return idle;
}

void ak_helper_give(struct ak_helper *helper)
{
    pthread_mutex_lock(&helper->mutex);
    ak_assert(helper->state == AK_HELPER_IDLE);
    helper->state = AK_HELPER_GIVEN;
    bool asleep = helper->asleep;
    pthread_mutex_unlock(&helper->mutex); /* before the signal: the woken thread takes it first of all */
    if (asleep) ak_event_signal(helper->wake_fd);
}

static bool is_done(struct ak_helper *helper)
{
    pthread_mutex_lock(&helper->mutex);
    bool done = helper->state == AK_HELPER_DONE;
    pthread_mutex_unlock(&helper->mutex);
    return done;
}

bool ak_helper_hush(struct ak_helper *helper, bool hush)
{
    pthread_mutex_lock(&helper->mutex);
    helper->hushed = hush;
    bool done = helper->state == AK_HELPER_DONE;
    pthread_mutex_unlock(&helper->mutex);
    return done;
}

bool ak_helper_look(struct ak_helper *helper, uint64_t most_ns)
{
    uint64_t until_ns = ak_clock_mono_ns() + most_ns;
    bool done = false;
    while (!(done = is_done(helper)) && ak_clock_mono_ns() < until_ns) ease();
    return done;
}

bool ak_helper_done(struct ak_helper *helper)
{
    pthread_mutex_lock(&helper->mutex);
    bool done = helper->state == AK_HELPER_DONE;
    if (done) helper->state = AK_HELPER_IDLE;
    pthread_mutex_unlock(&helper->mutex);
    return done;
}

void ak_helper_stop(struct ak_helper *helper)
{
    if (!helper->started) return;
    pthread_mutex_lock(&helper->mutex);
    while (helper->state == AK_HELPER_GIVEN) pthread_cond_wait(&helper->finished, &helper->mutex);
    helper->state = AK_HELPER_STOP;
    pthread_mutex_unlock(&helper->mutex);
    ak_event_signal(helper->wake_fd);
    pthread_join(helper->thread, NULL);
    (void)close(helper->wake_fd);
    pthread_cond_destroy(&helper->finished);
    pthread_mutex_destroy(&helper->mutex);
    helper->started = false;
}
