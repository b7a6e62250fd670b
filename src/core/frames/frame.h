/* The frames between gateway and keeper: what may be sent by whom in which phase, and the head each begins
 * with. Fixed binary, big-endian, versioned; the channel (io/proc/channel.h) puts the length before it. A
 * frame that the table does not permit ends the peer that sent it, never the keeper. No secrets but tokens
 * and proofs on their way. Any thread. */
#ifndef AK_CORE_FRAMES_FRAME_H
#define AK_CORE_FRAMES_FRAME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"
#include "base/span.h"

enum { AK_FRAME_VERSION = 1, AK_FRAME_MAX = 128 * 1024 };

enum ak_frame_type {
    AK_FRAME_HELLO = 1,      /* gateway: I am here and speak this version */
    AK_FRAME_WELCOME = 2,    /* keeper: how to serve */
    AK_FRAME_REQUEST = 3,    /* gateway: one call of a client */
    AK_FRAME_REPLY = 4,      /* keeper: its answer */
    AK_FRAME_CLOSED = 5,     /* gateway: a client's connection is gone */
    AK_FRAME_STATUS = 6,     /* keeper: readiness, nonce, figures */
    AK_FRAME_TLS_SIGN = 7,   /* gateway, on the channel of its own: sign a TLS 1.3 CertificateVerify */
    AK_FRAME_TLS_SIGNED = 8, /* keeper */
    AK_FRAME_ATTEST = 9,     /* gateway: a client asks for evidence of its connection */
    AK_FRAME_COUNT
};

enum ak_frame_sender { AK_SENDER_GATEWAY = 1, AK_SENDER_KEEPER = 2 };

enum ak_frame_phase {
    AK_PHASE_START, /* nothing but hello, then welcome */
    AK_PHASE_SERVE,
    AK_PHASE_STOP, /* the keeper answers what it has; nothing new */
    AK_PHASE_TLS,  /* the signing channel, all its life */
};

/* The permit table. Unknown types and senders are never permitted. */
bool ak_frame_permitted(enum ak_frame_sender sender, enum ak_frame_phase phase, unsigned type);

/* Reads version and type and leaves the reader behind them. AK_E_FORMAT, AK_E_UNSUPPORTED (version). */
AK_MUST_USE enum ak_err ak_frame_read_head(struct ak_reader *reader, unsigned *out_type);
void ak_frame_put_head(struct ak_buf *buf, enum ak_frame_type type);

/* Variable part: u32 length and bytes, at most `max`; a longer one fails the reader or the writer. */
void ak_frame_put_var(struct ak_buf *buf, struct ak_span bytes, size_t max);
struct ak_span ak_frame_read_var(struct ak_reader *reader, size_t max);

#endif
