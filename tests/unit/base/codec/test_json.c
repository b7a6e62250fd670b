/* JSON documents: what is refused and why, depth and length at their limits, typed access, each byte altered.
 */
#include "unit/check.h"

#include <stdlib.h>

#include "base/codec/json.h"
#include "base/codec/utf8.h"
#include "base/limits.h"

static enum ak_err parse_span(struct ak_span text)
{
    struct ak_json json;
    enum ak_err err = ak_json_parse(text, 1 << 20, &json);
    if (err != AK_OK) assert_null(json.root);
    ak_json_done(&json);
    assert_null(json.root);
    return err;
}

static enum ak_err parse(const char *text)
{
    return parse_span(ak_span_str(text));
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    const char *bad[] = {"", " ", "{", "}", "{}}", "{} x", "{}{}", "[]", "[1]", "1", "\"a\"", "null", "true",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":+1}",
        "{\"a\":1.}", "{\"a\":.5}", "{\"a\":0x1}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":True}",
        "{\"a\":1 \"b\":2}", "{\"a\":[1,]}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}", "{\"a\":\"b}", "{\"a\":\"b\\", "{/**/}", "{}//", "\xef\xbb\xbf{}",
        "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(parse(bad[i]), AK_E_FORMAT);
    assert_int_equal(parse_span(AK_SPAN_LIT("{}\0")), AK_E_FORMAT);
    assert_int_equal(parse_span(AK_SPAN_LIT("{\"a\":\"b\0c\"}")), AK_E_FORMAT);
    assert_int_equal(parse_span(AK_SPAN_LIT("{\0}")), AK_E_FORMAT);
    assert_int_equal(parse_span(AK_SPAN_LIT("{}\0{}")), AK_E_FORMAT);
}

static void refuses_duplicate_keys(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"a\":1,\"b\":2}"), AK_OK);
    assert_int_equal(parse("{\"a\":1,\"a\":1}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"a\":1,\"b\":2,\"\\u0061\":3}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"x\":{\"a\":1,\"a\":2}}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"x\":[{\"a\":1,\"a\":2}]}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"x\":{\"a\":1},\"a\":2}"), AK_OK);
}

static struct ak_span nested(char *text, size_t depth, char open, const char *member, char close)
{
    struct ak_buf buf = ak_buf(text, 512);
    ak_buf_put_str(&buf, "{\"a\":");
    for (size_t i = 1; i < depth; i++) {
        ak_buf_put_u8(&buf, (uint8_t)open);
        ak_buf_put_str(&buf, member);
    }
    ak_buf_put_u8(&buf, '1');
    for (size_t i = 1; i < depth; i++) ak_buf_put_u8(&buf, (uint8_t)close);
    ak_buf_put_str(&buf, "}");
    return ak_buf_span(&buf);
}

static void depth_at_its_limit(void **state)
{
    (void)state;
    char text[512];
    for (size_t depth = 15; depth <= 17; depth++) {
        enum ak_err want = depth <= AK_LIMIT_JSON_DEPTH ? AK_OK : AK_E_LIMIT;
        assert_int_equal(parse_span(nested(text, depth, '[', "", ']')), want);
        assert_int_equal(parse_span(nested(text, depth, '{', "\"b\":", '}')), want);
    }
}

/* Brackets in strings are no nesting, and a quote behind a backslash does not end a string. */
static void brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[\"}"), AK_OK);
    assert_int_equal(parse("{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\"}"), AK_OK);
    assert_int_equal(parse("{\"a\":\"\\\\\",\"b\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}"), AK_E_LIMIT);
    assert_int_equal(
        parse("{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1],\"g\":[1],\"h\":[1],"
              "\"i\":[1],\"j\":[1],\"k\":[1],\"l\":[1],\"m\":[1],\"n\":[1],\"o\":[1],\"p\":[1]}"),
        AK_OK);
}

static void length_at_its_limit(void **state)
{
    (void)state;
    struct ak_json json;
    for (size_t max = 6; max <= 8; max++) {
        enum ak_err err = ak_json_parse(AK_SPAN_LIT("{\"a\":1}"), max, &json);
        assert_int_equal(err, max < 7 ? AK_E_LIMIT : AK_OK);
        ak_json_done(&json);
    }
}

static void numbers_at_their_limits(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"a\":9223372036854775807}"), AK_OK);
    assert_int_equal(parse("{\"a\":9223372036854775808}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"a\":-9223372036854775808}"), AK_OK);
    assert_int_equal(parse("{\"a\":-9223372036854775809}"), AK_E_FORMAT);
    assert_int_equal(parse("{\"a\":1e308}"), AK_OK);
    assert_int_equal(parse("{\"a\":1e309}"), AK_E_FORMAT);
}

static const char document[] =
    " {\"text\":\"a\\u00fc\\n\",\"int\":7,\"neg\":-1,\"real\":1.5,\"yes\":true,\"no\":false,"
    "\"none\":null,\"list\":[1,\"b\"],\"object\":{\"k\":\"v\"}}\r\n\t";

static void types_and_access(void **state)
{
    (void)state;
    struct ak_json json;
    assert_int_equal(ak_json_parse(ak_span_str(document), 4096, &json), AK_OK);
    struct ak_json_value root = ak_json_root(&json);
    assert_int_equal(ak_json_type(root), AK_JSON_OBJECT);
    assert_int_equal(ak_json_len(root), 9);
    assert_int_equal(ak_json_type(ak_json_get(root, "text")), AK_JSON_STRING);
    assert_int_equal(ak_json_type(ak_json_get(root, "int")), AK_JSON_INT);
    assert_int_equal(ak_json_type(ak_json_get(root, "real")), AK_JSON_REAL);
    assert_int_equal(ak_json_type(ak_json_get(root, "yes")), AK_JSON_BOOL);
    assert_int_equal(ak_json_type(ak_json_get(root, "no")), AK_JSON_BOOL);
    assert_int_equal(ak_json_type(ak_json_get(root, "none")), AK_JSON_NULL);
    assert_int_equal(ak_json_type(ak_json_get(root, "list")), AK_JSON_ARRAY);
    assert_int_equal(ak_json_type(ak_json_get(root, "absent")), AK_JSON_ABSENT);
    assert_int_equal(ak_json_type(ak_json_get(ak_json_get(root, "int"), "x")), AK_JSON_ABSENT);
    assert_int_equal(ak_json_len(ak_json_get(root, "list")), 2);
    assert_int_equal(ak_json_len(ak_json_get(root, "int")), 0);
    assert_true(ak_json_string_is(ak_json_at(ak_json_get(root, "list"), 1), AK_SPAN_LIT("b")));
    assert_int_equal(ak_json_type(ak_json_at(ak_json_get(root, "list"), 2)), AK_JSON_ABSENT);
    assert_int_equal(ak_json_type(ak_json_at(root, 0)), AK_JSON_ABSENT);
    assert_true(ak_json_string_is(ak_json_get(ak_json_get(root, "object"), "k"), AK_SPAN_LIT("v")));
    ak_json_done(&json);
    ak_json_done(&json);
    ak_json_done(NULL);
}

static void typed_values(void **state)
{
    (void)state;
    struct ak_json json;
    assert_int_equal(ak_json_parse(ak_span_str(document), 4096, &json), AK_OK);
    struct ak_json_value root = ak_json_root(&json);
    struct ak_span text = AK_SPAN_LIT("left");
    uint64_t number = 9;
    bool flag = true;
    assert_int_equal(ak_json_string(ak_json_get(root, "text"), &text), AK_OK);
    assert_true(ak_span_eq(text, AK_SPAN_LIT("a\xc3\xbc\n")));
    assert_int_equal(ak_json_string(ak_json_get(root, "int"), &text), AK_E_FORMAT);
    assert_int_equal(text.len, 0);
    assert_int_equal(ak_json_string(ak_json_get(root, "absent"), &text), AK_E_NOT_FOUND);
    assert_false(ak_json_string_is(ak_json_get(root, "absent"), AK_SPAN_EMPTY));
    assert_false(ak_json_string_is(ak_json_get(root, "int"), AK_SPAN_LIT("7")));
    assert_int_equal(ak_json_u64(ak_json_get(root, "int"), &number), AK_OK);
    assert_int_equal(number, 7);
    const char *no_numbers[] = {"neg", "real", "text", "yes", "none", "list"};
    for (size_t i = 0; i < AK_COUNT(no_numbers); i++) {
        assert_int_equal(ak_json_u64(ak_json_get(root, no_numbers[i]), &number), AK_E_FORMAT);
        assert_int_equal(number, 0);
    }
    assert_int_equal(ak_json_u64(ak_json_get(root, "absent"), &number), AK_E_NOT_FOUND);
    assert_int_equal(ak_json_bool(ak_json_get(root, "no"), &flag), AK_OK);
    assert_false(flag);
    assert_int_equal(ak_json_bool(ak_json_get(root, "yes"), &flag), AK_OK);
    assert_true(flag);
    assert_int_equal(ak_json_bool(ak_json_get(root, "int"), &flag), AK_E_FORMAT);
    assert_false(flag);
    assert_int_equal(ak_json_bool(ak_json_get(root, "absent"), &flag), AK_E_NOT_FOUND);
    ak_json_done(&json);
}

static void members_one_by_one(void **state)
{
    (void)state;
    struct ak_json json;
    assert_int_equal(ak_json_parse(ak_span_str(document), 4096, &json), AK_OK);
    struct ak_json_value root = ak_json_root(&json);
    struct ak_span key;
    unsigned seen = 0;
    for (size_t i = 0; i < ak_json_len(root); i++) {
        struct ak_json_value value = ak_json_member(root, i, &key);
        char name[16] = {0};
        assert_in_range(key.len, 1, 15);
        memcpy(name, key.ptr, key.len);
        assert_ptr_equal(value.node, ak_json_get(root, name).node);
        seen++;
    }
    assert_int_equal(seen, 9);
    assert_null(ak_json_member(root, 9, &key).node);
    assert_int_equal(key.len, 0);
    assert_null(ak_json_member(ak_json_get(root, "list"), 0, &key).node);
    ak_json_done(&json);
}

/* Any one byte changed: refused, or a document all of whose strings are UTF-8. No crash, no leak. */
static void every_byte_altered(void **state)
{
    (void)state;
    char text[sizeof document];
    memcpy(text, document, sizeof document);
    unsigned refused = 0;
    for (size_t at = 0; at < sizeof document - 1; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct ak_json json;
            text[at] = (char)value;
            if (ak_json_parse(ak_span(text, sizeof document - 1), 4096, &json) != AK_OK) {
                refused++;
                continue;
            }
            struct ak_json_value root = ak_json_root(&json);
            for (size_t i = 0; i < ak_json_len(root); i++) {
                struct ak_span key;
                struct ak_span string = AK_SPAN_EMPTY;
                struct ak_json_value member = ak_json_member(root, i, &key);
                if (ak_json_string(member, &string) != AK_OK) string = AK_SPAN_EMPTY;
                assert_int_equal(ak_utf8_validate(key), AK_OK);
                assert_int_equal(ak_utf8_validate(string), AK_OK);
            }
            ak_json_done(&json);
        }
        text[at] = document[at];
    }
    assert_true(refused > 256 * 100);
}

static unsigned blocks_left;

static void *few_blocks(size_t len)
{
    return blocks_left > 0 && blocks_left-- > 0 ? malloc(len) : NULL;
}

/* Whichever block is refused, nothing is read wrongly; and the first one is known to be memory. */
static void each_block_refused(void **state)
{
    (void)state;
    struct ak_json json = {0};
    enum ak_err err = AK_E_FULL;
    unsigned blocks = 0;
    ak_json_set_memory(few_blocks, free);
    for (; err != AK_OK && blocks < 64; blocks++) {
        blocks_left = blocks;
        err = ak_json_parse(AK_SPAN_LIT("{\"a\":\"value\"}"), 64, &json);
        assert_true(err == AK_OK || err == AK_E_FULL || (err == AK_E_FORMAT && blocks > 0));
        if (err != AK_OK) assert_null(json.root);
    }
    assert_in_range(blocks, 4, 63);
    assert_true(ak_json_string_is(ak_json_get(ak_json_root(&json), "a"), AK_SPAN_LIT("value")));
    ak_json_done(&json);
    ak_json_set_memory(malloc, free);
}

int main(void)
{
    ak_json_init(7);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(refuses_duplicate_keys),
        cmocka_unit_test(depth_at_its_limit),
        cmocka_unit_test(brackets_in_strings_do_not_count),
        cmocka_unit_test(length_at_its_limit),
        cmocka_unit_test(numbers_at_their_limits),
        cmocka_unit_test(types_and_access),
        cmocka_unit_test(typed_values),
        cmocka_unit_test(members_one_by_one),
        cmocka_unit_test(every_byte_altered),
        cmocka_unit_test(each_block_refused),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
