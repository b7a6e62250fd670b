/* Hexadecimal: by arithmetic out, by a table in, one look-up a character. The
 * decoder tests once: a foreign character clears the flag that each good one carries. */
#include "base/codec/hex.h"

#include "base/word.h"

enum { GOOD = 0x10 };

#define SIX(first)                                                                                           \
    [(first)] = GOOD | 10, [(first) + 1] = GOOD | 11, [(first) + 2] = GOOD | 12, [(first) + 3] = GOOD | 13,  \
    [(first) + 4] = GOOD | 14, [(first) + 5] = GOOD | 15
#define DIGITS                                                                                               \
    ['0'] = GOOD | 0, ['1'] = GOOD | 1, ['2'] = GOOD | 2, ['3'] = GOOD | 3, ['4'] = GOOD | 4,                \
    ['5'] = GOOD | 5, ['6'] = GOOD | 6, ['7'] = GOOD | 7, ['8'] = GOOD | 8, ['9'] = GOOD | 9

static const uint8_t lower_case[256] = {DIGITS, SIX('a')};
static const uint8_t any_case[256] = {DIGITS, SIX('a'), SIX('A')};

/* Eight digits of four bytes by arithmetic: the bytes are spread to a half byte each, and those above nine
 * get the way from '9' to 'a' added. */
static uint64_t digits_of(uint32_t four)
{
    uint64_t half = four;
    half = (half | half << 16) & UINT64_C(0x0000ffff0000ffff);
    half = (half | half << 8) & UINT64_C(0x00ff00ff00ff00ff);
    half = (half | half << 4) & AK_WORD_EACH(0x0f);
    uint64_t letters = (half + AK_WORD_EACH(0x06)) >> 4 & AK_WORD_EACH(0x01);
    return half + AK_WORD_EACH('0') + letters * ('a' - '9' - 1);
}

void ak_hex_encode(struct ak_buf *buf, struct ak_span bytes)
{
    uint8_t *at = ak_buf_grow(buf, bytes.len > SIZE_MAX / 2 ? SIZE_MAX : 2 * bytes.len);
    if (!at) return;
    const uint8_t *in = bytes.ptr;
    for (; bytes.len >= 4; bytes.len -= 4, in += 4, at += 8)
        ak_word_store(
            at, digits_of((uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3]));
    for (; bytes.len; bytes.len--, in++, at += 2) {
        uint64_t two = digits_of((uint32_t)*in << 24);
        at[0] = (uint8_t)(two >> 56);
        at[1] = (uint8_t)(two >> 48);
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
