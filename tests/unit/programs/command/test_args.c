/* What people type: right, each error, each limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs/command/args.h"

static const char *why;

static void duration(const char *text, enum ak_err err, uint64_t seconds)
{
    uint64_t out = 99;
    assert_int_equal(ak_args_duration(text, &out, &why), err);
    assert_int_equal(out, seconds);
}

static void test_duration(void **state)
{
    (void)state;
    duration("30d", AK_OK, 30 * 86400);
    duration("90s", AK_OK, 90);
    duration("1s", AK_OK, 1);
    duration("10m", AK_OK, 600);
    duration("5h", AK_OK, 18000);
    duration("2w", AK_OK, 14 * 86400);
    duration("36525d", AK_OK, UINT64_C(36525) * 86400);
    duration("36526d", AK_E_LIMIT, 0);
    duration("0s", AK_E_LIMIT, 0);
    duration("18446744073709551615d", AK_E_LIMIT, 0);
    static const char *const bad[] = {"", "30", "d", "30x", "-1d", "+1d", "1.5h", "01d", " 1d", "1d ", "1 d",
        "30D", "ever", "18446744073709551616d"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) duration(bad[i], AK_E_FORMAT, 0);
}

static void rate(const char *text, enum ak_err err, uint64_t per_minute)
{
    uint64_t out = 99;
    assert_int_equal(ak_args_rate(text, &out, &why), err);
    assert_int_equal(out, per_minute);
}

static void test_rate(void **state)
{
    (void)state;
    rate("100/min", AK_OK, 100);
    rate("100", AK_OK, 100);
    rate("2/s", AK_OK, 120);
    rate("1/min", AK_OK, 1);
    rate("10000/min", AK_OK, 10000);
    rate("10001/min", AK_E_LIMIT, 0);
    rate("0/min", AK_E_LIMIT, 0);
    rate("166/s", AK_OK, 9960);
    rate("167/s", AK_E_LIMIT, 0);
    rate("18446744073709551615/s", AK_E_LIMIT, 0);
    static const char *const bad[] = {
        "", "/min", "100/", "100/h", "100/minute", "x/min", "1e3", "-1/min", "100 /min", "0100"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) rate(bad[i], AK_E_FORMAT, 0);
}

static void test_label(void **state)
{
    (void)state;
    struct ak_path path;
    assert_int_equal(ak_args_label("agent-1", &path, &why), AK_OK);
    assert_false(path.has_generation);
    assert_int_equal(ak_args_label("/agent-1", &path, &why), AK_OK);
    assert_int_equal(ak_args_label("/agent-1/7", &path, &why), AK_OK);
    assert_int_equal(path.generation, 7);
    static const char *const bad[] = {
        "", "/", "Agent", "a b", "-a", "a-", "a/0", "//a", "/a/", "/a/01", "/a/0/0", "..", "a\n"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_not_equal(ak_args_label(bad[i], &path, &why), AK_OK);
}

static void test_path(void **state)
{
    (void)state;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_args_path("agent-1", &buf, &why), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("/agent-1")));
    buf = AK_BUF_ARR(text);
    assert_int_equal(ak_args_path("/agent-1/0", &buf, &why), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("/agent-1/0")));
}

static void test_anchor(void **state)
{
    (void)state;
    uint8_t anchor[32];
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_int_equal(ak_args_anchor(good, anchor, &why), AK_OK);
    assert_int_equal(anchor[31], 0xff);
    assert_int_equal(ak_args_anchor(good + 1, anchor, &why), AK_E_FORMAT);
    assert_int_equal(ak_args_anchor("", anchor, &why), AK_E_FORMAT);
    assert_int_equal(
        ak_args_anchor("00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", anchor, &why),
        AK_E_FORMAT);
}

static void test_thumbprint(void **state)
{
    (void)state;
    uint8_t print[32];
    assert_int_equal(ak_args_thumbprint("ekD1pODu7nkMFAxheSWCBUS3_ApzmHE_ZjNbCZiizmI", print, &why), AK_OK);
    assert_int_equal(
        ak_args_thumbprint("ekD1pODu7nkMFAxheSWCBUS3_ApzmHE_ZjNbCZiizm", print, &why), AK_E_FORMAT);
    assert_int_equal(ak_args_thumbprint("", print, &why), AK_E_FORMAT);
}

static void test_name(void **state)
{
    (void)state;
    char text[66];
    const char *reason = "";
    static const char *const good[] = {"x", "Ada's laptop",
        "Gr\xc3\xbc\xc3\x9f"
        "e"},
                             *const bad[] = {"a\nb", "\x1b[2J", "a\x7f", "caf\xe9", "\xc3"};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_int_equal(ak_args_name(good[i], &reason), AK_OK);
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(ak_args_name(bad[i], &reason), AK_E_FORMAT);
    assert_non_null(strstr(reason, "1 to 64 bytes"));
    assert_int_equal(ak_args_name("", &reason), AK_E_LIMIT);
    for (size_t len = 63; len <= 65; len++) {
        memset(text, 'x', len);
        text[len] = 0;
        assert_int_equal(ak_args_name(text, &reason), len <= 64 ? AK_OK : AK_E_LIMIT);
    }
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(ak_args_hex("0x00fF", &buf, &why), AK_OK);
    assert_int_equal(buf.len, 2);
    assert_int_equal(memory[1], 0xff);
    assert_int_equal(ak_args_hex("0102", &buf, &why), AK_OK);
    assert_int_equal(buf.len, 4);
    assert_int_equal(ak_args_hex("01", &buf, &why), AK_E_LIMIT);
    buf.len = 0;
    assert_int_equal(ak_args_hex("012", &buf, &why), AK_E_FORMAT);
    assert_int_equal(ak_args_hex("zz", &buf, &why), AK_E_FORMAT);
    assert_int_equal(ak_args_hex("", &buf, &why), AK_OK);
    assert_int_equal(buf.len, 0);
}

static void items(const char *text, enum ak_err err, const char *joined)
{
    uint8_t memory[16];
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(ak_args_items(text, &buf, &why), err);
    if (!err) assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(joined)));
}

static void test_items(void **state)
{
    (void)state;
    items("a", AK_OK, "a");
    items("a, b ,c", AK_OK, "a,b,c");
    items("+a,-b", AK_OK, "+a,-b");
    items("", AK_OK, "");
    items("  ", AK_OK, "");
    items("a,,b", AK_E_FORMAT, NULL);
    items(",", AK_E_FORMAT, NULL);
    items("a,", AK_E_FORMAT, NULL);
    items("0123456789abcdef", AK_OK, "0123456789abcdef");
    items("0123456789abcdef0", AK_E_FULL, NULL);
}

static void test_identity(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"Alice@Demo.example", "email:alice@demo.example"},
        {"email:alice@demo.example", "email:alice@demo.example"},
        {"0xABcdef0123456789abcdef0123456789abcdef01", "evm:0xabcdef0123456789abcdef0123456789abcdef01"},
        {"evm:0xABcdef0123456789abcdef0123456789abcdef01", "evm:0xabcdef0123456789abcdef0123456789abcdef01"},
        {"oauth2_google:AbC", "oauth2_google:AbC"},
    };
    static const char *const bad[] = {"", "alice", "0x12", "a b@demo.example", "phone:123", "email:", ":",
        "64d42ad4b8ca7ba1c3f3a5d2d3b0d7b6a8f9f0b1c2d3e4f5a6b7c8d9e0f1a2b"};
    uint8_t omni[32], same[32];
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        char text[128] = "x";
        struct ak_buf buf = {.ptr = (uint8_t *)text, .len = 1, .cap = sizeof text};
        assert_int_equal(ak_args_identity(good[i][0], &buf, &why), AK_OK);
        assert_true(ak_span_eq(ak_span_sub(ak_buf_span(&buf), 1, buf.len), ak_span_str(good[i][1])));
        assert_int_equal(ak_args_omni(good[i][0], omni, &why), AK_OK);
        assert_int_equal(ak_args_omni(good[i][1], same, &why), AK_OK);
        assert_memory_equal(omni, same, 32);
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        char text[128];
        struct ak_buf buf = AK_BUF_ARR(text);
        assert_int_equal(ak_args_identity(bad[i], &buf, &why), AK_E_FORMAT);
        assert_int_equal(ak_args_omni(bad[i], omni, &why), AK_E_FORMAT);
    }
    char small[4], large[400] = "a@", longer[1200] = "a@";
    struct ak_buf buf = AK_BUF_ARR(small);
    assert_int_equal(ak_args_identity("alice@demo.example", &buf, &why), AK_E_FULL);
    memset(large + 2, 'b', sizeof large - 3);
    memset(longer + 2, 'b', sizeof longer - 3);
    char room[1400];
    buf = AK_BUF_ARR(room);
    assert_int_equal(ak_args_identity(large, &buf, &why), AK_E_LIMIT);
    assert_int_equal(ak_args_omni(longer, omni, &why), AK_E_FULL);
    assert_int_equal(
        ak_args_omni("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", omni, &why), AK_OK);
    assert_int_equal(omni[31], 0xff);
}

static void test_recovery(void **state)
{
    (void)state;
    uint8_t code[32], back[32];
    char text[AK_RECOVERY_TEXT_LEN + 1];
    for (size_t i = 0; i < sizeof code; i++) code[i] = (uint8_t)(i * 7 + 1);
    ak_args_recovery_format(code, text);
    assert_int_equal(strlen(text), AK_RECOVERY_TEXT_LEN);
    assert_int_equal(text[4], ' ');
    assert_int_equal(ak_args_recovery_parse(ak_span_str(text), back), AK_OK);
    assert_memory_equal(code, back, sizeof code);
    text[4] = '-';
    text[9] = '\n';
    assert_int_equal(ak_args_recovery_parse(ak_span_str(text), back), AK_OK);
    assert_memory_equal(code, back, sizeof code);
}

static void test_recovery_refused(void **state)
{
    (void)state;
    uint8_t code[32], zeros[32] = {0};
    char text[] = "0102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ff";
    assert_int_equal(ak_args_recovery_parse(ak_span(text, 64), code), AK_OK);
    static const size_t lens[] = {0, 1, 63, 65, 66};
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        assert_int_equal(ak_args_recovery_parse(ak_span(text, lens[i]), code), AK_E_FORMAT);
        assert_memory_equal(code, zeros, sizeof zeros);
    }
    text[10] = 'g';
    assert_int_equal(ak_args_recovery_parse(ak_span(text, 64), code), AK_E_FORMAT);
    text[10] = 0;
    assert_int_equal(ak_args_recovery_parse(ak_span(text, 64), code), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_duration), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_label), cmocka_unit_test(test_path), cmocka_unit_test(test_anchor),
        cmocka_unit_test(test_thumbprint), cmocka_unit_test(test_name), cmocka_unit_test(test_hex),
        cmocka_unit_test(test_items), cmocka_unit_test(test_identity), cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_recovery_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
