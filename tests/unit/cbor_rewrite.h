/* Writes back what it reads, item by item. What ak_cbor_skip takes must come out as it went in. */
#ifndef AK_TESTS_UNIT_CBOR_REWRITE_H
#define AK_TESTS_UNIT_CBOR_REWRITE_H

#include "base/codec/cbor.h"

/* Only for a whole item that ak_cbor_skip has taken, which bounds the recursion. */
static inline void ak_test_cbor_rewrite(struct ak_reader *reader, struct ak_buf *buf)
{
    uint64_t count = 0;
    switch (ak_cbor_peek(reader)) {
    case AK_CBOR_UINT: ak_cbor_put_uint(buf, ak_cbor_uint(reader)); return;
    case AK_CBOR_NINT: ak_cbor_put_nint(buf, ak_cbor_nint(reader)); return;
    case AK_CBOR_BYTES: ak_cbor_put_bytes(buf, ak_cbor_bytes(reader)); return;
    case AK_CBOR_TEXT: ak_cbor_put_text(buf, ak_cbor_text(reader)); return;
    case AK_CBOR_BOOL: ak_cbor_put_bool(buf, ak_cbor_bool(reader)); return;
    case AK_CBOR_NULL:
        ak_cbor_null(reader);
        ak_cbor_put_null(buf);
        return;
    case AK_CBOR_ARRAY:
        count = ak_cbor_array(reader);
        ak_cbor_put_array(buf, count);
        break;
    case AK_CBOR_MAP:
        count = ak_cbor_map(reader);
        ak_cbor_put_map(buf, count);
        count *= 2;
        break;
    case AK_CBOR_NONE: buf->failed = true; return;
    }
    while (count-- > 0) ak_test_cbor_rewrite(reader, buf);
}

#endif
