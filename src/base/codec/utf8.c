/* UTF-8 by the table of RFC 3629 4: the first byte says how many follow and which range the second one has;
 * all later ones are 80..BF. */
#include "base/codec/utf8.h"

struct shape {
    uint8_t first_low, first_high, second_low, second_high, len;
};
static const struct shape shapes[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct shape *shape_of(uint8_t first)
{
    for (size_t i = 0; i < AK_COUNT(shapes); i++)
        if (first >= shapes[i].first_low && first <= shapes[i].first_high) return &shapes[i];
    return NULL;
}

size_t ak_utf8_step(struct ak_span text)
{
    if (text.len == 0) return 0;
    if (text.ptr[0] < 0x80) return 1;
    const struct shape *shape = shape_of(text.ptr[0]);
    if (!shape || text.len < shape->len) return 0;
    if (text.ptr[1] < shape->second_low || text.ptr[1] > shape->second_high) return 0;
    for (size_t i = 2; i < shape->len; i++)
        if (text.ptr[i] < 0x80 || text.ptr[i] > 0xbf) return 0;
    return shape->len;
}

/* Bytes of plain ASCII at the start, eight at a time. */
static size_t ascii_run(struct ak_span text)
{
    size_t at = 0;
    uint64_t word = 0;
    while (text.len - at >= sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        if (word & UINT64_C(0x8080808080808080)) break;
        at += sizeof word;
    }
    return at;
}

enum ak_err ak_utf8_validate(struct ak_span text)
{
    while (text.len > 0) {
        size_t len = ascii_run(text);
        if (len == 0) len = ak_utf8_step(text);
        if (len == 0) return AK_E_FORMAT;
        text.ptr += len;
        text.len -= len;
    }
    return AK_OK;
}
