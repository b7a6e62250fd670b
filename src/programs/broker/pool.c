/* Threads that wait so that the loop need not. Each owns a database handle, a connection to the worker and a
 * signer; a job belongs to whoever took it, so only the lists are locked. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/log/log.h"
#include "programs/broker/broker.h"

static enum ak_err open_hand(struct ak_broker *broker, struct ak_hand *hand)
{
    uint64_t timeout_ms = ak_conf_ms(&broker->conf, AK_BROKER_WORKER_TIMEOUT);
    memset(hand, 0, sizeof *hand);
    hand->broker = broker;
    AK_TRY(ak_signin_db_open(broker->db_path, &hand->db));
    AK_TRY(ak_fetch_open(&hand->fetch, &broker->worker, NULL, timeout_ms));
    return ak_p256_signer_open(&hand->signer, &broker->keys.scalar);
}

static void close_hand(struct ak_hand *hand)
{
    ak_p256_signer_close(&hand->signer);
    ak_fetch_close(&hand->fetch);
    ak_signin_db_close(hand->db);
}

static struct ak_job *next_job(struct ak_broker *broker)
{
    (void)pthread_mutex_lock(&broker->lock);
    while (!broker->waiting_first && !broker->ending) (void)pthread_cond_wait(&broker->work, &broker->lock);
    struct ak_job *job = broker->ending ? NULL : broker->waiting_first;
    if (job) broker->waiting_first = job->next;
    if (!broker->waiting_first) broker->waiting_last = NULL;
    (void)pthread_mutex_unlock(&broker->lock);
    return job;
}

void ak_pool_finish(struct ak_broker *broker, struct ak_job *job)
{
    const uint64_t one = 1;
    (void)pthread_mutex_lock(&broker->lock);
    job->next = broker->finished;
    broker->finished = job;
    (void)pthread_mutex_unlock(&broker->lock);
    ssize_t written = write(broker->wake_fd, &one, sizeof one);
    (void)written; /* full: the loop is awake already */
}

static void *hand_main(void *ctx)
{
    struct ak_broker *broker = ctx;
    static _Thread_local struct ak_hand hand;
    struct ak_job *job;
    enum ak_err err = open_hand(broker, &hand);
    if (err) ak_log(AK_LOG_ERROR, "thread_failed", ak_log_err(err));
    while ((job = next_job(broker)) != NULL) {
        bool answered = true;
        if (err)
            (void)ak_job_failed(job, err);
        else
            answered = ak_handle(&hand, job);
        if (answered) ak_pool_finish(broker, job);
    }
    close_hand(&hand);
    return NULL;
}

enum ak_err ak_pool_start(struct ak_broker *broker)
{
    size_t want = (size_t)ak_conf_number(&broker->conf, AK_BROKER_THREADS);
    (void)pthread_mutex_init(&broker->lock, NULL);
    (void)pthread_mutex_init(&broker->nonces.lock, NULL);
    (void)pthread_cond_init(&broker->work, NULL);
    (void)pthread_cond_init(&broker->mail_wake, NULL);
    broker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (broker->wake_fd < 0) return AK_E_IO;
    for (size_t i = 0; i < AK_JOBS_MAX; i++) ak_pool_spare(broker, &broker->jobs[i]);
    for (; broker->threads_count < want; broker->threads_count++)
        if (pthread_create(&broker->threads[broker->threads_count], NULL, hand_main, broker))
            return AK_E_FULL;
    AK_TRY(ak_providers_start(broker));
    if (pthread_create(&broker->mailer, NULL, ak_mailer_main, broker)) return AK_E_FULL;
    broker->mailer_runs = true;
    return AK_OK;
}

void ak_pool_stop(struct ak_broker *broker)
{
    (void)pthread_mutex_lock(&broker->lock);
    broker->ending = true;
    atomic_store(&broker->mail_stop, true);
    (void)pthread_cond_broadcast(&broker->work);
    (void)pthread_cond_broadcast(&broker->mail_wake);
    (void)pthread_mutex_unlock(&broker->lock);
    for (size_t i = 0; i < broker->threads_count; i++) (void)pthread_join(broker->threads[i], NULL);
    ak_providers_stop(broker);
    if (broker->mailer_runs) (void)pthread_join(broker->mailer, NULL);
}

struct ak_job *ak_pool_take(struct ak_broker *broker)
{
    (void)pthread_mutex_lock(&broker->lock);
    struct ak_job *job = broker->spare;
    if (job) broker->spare = job->next;
    (void)pthread_mutex_unlock(&broker->lock);
    return job;
}

void ak_pool_spare(struct ak_broker *broker, struct ak_job *job)
{
    ak_wipe(job, sizeof *job);
    (void)pthread_mutex_lock(&broker->lock);
    job->next = broker->spare;
    broker->spare = job;
    (void)pthread_mutex_unlock(&broker->lock);
}

void ak_pool_submit(struct ak_broker *broker, struct ak_job *job)
{
    (void)pthread_mutex_lock(&broker->lock);
    job->next = NULL;
    if (broker->waiting_last)
        broker->waiting_last->next = job;
    else
        broker->waiting_first = job;
    broker->waiting_last = job;
    (void)pthread_cond_signal(&broker->work);
    (void)pthread_mutex_unlock(&broker->lock);
}

struct ak_job *ak_pool_finished(struct ak_broker *broker)
{
    uint64_t count = 0;
    ssize_t got = read(broker->wake_fd, &count, sizeof count);
    (void)got;
    (void)pthread_mutex_lock(&broker->lock);
    struct ak_job *jobs = broker->finished;
    broker->finished = NULL;
    (void)pthread_mutex_unlock(&broker->lock);
    return jobs;
}
