/* Every message: struct -> body -> struct, and body -> JSON -> body, at both ends of every limit; cut, grown
 * and altered bodies. */
#include "unit/wire/fill.h"

static struct fill fill;
static uint8_t body_memory[FILL_BODY], again_memory[FILL_BODY], json_memory[2 * FILL_BODY],
    json_again[2 * FILL_BODY];
static uint64_t decoded[FILL_STRUCT_WORDS];

static const enum fill_how hows[] = {FILL_SMALL, FILL_LARGE, FILL_REQUIRED};

static struct ak_span encode(const struct ak_msg *msg, enum fill_how how)
{
    struct ak_buf body = AK_BUF_ARR(body_memory);
    fill_message(&fill, msg, how);
    enum ak_err err = ak_msg_encode(msg, fill.message, &body);
    if (err) fail_msg("%s: %s", msg->name, ak_err_name(err));
    return ak_buf_span(&body);
}

static void goes_through_structs(const struct ak_msg *msg)
{
    for (size_t k = 0; k < AK_COUNT(hows); k++) {
        struct ak_buf again = AK_BUF_ARR(again_memory);
        size_t field = 99;
        struct ak_span body = encode(msg, hows[k]);
        if (ak_msg_decode(msg, body, decoded, &field)) fail_msg("%s field %zu", msg->name, field);
        assert_int_equal(field, msg->count);
        struct ak_msg_head head;
        struct ak_msg_head want;
        memcpy(&head, decoded, sizeof head);
        memcpy(&want, fill.message, sizeof want);
        assert_int_equal(head.present, want.present);
        assert_int_equal(ak_msg_encode(msg, decoded, &again), AK_OK);
        assert_true(ak_span_eq(body, ak_buf_span(&again)));
    }
}

static void goes_through_json(const struct ak_msg *msg)
{
    for (size_t k = 0; k < AK_COUNT(hows); k++) {
        struct ak_buf json = AK_BUF_ARR(json_memory);
        struct ak_buf again = AK_BUF_ARR(again_memory);
        struct ak_buf json2 = AK_BUF_ARR(json_again);
        uint8_t url[2048];
        struct ak_buf memory = AK_BUF_ARR(url);
        struct ak_msg_param params[FILL_PARAMS];
        struct ak_msg_fault fault;
        struct ak_span body = encode(msg, hows[k]);
        assert_int_equal(ak_msg_to_json(msg, body, true, &json), AK_OK);
        struct ak_msg_input input = {.json = ak_buf_span(&json), .params = params, .strict = true};
        input.param_count = fill_params(msg, body, &memory, params);
        if (ak_msg_from_json(msg, &input, &again, &fault))
            fail_msg("%s: %s %s\n%.*s", msg->name, fault.field, fault.why, (int)json.len, json_memory);
        assert_int_equal(fault.code, AK_CODE_OK);
        assert_true(ak_span_eq(body, ak_buf_span(&again)));
        assert_int_equal(ak_msg_to_json(msg, ak_buf_span(&again), true, &json2), AK_OK);
        assert_true(ak_span_eq(ak_buf_span(&json), ak_buf_span(&json2)));
    }
}

/* A body that is cut or grown is no body; a failed decode leaves nothing behind. */
static void refuses_cut_and_grown(const struct ak_msg *msg)
{
    struct ak_span body = encode(msg, FILL_SMALL);
    for (size_t len = 0; len < body.len; len++) {
        memset(decoded, 0xff, sizeof decoded);
        assert_int_not_equal(ak_msg_decode(msg, ak_span(body.ptr, len), decoded, NULL), AK_OK);
        for (size_t i = 0; i < msg->size; i++) assert_int_equal(((uint8_t *)decoded)[i], 0);
    }
    body_memory[body.len] = 0;
    assert_int_equal(ak_msg_decode(msg, ak_span(body.ptr, body.len + 1), decoded, NULL), AK_E_FORMAT);
}

/* Whatever an altered body decodes to encodes to the same bytes: one message, one body. */
static void has_one_encoding(const struct ak_msg *msg)
{
    struct ak_span body = encode(msg, FILL_SMALL);
    for (size_t i = 0; i < body.len; i++) {
        uint8_t was = body_memory[i];
        for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
            struct ak_buf again = AK_BUF_ARR(again_memory);
            body_memory[i] = was ^ (uint8_t)flip;
            if (ak_msg_decode(msg, body, decoded, NULL) != AK_OK) continue;
            assert_int_equal(ak_msg_encode(msg, decoded, &again), AK_OK);
            assert_true(ak_span_eq(body, ak_buf_span(&again)));
        }
        body_memory[i] = was;
    }
}

/* n - 1, n, n + 1 of each field's own limits, by the check that both directions use. */
static void holds_limits(const struct ak_msg *msg)
{
    static uint8_t bytes[70000];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        uint64_t edges[] = {
            field->min - 1, field->min, field->min + 1, field->max - 1, field->max, field->max + 1};
        for (size_t k = 0; k < AK_COUNT(edges); k++) {
            uint8_t number[8];
            struct ak_buf buf = AK_BUF_ARR(number);
            bool inside = edges[k] >= field->min && edges[k] <= field->max;
            struct ak_span value = ak_span(bytes, (size_t)edges[k]);
            if (field->kind == AK_KIND_U64) {
                ak_buf_put_u64(&buf, edges[k]);
                value = AK_SPAN_ARR(number);
            } else if (field->kind == AK_KIND_FIXED || field->kind == AK_KIND_FIXED0X ||
                       field->kind == AK_KIND_PRINT || field->kind == AK_KIND_BOOL ||
                       field->kind == AK_KIND_LIST || edges[k] >= sizeof bytes) {
                continue;
            }
            enum ak_err err = ak_field_check(field, value);
            if ((err == AK_OK) != inside)
                fail_msg("%s.%s at %llu", msg->name, field->name, (unsigned long long)edges[k]);
        }
    }
}

/* What every table must be: few fields, each inside its struct, texts with limits. */
static void is_well_formed(const struct ak_msg *msg)
{
    assert_true(msg->count <= 32);
    assert_true(msg->size <= FILL_STRUCT_WORDS * 8);
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        assert_non_null(field->name);
        assert_true(field->offset >= sizeof(struct ak_msg_head) && field->offset < msg->size);
        assert_true(field->min <= field->max || field->kind == AK_KIND_LIST);
        assert_true((field->kind == AK_KIND_LIST) == (field->item != NULL));
        for (size_t k = 0; k < i; k++) assert_string_not_equal(field->name, msg->fields[k].name);
    }
}

static void structs(void **state)
{
    (void)state;
    fill_each(goes_through_structs);
}
static void json(void **state)
{
    (void)state;
    fill_each(goes_through_json);
}
static void cuts(void **state)
{
    (void)state;
    fill_each(refuses_cut_and_grown);
}
static void alterations(void **state)
{
    (void)state;
    fill_each(has_one_encoding);
}
static void limits(void **state)
{
    (void)state;
    fill_each(holds_limits);
}
static void tables(void **state)
{
    (void)state;
    fill_each(is_well_formed);
}

/* What does not fit says so, and what is over a limit is never written. */
static void encode_refuses(void **state)
{
    (void)state;
    uint8_t small[8];
    const struct ak_msg *msg = &ak_error_reply_msg;
    struct ak_msg_error_reply reply = {.error = AK_SPAN_LIT("denied"), .message = AK_SPAN_LIT("no")};
    struct ak_buf buf = AK_BUF_ARR(small);
    assert_int_equal(ak_msg_encode(msg, &reply, &buf), AK_E_FULL);
    buf = AK_BUF_ARR(body_memory);
    reply.error = AK_SPAN_EMPTY;
    assert_int_equal(ak_msg_encode(msg, &reply, &buf), AK_E_LIMIT);
    reply.error = AK_SPAN_LIT("a\nb");
    assert_int_equal(ak_msg_encode(msg, &reply, &buf), AK_E_FORMAT);
    reply.error = AK_SPAN_LIT("a\xff");
    assert_int_equal(ak_msg_encode(msg, &reply, &buf), AK_E_FORMAT);
}

/* Texts are looked at in words of eight bytes with a rest: each byte in each place. */
static void control_bytes_are_found_anywhere(void **state)
{
    const struct ak_field field = {.kind = AK_KIND_TEXT, .max = 64};
    uint8_t text[21];
    (void)state;
    for (size_t place = 0; place < sizeof text; place++)
        for (unsigned byte = 0; byte < 0x80; byte++) {
            memset(text, 'a', sizeof text);
            text[place] = (uint8_t)byte;
            bool control = byte < 0x20 || byte == 0x7f;
            assert_int_equal(ak_field_check(&field, AK_SPAN_ARR(text)), control ? AK_E_FORMAT : AK_OK);
        }
}

/* U+009B begins what a terminal obeys; the same bytes are part of harmless characters, too. */
static void control_characters_of_two_bytes_are_found(void **state)
{
    const struct ak_field field = {.kind = AK_KIND_TEXT, .max = 64};
    const struct ak_field list = {.kind = AK_KIND_TEXTS, .max = 64};
    (void)state;
    for (size_t place = 0; place < 12; place++)
        for (unsigned second = 0x80; second < 0xc0; second++) {
            uint8_t text[14];
            memset(text, 'a', sizeof text);
            text[place] = 0xc2;
            text[place + 1] = (uint8_t)second;
            enum ak_err want = second < 0xa0 ? AK_E_FORMAT : AK_OK;
            assert_int_equal(ak_field_check(&field, AK_SPAN_ARR(text)), want);
            assert_int_equal(ak_field_check(&list, AK_SPAN_ARR(text)), want);
        }
    assert_int_equal(ak_field_check(&field, AK_SPAN_LIT("\xc2\xa0\xc2\x9b")), AK_E_FORMAT);
    assert_int_equal(ak_field_check(&field, AK_SPAN_LIT("\xe2\x82\x9b")), AK_OK);
    assert_int_equal(ak_field_check(&field, AK_SPAN_LIT("a\xc2")), AK_E_FORMAT);
}

static void lists_step(void **state)
{
    (void)state;
    const struct ak_call *call = ak_call_get(AK_CALL_AGENT_LIST);
    const struct ak_msg *item = call->reply->fields[0].item;
    uint64_t got[FILL_STRUCT_WORDS];
    fill_message(&fill, call->reply, FILL_LARGE);
    struct ak_list list;
    memcpy(&list, (uint8_t *)fill.message + call->reply->fields[0].offset, sizeof list);
    unsigned count = 0;
    while (ak_list_next(&list, item, got)) count++;
    assert_int_equal(count, 3);
    assert_false(ak_list_next(&list, item, got));
}

/* An item that does not fit leaves the list as it was. */
static void lists_refuse_what_does_not_fit(void **state)
{
    (void)state;
    const struct ak_msg_error_reply reply = {.error = AK_SPAN_LIT("x"), .message = AK_SPAN_LIT("y")};
    uint8_t bytes[64];
    struct ak_buf items = AK_BUF_ARR(bytes);
    assert_int_equal(ak_list_add(&items, &ak_error_reply_msg, &reply), AK_OK);
    size_t len = items.len;
    struct ak_buf small = ak_buf(bytes, len + 4);
    small.len = len;
    assert_int_not_equal(ak_list_add(&small, &ak_error_reply_msg, &reply), AK_OK);
    assert_int_equal(small.len, len);
}

/* ---- kinds that no message of ours shows at their ends ---- */

struct odd {
    uint32_t present;
    struct ak_span texts, lines, hex, json;
    struct ak_list list;
    bool flag;
    uint64_t inner;
};
enum { TEXTS, LINES, HEX, RAW, FLAG, INNER, LIST };
static const struct ak_field item_fields[] = {AK_FIELD(odd, inner, "n", AK_KIND_U64, AK_MSG_OPTIONAL, 1, 9)};
static const struct ak_msg item_msg = AK_MSG("odd item", odd, item_fields);
static const struct ak_field odd_fields[] = {
    [TEXTS] = AK_FIELD(odd, texts, "texts", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, 9),
    [LINES] = AK_FIELD(odd, lines, "lines", AK_KIND_LINES, AK_MSG_OPTIONAL, 1, 9),
    [HEX] = AK_FIELD(odd, hex, "hex", AK_KIND_HEX0X, AK_MSG_OPTIONAL, 2, 4),
    [RAW] = AK_FIELD(odd, json, "json", AK_KIND_JSON, AK_MSG_OPTIONAL, 0, 9),
    [FLAG] = AK_FIELD(odd, flag, "flag", AK_KIND_BOOL, AK_MSG_OPTIONAL, 0, 0),
    [INNER] = AK_FIELD(odd, inner, "in.n", AK_KIND_U64, AK_MSG_OPTIONAL, 0, 9),
    [LIST] = AK_FIELD_LIST(odd, list, "list", &item_msg),
};
static const struct ak_msg odd_msg = AK_MSG("odd", odd, odd_fields);

static enum ak_err encode_odd(unsigned field, struct ak_span value)
{
    uint8_t memory[64];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct odd odd = {.present = 1u << field, .texts = value, .lines = value};
    if (field == LIST) odd.list.bytes = value;
    return ak_msg_encode(&odd_msg, &odd, &body);
}

static void odd_values_are_refused(void **state)
{
    (void)state;
    assert_int_equal(encode_odd(TEXTS, AK_SPAN_LIT("a,b")), AK_OK);
    assert_int_equal(encode_odd(TEXTS, AK_SPAN_LIT("a,,b")), AK_E_FORMAT);
    assert_int_equal(encode_odd(TEXTS, AK_SPAN_LIT(",a")), AK_E_FORMAT);
    assert_int_equal(encode_odd(TEXTS, AK_SPAN_LIT("a,")), AK_E_FORMAT);
    assert_int_equal(encode_odd(LINES, AK_SPAN_LIT("a\nb")), AK_OK);
    assert_int_equal(encode_odd(LINES, AK_SPAN_LIT("a\xff")), AK_E_FORMAT);
    assert_int_equal(encode_odd(LIST, AK_SPAN_LIT("\0\0\0\1\0")), AK_OK); /* an item that has nothing */
    assert_int_equal(encode_odd(LIST, AK_SPAN_LIT("\0\0\0\1\2")), AK_E_FORMAT);
    assert_int_equal(encode_odd(LIST, AK_SPAN_LIT("\0\0\0\2\0")), AK_E_FORMAT);
    assert_int_equal(encode_odd(LIST, AK_SPAN_LIT("\0\0\0\2\0\0")), AK_E_FORMAT);
    assert_int_equal(encode_odd(LIST, AK_SPAN_LIT("\0\0\0\x9\1\0\0\0\0\0\0\0\xa")), AK_E_LIMIT);
    const struct odd all = {.present = UINT32_MAX};
    assert_true(ak_msg_has(&all, 31));
    assert_false(ak_msg_has(&all, 32));
}

static enum ak_err odd_from(const char *json)
{
    uint8_t memory[64];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_msg_fault fault;
    const struct ak_msg_input input = {.json = ak_span_str(json)};
    return ak_msg_from_json(&odd_msg, &input, &body, &fault);
}

static void odd_json_is_refused(void **state)
{
    (void)state;
    const char *const good[] = {"{\"list\":[]}", "{\"list\":[{}]}", "{\"list\":[{\"n\":9}]}",
        "{\"list\":[],\"hex\":\"0xabcd\"}", "{\"list\":[],\"flag\":true}", "{\"list\":[],\"json\":{}}",
        "{\"list\":[],\"in\":{\"n\":1}}", "{\"list\":[],\"in\":7}"};
    const char *const bad[] = {"{}", "{\"list\":{}}", "{\"list\":\"\"}", "{\"list\":[1]}", "{\"list\":[[]]}",
        "{\"list\":[],\"hex\":\"abcdef\"}", "{\"list\":[],\"hex\":\"0xab\"}",
        "{\"list\":[],\"hex\":\"0xabc\"}", "{\"list\":[],\"hex\":\"0xabcdefabcd\"}",
        "{\"list\":[],\"flag\":\"1\"}", "{\"list\":[],\"in\":{\"n\":10}}"};
    for (size_t i = 0; i < AK_COUNT(good); i++)
        if (odd_from(good[i]) != AK_OK) fail_msg("%s", good[i]);
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        if (odd_from(bad[i]) == AK_OK) fail_msg("%s", bad[i]);
}

/* A name with a dot is a place, and no member is called so. */
static void a_dotted_name_is_a_place(void **state)
{
    (void)state;
    static const struct ak_field fields[] = {AK_FIELD(odd, inner, "in.n", AK_KIND_U64, 0, 0, 9)};
    static const struct ak_msg msg = AK_MSG("dotted", odd, fields);
    uint8_t memory[64];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_msg_fault fault;
    struct ak_msg_input input = {.json = AK_SPAN_LIT("{\"in.n\":1}")};
    assert_int_equal(ak_msg_from_json(&msg, &input, &body, &fault), AK_E_FORMAT);
    input.json = AK_SPAN_LIT("{\"in\":{\"n\":1}}");
    assert_int_equal(ak_msg_from_json(&msg, &input, &body, &fault), AK_OK);
}

/* What stands behind a body's or an item's last field is no part of an answer. */
static void damaged_bodies_become_no_json(void **state)
{
    (void)state;
    uint8_t memory[64], text[256];
    struct ak_buf body = AK_BUF_ARR(memory), out = AK_BUF_ARR(text);
    const struct odd odd = {0};
    assert_int_equal(ak_msg_encode(&odd_msg, &odd, &body), AK_OK);
    assert_int_equal(ak_msg_to_json(&odd_msg, ak_buf_span(&body), false, &out), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&out), AK_SPAN_LIT("{\"list\":[]}")));
    ak_buf_put_u8(&body, 0);
    assert_int_equal(ak_msg_to_json(&odd_msg, ak_buf_span(&body), false, &out), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(structs),
        cmocka_unit_test(json),
        cmocka_unit_test(cuts),
        cmocka_unit_test(alterations),
        cmocka_unit_test(limits),
        cmocka_unit_test(encode_refuses),
        cmocka_unit_test(control_bytes_are_found_anywhere),
        cmocka_unit_test(control_characters_of_two_bytes_are_found),
        cmocka_unit_test(lists_step),
        cmocka_unit_test(lists_refuse_what_does_not_fit),
        cmocka_unit_test(odd_values_are_refused),
        cmocka_unit_test(odd_json_is_refused),
        cmocka_unit_test(a_dotted_name_is_a_place),
        cmocka_unit_test(damaged_bodies_become_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
