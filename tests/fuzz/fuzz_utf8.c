/* UTF-8 against a plain decoder written another way: by value, not by ranges of bytes. */
#include "fuzz/fuzz.h"

#include "base/codec/utf8.h"

/* Length of the first character, 0 where there is none: decoded, then held against the shortest form. */
static size_t plain_step(struct ak_span text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.ptr[0];
    size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (len == 0 || len > text.len) return 0;
    uint32_t point = len == 1 ? first : first & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if (text.ptr[i] >> 6 != 2) return 0;
        point = point << 6 | (text.ptr[i] & 0x3fU);
    }
    bool good = point >= least[len] && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    return good ? len : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span rest = ak_span(data, len);
    bool good = true;
    while (rest.len > 0) {
        size_t step = plain_step(rest);
        AK_FUZZ_CHECK(ak_utf8_step(rest) == step);
        good = good && step > 0;
        rest = ak_span_sub(rest, step ? step : 1, SIZE_MAX);
    }
    AK_FUZZ_CHECK((ak_utf8_validate(ak_span(data, len)) == AK_OK) == good);
    return 0;
}
