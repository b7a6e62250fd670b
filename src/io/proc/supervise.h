/* The supervisor's loop: starts all children, watches them, and when one ends, ends all and starts all again
 * after a pause (there is one way of starting). SIGTERM or SIGINT stops in reverse order of the start: with
 * {keeper, gateway} the gateway first. Guarantees: never more than one set of children; every child reaped;
 * the pause grows 0.1, 0.2 … 10 s and falls back after 60 s of running; a child that exits with
 * AK_BOOT_FAIL_EXIT before it was ready is a failure of the configuration and ends the supervisor with 1; a
 * stop in which a child had to be killed, or exited with AK_STOP_FAIL_EXIT, ends it with that. One thread. */
#ifndef AK_IO_PROC_SUPERVISE_H
#define AK_IO_PROC_SUPERVISE_H

#include <stdbool.h>

#include "base/err.h"
#include "io/proc/spawn.h"

enum { AK_SUPERVISE_CHILDREN_MAX = 4, AK_SUPERVISE_STOP_MS = 10000, AK_SUPERVISE_BEAT_MS = 20000 };
/* The status of a process that could not keep all it should have kept when it was stopped. */
enum { AK_STOP_FAIL_EXIT = 4 };

struct ak_supervise {
    size_t count; /* children */
    const char *roles[AK_SUPERVISE_CHILDREN_MAX];
    /* Makes fresh channels for a new set; called before each start of all. */
    enum ak_err (*prepare)(void *ctx);
    /* Fills `spawn` for child `index` (role and AK_FD_STATUS are added). */
    enum ak_err (*child)(
        void *ctx, size_t index, struct ak_spawn *spawn, struct ak_spawn_fd *fds, size_t fd_cap);
    /* Closes the supervisor's copies after the start. */
    void (*started)(void *ctx);
    /* All children have said that they are ready; may be NULL. */
    void (*ready)(void *ctx);
    void *ctx;
    bool once;          /* tests, `agentkeys up` under a debugger: no restart */
    bool require_beats; /* a child without a beat for beat_ms is killed, unless the supervisor did not run
                           itself meanwhile; WATCHDOG=1 while all beat */
    unsigned beat_ms;   /* 0: AK_SUPERVISE_BEAT_MS */
    unsigned stop_ms;   /* 0: AK_SUPERVISE_STOP_MS */
};

/* Runs until stopped. Gives the process' exit status: 0 after a clean stop, 1 after a failed start,
 * AK_STOP_FAIL_EXIT after a stop that was not clean. */
int ak_supervise_run(const struct ak_supervise *plan);
/* The pause before the start number `restarts` + 1, in ms (pure). */
unsigned ak_supervise_pause_ms(unsigned restarts);

/* For a process' own loop: a descriptor that becomes readable when the process shall stop (SIGTERM, and
 * SIGINT where with_interrupt: a child of the supervisor leaves Ctrl-C to it). SIGPIPE and SIGHUP are
 * ignored. Call before threads start. */
AK_MUST_USE enum ak_err ak_stop_fd(bool with_interrupt, int *out_fd);

#endif
