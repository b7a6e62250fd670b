/* Length-prefixed entries in one blob. */
#include "core/ledger/segment.h"

#include "base/limits.h"

void ak_segment_put(struct ak_buf *buf, struct ak_span entry)
{
    uint8_t *at = ak_buf_grow(buf, 4 + entry.len);
    if (!at) return;
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(entry.len >> (24 - 8 * i));
    memcpy(at + 4, entry.ptr, entry.len);
}

enum ak_err ak_segment_next(struct ak_reader *reader, struct ak_span *out_entry)
{
    *out_entry = AK_SPAN_EMPTY;
    if (!reader->failed && reader->len == 0) return AK_E_NOT_FOUND;
    uint32_t len = ak_reader_u32(reader);
    if (len == 0 || len > AK_LIMIT_ENTRY) reader->failed = true;
    struct ak_span entry = ak_reader_take(reader, len);
    if (reader->failed) return AK_E_FORMAT;
    *out_entry = entry;
    return AK_OK;
}

enum ak_err ak_segment_validate(struct ak_span segment, uint64_t count)
{
    if (segment.len > AK_SEGMENT_LEN_MAX || count > AK_SEGMENT_ENTRIES_MAX) return AK_E_LIMIT;
    struct ak_reader reader = ak_reader(segment);
    struct ak_span entry;
    for (uint64_t i = 0; i < count; i++)
        if (ak_segment_next(&reader, &entry) != AK_OK) return AK_E_FORMAT;
    return ak_reader_finish(&reader);
}
