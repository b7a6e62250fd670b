/* Lanes of one byte in a 64-bit word: turn characters to nibbles, turn those back to characters, and compare.
 */
#include "audit/hex.h"

#define LANES(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Characters 0 to 9 and a to f become 0 to 15. What any other character becomes does not come back as itself;
 * its lanes are set in `out_bad`. */
static uint64_t nibbles(uint64_t chars, uint64_t *out_bad)
{
    uint64_t letter = chars >> 6 & LANES(1);
    uint64_t value = (chars & LANES(15)) + letter * 9;
    uint64_t over_nine = (value + LANES(6)) >> 4 & LANES(1);
    uint64_t back = value + LANES('0') + over_nine * ('a' - '0' - 10);
    *out_bad |= (back ^ chars) | (value & LANES(0xf0));
    return value;
}

/* Eight nibbles, the first in the lowest lane, to four bytes. */
static uint32_t pack(uint64_t n)
{
    n = (n << 4 | n >> 8) & 0x00ff00ff00ff00ffu;
    n = (n | n >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(n | n >> 16);
}

static uint64_t load(const uint8_t *at)
{
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static void store(uint8_t *at, uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(at, &word, sizeof word);
}

bool ak_audit_hex_decode(struct ak_span text, uint8_t *out_bytes)
{
    uint64_t bad = 0;
    size_t at = 0;
    if (text.len % 2 != 0) return false;
    for (; text.len - at >= 8; at += 8) store(out_bytes + at / 2, pack(nibbles(load(text.ptr + at), &bad)));
    if (at < text.len) {
        uint8_t tail[8], bytes[4];
        memset(tail, '0', sizeof tail);
        memcpy(tail, text.ptr + at, text.len - at);
        store(bytes, pack(nibbles(load(tail), &bad)));
        memcpy(out_bytes + at / 2, bytes, (text.len - at) / 2);
    }
    return bad == 0;
}
