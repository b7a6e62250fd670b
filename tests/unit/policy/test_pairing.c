/* Pairing codes: every code once, what people type, and ten wrong ones an hour. */
#include "core/policy/pairing.h"
#include "unit/check.h"

static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static void test_make(void **state)
{
    (void)state;
    struct ak_pair_code code;
    char text[AK_PAIR_CODE_TEXT_LEN + 1];
    ak_pair_code_make((const uint8_t[5]){0}, &code);
    ak_pair_code_format(&code, text);
    assert_string_equal(text, "AAAA-AAAA");
    ak_pair_code_make((const uint8_t[5]){0xff, 0xff, 0xff, 0xff, 0xff}, &code);
    ak_pair_code_format(&code, text);
    assert_string_equal(text, "9999-9999");
    /* 00000 00001 00010 00011 00100 00101 00110 00111 */
    ak_pair_code_make((const uint8_t[5]){0x00, 0x44, 0x32, 0x14, 0xc7}, &code);
    ak_pair_code_format(&code, text);
    assert_string_equal(text, "ABCD-EFGH");
}

/* No bias: each place takes each of the 32 characters from exactly one value of its five bits. */
static void test_no_bias(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 8; place++) {
        unsigned seen[256] = {0};
        for (uint64_t value = 0; value < 32; value++) {
            uint64_t bits = value << (35 - 5 * place);
            uint8_t random[5];
            for (unsigned i = 0; i < 5; i++) random[i] = (uint8_t)(bits >> (32 - 8 * i));
            struct ak_pair_code code;
            ak_pair_code_make(random, &code);
            seen[(uint8_t)code.text[place]]++;
        }
        for (unsigned c = 0; c < 256; c++) {
            assert_int_equal(seen[c], c != 0 && strchr(alphabet, (int)c) ? 1 : 0);
        }
    }
    assert_null(strpbrk(alphabet, "0O1I"));
}

static void test_parse(void **state)
{
    (void)state;
    const char *good[] = {"ABCD-EFGH", "ABCDEFGH", "abcd-efgh", "abcdEFGH", "AbCd-eFgH"};
    struct ak_pair_code want, code;
    ak_pair_code_make((const uint8_t[5]){0x00, 0x44, 0x32, 0x14, 0xc7}, &want);
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        assert_int_equal(ak_pair_code_parse(ak_span_str(good[i]), &code), AK_OK);
        assert_true(ak_pair_code_eq(&code, &want));
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    const char *bad[] = {"", "-", "ABCD-EFG", "ABCD-EFGHJ", "ABCDEFG", "ABCDEFGHJ", "ABCDE-FGH", "ABC-DEFGH",
        "ABCD--FGH", "ABCD EFGH", " ABCDEFGH", "ABCDEFGH ", "ABCD-EFG0", "ABCD-EFGO", "ABCD-EFG1",
        "ABCD-EFGI", "ABCD-EFGi", "ABCD-EFGo", "ABCD-EFG\xc3", "ABCD-EFG-", "ABCD_EFGH", "-ABCDEFGH",
        "ABCDEFG-"};
    struct ak_pair_code code;
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_pair_code_parse(ak_span_str(bad[i]), &code), AK_E_FORMAT);
        assert_int_equal(code.text[0], 0);
    }
    assert_int_equal(ak_pair_code_parse(AK_SPAN_LIT("ABCDEFG\0"), &code), AK_E_FORMAT);
    assert_int_equal(ak_pair_code_parse(AK_SPAN_EMPTY, &code), AK_E_FORMAT);
}

static void test_eq_each_place(void **state)
{
    (void)state;
    struct ak_pair_code a = {{'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'}};
    for (size_t i = 0; i < AK_PAIR_CODE_LEN; i++) {
        struct ak_pair_code b = a;
        b.text[i] = 'B';
        assert_false(ak_pair_code_eq(&a, &b));
    }
}

static void test_eleven_wrong_codes(void **state)
{
    (void)state;
    const uint64_t hour = 3600000, now = UINT64_C(1000000000);
    struct ak_pair_wrong wrong = {0};
    uint32_t wait = 1;
    for (unsigned i = 0; i < AK_PAIR_WRONG_MAX; i++) {
        assert_true(ak_pair_wrong_may_try(&wrong, now + i * 1000, &wait));
        assert_int_equal(wait, 0);
        ak_pair_wrong_note(&wrong, now + i * 1000);
    }
    assert_false(ak_pair_wrong_may_try(&wrong, now + 9001, &wait));
    assert_int_equal(wait, 3591);
    assert_false(ak_pair_wrong_may_try(&wrong, now + hour - 1, &wait));
    assert_int_equal(wait, 1);
    assert_true(ak_pair_wrong_may_try(&wrong, now + hour, &wait));
    ak_pair_wrong_note(&wrong, now + hour);
    assert_false(ak_pair_wrong_may_try(&wrong, now + hour, &wait)); /* the second is a second younger */
    assert_int_equal(wait, 1);
    assert_false(ak_pair_wrong_may_try(&wrong, 0, &wait)); /* a clock that goes back helps nobody */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_make), cmocka_unit_test(test_no_bias),
        cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_eq_each_place), cmocka_unit_test(test_eleven_wrong_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
