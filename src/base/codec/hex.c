/* Hexadecimal by tables: two characters a byte out, one look-up a character in. The
 * decoder tests once: a foreign character clears the flag that each good one carries. */
#include "base/codec/hex.h"

enum { GOOD = 0x10 };

#define SIX(first)                                                                                           \
    [(first)] = GOOD | 10, [(first) + 1] = GOOD | 11, [(first) + 2] = GOOD | 12, [(first) + 3] = GOOD | 13,  \
    [(first) + 4] = GOOD | 14, [(first) + 5] = GOOD | 15
#define DIGITS                                                                                               \
    ['0'] = GOOD | 0, ['1'] = GOOD | 1, ['2'] = GOOD | 2, ['3'] = GOOD | 3, ['4'] = GOOD | 4,                \
    ['5'] = GOOD | 5, ['6'] = GOOD | 6, ['7'] = GOOD | 7, ['8'] = GOOD | 8, ['9'] = GOOD | 9

static const uint8_t lower_case[256] = {DIGITS, SIX('a')};
static const uint8_t any_case[256] = {DIGITS, SIX('a'), SIX('A')};

void ak_hex_encode(struct ak_buf *buf, struct ak_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at = ak_buf_grow(buf, bytes.len > SIZE_MAX / 2 ? SIZE_MAX : 2 * bytes.len);
    if (!at) return;
    for (size_t i = 0; i < bytes.len; i++) {
        at[2 * i] = (uint8_t)digits[bytes.ptr[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[bytes.ptr[i] & 15];
    }
}

static enum ak_err decode(
    const uint8_t digit_of[256], struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    *out_len = 0;
    if (text.len % 2 != 0) return AK_E_FORMAT;
    size_t len = text.len / 2;
    if (len > out_cap) return AK_E_LIMIT;
    uint8_t good = GOOD;
    for (size_t i = 0; i < len; i++) {
        uint8_t high = digit_of[text.ptr[2 * i]];
        uint8_t low = digit_of[text.ptr[2 * i + 1]];
        good &= high & low;
        out_bytes[i] = (uint8_t)(high << 4 | (low & 15));
    }
    if (good == 0) {
        memset(out_bytes, 0, len);
        return AK_E_FORMAT;
    }
    *out_len = len;
    return AK_OK;
}

enum ak_err ak_hex_decode(struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    return decode(lower_case, text, out_bytes, out_cap, out_len);
}

enum ak_err ak_hex_decode_any(struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len)
{
    return decode(any_case, text, out_bytes, out_cap, out_len);
}

enum ak_err ak_hex_decode_fixed(struct ak_span text, uint8_t *out_bytes, size_t len)
{
    size_t got = 0;
    if (text.len % 2 == 0 && text.len / 2 == len) return decode(lower_case, text, out_bytes, len, &got);
    if (len) memset(out_bytes, 0, len);
    return AK_E_FORMAT;
}
