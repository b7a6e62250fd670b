/* SEQUENCE { INTEGER r, INTEGER s }, where all lengths stay below 128 and take one byte. */
#include "base/crypto/p256_der.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/reader.h"

enum { SEQUENCE = 0x30, INTEGER = 0x02, HALF = 32 };

static void put_integer(struct ak_buf *buf, const uint8_t value[HALF])
{
    size_t skip = 0;
    while (skip < HALF - 1 && value[skip] == 0) skip++;
    bool pad = (value[skip] & 0x80) != 0;
    ak_buf_put_u8(buf, INTEGER);
    ak_buf_put_u8(buf, (uint8_t)(HALF - skip + pad));
    if (pad) ak_buf_put_u8(buf, 0);
    ak_buf_put(buf, ak_span(value + skip, HALF - skip));
}

size_t ak_p256_der_encode(const uint8_t sig[64], uint8_t out_der[AK_P256_DER_MAX])
{
    struct ak_buf buf = ak_buf(out_der, AK_P256_DER_MAX);
    ak_buf_put_u8(&buf, SEQUENCE);
    ak_buf_put_u8(&buf, 0);
    put_integer(&buf, sig);
    put_integer(&buf, sig + HALF);
    ak_assert(ak_buf_check(&buf) == AK_OK);
    out_der[1] = (uint8_t)(buf.len - 2);
    return buf.len;
}

/* Right-aligned into 32 bytes; false where it is not the shortest form of a number in [0, 2^256). */
static bool take_integer(struct ak_reader *in, uint8_t out_value[HALF])
{
    if (ak_reader_u8(in) != INTEGER) return false;
    struct ak_span v = ak_reader_take(in, ak_reader_u8(in));
    if (v.len == 0 || (v.ptr[0] & 0x80) != 0) return false;
    if (v.len > 1 && v.ptr[0] == 0) {
        if ((v.ptr[1] & 0x80) == 0) return false;
        v = ak_span_sub(v, 1, v.len - 1);
    }
    if (v.len > HALF) return false;
    memcpy(out_value + HALF - v.len, v.ptr, v.len);
    return true;
}

enum ak_err ak_p256_der_decode(struct ak_span der, uint8_t out_sig[64])
{
    struct ak_reader in = ak_reader(der);
    memset(out_sig, 0, 2 * HALF);
    if (ak_reader_u8(&in) == SEQUENCE && ak_reader_u8(&in) == der.len - 2 && take_integer(&in, out_sig) &&
        take_integer(&in, out_sig + HALF) && ak_reader_finish(&in) == AK_OK)
        return AK_OK;
    memset(out_sig, 0, 2 * HALF);
    return AK_E_FORMAT;
}
