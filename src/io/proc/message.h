/* Messages between two processes: 4 bytes big-endian length, then the bytes, straight from and to the
 * caller's memory, so that secrets are nowhere else. Many may be sent at once, and as many are received as
 * have come: a system call and a wake for all of them. For conversations of question and answer; channel.h is
 * for connections that both sides use at will. Not guaranteed: anything about the content. After any error
 * the conversation is over. The descriptor may be blocking or not. One thread at a time. */
#ifndef AK_IO_PROC_MESSAGE_H
#define AK_IO_PROC_MESSAGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_MESSAGE_HEAD = 4 };

/* What is put into the buffer between these two is one message; its head goes before it. `end` fails the
 * buffer where it is empty. */
size_t ak_message_begin(struct ak_buf *buf);
void ak_message_end(struct ak_buf *buf, size_t begun);
/* Sends all of them. AK_E_ARG (there is none, or they did not fit); AK_E_EXPIRED (the peer does not read for
 * timeout_ms), AK_E_IO (it is gone). */
AK_MUST_USE enum ak_err ak_message_send(int fd, const struct ak_buf *messages, unsigned timeout_ms);

/* What came in and was not taken yet, in the caller's memory. */
struct ak_message_in {
    int fd;
    uint8_t *memory;
    size_t cap, max; /* of the memory; of a message: cap >= AK_MESSAGE_HEAD + max */
    size_t at, len;
    size_t shown; /* bytes before `at` that were given out last */
};
/* Takes the next whole one, a view that is good until the next call, which wipes it. AK_E_STATE (the peer
 * ended, in order, before a message), AK_E_FORMAT (length 0 or cut), AK_E_LIMIT (longer than max),
 * AK_E_EXPIRED, AK_E_IO. */
AK_MUST_USE enum ak_err ak_message_next(
    struct ak_message_in *in, unsigned timeout_ms, struct ak_span *out_message);
/* Whether a whole one is there already: `next` will not wait. */
bool ak_message_is_there(const struct ak_message_in *in);
/* Wipes the one that was given out last. */
void ak_message_forget(struct ak_message_in *in);

#endif
