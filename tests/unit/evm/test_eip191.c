/* Personal messages: the digest, and every way to dress up a sign-in text as a plain message. */
#include "unit/check.h"

#include "base/codec/hex.h"
#include "base/limits.h"
#include "core/evm/eip191.h"

static void assert_digest(struct ak_span message, const char *expected)
{
    uint8_t digest[32], wanted[32];
    ak_eip191_digest(message, digest);
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(expected), wanted, 32), AK_OK);
    assert_memory_equal(digest, wanted, 32);
}

static void digests_as_other_programs_do(void **state)
{
    (void)state;
    uint8_t thousand[1000];
    memset(thousand, 'x', sizeof thousand);
    assert_digest(AK_SPAN_EMPTY, "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad");
    assert_digest(AK_SPAN_LIT("hello"), "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750");
    assert_digest(AK_SPAN_ARR(thousand), "6a37e0b91509decb144d44cf932ba38dd926594952faf4817922845f01fa2908");
}

static unsigned check(const char *message)
{
    return ak_eip191_check_plain(ak_span_str(message));
}

static void takes_plain_messages(void **state)
{
    (void)state;
    static const char *const good[] = {"", "hello", "gr\xc3\xbc\xc3\x9f dich", "wants you to sign in",
        "wants you to sign in with you", "wants you to sign on with your Ethereum account",
        "he wants you, to sign in with your name", "AgentKeys", "agentkeys demo", " AgentKeys demo",
        "AgentKeysX", "wantsyoutosigninwantsyoutosigninwit your",
        /* Cyrillic letters: no reader takes them for the phrase. */
        "w\xd0\xb0nts you to sign in with your"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        if (check(good[i]) != AK_EIP191_FINE) fail_msg("refused: %s", good[i]);
    }
}

static void finds_sign_in_texts_in_every_dress(void **state)
{
    (void)state;
    static const char *const dressed[] = {
        "example.org wants you to sign in with your Ethereum account:\n0x00",
        "wants you to sign in with your",
        "wantsyoutosigninwithyour",
        "WANTS YOU TO SIGN IN WITH YOUR",
        "wAnTs YoU tO sIgN iN wItH yOuR",
        "w a n t s y o u t o s i g n i n w i t h y o u r",
        "wants\tyou\nto\r\nsign\vin\fwith your",
        "wants  you   to    sign in with your",
        "wwants you to sign in with your",
        "wantswants you to sign in with your",
        "wants you to sign in wants you to sign in with your",
        "wants you to sign in w"
        "ants you to sign in with your",
        /* no-break, ideographic, em, narrow no-break spaces; line separator; next line; ogham space */
        "wants\xc2\xa0you\xe3\x80\x80to\xe2\x80\x83sign\xe2\x80\xafin\xe2\x80\xa8with\xc2\x85your",
        "wants\xe1\x9a\x80you to sign in with your",
        /* zero width space, joiner, non-joiner, byte order mark, word joiner, soft hyphen */
        "wa\xe2\x80\x8bnts you to sign in with your",
        "wan\xe2\x80\x8dts you to sign in with your",
        "wan\xe2\x80\x8cts you to sign in with your",
        "wants\xef\xbb\xbf you to sign in with your",
        "wants \xe2\x81\xa0you to sign in with your",
        "wants you to si\xc2\xadgn in with your",
        /* combining grapheme joiner, variation selector, tag letter, Mongolian vowel separator, Hangul filler
         */
        "wan\xcd\x8fts you to sign in with your",
        "want\xef\xb8\x8fs you to sign in with your",
        "wants\xf3\xa0\x81\xa1 you to sign in with your",
        "wants\xe1\xa0\x8e you to sign in with your",
        "wants\xe3\x85\xa4you to sign in with your",
        /* right-to-left override and its end */
        "wants \xe2\x80\xaeyou\xe2\x80\xac to sign in with your",
        /* fullwidth, mathematical bold, circled, double-struck, superscript and long s */
        "\xef\xbd\x97\xef\xbd\x81\xef\xbd\x8e\xef\xbd\x94\xef\xbd\x93 you to sign in with your",
        "\xef\xbc\xb7\xef\xbc\xa1\xef\xbc\xae\xef\xbc\xb4\xef\xbc\xb3 you to sign in with your",
        "\xf0\x9d\x90\xb0\xf0\x9d\x90\x9ants you to sign in with your",
        "\xf0\x9d\x90\x96"
        "ants you to sign in with your",
        "\xe2\x93\xa6"
        "ants you to sign in with your",
        "w\xf0\x9d\x95\x92nts you to sign in with your",
        "wants you to sign in wit\xca\xb0 your",
        "want\xc5\xbf you to \xc5\xbfign in with your",
        /* roman numeral one, parenthesised w without its brackets' help, square ligatures */
        "wants you to s\xe2\x85\xb0gn in with your",
        "wants you to s\xe2\x85\xa0gn in with your",
    };
    for (size_t i = 0; i < AK_COUNT(dressed); i++) {
        if (!(check(dressed[i]) & AK_EIP191_NEAR_SIWE)) fail_msg("not found: %zu %s", i, dressed[i]);
    }
}

/* Bytes that are not UTF-8, NULs and controls between any two letters do not hide it. */
static void finds_it_across_invalid_bytes(void **state)
{
    (void)state;
    static const char phrase[] = "wants you to sign in with your";
    static const uint8_t noise[] = {0x00, 0x01, 0x1b, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe2, 0xf0, 0xf5, 0xff};
    for (size_t n = 0; n < sizeof noise; n++) {
        for (size_t at = 0; at < sizeof phrase; at++) {
            char text[sizeof phrase + 1];
            memcpy(text, phrase, at);
            text[at] = (char)noise[n];
            memcpy(text + at + 1, phrase + at, sizeof phrase - 1 - at);
            unsigned reasons = ak_eip191_check_plain(ak_span(text, sizeof phrase));
            assert_true(reasons & AK_EIP191_NEAR_SIWE);
            assert_int_equal((reasons & AK_EIP191_NOT_UTF8) != 0, noise[n] >= 0x80);
        }
    }
}

/* Each letter changed, each pair of neighbours exchanged: not the phrase. */
static void takes_texts_that_differ_in_a_letter(void **state)
{
    (void)state;
    static const char phrase[] = "wantsyoutosigninwithyour";
    for (size_t at = 0; at < sizeof phrase - 1; at++) {
        char text[sizeof phrase];
        memcpy(text, phrase, sizeof phrase);
        text[at] = 'q';
        assert_int_equal(check(text), AK_EIP191_FINE);
        memmove(text + at, text + at + 1, sizeof phrase - at - 1);
        assert_int_equal(check(text), AK_EIP191_FINE);
    }
}

/* The matcher against a plain search, over all texts of eight pieces that make it fall back. */
static void finds_the_same_as_a_plain_search(void **state)
{
    (void)state;
    static const char *const pieces[] = {"wantsyoutosignin", "w", "antsyoutosigninw", "ithyour", "wants"};
    for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5 * 5; code++) {
        char text[256] = "";
        size_t len = 0;
        for (unsigned rest = code, i = 0; i < 6; i++, rest /= 5) {
            size_t piece_len = strlen(pieces[rest % 5]);
            memcpy(text + len, pieces[rest % 5], piece_len + 1);
            len += piece_len;
        }
        bool expected = strstr(text, "wantsyoutosigninwithyour") != NULL;
        unsigned reasons = ak_eip191_check_plain(ak_span(text, len)) & AK_EIP191_NEAR_SIWE;
        assert_int_equal(reasons != 0, expected);
    }
}

static void keeps_32_bytes_and_other_bytes_apart(void **state)
{
    (void)state;
    uint8_t bytes[33];
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(ak_eip191_check_plain(ak_span(bytes, 31)), AK_EIP191_FINE);
    assert_int_equal(ak_eip191_check_plain(ak_span(bytes, 32)), AK_EIP191_DIGEST_SIZE);
    assert_int_equal(ak_eip191_check_plain(ak_span(bytes, 33)), AK_EIP191_FINE);
    bytes[5] = 0xff;
    assert_int_equal(ak_eip191_check_plain(ak_span(bytes, 31)), AK_EIP191_NOT_UTF8);
    assert_int_equal(ak_eip191_check_plain(ak_span(bytes, 32)), AK_EIP191_DIGEST_SIZE | AK_EIP191_NOT_UTF8);
    static const char *const malformed[] = {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe2\x82", "\xf0\x9f\x98"};
    for (size_t i = 0; i < AK_COUNT(malformed); i++)
        assert_int_equal(check(malformed[i]), AK_EIP191_NOT_UTF8);
    assert_int_equal(check("\xf0\x9f\x98\x80 \xef\xb7\xba"), AK_EIP191_FINE);
}

static void keeps_our_own_statements_apart(void **state)
{
    (void)state;
    assert_int_equal(check("AgentKeys "), AK_EIP191_OWN_STATEMENT);
    assert_int_equal(check("AgentKeys handover"), AK_EIP191_OWN_STATEMENT);
    assert_int_equal(check("AgentKeys wants you to sign in with your"), AK_EIP191_NEVER);
    assert_int_equal(AK_EIP191_NEVER & AK_EIP191_ONLY_BYTES, 0);
}

/* I18: the longest message in the widest letters, each of which decomposes to 18. */
static void takes_the_longest_message(void **state)
{
    (void)state;
    static uint8_t message[AK_LIMIT_MESSAGE];
    for (size_t i = 0; i + 3 <= sizeof message; i += 3) memcpy(message + i, "\xef\xb7\xba", 3);
    assert_int_equal(ak_eip191_check_plain(AK_SPAN_ARR(message)), AK_EIP191_FINE);
    memset(message, 'w', sizeof message);
    assert_int_equal(ak_eip191_check_plain(AK_SPAN_ARR(message)), AK_EIP191_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_as_other_programs_do),
        cmocka_unit_test(takes_plain_messages),
        cmocka_unit_test(finds_sign_in_texts_in_every_dress),
        cmocka_unit_test(finds_it_across_invalid_bytes),
        cmocka_unit_test(takes_texts_that_differ_in_a_letter),
        cmocka_unit_test(finds_the_same_as_a_plain_search),
        cmocka_unit_test(keeps_32_bytes_and_other_bytes_apart),
        cmocka_unit_test(keeps_our_own_statements_apart),
        cmocka_unit_test(takes_the_longest_message),
    };
    return cmocka_run_group_tests_name("eip191", tests, NULL, NULL);
}
