/* The recogniser against the parser: what it takes, what it leaves to the parser, and that the two never
 * disagree on what it takes. */
#include "unit/check.h"

#include "base/codec/json.h"

enum { CAP = 8 };

static enum ak_err flat(const char *text, struct ak_json_flat_member *members, size_t cap, size_t *out_count)
{
    return ak_json_flat(ak_span_str(text), members, cap, out_count);
}

static void takes_flat_objects(void **state)
{
    (void)state;
    struct ak_json_flat_member members[CAP];
    size_t count = 9;
    assert_int_equal(flat("{}", members, CAP, &count), AK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(flat(" { \"a\" :\t\"b c\" ,\r\n\"n\": 12 , \"\":\"\"} ", members, CAP, &count), AK_OK);
    assert_int_equal(count, 3);
    assert_true(ak_span_eq(members[0].key, AK_SPAN_LIT("a")));
    assert_true(ak_span_eq(members[0].value, AK_SPAN_LIT("b c")));
    assert_true(members[0].is_string);
    assert_true(ak_span_eq(members[1].key, AK_SPAN_LIT("n")));
    assert_true(ak_span_eq(members[1].value, AK_SPAN_LIT("12")));
    assert_false(members[1].is_string);
    assert_int_equal(members[2].key.len + members[2].value.len, 0);
    assert_true(members[2].is_string);
}

static void leaves_the_rest_to_the_parser(void **state)
{
    (void)state;
    struct ak_json_flat_member members[CAP];
    size_t count = 9;
    const char *other[] = {"", " ", "{", "[]", "{}x", "{}{}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{\"a\":-1}", "{\"a\":1.5}", "{\"a\":1e3}", "{\"a\":01}", "{\"a\":00}", "{\"a\":true}",
        "{\"a\":null}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":\"\\n\"}", "{\"a\":\"\\\\\"}",
        "{\"a\":\"\xc3\xbc\"}", "{\"\xc3\xbc\":1}", "{\"a\":\"\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"b}",
        "{\"a\":1", "{\"a\":\"", "{\"a", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":1,\"a\":\"\"}", "{\"a\":1};", "{,}", "{a:1}", "{\"a\":1\v}"};
    for (size_t i = 0; i < AK_COUNT(other); i++) {
        assert_int_equal(flat(other[i], members, CAP, &count), AK_E_UNSUPPORTED);
        assert_int_equal(count, 0);
    }
    assert_int_equal(ak_json_flat(AK_SPAN_LIT("{}\0"), members, CAP, &count), AK_E_UNSUPPORTED);
}

static void limits_at_each_side(void **state)
{
    (void)state;
    struct ak_json_flat_member members[3];
    size_t count = 0;
    const char *three = "{\"a\":1,\"b\":2,\"c\":3}";
    assert_int_equal(flat(three, members, 2, &count), AK_E_UNSUPPORTED);
    assert_int_equal(count, 0);
    assert_int_equal(flat(three, members, 3, &count), AK_OK);
    assert_int_equal(count, 3);
    assert_int_equal(flat("{}", NULL, 0, &count), AK_OK);
    assert_int_equal(flat("{\"a\":1}", NULL, 0, &count), AK_E_UNSUPPORTED);
    assert_int_equal(flat("{\"a\":99999999999999999}", members, 3, &count), AK_OK);
    assert_int_equal(flat("{\"a\":999999999999999999}", members, 3, &count), AK_OK);
    assert_int_equal(flat("{\"a\":1000000000000000000}", members, 3, &count), AK_E_UNSUPPORTED);
}

/* Any character at any place of a string longer than the eight bytes that are looked at together. */
static void every_character_at_every_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 24; at++) {
        for (unsigned c = 0; c < 256; c++) {
            struct ak_json_flat_member member;
            char text[] = "{\"k\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}";
            size_t count = 0;
            text[6 + at] = (char)c;
            bool plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
            enum ak_err err = flat(text, &member, 1, &count);
            if (c != 0) assert_int_equal(err, plain ? AK_OK : AK_E_UNSUPPORTED);
            if (plain) assert_true(ak_span_eq(member.value, ak_span(text + 6, 24)));
        }
    }
}

static uint64_t random_state = 0x243f6a8885a308d3;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1d >> 32;
}

static size_t pick(size_t below)
{
    return (size_t)(next_random() % below);
}

static const char *const pieces[] = {"{", "}", "\"", "\"", "\"", ":", ",", "a", "b", "0", "1", " ",
    "\"a\":", "\"b\":1", "\"ab\":\"\"", "\\", "\\u0061", "[", "]", "-", ".", "e", "\n", "\t", "\x7f", "\x1f",
    "\xc3\xbc", "\xff", "999999999999999999", "1234567890123456789", "null"};

/* Half of the texts are good flat objects, of which some get pieces of the alphabet over or between; the
 * others are pieces only. */
static struct ak_span random_text(char *memory, size_t cap)
{
    struct ak_buf buf = ak_buf(memory, cap);
    if (pick(2)) {
        ak_buf_put_str(&buf, "{");
        size_t count = pick(4);
        for (size_t i = 0; i < count; i++) {
            if (i) ak_buf_put_str(&buf, ",");
            ak_buf_put_str(&buf, "\"");
            for (size_t n = pick(3); n > 0; n--) ak_buf_put_u8(&buf, (uint8_t)('a' + pick(3)));
            ak_buf_put_str(&buf, pick(8) ? "\":" : "\" : ");
            ak_buf_put_str(&buf, pick(2) ? "10" : "\"text of some length\"");
            if (pick(16) == 0) ak_buf_put_str(&buf, pieces[pick(AK_COUNT(pieces))]);
        }
        ak_buf_put_str(&buf, "}");
    } else {
        for (size_t n = pick(12); n > 0; n--) ak_buf_put_str(&buf, pieces[pick(AK_COUNT(pieces))]);
    }
    if (buf.len > 0 && pick(4) == 0) memory[pick(buf.len)] = pieces[pick(AK_COUNT(pieces))][0];
    return ak_buf_span(&buf);
}

static bool same_member(struct ak_json_value root, const struct ak_json_flat_member *member)
{
    char key[64] = {0};
    memcpy(key, member->key.ptr, member->key.len);
    struct ak_json_value value = ak_json_get(root, key);
    uint64_t number = 0;
    char digits[24];
    if (member->is_string) return ak_json_string_is(value, member->value);
    struct ak_buf buf = AK_BUF_ARR(digits);
    if (ak_json_u64(value, &number) != AK_OK) return false;
    ak_buf_put_dec(&buf, number);
    return ak_span_eq(ak_buf_span(&buf), member->value);
}

/* The recogniser says yes only where the parser does, and with the same members. */
static void never_disagrees_with_the_parser(void **state)
{
    (void)state;
    unsigned accepted = 0;
    unsigned parsed = 0;
    for (unsigned round = 0; round < 250000; round++) {
        char memory[256];
        struct ak_json_flat_member members[CAP];
        size_t count = 0;
        struct ak_span text = random_text(memory, sizeof memory);
        bool is_flat = ak_json_flat(text, members, CAP, &count) == AK_OK;
        struct ak_json json;
        if (!is_flat && round % 8 != 0) continue;
        bool is_json = ak_json_parse(text, sizeof memory, &json) == AK_OK;
        struct ak_json_value root = ak_json_root(&json);
        parsed += is_json && !is_flat;
        if (is_flat) {
            bool same = is_json && ak_json_len(root) == count;
            for (size_t i = 0; same && i < count; i++) same = same_member(root, &members[i]);
            if (!same) fail_msg("%.*s", (int)text.len, memory);
            accepted++;
        }
        ak_json_done(&json);
    }
    print_message(
        "250000 texts, %u recognised, %u more parsed among an eighth of the others\n", accepted, parsed);
    assert_true(accepted > 40000);
    assert_true(parsed > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_flat_objects),
        cmocka_unit_test(leaves_the_rest_to_the_parser),
        cmocka_unit_test(limits_at_each_side),
        cmocka_unit_test(every_character_at_every_place),
        cmocka_unit_test(never_disagrees_with_the_parser),
    };
    return cmocka_run_group_tests_name("json_flat", tests, NULL, NULL);
}
