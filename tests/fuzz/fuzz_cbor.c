/* CBOR: an item that is stepped over is what the writer writes, and a typed read agrees with the peek. */
#include "fuzz/fuzz.h"

#include "unit/cbor_rewrite.h"

static void check_typed(struct ak_span bytes, enum ak_cbor_type type)
{
    struct ak_reader reader = ak_reader(bytes);
    uint8_t fixed[8];
    enum ak_cbor_type peeked = ak_cbor_peek(&reader);
    bool empty = false;
    switch (type) {
    case AK_CBOR_UINT: empty = ak_cbor_uint(&reader) == 0; break;
    case AK_CBOR_NINT: empty = ak_cbor_nint(&reader) == 0; break;
    case AK_CBOR_BYTES: empty = ak_cbor_bytes(&reader).len == 0; break;
    case AK_CBOR_TEXT: empty = ak_cbor_text(&reader).len == 0; break;
    case AK_CBOR_ARRAY: empty = ak_cbor_array(&reader) == 0; break;
    case AK_CBOR_MAP: empty = ak_cbor_map(&reader) == 0; break;
    case AK_CBOR_BOOL: empty = !ak_cbor_bool(&reader); break;
    case AK_CBOR_NULL:
    case AK_CBOR_NONE:
        ak_cbor_null(&reader);
        type = AK_CBOR_NULL;
        empty = true;
        break;
    }
    AK_FUZZ_CHECK(reader.failed ? empty : peeked == type);
    AK_FUZZ_CHECK(reader.len <= bytes.len);
    reader = ak_reader(bytes);
    ak_cbor_bytes_fixed(&reader, fixed, sizeof fixed);
    if (reader.failed) AK_FUZZ_CHECK(memcmp(fixed, (uint8_t[8]){0}, 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t written[1 << 17];
    struct ak_span bytes = ak_span(data, len);
    for (unsigned type = 0; type <= AK_CBOR_NONE; type++) check_typed(bytes, (enum ak_cbor_type)type);
    struct ak_reader reader = ak_reader(bytes);
    struct ak_span item = ak_cbor_skip(&reader);
    if (reader.failed) {
        AK_FUZZ_CHECK(item.len == 0);
        return 0;
    }
    AK_FUZZ_CHECK(item.len > 0 && item.ptr == data && item.len + reader.len == len);
    struct ak_buf buf = AK_BUF_ARR(written);
    reader = ak_reader(item);
    ak_test_cbor_rewrite(&reader, &buf);
    AK_FUZZ_CHECK(ak_reader_finish(&reader) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), item));
    return 0;
}
