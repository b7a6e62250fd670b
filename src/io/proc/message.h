/* One message at a time between two processes: 4 bytes big-endian length, then the bytes, straight from and
 * to the caller's memory, so that secrets are nowhere else. For conversations of question and answer; many
 * messages in flight are channel.h's. Not guaranteed: anything about the content. After any error the
 * conversation is over. The descriptor may be blocking or not. One thread at a time. */
#ifndef AK_IO_PROC_MESSAGE_H
#define AK_IO_PROC_MESSAGE_H

#include "base/err.h"
#include "base/span.h"

/* Writes all of it. AK_E_EXPIRED (the peer does not read for timeout_ms), AK_E_IO (it is gone). */
AK_MUST_USE enum ak_err ak_message_write(int fd, struct ak_span bytes, unsigned timeout_ms);
/* Reads a whole one. AK_E_STATE (the peer ended, in order, before a message), AK_E_FORMAT (length 0 or cut),
 * AK_E_LIMIT (longer than cap: nothing of it is read), AK_E_EXPIRED, AK_E_IO. *out_len is 0 then. */
AK_MUST_USE enum ak_err ak_message_read(
    int fd, uint8_t *out_bytes, size_t cap, unsigned timeout_ms, size_t *out_len);

#endif
