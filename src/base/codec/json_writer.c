/* The JSON writer: commas from a bit per level, escapes only where they must be. The shape is the caller's
 * promise, so a broken one aborts. */
#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "base/codec/utf8.h"
#include "base/limits.h"
#include "base/word.h"

struct ak_json_writer ak_json_writer(struct ak_buf *buf)
{
    return (struct ak_json_writer){buf, 0, 0, false};
}

/* Before each value or key: a comma unless it is the first on its level or stands behind its key. */
static void begin(struct ak_json_writer *w)
{
    uint32_t level = UINT32_C(1) << w->depth;
    if (!w->after_key && (w->has_member & level)) ak_buf_put_u8(w->buf, ',');
    w->has_member |= level;
    w->after_key = false;
}

static void open_level(struct ak_json_writer *w, uint8_t bracket)
{
    ak_assert(w->depth < AK_LIMIT_JSON_DEPTH);
    begin(w);
    ak_buf_put_u8(w->buf, bracket);
    w->depth++;
    w->has_member &= ~(UINT32_C(1) << w->depth);
}

static void close_level(struct ak_json_writer *w, uint8_t bracket)
{
    ak_assert(w->depth > 0 && !w->after_key);
    w->depth--;
    ak_buf_put_u8(w->buf, bracket);
}

void ak_json_open_object(struct ak_json_writer *w)
{
    open_level(w, '{');
}

void ak_json_close_object(struct ak_json_writer *w)
{
    close_level(w, '}');
}

void ak_json_open_array(struct ak_json_writer *w)
{
    open_level(w, '[');
}

void ak_json_close_array(struct ak_json_writer *w)
{
    close_level(w, ']');
}

/* What follows the backslash where a character has a short escape; 0 where it has none. */
static uint8_t short_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\': return c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

/* One character that cannot stand as it is; its length in `text`. */
static size_t put_unusual(struct ak_buf *buf, struct ak_span text)
{
    uint8_t c = text.ptr[0];
    if (c >= 0x80) {
        size_t len = ak_utf8_step(text);
        ak_buf_put(buf, len ? ak_span(text.ptr, len) : AK_SPAN_LIT("\xef\xbf\xbd"));
        return len ? len : 1;
    }
    uint8_t letter = short_escape(c);
    ak_buf_put_str(buf, letter ? "\\" : "\\u00");
    if (letter)
        ak_buf_put_u8(buf, letter);
    else
        ak_hex_encode(buf, ak_span(&c, 1));
    return 1;
}

static bool all_plain(uint64_t word)
{
    return !(ak_word_any_high(word) || ak_word_any_below(word, 0x20) || ak_word_any(word, '"') ||
             ak_word_any(word, '\\'));
}

static size_t plain_run(struct ak_span text)
{
    size_t at = 0;
    while (text.len - at >= AK_WORD_LEN && all_plain(ak_word(text.ptr + at))) at += AK_WORD_LEN;
    while (at < text.len && text.ptr[at] >= 0x20 && text.ptr[at] < 0x80 && text.ptr[at] != '"' &&
           text.ptr[at] != '\\')
        at++;
    return at;
}

static void put_quoted(struct ak_buf *buf, struct ak_span text)
{
    ak_buf_put_u8(buf, '"');
    while (text.len > 0) {
        size_t len = plain_run(text);
        if (len > 0)
            ak_buf_put(buf, ak_span(text.ptr, len));
        else
            len = put_unusual(buf, text);
        text.ptr += len;
        text.len -= len;
    }
    ak_buf_put_u8(buf, '"');
}

void ak_json_key(struct ak_json_writer *w, const char *key)
{
    ak_assert(w->depth > 0 && !w->after_key);
    begin(w);
    put_quoted(w->buf, ak_span_str(key));
    ak_buf_put_u8(w->buf, ':');
    w->after_key = true;
}

void ak_json_put_string(struct ak_json_writer *w, struct ak_span text)
{
    begin(w);
    put_quoted(w->buf, text);
}

void ak_json_put_u64(struct ak_json_writer *w, uint64_t value)
{
    begin(w);
    ak_buf_put_dec(w->buf, value);
}

void ak_json_put_bool(struct ak_json_writer *w, bool value)
{
    begin(w);
    ak_buf_put_str(w->buf, value ? "true" : "false");
}

void ak_json_put_null(struct ak_json_writer *w)
{
    begin(w);
    ak_buf_put_str(w->buf, "null");
}

void ak_json_put_base64url(struct ak_json_writer *w, struct ak_span bytes)
{
    begin(w);
    ak_buf_put_u8(w->buf, '"');
    ak_base64url_encode(w->buf, bytes);
    ak_buf_put_u8(w->buf, '"');
}

void ak_json_put_hex(struct ak_json_writer *w, const char *prefix, struct ak_span bytes)
{
    begin(w);
    ak_buf_put_u8(w->buf, '"');
    ak_buf_put_str(w->buf, prefix);
    ak_hex_encode(w->buf, bytes);
    ak_buf_put_u8(w->buf, '"');
}

void ak_json_put_raw(struct ak_json_writer *w, struct ak_span json)
{
    begin(w);
    ak_buf_put(w->buf, json);
}
