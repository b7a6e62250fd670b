/* A record of calls for people who want to recompute them: one JSON line a request and answer, as they went
 * over the wire. Tokens, codes and personal addresses are replaced by "<redacted>" (I19), in the path, too.
 * The device's proof stands there once its request was answered with 2xx: it is spent then, and shows who
 * asked for what. Keys are never in it. */
#ifndef AK_IO_CLIENT_TRACE_H
#define AK_IO_CLIENT_TRACE_H

#include "io/client/fetch.h"

/* Appends {"time_ms","method","path","request"[,"proof"],"status"[,"request_id"],"answer"} to `fd`; what is
 * not JSON is null. A line that cannot be written is lost. */
void ak_trace_write(
    int fd, const struct ak_fetch_ask *ask, const struct ak_fetch_answer *answer, uint64_t time_ms);

#endif
