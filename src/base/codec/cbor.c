/* Deterministic CBOR. One function reads a head and refuses all that is not shortest; everything else is made
 * of it. Stepping over an item keeps its open containers in an array, so input cannot deepen the C stack. */
#include "base/codec/cbor.h"

enum major { M_UINT, M_NINT, M_BYTES, M_TEXT, M_ARRAY, M_MAP, M_TAG, M_SIMPLE };
enum { ONE_BYTE = 24, TWO_BYTES = 25, FOUR_BYTES = 26, EIGHT_BYTES = 27 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

/* ---- writing ---- */

static void put_head(struct ak_buf *buf, enum major major, uint64_t value)
{
    uint8_t top = (uint8_t)(major << 5);
    if (value < ONE_BYTE) {
        ak_buf_put_u8(buf, (uint8_t)(top | value));
    } else if (value <= UINT8_MAX) {
        ak_buf_put_u8(buf, top | ONE_BYTE);
        ak_buf_put_u8(buf, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        ak_buf_put_u8(buf, top | TWO_BYTES);
        ak_buf_put_u16(buf, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        ak_buf_put_u8(buf, top | FOUR_BYTES);
        ak_buf_put_u32(buf, (uint32_t)value);
    } else {
        ak_buf_put_u8(buf, top | EIGHT_BYTES);
        ak_buf_put_u64(buf, value);
    }
}

void ak_cbor_put_uint(struct ak_buf *buf, uint64_t value)
{
    put_head(buf, M_UINT, value);
}

void ak_cbor_put_nint(struct ak_buf *buf, uint64_t below)
{
    put_head(buf, M_NINT, below);
}

void ak_cbor_put_bytes(struct ak_buf *buf, struct ak_span bytes)
{
    put_head(buf, M_BYTES, bytes.len);
    ak_buf_put(buf, bytes);
}

void ak_cbor_put_bytes_head(struct ak_buf *buf, uint64_t len)
{
    put_head(buf, M_BYTES, len);
}

void ak_cbor_put_text(struct ak_buf *buf, struct ak_span text)
{
    if (ak_utf8_validate(text) != AK_OK) {
        buf->failed = true;
        return;
    }
    put_head(buf, M_TEXT, text.len);
    ak_buf_put(buf, text);
}

void ak_cbor_put_array(struct ak_buf *buf, uint64_t count)
{
    put_head(buf, M_ARRAY, count);
}

void ak_cbor_put_map(struct ak_buf *buf, uint64_t count)
{
    put_head(buf, M_MAP, count);
}

void ak_cbor_put_bool(struct ak_buf *buf, bool value)
{
    put_head(buf, M_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void ak_cbor_put_null(struct ak_buf *buf)
{
    put_head(buf, M_SIMPLE, SIMPLE_NULL);
}

/* ---- reading ---- */

struct head {
    enum ak_cbor_type type;
    uint64_t value;
};

static enum ak_cbor_type type_of(uint8_t first)
{
    static const enum ak_cbor_type types[] = {
        AK_CBOR_UINT, AK_CBOR_NINT, AK_CBOR_BYTES, AK_CBOR_TEXT, AK_CBOR_ARRAY, AK_CBOR_MAP};
    uint8_t info = first & 31;
    if (first >> 5 < M_TAG) return info <= EIGHT_BYTES ? types[first >> 5] : AK_CBOR_NONE;
    if (first >> 5 == M_TAG) return AK_CBOR_NONE;
    if (info == SIMPLE_FALSE || info == SIMPLE_TRUE) return AK_CBOR_BOOL;
    return info == SIMPLE_NULL ? AK_CBOR_NULL : AK_CBOR_NONE;
}

/* The argument after the first byte; a value that a shorter form could hold fails the reader. */
static uint64_t take_argument(struct ak_reader *reader, uint8_t info)
{
    uint64_t value = info;
    uint64_t least = 0;
    if (info == ONE_BYTE) {
        value = ak_reader_u8(reader);
        least = ONE_BYTE;
    } else if (info == TWO_BYTES) {
        value = ak_reader_u16(reader);
        least = (uint64_t)UINT8_MAX + 1;
    } else if (info == FOUR_BYTES) {
        value = ak_reader_u32(reader);
        least = (uint64_t)UINT16_MAX + 1;
    } else if (info == EIGHT_BYTES) {
        value = ak_reader_u64(reader);
        least = (uint64_t)UINT32_MAX + 1;
    }
    if (value < least) reader->failed = true;
    return value;
}

/* True where so many elements can be there: each one takes a byte at least. */
static bool count_fits(const struct ak_reader *reader, struct head head)
{
    if (head.type == AK_CBOR_ARRAY) return head.value <= reader->len;
    if (head.type == AK_CBOR_MAP) return head.value <= reader->len / 2;
    return true;
}

static struct head take_head(struct ak_reader *reader)
{
    static const struct head none = {AK_CBOR_NONE, 0};
    uint8_t first = ak_reader_u8(reader);
    struct head head = {type_of(first), 0};
    if (reader->failed || head.type == AK_CBOR_NONE) {
        reader->failed = true;
        return none;
    }
    head.value = take_argument(reader, first & 31);
    if (reader->failed || !count_fits(reader, head)) {
        reader->failed = true;
        return none;
    }
    return head;
}

/* The argument of an item of the wanted type; anything else fails the reader. */
static uint64_t take_typed(struct ak_reader *reader, enum ak_cbor_type want)
{
    struct head head = take_head(reader);
    if (head.type == want) return head.value;
    reader->failed = true;
    return 0;
}

static struct ak_span take_string(struct ak_reader *reader, struct head head)
{
    if (head.value > reader->len) {
        reader->failed = true;
        return AK_SPAN_EMPTY;
    }
    struct ak_span bytes = ak_reader_take(reader, (size_t)head.value);
    if (head.type == AK_CBOR_TEXT && ak_utf8_validate(bytes) != AK_OK) {
        reader->failed = true;
        return AK_SPAN_EMPTY;
    }
    return bytes;
}

enum ak_cbor_type ak_cbor_peek(const struct ak_reader *reader)
{
    return reader->failed || reader->len == 0 ? AK_CBOR_NONE : type_of(reader->ptr[0]);
}

uint64_t ak_cbor_uint(struct ak_reader *reader)
{
    return take_typed(reader, AK_CBOR_UINT);
}

uint64_t ak_cbor_nint(struct ak_reader *reader)
{
    return take_typed(reader, AK_CBOR_NINT);
}

struct ak_span ak_cbor_bytes(struct ak_reader *reader)
{
    return take_string(reader, (struct head){AK_CBOR_BYTES, take_typed(reader, AK_CBOR_BYTES)});
}

void ak_cbor_bytes_fixed(struct ak_reader *reader, uint8_t *out_bytes, size_t len)
{
    struct ak_span bytes = ak_cbor_bytes(reader);
    if (bytes.len != len) reader->failed = true;
    if (len == 0) return;
    if (reader->failed)
        memset(out_bytes, 0, len);
    else
        memcpy(out_bytes, bytes.ptr, len);
}

struct ak_span ak_cbor_text(struct ak_reader *reader)
{
    return take_string(reader, (struct head){AK_CBOR_TEXT, take_typed(reader, AK_CBOR_TEXT)});
}

uint64_t ak_cbor_array(struct ak_reader *reader)
{
    return take_typed(reader, AK_CBOR_ARRAY);
}

uint64_t ak_cbor_map(struct ak_reader *reader)
{
    return take_typed(reader, AK_CBOR_MAP);
}

bool ak_cbor_bool(struct ak_reader *reader)
{
    return take_typed(reader, AK_CBOR_BOOL) == SIMPLE_TRUE;
}

void ak_cbor_null(struct ak_reader *reader)
{
    (void)take_typed(reader, AK_CBOR_NULL);
}

/* ---- stepping over whole items ---- */

struct level {
    uint64_t left; /* items still to come; in a map keys and values count one each */
    bool is_map;
    const uint8_t *item;     /* where the present item starts */
    struct ak_span last_key; /* empty before the first, and so below every key */
};
struct nest {
    struct level levels[AK_LIMIT_CBOR_DEPTH];
    size_t depth;
};

/* Notes in the container around it that an item has ended at `end`, and so for each container that this
 * completes. False where a key is not above the one before it. */
static bool item_ended(struct nest *nest, const uint8_t *end)
{
    while (nest->depth > 0) {
        struct level *level = &nest->levels[nest->depth - 1];
        bool was_key = level->is_map && level->left % 2 == 0;
        level->left--;
        if (was_key) {
            struct ak_span key = ak_span(level->item, (size_t)(end - level->item));
            if (ak_span_cmp(level->last_key, key) >= 0) return false;
            level->last_key = key;
        }
        if (level->left > 0) return true;
        nest->depth--;
    }
    return true;
}

/* Reads one head with the string after it, or opens a container. */
static bool item_begins(struct nest *nest, struct ak_reader *reader)
{
    if (nest->depth > 0) nest->levels[nest->depth - 1].item = reader->ptr;
    struct head head = take_head(reader);
    if (head.type == AK_CBOR_BYTES || head.type == AK_CBOR_TEXT) (void)take_string(reader, head);
    if (reader->failed) return false;
    if (head.type == AK_CBOR_ARRAY || head.type == AK_CBOR_MAP) {
        if (nest->depth == AK_COUNT(nest->levels)) return false;
        if (head.value > 0) {
            bool is_map = head.type == AK_CBOR_MAP;
            uint64_t left = is_map ? head.value * 2 : head.value;
            nest->levels[nest->depth++] = (struct level){left, is_map, reader->ptr, AK_SPAN_EMPTY};
            return true;
        }
    }
    return item_ended(nest, reader->ptr);
}

struct ak_span ak_cbor_skip(struct ak_reader *reader)
{
    struct nest nest;
    nest.depth = 0;
    const uint8_t *start = reader->ptr;
    do {
        if (!item_begins(&nest, reader)) {
            reader->failed = true;
            return AK_SPAN_EMPTY;
        }
    } while (nest.depth > 0);
    return ak_span(start, (size_t)(reader->ptr - start));
}
