/* Match codes as people type them; hashes that fit one request and one meaning only. */
#include "unit/check.h"

#include "core/broker/code.h"

static void made_from_all_characters(void **state)
{
    (void)state;
    bool seen[128] = {false};
    size_t count = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t random[AK_MATCH_CODE_LEN];
        char code[AK_MATCH_CODE_LEN], again[AK_MATCH_CODE_LEN];
        memset(random, (int)byte, sizeof random);
        ak_match_code_make(random, code);
        assert_int_equal(ak_match_code_read(AK_SPAN_ARR(code), again), AK_OK);
        assert_memory_equal(code, again, sizeof code);
        if (!seen[(uint8_t)code[0]]) count++;
        seen[(uint8_t)code[0]] = true;
    }
    assert_int_equal(count, 32);
}

static void forgives(void **state)
{
    (void)state;
    char code[AK_MATCH_CODE_LEN];
    static const char *const good[] = {"AB01XY", "ab01xy", " AB0 1XY ", "ABO-IXY", "aboLxy", "AB0+1XY"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        assert_int_equal(ak_match_code_read(ak_span_str(good[i]), code), AK_OK);
        assert_memory_equal(code, "AB01XY", sizeof code);
    }
    static const char *const bad[] = {"", "AB01X", "AB01XYZ", "AB01XU", "AB01X!", "AB01X\xc3\x84", "------"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_equal(ak_match_code_read(ak_span_str(bad[i]), code), AK_E_FORMAT);
    assert_int_equal(ak_match_code_read(ak_span("AB01X\0", 6), code), AK_E_FORMAT);
}

static void hashes_do_not_meet(void **state)
{
    (void)state;
    const struct ak_secret32 key = {{1}}, other = {{2}};
    uint8_t a[32], b[32];
    ak_broker_hash(&key, "match", AK_SPAN_LIT("id"), AK_SPAN_LIT("value"), a);
    ak_broker_hash(&key, "match", AK_SPAN_LIT("id"), AK_SPAN_LIT("value"), b);
    assert_memory_equal(a, b, 32);
    ak_broker_hash(&other, "match", AK_SPAN_LIT("id"), AK_SPAN_LIT("value"), b);
    assert_memory_not_equal(a, b, 32);
    ak_broker_hash(&key, "token", AK_SPAN_LIT("id"), AK_SPAN_LIT("value"), b);
    assert_memory_not_equal(a, b, 32);
    ak_broker_hash(&key, "match", AK_SPAN_LIT("idv"), AK_SPAN_LIT("alue"), b);
    assert_memory_not_equal(a, b, 32);
    ak_broker_hash(&key, "matchi", AK_SPAN_LIT("d"), AK_SPAN_LIT("value"), b);
    assert_memory_not_equal(a, b, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_from_all_characters), cmocka_unit_test(forgives),
        cmocka_unit_test(hashes_do_not_meet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
