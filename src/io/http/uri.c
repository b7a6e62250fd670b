/* Splitting a query at '&' and the first '=', then decoding each side. */
#include "io/http/uri.h"

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static enum ak_err decode(struct ak_span text, struct ak_buf *memory, struct ak_span *out)
{
    size_t start = memory->len;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            ak_buf_put_u8(memory, text.ptr[i]);
            continue;
        }
        int high = text.len - i > 2 ? nibble(text.ptr[i + 1]) : -1;
        int low = text.len - i > 2 ? nibble(text.ptr[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) return AK_E_FORMAT;
        ak_buf_put_u8(memory, (uint8_t)(high << 4 | low));
        i += 2;
    }
    AK_TRY(ak_buf_check(memory));
    *out = ak_span(memory->ptr + start, memory->len - start);
    return AK_OK;
}

static bool has_name(const struct ak_msg_param *params, size_t count, struct ak_span name)
{
    for (size_t i = 0; i < count; i++)
        if (ak_span_eq(params[i].name, name)) return true;
    return false;
}

enum ak_err ak_http_query_parse(
    struct ak_span query, struct ak_buf *memory, struct ak_msg_param *params, size_t cap, size_t *count)
{
    for (size_t from = 0; from < query.len;) {
        size_t end = ak_span_find(query, from, '&');
        struct ak_span pair = ak_span_sub(query, from, end - from);
        size_t equals = ak_span_find(pair, 0, '=');
        struct ak_msg_param param;
        if (*count >= cap) return AK_E_LIMIT;
        AK_TRY(decode(ak_span_sub(pair, 0, equals), memory, &param.name));
        AK_TRY(decode(ak_span_sub(pair, equals + 1, pair.len), memory, &param.value));
        if (param.name.len == 0 || has_name(params, *count, param.name)) return AK_E_FORMAT;
        params[(*count)++] = param;
        from = end + 1;
    }
    return AK_OK;
}
