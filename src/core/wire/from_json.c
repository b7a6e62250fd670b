/* From JSON and URL parameters to a message's body. A flat body goes through the strict recogniser,
 * everything else through the full parser; both end in the same checks. */
#include "base/codec/base64.h"
#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "base/limits.h"
#include "base/num.h"
#include "core/wire/field.h"

enum { FLAT_MEMBERS = 16 };

struct source {
    const struct ak_msg_input *input;
    struct ak_json_flat_member flat[FLAT_MEMBERS];
    size_t flat_count;
    bool is_flat;
    struct ak_json json;
};

/* One value as found: text (of a string or a parameter), digits, or a node of the full parser. */
struct found {
    enum { ABSENT, TEXT, DIGITS, NODE } form;
    struct ak_span text;
    struct ak_json_value node;
};

static struct found found_node(struct ak_json_value node)
{
    struct ak_span text;
    if (ak_json_string(node, &text) == AK_OK) return (struct found){.form = TEXT, .text = text};
    return (struct found){.form = NODE, .node = node};
}

static struct found find_param(const struct source *source, struct ak_span name)
{
    for (size_t i = 0; i < source->input->param_count; i++)
        if (ak_span_eq(source->input->params[i].name, name))
            return (struct found){.form = TEXT, .text = source->input->params[i].value};
    return (struct found){.form = ABSENT};
}

static struct found find_flat(const struct source *source, struct ak_span name)
{
    for (size_t i = 0; i < source->flat_count; i++)
        if (ak_span_eq(source->flat[i].key, name))
            return (struct found){
                .form = source->flat[i].is_string ? TEXT : DIGITS, .text = source->flat[i].value};
    return (struct found){.form = ABSENT};
}

/* Members "a" and "a.b": the second is looked up inside object a. */
static struct found find_node(const struct source *source, const char *name)
{
    struct ak_json_value at = ak_json_root(&source->json);
    const char *dot = strchr(name, '.');
    char first[32];
    if (dot && (size_t)(dot - name) < sizeof first) {
        memcpy(first, name, (size_t)(dot - name));
        first[dot - name] = 0;
        at = ak_json_get(at, first);
        name = dot + 1;
    }
    at = ak_json_get(at, name);
    enum ak_json_type type = ak_json_type(at);
    if (type == AK_JSON_ABSENT || type == AK_JSON_NULL) return (struct found){.form = ABSENT};
    return found_node(at);
}

static struct found find(const struct source *source, const struct ak_field *field)
{
    if (field->flags & (AK_MSG_PATH | AK_MSG_QUERY)) return find_param(source, ak_span_str(field->name));
    if (source->is_flat) return find_flat(source, ak_span_str(field->name));
    return source->json.root ? find_node(source, field->name) : (struct found){.form = ABSENT};
}

static enum ak_err put_hex(struct ak_buf *body, const struct ak_field *field, struct ak_span text)
{
    bool with_prefix = field->kind == AK_KIND_HEX0X || field->kind == AK_KIND_FIXED0X;
    if (with_prefix) {
        if (!ak_span_starts(text, AK_SPAN_LIT("0x"))) return AK_E_FORMAT;
        text = ak_span_sub(text, 2, text.len);
    }
    if (text.len % 2) return AK_E_FORMAT;
    size_t len = text.len / 2;
    bool fixed = field->kind == AK_KIND_FIXED || field->kind == AK_KIND_FIXED0X;
    if (fixed ? len != field->max : len < field->min || len > field->max) return AK_E_LIMIT;
    if (!fixed) ak_buf_put_u32(body, (uint32_t)len);
    uint8_t *at = ak_buf_grow(body, len);
    return at ? ak_hex_decode_fixed(text, at, len) : AK_E_FULL;
}

static enum ak_err put_text(struct ak_buf *body, const struct ak_field *field, struct ak_span text)
{
    AK_TRY(ak_field_check(field, text));
    ak_buf_put_u32(body, (uint32_t)text.len);
    ak_buf_put(body, text);
    return AK_OK;
}

/* An array of strings without commas. */
static enum ak_err put_texts(struct ak_buf *body, const struct ak_field *field, const struct found *value)
{
    if (value->form != NODE || ak_json_type(value->node) != AK_JSON_ARRAY) return AK_E_FORMAT;
    size_t head = body->len;
    ak_buf_put_u32(body, 0);
    for (size_t i = 0; i < ak_json_len(value->node); i++) {
        struct ak_span one;
        AK_TRY(ak_json_string(ak_json_at(value->node, i), &one));
        if (one.len == 0 || ak_span_find(one, 0, ',') < one.len) return AK_E_FORMAT;
        if (i) ak_buf_put_u8(body, ',');
        ak_buf_put(body, one);
        if (body->failed) return AK_E_FULL;
        if (body->len - head - 4 > field->max) return AK_E_LIMIT;
    }
    if (body->failed) return AK_E_FULL;
    struct ak_buf len = ak_buf(body->ptr + head, 4);
    ak_buf_put_u32(&len, (uint32_t)(body->len - head - 4));
    return ak_field_check(field, ak_span(body->ptr + head + 4, body->len - head - 4));
}

static enum ak_err put_number(struct ak_buf *body, const struct ak_field *field, const struct found *value)
{
    uint64_t number = 0;
    if (value->form == DIGITS || (value->form == TEXT && (field->flags & (AK_MSG_QUERY | AK_MSG_PATH))))
        AK_TRY(ak_num_parse_u64(value->text, UINT64_MAX, &number));
    else if (value->form == NODE)
        AK_TRY(ak_json_u64(value->node, &number));
    else
        return AK_E_FORMAT;
    ak_buf_put_u64(body, number);
    return number < field->min || number > field->max ? AK_E_LIMIT : AK_OK;
}

/* In a URL: true and false, as OpenAPI writes them, and 1 and 0. */
static enum ak_err param_bool(struct ak_span text, bool *out)
{
    *out = ak_span_eq(text, AK_SPAN_LIT("1")) || ak_span_eq(text, AK_SPAN_LIT("true"));
    bool off = ak_span_eq(text, AK_SPAN_LIT("0")) || ak_span_eq(text, AK_SPAN_LIT("false"));
    return *out || off ? AK_OK : AK_E_FORMAT;
}

static enum ak_err put_bool(struct ak_buf *body, const struct ak_field *field, const struct found *value)
{
    bool flag = false;
    if (value->form == TEXT && (field->flags & AK_MSG_QUERY)) {
        AK_TRY(param_bool(value->text, &flag));
    } else if (value->form == NODE) {
        AK_TRY(ak_json_bool(value->node, &flag));
    } else {
        return AK_E_FORMAT;
    }
    ak_buf_put_u8(body, flag);
    return AK_OK;
}

static enum ak_err put_print(struct ak_buf *body, struct ak_span text)
{
    uint8_t *at = ak_buf_grow(body, 32);
    return at ? ak_base64url_decode_fixed(text, at, 32) : AK_E_FULL;
}

static enum ak_err put_base64(struct ak_buf *body, const struct ak_field *field, struct ak_span text)
{
    size_t len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (text.len % 4 == 1) return AK_E_FORMAT;
    if (len < field->min || len > field->max) return AK_E_LIMIT;
    ak_buf_put_u32(body, (uint32_t)len);
    uint8_t *at = ak_buf_grow(body, len);
    return at ? ak_base64url_decode_fixed(text, at, len) : AK_E_FULL;
}

static enum ak_err from_source(const struct ak_msg *msg, const struct source *source, struct ak_buf *body,
    struct ak_msg_fault *out_fault);

/* Lists come only in answers, which clients read; each item is an object of its own table. */
static enum ak_err put_list(struct ak_buf *body, const struct ak_field *field, const struct found *value,
    struct ak_msg_fault *out_fault)
{
    if (value->form != NODE || ak_json_type(value->node) != AK_JSON_ARRAY) return AK_E_FORMAT;
    struct ak_msg_input none = {0};
    size_t head = body->len;
    ak_buf_put_u32(body, 0);
    for (size_t i = 0; i < ak_json_len(value->node); i++) {
        const void *node = ak_json_at(value->node, i).node;
        struct source item = {.input = &none};
        memcpy(&item.json.root, &node, sizeof node); /* borrowed: never done()ne */
        size_t item_head = body->len;
        ak_buf_put_u32(body, 0);
        if (ak_json_type(ak_json_at(value->node, i)) != AK_JSON_OBJECT) return AK_E_FORMAT;
        AK_TRY(from_source(field->item, &item, body, out_fault));
        if (body->failed) return AK_E_FULL;
        struct ak_buf len = ak_buf(body->ptr + item_head, 4);
        ak_buf_put_u32(&len, (uint32_t)(body->len - item_head - 4));
    }
    if (body->failed) return AK_E_FULL;
    struct ak_buf len = ak_buf(body->ptr + head, 4);
    ak_buf_put_u32(&len, (uint32_t)(body->len - head - 4));
    return AK_OK;
}

static enum ak_err put_found(struct ak_buf *body, const struct ak_field *field, const struct found *value,
    struct ak_msg_fault *out_fault)
{
    switch (field->kind) {
    case AK_KIND_LINES:
    case AK_KIND_TEXT: return value->form == TEXT ? put_text(body, field, value->text) : AK_E_FORMAT;
    case AK_KIND_TEXTS: return put_texts(body, field, value);
    case AK_KIND_HEX:
    case AK_KIND_HEX0X:
    case AK_KIND_FIXED:
    case AK_KIND_FIXED0X: return value->form == TEXT ? put_hex(body, field, value->text) : AK_E_FORMAT;
    case AK_KIND_PRINT: return value->form == TEXT ? put_print(body, value->text) : AK_E_FORMAT;
    case AK_KIND_B64: return value->form == TEXT ? put_base64(body, field, value->text) : AK_E_FORMAT;
    case AK_KIND_U64: return put_number(body, field, value);
    case AK_KIND_BOOL: return put_bool(body, field, value);
    case AK_KIND_LIST: return put_list(body, field, value, out_fault);
    case AK_KIND_JSON: return AK_E_UNSUPPORTED;
    }
    return AK_E_UNSUPPORTED;
}

static const char *fault_text(enum ak_err err)
{
    switch ((int)err) {
    case AK_E_LIMIT: return "is out of its limits";
    case AK_E_FORMAT: return "does not have the form it must have";
    case AK_E_FULL: return "does not fit";
    default: return "cannot be read";
    }
}

static enum ak_err from_source(const struct ak_msg *msg, const struct source *source, struct ak_buf *body,
    struct ak_msg_fault *out_fault)
{
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        struct found value =
            field->kind == AK_KIND_JSON ? (struct found){.form = ABSENT} : find(source, field);
        enum ak_code bad = field->bad ? field->bad : AK_CODE_INVALID_REQUEST;
        if (value.form == ABSENT) {
            *out_fault = (struct ak_msg_fault){bad, field->name, "is missing"};
            if (!(field->flags & AK_MSG_OPTIONAL)) return AK_E_FORMAT;
            ak_buf_put_u8(body, 0);
            continue;
        }
        if (field->flags & AK_MSG_OPTIONAL) ak_buf_put_u8(body, 1);
        enum ak_err err = put_found(body, field, &value, out_fault);
        if (!err) err = ak_buf_check(body);
        if (err) {
            *out_fault = (struct ak_msg_fault){bad, field->name, fault_text(err)};
            return err;
        }
    }
    *out_fault = (struct ak_msg_fault){AK_CODE_INVALID_REQUEST, NULL, fault_text(AK_E_FULL)};
    AK_TRY(ak_buf_check(body));
    *out_fault = (struct ak_msg_fault){AK_CODE_OK, NULL, NULL};
    return AK_OK;
}

static bool table_knows(const struct ak_msg *msg, struct ak_span key, unsigned where)
{
    for (size_t i = 0; i < msg->count; i++) {
        if ((msg->fields[i].flags & (AK_MSG_PATH | AK_MSG_QUERY)) != where) continue;
        struct ak_span name = ak_span_str(msg->fields[i].name);
        if (ak_span_eq(ak_span_sub(name, 0, ak_span_find(name, 0, '.')), key)) return true;
    }
    return false;
}

static enum ak_err refuse_unknown(
    const struct ak_msg *msg, const struct source *source, struct ak_msg_fault *out_fault)
{
    *out_fault =
        (struct ak_msg_fault){AK_CODE_INVALID_REQUEST, NULL, "the call has a field it does not know"};
    for (size_t i = 0; i < source->flat_count; i++)
        if (!table_knows(msg, source->flat[i].key, 0)) return AK_E_FORMAT;
    for (size_t i = 0; i < source->input->param_count; i++) {
        struct ak_span name = source->input->params[i].name;
        if (!table_knows(msg, name, AK_MSG_PATH) && !table_knows(msg, name, AK_MSG_QUERY)) return AK_E_FORMAT;
    }
    if (!source->is_flat && source->json.root) {
        struct ak_json_value root = ak_json_root(&source->json);
        for (size_t i = 0; i < ak_json_len(root); i++) {
            struct ak_span key;
            (void)ak_json_member(root, i, &key);
            if (!table_knows(msg, key, 0)) return AK_E_FORMAT;
        }
    }
    return AK_OK;
}

static bool has_nested(const struct ak_msg *msg)
{
    for (size_t i = 0; i < msg->count; i++)
        if (strchr(msg->fields[i].name, '.')) return true;
    return false;
}

static enum ak_err open_source(
    const struct ak_msg *msg, const struct ak_msg_input *input, struct source *source)
{
    source->input = input;
    if (input->json.len == 0) return AK_OK;
    if (!has_nested(msg) &&
        ak_json_flat(input->json, source->flat, FLAT_MEMBERS, &source->flat_count) == AK_OK) {
        source->is_flat = true;
        return AK_OK;
    }
    return ak_json_parse(input->json, input->json.len, &source->json);
}

enum ak_err ak_msg_from_json(const struct ak_msg *msg, const struct ak_msg_input *input, struct ak_buf *body,
    struct ak_msg_fault *out_fault)
{
    struct source source = {0};
    size_t start = body->len;
    enum ak_err err = open_source(msg, input, &source);
    if (err)
        *out_fault = (struct ak_msg_fault){AK_CODE_INVALID_JSON, NULL, "the body is not one JSON object"};
    else if (input->strict)
        err = refuse_unknown(msg, &source, out_fault);
    if (!err) err = from_source(msg, &source, body, out_fault);
    ak_json_done(&source.json);
    if (err) {
        body->len = start;
        body->failed = false;
    }
    return err;
}
