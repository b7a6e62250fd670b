/* From a message's body to JSON, by its table. Neighbours "entry.index" and "entry.leaf_hash" become one
 * object. */
#include "core/wire/field.h"

static void put_texts(struct ak_json_writer *w, struct ak_span joined)
{
    ak_json_open_array(w);
    for (size_t from = 0; joined.len && from <= joined.len;) {
        size_t comma = ak_span_find(joined, from, ',');
        ak_json_put_string(w, ak_span_sub(joined, from, comma - from));
        from = comma + 1;
    }
    ak_json_close_array(w);
}

static enum ak_err put_members(
    const struct ak_msg *msg, struct ak_span body, bool body_only, struct ak_json_writer *w);

static enum ak_err put_list(struct ak_json_writer *w, const struct ak_field *field, struct ak_span bytes)
{
    struct ak_reader reader = ak_reader(bytes);
    ak_json_open_array(w);
    while (reader.len) {
        struct ak_span one = ak_reader_take(&reader, ak_reader_u32(&reader));
        if (reader.failed) return AK_E_FORMAT;
        AK_TRY(put_members(field->item, one, false, w));
    }
    ak_json_close_array(w);
    return AK_OK;
}

static enum ak_err put_value(struct ak_json_writer *w, const struct ak_field *field, struct ak_span value)
{
    struct ak_reader reader = ak_reader(value);
    switch (field->kind) {
    case AK_KIND_LINES:
    case AK_KIND_TEXT: ak_json_put_string(w, value); break;
    case AK_KIND_TEXTS: put_texts(w, value); break;
    case AK_KIND_HEX:
    case AK_KIND_FIXED: ak_json_put_hex(w, "", value); break;
    case AK_KIND_HEX0X:
    case AK_KIND_FIXED0X: ak_json_put_hex(w, "0x", value); break;
    case AK_KIND_PRINT:
    case AK_KIND_B64: ak_json_put_base64url(w, value); break;
    case AK_KIND_U64: ak_json_put_u64(w, ak_reader_u64(&reader)); break;
    case AK_KIND_BOOL: ak_json_put_bool(w, value.ptr[0] == 1); break;
    case AK_KIND_LIST: return put_list(w, field, value);
    case AK_KIND_JSON: ak_json_put_raw(w, value); break;
    }
    return AK_OK;
}

/* Opens and closes the objects that dotted names stand for. `open` is the name of the open one, or empty. */
static const char *enter(struct ak_json_writer *w, const char *name, struct ak_span *open)
{
    const char *dot = strchr(name, '.');
    struct ak_span parent = dot ? ak_span(name, (size_t)(dot - name)) : AK_SPAN_EMPTY;
    if (open->len && !ak_span_eq(parent, *open)) ak_json_close_object(w);
    if (parent.len && !ak_span_eq(parent, *open)) {
        char key[32] = {0};
        memcpy(key, parent.ptr, parent.len < sizeof key - 1 ? parent.len : sizeof key - 1);
        ak_json_key(w, key);
        ak_json_open_object(w);
    }
    *open = parent;
    return dot ? dot + 1 : name;
}

static enum ak_err put_members(
    const struct ak_msg *msg, struct ak_span body, bool body_only, struct ak_json_writer *w)
{
    struct ak_reader reader = ak_reader(body);
    struct ak_span open = AK_SPAN_EMPTY;
    ak_json_open_object(w);
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        bool there = false;
        struct ak_span value;
        AK_TRY(ak_field_read(field, &reader, &there, &value));
        if (!there || (body_only && (field->flags & (AK_MSG_PATH | AK_MSG_QUERY)))) continue;
        ak_json_key(w, enter(w, field->name, &open));
        AK_TRY(put_value(w, field, value));
    }
    if (open.len) ak_json_close_object(w);
    ak_json_close_object(w);
    return ak_reader_finish(&reader);
}

enum ak_err ak_msg_to_json(const struct ak_msg *msg, struct ak_span body, bool body_only, struct ak_buf *json)
{
    struct ak_json_writer w = ak_json_writer(json);
    AK_TRY(put_members(msg, body, body_only, &w));
    return ak_buf_check(json);
}
