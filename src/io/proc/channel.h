/* Frames between two processes over a SOCK_STREAM socketpair: 4 bytes big-endian length, then the bytes.
 * Frames gather in a queue and leave with one write a loop turn. Guarantees: whole frames in order; a frame
 * over the cap or of length 0 ends the channel (AK_E_FORMAT), before any of it is buffered; both queues are
 * bounded. Nothing is known about the content. Buffers may hold secret bytes: they are wiped at done. Owner:
 * the caller gives the fd, done closes it. One thread at a time. */
#ifndef AK_IO_PROC_CHANNEL_H
#define AK_IO_PROC_CHANNEL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum {
    AK_CHANNEL_FRAME_MAX = 128 * 1024,
    AK_CHANNEL_HEADER_LEN = 4,
    AK_CHANNEL_OUT_DEFAULT =
        4 * 1024 * 1024, /* as pages are touched on use only, an idle queue costs nothing */
};

struct ak_channel {
    int fd;
    uint8_t *in;
    size_t in_start, in_end, in_cap;
    uint8_t *out;
    size_t out_start, out_end, out_cap;
    size_t out_high; /* how far the pages were ever written: what done wipes */
    bool eof;        /* the peer ended; frames that were read stay readable */
    bool broken;     /* format or I/O error: nothing more in or out */
};

/* Two connected ends, non-blocking, close-on-exec. */
AK_MUST_USE enum ak_err ak_channel_pair(int out_fds[2]);
/* Takes `fd` and makes it non-blocking; out_cap in bytes (0: default). AK_E_FULL (no memory), AK_E_IO. */
AK_MUST_USE enum ak_err ak_channel_init(struct ak_channel *channel, int fd, size_t out_cap);
/* Closes and wipes; fine on a zeroed one with fd -1 and after done. */
void ak_channel_done(struct ak_channel *channel);

/* Queues one frame (1 to AK_CHANNEL_FRAME_MAX bytes). AK_E_LIMIT, AK_E_FULL (slow peer: the caller decides),
 * AK_E_STATE (broken). */
AK_MUST_USE enum ak_err ak_channel_send(struct ak_channel *channel, struct ak_span frame);
/* As above, the frame made of two parts (a header and a body). */
AK_MUST_USE enum ak_err ak_channel_send2(
    struct ak_channel *channel, struct ak_span head, struct ak_span body);
/* One write of what is queued, never blocking; what is left stays. AK_E_IO: peer gone. */
AK_MUST_USE enum ak_err ak_channel_flush(struct ak_channel *channel);
/* True while something is queued: wait for writability. */
bool ak_channel_wants_write(const struct ak_channel *channel);
/* Room in bytes for the next frame's body. */
size_t ak_channel_room(const struct ak_channel *channel);

/* One read of what is there, never blocking. AK_OK also where nothing was there; AK_E_STATE once the peer has
 * ended and all frames were taken; AK_E_IO. Invalidates views given by next. */
AK_MUST_USE enum ak_err ak_channel_fill(struct ak_channel *channel);
/* The next whole frame as a view, valid until the next fill. AK_E_NOT_FOUND: none yet. AK_E_FORMAT: length 0
 * or over the cap; the channel is broken then. */
AK_MUST_USE enum ak_err ak_channel_next(struct ak_channel *channel, struct ak_span *out_frame);

/* Blocking helpers for start-up and tests: wait at most timeout_ms for one frame / until all is written.
 * AK_E_EXPIRED. */
AK_MUST_USE enum ak_err ak_channel_wait(
    struct ak_channel *channel, unsigned timeout_ms, struct ak_span *out_frame);
AK_MUST_USE enum ak_err ak_channel_drain(struct ak_channel *channel, unsigned timeout_ms);

#endif
