/* Bounded, sticky writer. */
#include "base/buf.h"

uint8_t *ak_buf_grow(struct ak_buf *buf, size_t len)
{
    if (buf->failed || len > buf->cap - buf->len) {
        buf->failed = true;
        return NULL;
    }
    uint8_t *at = buf->ptr + buf->len;
    buf->len += len;
    return at;
}

void ak_buf_put(struct ak_buf *buf, struct ak_span bytes)
{
    uint8_t *at = ak_buf_grow(buf, bytes.len);
    if (at && bytes.len) memcpy(at, bytes.ptr, bytes.len);
}

void ak_buf_put_str(struct ak_buf *buf, const char *s)
{
    ak_buf_put(buf, ak_span_str(s));
}

void ak_buf_put_shown(struct ak_buf *buf, struct ak_span text)
{
    uint8_t *at = ak_buf_grow(buf, text.len);
    for (size_t i = 0; at && i < text.len; i++)
        at[i] = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : (uint8_t)'?';
}

static void put_be(struct ak_buf *buf, uint64_t value, size_t len)
{
    uint8_t *at = ak_buf_grow(buf, len);
    if (!at) return;
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void ak_buf_put_u8(struct ak_buf *buf, uint8_t value)
{
    put_be(buf, value, 1);
}

void ak_buf_put_u16(struct ak_buf *buf, uint16_t value)
{
    put_be(buf, value, 2);
}

void ak_buf_put_u32(struct ak_buf *buf, uint32_t value)
{
    put_be(buf, value, 4);
}

void ak_buf_put_u64(struct ak_buf *buf, uint64_t value)
{
    put_be(buf, value, 8);
}

void ak_buf_put_dec(struct ak_buf *buf, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    ak_buf_put(buf, ak_span(digits + at, sizeof digits - at));
}

enum ak_err ak_buf_check(const struct ak_buf *buf)
{
    return buf->failed ? AK_E_FULL : AK_OK;
}

enum ak_err ak_buf_terminate(struct ak_buf *buf)
{
    if (buf->failed || buf->len >= buf->cap) return AK_E_FULL;
    buf->ptr[buf->len] = 0;
    return AK_OK;
}
