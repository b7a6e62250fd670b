/* Bounded, sticky reader. */
#include "base/reader.h"

struct ak_span ak_reader_take(struct ak_reader *reader, size_t len)
{
    if (reader->failed || len > reader->len) {
        reader->failed = true;
        return AK_SPAN_EMPTY;
    }
    struct ak_span part = ak_span(reader->ptr, len);
    if (len) reader->ptr += len;
    reader->len -= len;
    return part;
}

static uint64_t take_be(struct ak_reader *reader, size_t len)
{
    struct ak_span part = ak_reader_take(reader, len);
    uint64_t value = 0;
    for (size_t i = 0; i < part.len; i++) value = value << 8 | part.ptr[i];
    return value;
}

uint8_t ak_reader_u8(struct ak_reader *reader)
{
    return (uint8_t)take_be(reader, 1);
}

uint16_t ak_reader_u16(struct ak_reader *reader)
{
    return (uint16_t)take_be(reader, 2);
}

uint32_t ak_reader_u32(struct ak_reader *reader)
{
    return (uint32_t)take_be(reader, 4);
}

uint64_t ak_reader_u64(struct ak_reader *reader)
{
    return take_be(reader, 8);
}

void ak_reader_copy(struct ak_reader *reader, void *out, size_t len)
{
    struct ak_span part = ak_reader_take(reader, len);
    if (part.len)
        memcpy(out, part.ptr, part.len);
    else
        memset(out, 0, len);
}

enum ak_err ak_reader_finish(const struct ak_reader *reader)
{
    return reader->failed || reader->len ? AK_E_FORMAT : AK_OK;
}
