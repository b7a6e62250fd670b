#include "core/broker/window.h"

#include "base/assert.h"
#include "base/reader.h"

static void drop_oldest(struct ak_window *window, size_t drop)
{
    window->count -= drop;
    memmove(window->uses_s, window->uses_s + drop, window->count * sizeof window->uses_s[0]);
}

bool ak_window_take(
    struct ak_window *window, uint64_t now_s, uint64_t length_s, size_t max, uint64_t *out_retry_s)
{
    size_t past = 0;
    ak_assert(max >= 1 && max <= AK_WINDOW_USES_MAX && window->count <= AK_WINDOW_USES_MAX);
    *out_retry_s = 0;
    for (size_t i = 0; i < window->count; i++)
        if (window->uses_s[i] > now_s) window->uses_s[i] = now_s;
    while (past < window->count && now_s - window->uses_s[past] >= length_s) past++;
    drop_oldest(window, past);
    if (window->count >= max) {
        *out_retry_s = length_s - (now_s - window->uses_s[window->count - max]);
        return false;
    }
    window->uses_s[window->count++] = now_s;
    return true;
}

void ak_window_put(const struct ak_window *window, struct ak_buf *buf)
{
    for (size_t i = 0; i < window->count; i++) ak_buf_put_u64(buf, window->uses_s[i]);
}

enum ak_err ak_window_read(struct ak_span bytes, struct ak_window *out_window)
{
    struct ak_reader reader = ak_reader(bytes);
    memset(out_window, 0, sizeof *out_window);
    if (bytes.len % 8 != 0 || bytes.len > AK_WINDOW_BYTES_MAX) return AK_E_FORMAT;
    for (size_t i = 0; i < bytes.len / 8; i++) {
        uint64_t use_s = ak_reader_u64(&reader);
        if (i && use_s < out_window->uses_s[i - 1]) {
            memset(out_window, 0, sizeof *out_window);
            return AK_E_FORMAT;
        }
        out_window->uses_s[i] = use_s;
    }
    out_window->count = bytes.len / 8;
    return AK_OK;
}
