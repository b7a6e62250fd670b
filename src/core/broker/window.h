/* How often something may happen within a time: exactly, not on average. The moments of the last `max` uses
 * are kept; the next one is allowed where the oldest of them has left the window. A clock that steps back
 * gives nothing back: a moment in the future counts as now. Pure; the caller keeps the bytes. */
#ifndef AK_CORE_BROKER_WINDOW_H
#define AK_CORE_BROKER_WINDOW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_WINDOW_USES_MAX = 60, AK_WINDOW_BYTES_MAX = AK_WINDOW_USES_MAX * 8 };

struct ak_window {
    uint64_t uses_s[AK_WINDOW_USES_MAX]; /* oldest first */
    size_t count;
};

/* Takes one use at `now_s`, or says in how many seconds there will be one (1 at the least). `max` is 1 to 60.
 */
bool ak_window_take(
    struct ak_window *window, uint64_t now_s, uint64_t length_s, size_t max, uint64_t *out_retry_s);

/* Eight bytes a use. */
void ak_window_put(const struct ak_window *window, struct ak_buf *buf);
/* AK_E_FORMAT: not whole, too long, or not in order; the window is empty then. */
AK_MUST_USE enum ak_err ak_window_read(struct ak_span bytes, struct ak_window *out_window);

#endif
