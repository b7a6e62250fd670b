/* Hex literals for tests, and a fixed stream of bytes in place of randomness. */
#ifndef AK_TESTS_UNIT_HEXLIT_H
#define AK_TESTS_UNIT_HEXLIT_H

#include "unit/check.h"

static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Exactly `len` bytes; anything else fails the test. */
static inline void hex_to(const char *hex, uint8_t *out, size_t len)
{
    assert_int_equal(strlen(hex), 2 * len);
    for (size_t i = 0; i < len; i++) {
        int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);
        assert_true(hi >= 0 && lo >= 0);
        out[i] = (uint8_t)(hi << 4 | lo);
    }
}

static inline void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    uint8_t expected[512];
    assert_true(len <= sizeof expected);
    hex_to(hex, expected, len);
    assert_memory_equal(bytes, expected, len);
}

static inline void assert_zero(const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) assert_int_equal(((const uint8_t *)bytes)[i], 0);
}

/* splitmix64: the same bytes at every run. */
static inline void fill(uint64_t *state, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t z = (*state += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        out[i] = (uint8_t)(z >> 56);
    }
}

#endif
