/* sd_notify by one datagram to $NOTIFY_SOCKET; nothing where the variable is not set. spec: sd_notify(3) */
#ifndef AK_IO_PROC_NOTIFY_H
#define AK_IO_PROC_NOTIFY_H

#include <stdint.h>

#include "base/err.h"

struct ak_notify {
    int fd;                      /* -1: nobody listens */
    uint64_t watchdog_period_ms; /* how often to say WATCHDOG=1: half of $WATCHDOG_USEC; 0: never */
};

/* Reads and removes NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, so that children do not speak for us.
 * AK_E_FORMAT for a value that is neither absolute nor abstract; AK_E_IO. */
AK_MUST_USE enum ak_err ak_notify_open(struct ak_notify *out_notify);
void ak_notify_close(struct ak_notify *notify);
/* `state` is one or more lines: "READY=1\nSTATUS=serving". Lost silently where nobody listens. */
void ak_notify_send(const struct ak_notify *notify, const char *state);

#endif
