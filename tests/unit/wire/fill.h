/* Any message filled from its table: each field with a value of its kind that its own index decides, at the
 * lower or the upper limit. So one test covers every message there is or will be. */
#ifndef AK_TESTS_UNIT_WIRE_FILL_H
#define AK_TESTS_UNIT_WIRE_FILL_H

#include "unit/check.h"

#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"

enum { FILL_STRUCT_WORDS = 96, FILL_MEMORY = 512 * 1024, FILL_BODY = 256 * 1024, FILL_PARAMS = 12 };

struct fill {
    uint64_t message[FILL_STRUCT_WORDS];
    uint8_t memory[FILL_MEMORY];
    size_t used;
};

enum fill_how { FILL_SMALL, FILL_LARGE, FILL_REQUIRED }; /* the last: small, optional fields left out */

static inline uint8_t *fill_take(struct fill *fill, size_t len)
{
    ak_assert(len <= sizeof fill->memory - fill->used);
    uint8_t *at = fill->memory + fill->used;
    fill->used += len;
    return at;
}

/* Length of a text or of bytes: the limit, but lists stay small. */
static inline size_t fill_len(const struct ak_field *field, enum fill_how how)
{
    return (size_t)(how == FILL_LARGE ? field->max : field->min);
}

static inline struct ak_span fill_text(
    struct fill *fill, const struct ak_field *field, enum fill_how how, size_t i)
{
    size_t len = fill_len(field, how);
    uint8_t *at = fill_take(fill, len + 1);
    for (size_t k = 0; k < len; k++) at[k] = (uint8_t)('a' + (i + k) % 26);
    if (field->kind == AK_KIND_LINES && len > 2) at[1] = '\n';
    if (field->kind == AK_KIND_TEXTS && len > 4) at[2] = ',';
    if (field->kind == AK_KIND_TEXT && len > 8)
        memcpy(at + 2, "\"\\/\xc3\xa9", 5); /* needs escapes, is UTF-8 */
    return ak_span(at, len);
}

static inline void fill_struct(struct fill *fill, const struct ak_msg *msg, enum fill_how how, uint8_t *out);

static inline struct ak_span fill_list(struct fill *fill, const struct ak_field *field, enum fill_how how)
{
    uint64_t item[FILL_STRUCT_WORDS];
    uint8_t *at = fill_take(fill, 64 * 1024);
    struct ak_buf items = ak_buf(at, 64 * 1024);
    for (unsigned n = how == FILL_LARGE ? 3 : 0; n; n--) {
        fill_struct(fill, field->item, FILL_SMALL, (uint8_t *)item);
        assert_int_equal(ak_list_add(&items, field->item, item), AK_OK);
    }
    return ak_buf_span(&items);
}

static inline void fill_member(
    struct fill *fill, const struct ak_field *field, enum fill_how how, size_t i, uint8_t *member)
{
    struct ak_span span = AK_SPAN_EMPTY;
    uint64_t number = how == FILL_LARGE ? field->max : field->min;
    bool flag = how == FILL_LARGE;
    switch (field->kind) {
    case AK_KIND_FIXED:
    case AK_KIND_FIXED0X: memset(member, (int)(0x10 + i), field->max); return;
    case AK_KIND_PRINT: memset(member, (int)(0x80 + i), 32); return;
    case AK_KIND_U64:
        if (number > INT64_MAX) number = INT64_MAX; /* what JSON readers take */
        memcpy(member, &number, sizeof number);
        return;
    case AK_KIND_BOOL: memcpy(member, &flag, sizeof flag); return;
    case AK_KIND_LIST: span = fill_list(fill, field, how); break;
    case AK_KIND_HEX:
    case AK_KIND_HEX0X:
    case AK_KIND_B64:
    case AK_KIND_TEXT:
    case AK_KIND_TEXTS:
    case AK_KIND_LINES: span = fill_text(fill, field, how, i); break;
    case AK_KIND_JSON: fail_msg("no message has JSON text");
    }
    memcpy(member, &span, sizeof span);
}

static inline void fill_struct(struct fill *fill, const struct ak_msg *msg, enum fill_how how, uint8_t *out)
{
    struct ak_msg_head head = {0};
    ak_assert(msg->size <= FILL_STRUCT_WORDS * 8);
    memset(out, 0, msg->size);
    for (size_t i = 0; i < msg->count; i++) {
        if (how == FILL_REQUIRED && (msg->fields[i].flags & AK_MSG_OPTIONAL)) continue;
        head.present |= UINT32_C(1) << i;
        fill_member(fill, &msg->fields[i], how, i, out + msg->fields[i].offset);
    }
    memcpy(out, &head, sizeof head);
}

static inline void fill_message(struct fill *fill, const struct ak_msg *msg, enum fill_how how)
{
    fill->used = 0;
    fill_struct(fill, msg, how, (uint8_t *)fill->message);
}

/* The fields of a body that stand in path and query, as a URL would carry them. */
static inline size_t fill_params(
    const struct ak_msg *msg, struct ak_span body, struct ak_buf *memory, struct ak_msg_param *params)
{
    struct ak_reader reader = ak_reader(body);
    size_t count = 0;
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        bool there = false;
        struct ak_span value;
        assert_int_equal(ak_field_read(field, &reader, &there, &value), AK_OK);
        if (!there || !(field->flags & (AK_MSG_PATH | AK_MSG_QUERY))) continue;
        size_t start = memory->len;
        struct ak_reader number = ak_reader(value);
        if (field->kind == AK_KIND_U64)
            ak_buf_put_dec(memory, ak_reader_u64(&number));
        else if (field->kind == AK_KIND_BOOL)
            ak_buf_put_u8(memory, value.ptr[0] ? '1' : '0');
        else if (field->kind == AK_KIND_PRINT)
            ak_base64url_encode(memory, value);
        else if (field->kind == AK_KIND_FIXED)
            ak_hex_encode(memory, value);
        else
            ak_buf_put(memory, value);
        assert_true(count < FILL_PARAMS && !memory->failed);
        params[count++] = (struct ak_msg_param){
            ak_span_str(field->name), ak_span(memory->ptr + start, memory->len - start)};
    }
    return count;
}

/* Every message of the table of calls, and the error answer. Calls `each` once for each table. */
static inline void fill_each(void (*each)(const struct ak_msg *msg))
{
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        each(ak_call_get(id)->request);
        each(ak_call_get(id)->reply);
    }
    each(&ak_error_reply_msg);
}

#endif
