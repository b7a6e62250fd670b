/* One mailbox, one thread. */
#include "programs/worker/helper.h"

#include <unistd.h>

#include "base/assert.h"
#include "io/proc/clock.h"

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

static void *run(void *arg)
{
    struct ak_helper *helper = arg;
    pthread_mutex_lock(&helper->mutex);
    while (helper->state != AK_HELPER_STOP) {
        if (helper->state != AK_HELPER_GIVEN) {
            pthread_cond_wait(&helper->wake, &helper->mutex);
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
    *helper = (struct ak_helper){.work = work, .ctx = ctx, .event_fd = event_fd};
    pthread_mutex_init(&helper->mutex, NULL);
    pthread_cond_init(&helper->wake, NULL);
    pthread_cond_init(&helper->finished, NULL);
    if (pthread_create(&helper->thread, NULL, run, helper)) return AK_E_IO;
    helper->started = true;
    return AK_OK;
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
    pthread_mutex_unlock(&helper->mutex);
    pthread_cond_signal(&helper->wake); /* not under the lock, which the woken thread takes first of all */
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

/* Eases a core that only looks, so that the other thread of the same core gets on. */
static void ease(void)
{
#if defined(__x86_64__)
    for (int i = 0; i < 32; i++) __builtin_ia32_pause();
#endif
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
    pthread_cond_signal(&helper->wake);
    pthread_mutex_unlock(&helper->mutex);
    pthread_join(helper->thread, NULL);
    pthread_cond_destroy(&helper->wake);
    pthread_cond_destroy(&helper->finished);
    pthread_mutex_destroy(&helper->mutex);
    helper->started = false;
}
