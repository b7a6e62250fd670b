/* Both base64 alphabets by one encoder and one decoder over tables. The decoder looks at all characters and
 * tests once: a foreign character clears the flag that each good one carries. */
#include "base/codec/base64.h"

enum { GOOD = 0x40, VALUE = 0x3f };

#define RUN(first, value) [(first) + 0] = GOOD | ((value) + 0), [(first) + 1] = GOOD | ((value) + 1)
#define RUN10(c, v)                                                                                          \
    RUN(c, v), RUN((c) + 2, (v) + 2), RUN((c) + 4, (v) + 4), RUN((c) + 6, (v) + 6), RUN((c) + 8, (v) + 8)
#define RUN26(c, v)                                                                                          \
    RUN10(c, v), RUN10((c) + 10, (v) + 10), RUN((c) + 20, (v) + 20), RUN((c) + 22, (v) + 22),                \
        RUN((c) + 24, (v) + 24)
#define LETTERS RUN26('A', 0), RUN26('a', 26), RUN10('0', 52)

struct alphabet {
    char chars[65];
    uint8_t value_of[256];
    bool padded;
};

static const struct alphabet url = {
    .chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    .value_of = {LETTERS, ['-'] = GOOD | 62, ['_'] = GOOD | 63},
    .padded = false,
};
static const struct alphabet standard = {
    .chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    .value_of = {LETTERS, ['+'] = GOOD | 62, ['/'] = GOOD | 63},
    .padded = true,
};

/* Characters that `len` bytes need; SIZE_MAX where that does not fit, which no buffer has room for. */
static size_t text_len(size_t len, bool padded)
{
    if (len > SIZE_MAX / 4) return SIZE_MAX;
    size_t rest = len % 3;
    return len / 3 * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1);
}

static void encode_rest(const struct alphabet *abc, uint8_t *at, const uint8_t *in, size_t rest)
{
    uint32_t group = (uint32_t)in[0] << 16 | (rest == 2 ? (uint32_t)in[1] << 8 : 0);
    at[0] = (uint8_t)abc->chars[group >> 18];
    at[1] = (uint8_t)abc->chars[group >> 12 & VALUE];
    if (rest == 2) at[2] = (uint8_t)abc->chars[group >> 6 & VALUE];
    if (!abc->padded) return;
    if (rest == 1) at[2] = '=';
    at[3] = '=';
}

static void encode(const struct alphabet *abc, struct ak_buf *buf, struct ak_span bytes)
{
    uint8_t *at = ak_buf_grow(buf, text_len(bytes.len, abc->padded));
    if (!at) return;
    const uint8_t *in = bytes.ptr;
    for (size_t left = bytes.len / 3; left > 0; left--, in += 3, at += 4) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        at[0] = (uint8_t)abc->chars[group >> 18];
        at[1] = (uint8_t)abc->chars[group >> 12 & VALUE];
        at[2] = (uint8_t)abc->chars[group >> 6 & VALUE];
        at[3] = (uint8_t)abc->chars[group & VALUE];
    }
    if (bytes.len % 3 != 0) encode_rest(abc, at, in, bytes.len % 3);
}

/* The last two or three characters: their unused bits are zero, so that the text is the only one. */
static bool decode_rest(const struct alphabet *abc, const uint8_t *text, size_t rest, uint8_t *at)
{
    uint8_t a = abc->value_of[text[0]];
    uint8_t b = abc->value_of[text[1]];
    uint8_t c = rest == 3 ? abc->value_of[text[2]] : GOOD;
    if ((a & b & c & GOOD) == 0) return false;
    at[0] = (uint8_t)(a << 2 | (b & VALUE) >> 4);
    if (rest == 2) return (b & 15) == 0;
    at[1] = (uint8_t)(b << 4 | (c & VALUE) >> 2);
    return (c & 3) == 0;
}

static bool decode_text(const struct alphabet *abc, struct ak_span text, uint8_t *at)
{
    const uint8_t *in = text.ptr;
    uint8_t good = GOOD;
    for (size_t left = text.len / 4; left > 0; left--, in += 4, at += 3) {
        uint8_t a = abc->value_of[in[0]];
        uint8_t b = abc->value_of[in[1]];
        uint8_t c = abc->value_of[in[2]];
        uint8_t d = abc->value_of[in[3]];
        good &= a & b & c & d;
        at[0] = (uint8_t)(a << 2 | (b & VALUE) >> 4);
        at[1] = (uint8_t)(b << 4 | (c & VALUE) >> 2);
        at[2] = (uint8_t)(c << 6 | (d & VALUE));
    }
    if (good == 0) return false;
    return text.len % 4 == 0 || decode_rest(abc, in, text.len % 4, at);
}

/* `text` is without padding here. */
static enum ak_err decode(
    const struct alphabet *abc, struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    *out_len = 0;
    if (text.len % 4 == 1) return AK_E_FORMAT;
    size_t len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (len > out_cap) return AK_E_LIMIT;
    if (!decode_text(abc, text, out_bytes)) {
        memset(out_bytes, 0, len);
        return AK_E_FORMAT;
    }
    *out_len = len;
    return AK_OK;
}

void ak_base64url_encode(struct ak_buf *buf, struct ak_span bytes)
{
    encode(&url, buf, bytes);
}

enum ak_err ak_base64url_decode(struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    return decode(&url, text, out_bytes, out_cap, out_len);
}

enum ak_err ak_base64url_decode_fixed(struct ak_span text, uint8_t *out_bytes, size_t len)
{
    size_t got = 0;
    if (text.len == text_len(len, false)) return decode(&url, text, out_bytes, len, &got);
    if (len) memset(out_bytes, 0, len);
    return AK_E_FORMAT;
}

void ak_base64_encode(struct ak_buf *buf, struct ak_span bytes)
{
    encode(&standard, buf, bytes);
}

enum ak_err ak_base64_decode(struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    *out_len = 0;
    if (text.len % 4 != 0) return AK_E_FORMAT;
    for (int pads = 0; pads < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; pads++) text.len--;
    return decode(&standard, text, out_bytes, out_cap, out_len);
}
