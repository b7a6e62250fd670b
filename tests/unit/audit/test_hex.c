/* Every character at every place of a word, and every length, against the slow decoder of base. */
#include "unit/audit/gen.h"

#include "audit/hex.h"

static void each_character_at_each_place(void **state)
{
    uint8_t text[24], fast[12], slow[12];
    (void)state;
    for (size_t at = 0; at < sizeof text; at++) {
        for (unsigned c = 0; c < 256; c++) {
            size_t len = 0;
            memset(text, '5', sizeof text);
            text[at] = (uint8_t)c;
            bool ok = ak_hex_decode(AK_SPAN_ARR(text), slow, sizeof slow, &len) == AK_OK;
            assert_int_equal(ak_audit_hex_decode(AK_SPAN_ARR(text), fast), ok);
            if (ok) assert_memory_equal(fast, slow, sizeof slow);
        }
    }
}

/* A neighbour's carry must not mend what is wrong. */
static void each_pair_of_characters(void **state)
{
    uint8_t text[8], fast[4], slow[4];
    (void)state;
    memset(text, '0', sizeof text);
    for (unsigned pair = 0; pair < 65536; pair++) {
        size_t len = 0;
        text[3] = (uint8_t)(pair >> 8);
        text[4] = (uint8_t)pair;
        bool ok = ak_hex_decode(AK_SPAN_ARR(text), slow, sizeof slow, &len) == AK_OK;
        assert_int_equal(ak_audit_hex_decode(AK_SPAN_ARR(text), fast), ok);
        if (ok) assert_memory_equal(fast, slow, sizeof slow);
    }
}

static void each_length(void **state)
{
    static const char text[] = "00112233445566778899aabbccddeeff0123456789abcdef";
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        uint8_t fast[sizeof text / 2 + 1], slow[sizeof text / 2];
        size_t slow_len = 0;
        memset(fast, 0xee, sizeof fast);
        bool ok = ak_hex_decode(ak_span(text, len), slow, sizeof slow, &slow_len) == AK_OK;
        assert_int_equal(ak_audit_hex_decode(ak_span(text, len), fast), ok);
        if (!ok) continue;
        assert_memory_equal(fast, slow, slow_len);
        assert_int_equal(fast[slow_len], 0xee); /* not a byte further */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_character_at_each_place),
        cmocka_unit_test(each_pair_of_characters),
        cmocka_unit_test(each_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
