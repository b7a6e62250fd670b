/* Each provider's own threads: what must wait for it waits here, up to a number and a time, and nobody else
 * does. They have no part in the worker: a provider's answer reaches nothing but the state and a page. */
#include <stdlib.h>

#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/broker/broker.h"

enum { WAITED_MAX_MS = 10000 };

static struct ak_job *next_job(struct ak_provider *provider)
{
    (void)pthread_mutex_lock(&provider->lock);
    while (!provider->waiting_first && !atomic_load(&provider->broker->mail_stop))
        (void)pthread_cond_wait(&provider->work, &provider->lock);
    struct ak_job *job = atomic_load(&provider->broker->mail_stop) ? NULL : provider->waiting_first;
    if (job) {
        provider->waiting_first = job->next;
        provider->waiting_count--;
    }
    if (!provider->waiting_first) provider->waiting_last = NULL;
    (void)pthread_mutex_unlock(&provider->lock);
    return job;
}

static void work(struct ak_hand *hand, struct ak_job *job)
{
    if (ak_clock_mono_ms() - job->queued_ms > WAITED_MAX_MS)
        (void)ak_job_refuse(job, AK_CODE_NOT_READY, "the provider is slow, and too much waits for it");
    else
        ak_oauth2_go_on(hand, job);
}

static void *provider_main(void *ctx)
{
    struct ak_provider *provider = ctx;
    static _Thread_local struct ak_hand hand;
    struct ak_job *job;
    hand.broker = provider->broker;
    hand.page = malloc(AK_RP_JWKS_MAX);
    enum ak_err err = hand.page ? ak_signin_db_open(provider->broker->db_path, &hand.db) : AK_E_FULL;
    if (err) ak_log(AK_LOG_ERROR, "thread_failed", ak_log_err(err));
    while ((job = next_job(provider)) != NULL) {
        if (err)
            (void)ak_job_failed(job, err);
        else
            work(&hand, job);
        ak_pool_finish(provider->broker, job);
    }
    ak_signin_db_close(hand.db);
    free(hand.page);
    return NULL;
}

enum ak_err ak_providers_start(struct ak_broker *broker)
{
    for (size_t i = 0; i < broker->providers_count; i++) {
        struct ak_provider *provider = &broker->providers[i];
        (void)pthread_mutex_init(&provider->lock, NULL);
        (void)pthread_cond_init(&provider->fetched, NULL);
        (void)pthread_cond_init(&provider->work, NULL);
        for (; provider->threads_count < AK_PROVIDER_THREADS; provider->threads_count++)
            if (pthread_create(&provider->threads[provider->threads_count], NULL, provider_main, provider))
                return AK_E_FULL;
    }
    return AK_OK;
}

void ak_providers_stop(struct ak_broker *broker)
{
    for (size_t i = 0; i < broker->providers_count; i++) {
        struct ak_provider *provider = &broker->providers[i];
        (void)pthread_mutex_lock(&provider->lock);
        (void)pthread_cond_broadcast(&provider->work);
        (void)pthread_mutex_unlock(&provider->lock);
        for (size_t j = 0; j < provider->threads_count; j++) (void)pthread_join(provider->threads[j], NULL);
        ak_wipe(provider->secret, sizeof provider->secret);
    }
}

bool ak_provider_submit(struct ak_provider *provider, struct ak_job *job)
{
    (void)pthread_mutex_lock(&provider->lock);
    bool room = provider->waiting_count < AK_PROVIDER_JOBS_MAX;
    if (room) {
        job->next = NULL;
        job->provider = provider;
        job->queued_ms = ak_clock_mono_ms();
        if (provider->waiting_last)
            provider->waiting_last->next = job;
        else
            provider->waiting_first = job;
        provider->waiting_last = job;
        provider->waiting_count++;
        (void)pthread_cond_signal(&provider->work);
    }
    (void)pthread_mutex_unlock(&provider->lock);
    return room ? true : ak_job_refuse(job, AK_CODE_NOT_READY, "too much waits for this provider; try again");
}
