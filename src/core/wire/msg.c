/* Between a message's struct and its binary body, by its table: optional fields have a presence byte, numbers
 * eight bytes, fixed kinds their bytes, the rest a u32 length and the bytes. */
#include "core/wire/field.h"

#include "base/assert.h"
#include "base/codec/cbor.h"
#include "base/word.h"

bool ak_msg_has(const void *message, size_t field_index)
{
    const struct ak_msg_head *head = message;
    return field_index < 32 && (head->present >> field_index & 1);
}

static bool kind_is_fixed(enum ak_field_kind kind)
{
    return kind == AK_KIND_FIXED || kind == AK_KIND_FIXED0X || kind == AK_KIND_PRINT;
}

static size_t fixed_len(const struct ak_field *field)
{
    return field->kind == AK_KIND_PRINT ? 32 : (size_t)field->max;
}

static bool has_control_byte(struct ak_span text)
{
    size_t at = 0;
    for (; text.len - at >= AK_WORD_LEN; at += AK_WORD_LEN) {
        uint64_t word = ak_word(text.ptr + at);
        if (ak_word_any_below(word, 0x20) || ak_word_any(word, 0x7f)) return true;
    }
    for (; at < text.len; at++)
        if (text.ptr[at] < 0x20 || text.ptr[at] == 0x7f) return true;
    return false;
}

/* U+0080 to U+009F: to a terminal U+009B is as good as ESC [. */
static bool has_c1_control(struct ak_span text)
{
    for (size_t at = ak_span_find(text, 0, 0xc2); at + 1 < text.len; at = ak_span_find(text, at + 1, 0xc2))
        if (text.ptr[at + 1] < 0xa0) return true;
    return false;
}

static enum ak_err check_characters(struct ak_span text)
{
    if (has_control_byte(text) || has_c1_control(text)) return AK_E_FORMAT;
    return ak_utf8_validate(text);
}

static enum ak_err check_texts(const struct ak_field *field, struct ak_span joined)
{
    if (joined.len > field->max) return AK_E_LIMIT;
    if (joined.len == 0) return field->min ? AK_E_LIMIT : AK_OK;
    for (size_t from = 0; from <= joined.len;) {
        size_t comma = ak_span_find(joined, from, ',');
        if (comma == from) return AK_E_FORMAT;
        from = comma + 1;
    }
    return AK_OK;
}

static enum ak_err check_list(const struct ak_field *field, struct ak_span bytes)
{
    struct ak_reader reader = ak_reader(bytes);
    uint64_t item[64];
    ak_assert(field->item->size <= sizeof item);
    while (reader.len) {
        struct ak_span one = ak_reader_take(&reader, ak_reader_u32(&reader));
        if (reader.failed) return AK_E_FORMAT;
        AK_TRY(ak_msg_decode(field->item, one, item, NULL));
    }
    return AK_OK;
}

enum ak_err ak_field_check(const struct ak_field *field, struct ak_span value)
{
    switch (field->kind) {
    case AK_KIND_TEXT:
        if (value.len < field->min || value.len > field->max) return AK_E_LIMIT;
        return check_characters(value);
    case AK_KIND_TEXTS: AK_TRY(check_characters(value)); return check_texts(field, value);
    case AK_KIND_LINES:
        if (value.len < field->min || value.len > field->max) return AK_E_LIMIT;
        return ak_utf8_validate(value);
    case AK_KIND_HEX:
    case AK_KIND_HEX0X:
    case AK_KIND_B64:
    case AK_KIND_JSON: return value.len < field->min || value.len > field->max ? AK_E_LIMIT : AK_OK;
    case AK_KIND_U64: {
        struct ak_reader reader = ak_reader(value);
        uint64_t number = ak_reader_u64(&reader);
        return number < field->min || number > field->max ? AK_E_LIMIT : AK_OK;
    }
    case AK_KIND_BOOL: return value.len == 1 && value.ptr[0] <= 1 ? AK_OK : AK_E_FORMAT;
    case AK_KIND_LIST: return check_list(field, value);
    case AK_KIND_FIXED:
    case AK_KIND_FIXED0X:
    case AK_KIND_PRINT: return AK_OK;
    }
    return AK_E_FORMAT;
}

enum ak_err ak_field_read(
    const struct ak_field *field, struct ak_reader *reader, bool *out_present, struct ak_span *out_value)
{
    *out_value = AK_SPAN_EMPTY;
    *out_present = true;
    if (field->flags & AK_MSG_OPTIONAL) {
        uint8_t there = ak_reader_u8(reader);
        *out_present = there == 1;
        if (there > 1) return AK_E_FORMAT;
        if (there == 0) return reader->failed ? AK_E_FORMAT : AK_OK;
    }
    size_t len = 0;
    if (field->kind == AK_KIND_U64)
        len = 8;
    else if (field->kind == AK_KIND_BOOL)
        len = 1;
    else if (kind_is_fixed(field->kind))
        len = fixed_len(field);
    else
        len = ak_reader_u32(reader);
    *out_value = ak_reader_take(reader, len);
    if (reader->failed) return AK_E_FORMAT;
    return ak_field_check(field, *out_value);
}

static void put_head(struct ak_buf *buf, const struct ak_field *field, size_t len)
{
    if (field->flags & AK_MSG_OPTIONAL) ak_buf_put_u8(buf, 1);
    if (field->kind != AK_KIND_U64 && field->kind != AK_KIND_BOOL && !kind_is_fixed(field->kind))
        ak_buf_put_u32(buf, (uint32_t)len);
}

static enum ak_err encode_field(const struct ak_field *field, const uint8_t *member, struct ak_buf *buf)
{
    struct ak_span value = AK_SPAN_EMPTY;
    uint8_t number[8];
    if (field->kind == AK_KIND_U64) {
        struct ak_buf digits = AK_BUF_ARR(number);
        uint64_t v = 0;
        memcpy(&v, member, sizeof v);
        ak_buf_put_u64(&digits, v);
        value = AK_SPAN_ARR(number);
    } else if (field->kind == AK_KIND_BOOL) {
        bool v = false;
        memcpy(&v, member, sizeof v);
        number[0] = v ? 1 : 0;
        value = ak_span(number, 1);
    } else if (kind_is_fixed(field->kind)) {
        value = ak_span(member, fixed_len(field));
    } else {
        memcpy(&value, member, sizeof value); /* struct ak_list is one span */
    }
    if (value.len > UINT32_MAX) return AK_E_LIMIT;
    AK_TRY(ak_field_check(field, value));
    put_head(buf, field, value.len);
    ak_buf_put(buf, value);
    return ak_buf_check(buf);
}
_Static_assert(sizeof(struct ak_list) == sizeof(struct ak_span), "a list is stored as its bytes");

enum ak_err ak_msg_encode(const struct ak_msg *msg, const void *message, struct ak_buf *buf)
{
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        if ((field->flags & AK_MSG_OPTIONAL) && !ak_msg_has(message, i)) {
            ak_buf_put_u8(buf, 0);
            continue;
        }
        AK_TRY(encode_field(field, (const uint8_t *)message + field->offset, buf));
    }
    return ak_buf_check(buf);
}

static void decode_field(const struct ak_field *field, struct ak_span value, uint8_t *member)
{
    if (field->kind == AK_KIND_U64) {
        struct ak_reader reader = ak_reader(value);
        uint64_t number = ak_reader_u64(&reader);
        memcpy(member, &number, sizeof number);
    } else if (field->kind == AK_KIND_BOOL) {
        bool flag = value.ptr[0] == 1;
        memcpy(member, &flag, sizeof flag);
    } else if (kind_is_fixed(field->kind)) {
        memcpy(member, value.ptr, value.len);
    } else {
        memcpy(member, &value, sizeof value);
    }
}

static enum ak_err decode_all(
    const struct ak_msg *msg, struct ak_reader *reader, uint8_t *out_message, size_t *out_field)
{
    uint32_t present = 0;
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        struct ak_span value = AK_SPAN_EMPTY;
        *out_field = i;
        AK_TRY(ak_field_read(&msg->fields[i], reader, &there, &value));
        if (!there) continue;
        present |= UINT32_C(1) << i;
        decode_field(&msg->fields[i], value, out_message + msg->fields[i].offset);
    }
    *out_field = msg->count;
    memcpy(out_message, &present, sizeof present);
    return ak_reader_finish(reader);
}

enum ak_err ak_msg_decode(const struct ak_msg *msg, struct ak_span body, void *out_message, size_t *out_field)
{
    size_t at = msg->count;
    ak_assert(msg->count <= 32);
    memset(out_message, 0, msg->size);
    struct ak_reader reader = ak_reader(body);
    enum ak_err err = decode_all(msg, &reader, out_message, &at);
    if (err) memset(out_message, 0, msg->size);
    if (out_field) *out_field = at;
    return err;
}

enum ak_err ak_list_add(struct ak_buf *items, const struct ak_msg *msg, const void *item)
{
    size_t start = items->len;
    ak_buf_put_u32(items, 0);
    enum ak_err err = ak_msg_encode(msg, item, items);
    if (err) {
        items->len = start;
        return err;
    }
    struct ak_buf head = ak_buf(items->ptr + start, 4);
    ak_buf_put_u32(&head, (uint32_t)(items->len - start - 4));
    return AK_OK;
}

bool ak_list_next(struct ak_list *list, const struct ak_msg *msg, void *out_item)
{
    if (list->bytes.len == 0) return false;
    struct ak_reader reader = ak_reader(list->bytes);
    struct ak_span one = ak_reader_take(&reader, ak_reader_u32(&reader));
    if (reader.failed || ak_msg_decode(msg, one, out_item, NULL) != AK_OK) return false;
    list->bytes = ak_span(reader.ptr, reader.len);
    return true;
}
