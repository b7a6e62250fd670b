/* A thread that does one piece of work at a time for the keeper's loop: commits, seals, reads. The work's
 * data belong to the loop until ak_helper_give and again after ak_helper_done; an eventfd wakes the loop. */
#ifndef AK_PROGRAMS_WORKER_HELPER_H
#define AK_PROGRAMS_WORKER_HELPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum ak_helper_state { AK_HELPER_IDLE, AK_HELPER_GIVEN, AK_HELPER_DONE, AK_HELPER_STOP };

struct ak_helper {
    void (*work)(void *ctx);
    void *ctx;
    int event_fd;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    int wake_fd;    /* the thread sleeps on it */
    int warning_fd; /* and on this; -1: none */
    enum ak_helper_state state;
    bool asleep;
    bool hushed; /* what it finishes need not wake the loop */
    bool started;
};

AK_MUST_USE enum ak_err ak_helper_start(
    struct ak_helper *helper, void (*work)(void *ctx), void *ctx, int event_fd);
/* From now on bytes that come on this socket (borrowed) say that something is about to be given: the thread
 * takes them and looks for it a short while without sleeping. They may come from anybody, often, or in vain.
 */
void ak_helper_warned_by(struct ak_helper *helper, int fd);
/* True while nothing is given and nothing waits to be taken. */
bool ak_helper_idle(struct ak_helper *helper);
/* Only while idle. */
void ak_helper_give(struct ak_helper *helper);
/* True once for each finished piece; the helper is idle then. */
bool ak_helper_done(struct ak_helper *helper);
/* Before the loop sleeps: whether what is finished meanwhile may wait until something else wakes the loop.
 * True where a piece is finished and not taken yet. */
bool ak_helper_hush(struct ak_helper *helper, bool hush);
/* Looks for the end of the piece in hand for at most that long, without sleeping. True where it is finished
 * and not taken yet. */
bool ak_helper_look(struct ak_helper *helper, uint64_t most_ns);
/* Waits for the piece in hand, ends the thread. Fine on one that was never started. */
void ak_helper_stop(struct ak_helper *helper);

/* Adds one to an eventfd; it is non-blocking and cannot overflow in a lifetime. */
void ak_event_signal(int event_fd);
void ak_event_clear(int event_fd);

#endif
