/* Eight bytes of text at a time: questions that are answered for all of them at once, exactly. Of public
 * bytes only where the answer is branched on. */
#ifndef AK_BASE_WORD_H
#define AK_BASE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { AK_WORD_LEN = 8 };
#define AK_WORD_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t ak_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The most significant byte first. */
static inline void ak_word_store(uint8_t *out_bytes, uint64_t word)
{
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) word = __builtin_bswap64(word);
    memcpy(out_bytes, &word, sizeof word);
}

/* Any byte below `limit`, which is at most 0x80. */
static inline bool ak_word_any_below(uint64_t word, uint8_t limit)
{
    return ((word - AK_WORD_EACH(limit)) & ~word & AK_WORD_EACH(0x80)) != 0;
}

static inline bool ak_word_any(uint64_t word, uint8_t byte)
{
    return ak_word_any_below(word ^ AK_WORD_EACH(byte), 1);
}

/* Any byte of 0x80 or more. */
static inline bool ak_word_any_high(uint64_t word)
{
    return (word & AK_WORD_EACH(0x80)) != 0;
}

#endif
