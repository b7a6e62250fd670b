/* Threads over one list of jobs. */
#include "programs/worker/pool.h"

#include "base/assert.h"
#include "base/crypto/k256.h"
#include "io/proc/secmem.h"
#include "programs/worker/helper.h"

enum { STACK_LEN = 128 * 1024, AT_ONCE = 8, ENOUGH_DONE = 64 };

/* Takes up to AT_ONCE items, so that a lock is paid for several signatures while other threads still get
 * their share. */
static struct ak_pool_item *take_some(struct ak_pool *pool)
{
    struct ak_pool_item *first = pool->todo_first;
    struct ak_pool_item *last = first;
    for (int i = 1; i < AT_ONCE && last->next; i++) last = last->next;
    pool->todo_first = last->next;
    if (!pool->todo_first) pool->todo_last = NULL;
    last->next = NULL;
    return first;
}

/* True where the loop must be told, once for many: where enough are done, or nothing more is under way. */
static bool give_back(struct ak_pool *pool, struct ak_pool_item *first)
{
    struct ak_pool_item *last = first;
    size_t count = 1;
    ak_assert(first);
    for (; last->next; last = last->next) count++;
    last->next = pool->done;
    pool->done = first;
    pool->done_count += count;
    pool->inside -= count;
    if (pool->told || (pool->inside > 0 && pool->done_count < ENOUGH_DONE)) return false;
    pool->told = true;
    return true;
}

/* Not under the lock: the loop, awake at once on another core, takes it first of all. */
static void tell(struct ak_pool *pool)
{
    pthread_mutex_unlock(&pool->mutex);
    ak_event_signal(pool->event_fd);
    pthread_mutex_lock(&pool->mutex);
}

static void *run(void *arg)
{
    struct ak_pool *pool = arg;
    struct ak_job_keys keys = {0};
    struct ak_secmem_keep keep; /* OpenSSL allocates some forty blocks a signature */
    ak_secmem_keep_begin(&keep);
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->todo_first && !pool->stop) {
            pool->waiting++;
            pthread_cond_wait(&pool->wake, &pool->mutex);
            pool->waiting--;
        }
        if (!pool->todo_first) break;
        struct ak_pool_item *some = take_some(pool);
        pthread_mutex_unlock(&pool->mutex);
        for (struct ak_pool_item *item = some; item; item = item->next) item->run(item, &keys);
        pthread_mutex_lock(&pool->mutex);
        if (give_back(pool, some)) tell(pool);
    }
    pthread_mutex_unlock(&pool->mutex);
    ak_job_keys_done(&keys);
    ak_secmem_keep_end();
    return NULL;
}

static enum ak_err start_thread(struct ak_pool *pool, bool lock)
{
    size_t i = pool->count;
    pthread_attr_t attr;
    AK_TRY(ak_secmem_stack(STACK_LEN, lock, &pool->stacks[i], &pool->stack_len[i]));
    pthread_attr_init(&attr);
    int rc = pthread_attr_setstack(&attr, pool->stacks[i], pool->stack_len[i]);
    if (!rc) rc = pthread_create(&pool->threads[i], &attr, run, pool);
    pthread_attr_destroy(&attr);
    if (rc) {
        ak_secmem_stack_free(pool->stacks[i], pool->stack_len[i]);
        return AK_E_IO;
    }
    pool->count++;
    return AK_OK;
}

enum ak_err ak_pool_start(struct ak_pool *pool, size_t threads, bool lock, int event_fd)
{
    *pool = (struct ak_pool){.event_fd = event_fd};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    if (threads > AK_POOL_THREADS_MAX) threads = AK_POOL_THREADS_MAX;
    while (pool->count < threads) {
        enum ak_err err = start_thread(pool, lock);
        if (err) {
            ak_pool_stop(pool);
            return err;
        }
    }
    return AK_OK;
}

void ak_pool_give(struct ak_pool *pool, struct ak_pool_item *first, struct ak_pool_item *last, size_t count)
{
    last->next = NULL;
    pthread_mutex_lock(&pool->mutex);
    if (pool->todo_last)
        pool->todo_last->next = first;
    else
        pool->todo_first = first;
    pool->todo_last = last;
    pool->inside += count;
    size_t wake = (count + AT_ONCE - 1) / AT_ONCE;
    if (wake > pool->waiting) wake = pool->waiting;
    pthread_mutex_unlock(&pool->mutex);
    while (wake--) pthread_cond_signal(&pool->wake);
}

bool ak_pool_busy(struct ak_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool busy = pool->inside > 0;
    pthread_mutex_unlock(&pool->mutex);
    return busy;
}

struct ak_pool_item *ak_pool_take(struct ak_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct ak_pool_item *done = pool->done;
    pool->done = NULL;
    pool->done_count = 0;
    pool->told = false;
    pthread_mutex_unlock(&pool->mutex);
    return done;
}

void ak_pool_stop(struct ak_pool *pool)
{
    if (pool->event_fd == 0 && pool->count == 0) return;
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->count; i++) {
        pthread_join(pool->threads[i], NULL);
        ak_secmem_stack_free(pool->stacks[i], pool->stack_len[i]);
    }
    pool->count = 0;
}
