/* The key pool: threads that run jobs (derive, sign, verify, read a credential) on locked stacks. Jobs go in
 * and come out in batches, so a busy loop pays one lock and one wake for many. */
#ifndef AK_PROGRAMS_WORKER_POOL_H
#define AK_PROGRAMS_WORKER_POOL_H

#include <pthread.h>
#include <stdbool.h>

#include "core/engine/job.h"

enum { AK_POOL_THREADS_MAX = 64 };

/* A job in the pool's lists; belongs to the pool between give and take. */
struct ak_pool_item {
    struct ak_pool_item *next;
    void (*run)(struct ak_pool_item *item, struct ak_job_keys *keys);
};

struct ak_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct ak_pool_item *todo_first, *todo_last;
    struct ak_pool_item *done;
    size_t done_count;
    size_t inside;  /* given and not done yet */
    bool told;      /* the loop was woken and has not taken since */
    size_t waiting; /* threads that sleep */
    bool stop;
    int event_fd;
    size_t count;
    pthread_t threads[AK_POOL_THREADS_MAX];
    void *stacks[AK_POOL_THREADS_MAX];
    size_t stack_len[AK_POOL_THREADS_MAX];
};

/* `lock`: stacks must be locked in memory (AK_E_IO where they cannot be). */
AK_MUST_USE enum ak_err ak_pool_start(struct ak_pool *pool, size_t threads, bool lock, int event_fd);
/* Takes a chain of `count` items. */
void ak_pool_give(struct ak_pool *pool, struct ak_pool_item *first, struct ak_pool_item *last, size_t count);
/* True while a job is inside: the loop will be told again. */
bool ak_pool_busy(struct ak_pool *pool);
/* All finished items as a chain, or NULL. */
struct ak_pool_item *ak_pool_take(struct ak_pool *pool);
/* Finishes what was given, ends the threads, wipes the stacks. */
void ak_pool_stop(struct ak_pool *pool);

#endif
