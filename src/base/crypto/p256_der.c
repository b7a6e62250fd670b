/* SEQUENCE { INTEGER r, INTEGER s }, where all lengths stay below 128 and take one byte. */
#include "base/crypto/p256_der.h"

#include "base/assert.h"
#include "base/buf.h"

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
