/* A bounded writer over the caller's memory. The first write that does not fit makes it fail and stay failed;
 * what was written before stays readable. Integers are big-endian. Not for secrets unless the memory is wiped
 * by its owner. */
#ifndef AK_BASE_BUF_H
#define AK_BASE_BUF_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

struct ak_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    bool failed;
};

#define AK_BUF_ARR(a) ((struct ak_buf){(uint8_t *)(a), 0, sizeof(a), false})

static inline struct ak_buf ak_buf(void *ptr, size_t cap)
{
    return (struct ak_buf){(uint8_t *)ptr, 0, cap, false};
}
static inline struct ak_span ak_buf_span(const struct ak_buf *buf)
{
    return ak_span(buf->ptr, buf->len);
}
/* Room for `len` bytes to be filled by the caller; NULL (and failed) where they do not fit. */
uint8_t *ak_buf_grow(struct ak_buf *buf, size_t len);
void ak_buf_put(struct ak_buf *buf, struct ak_span bytes);
void ak_buf_put_str(struct ak_buf *buf, const char *s);
void ak_buf_put_u8(struct ak_buf *buf, uint8_t value);
void ak_buf_put_u16(struct ak_buf *buf, uint16_t value);
void ak_buf_put_u32(struct ak_buf *buf, uint32_t value);
void ak_buf_put_u64(struct ak_buf *buf, uint64_t value);
/* A stranger's text as it may go to a terminal: printable ASCII, and '?' for each other byte, as letters of
 * other scripts cannot be told from what moves, hides or turns around what stands beside it. */
void ak_buf_put_shown(struct ak_buf *buf, struct ak_span text);
/* Canonical decimal digits. */
void ak_buf_put_dec(struct ak_buf *buf, uint64_t value);
/* AK_OK, or AK_E_FULL where any write failed. */
AK_MUST_USE enum ak_err ak_buf_check(const struct ak_buf *buf);
/* Ends the text with a NUL that is not counted in len; AK_E_FULL where it does not fit. */
AK_MUST_USE enum ak_err ak_buf_terminate(struct ak_buf *buf);

#endif
