/* Each question against the same one asked byte by byte: every byte in every place among quiet neighbours,
 * and pairs that a carry could join. */
#include "unit/check.h"

#include "base/attr.h"
#include "base/word.h"

static bool below(const uint8_t bytes[8], uint8_t limit)
{
    for (size_t i = 0; i < 8; i++)
        if (bytes[i] < limit) return true;
    return false;
}

static bool any(const uint8_t bytes[8], uint8_t byte)
{
    return memchr(bytes, byte, 8) != NULL;
}

static bool high(const uint8_t bytes[8])
{
    for (size_t i = 0; i < 8; i++)
        if (bytes[i] >= 0x80) return true;
    return false;
}

static void check(const uint8_t bytes[8])
{
    static const uint8_t limits[] = {1, 0x20, 0x7f, 0x80};
    static const uint8_t wanted[] = {0, '"', '\\', 0x7f, 0x80, 0xff};
    uint64_t word = ak_word(bytes);
    for (size_t i = 0; i < AK_COUNT(limits); i++)
        assert_int_equal(ak_word_any_below(word, limits[i]), below(bytes, limits[i]));
    for (size_t i = 0; i < AK_COUNT(wanted); i++)
        assert_int_equal(ak_word_any(word, wanted[i]), any(bytes, wanted[i]));
    assert_int_equal(ak_word_any_high(word), high(bytes));
}

static void every_byte_in_every_place(void **state)
{
    static const uint8_t around[] = {0, 0x1f, 0x20, 'a', 0x7e, 0x7f, 0x80, 0xff};
    (void)state;
    for (unsigned value = 0; value < 256; value++)
        for (size_t place = 0; place < 8; place++)
            for (size_t i = 0; i < AK_COUNT(around); i++) {
                uint8_t bytes[8];
                memset(bytes, around[i], sizeof bytes);
                bytes[place] = (uint8_t)value;
                check(bytes);
            }
}

static void neighbours(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        const uint8_t bytes[8] = {'a', 'b', (uint8_t)pair, (uint8_t)(pair >> 8), 'c', 'd', 'e', 'f'};
        check(bytes);
    }
}

static void stored_most_significant_first(void **state)
{
    const uint8_t want[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t out[8];
    (void)state;
    ak_word_store(out, UINT64_C(0x0123456789abcdef));
    assert_memory_equal(out, want, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte_in_every_place),
        cmocka_unit_test(neighbours), cmocka_unit_test(stored_most_significant_first)};
    return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
