/* Hexadecimal text. Encoding is lower case; decoding says which case it takes. Table look-ups depend on the
 * data: public bytes only. Outputs are zeroed on failure. Threads: any. spec: RFC 4648 8 */
#ifndef AK_BASE_CODEC_HEX_H
#define AK_BASE_CODEC_HEX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Appends 2 * bytes.len characters. */
void ak_hex_encode(struct ak_buf *buf, struct ak_span bytes);
/* Exactly text.len / 2 bytes, lower case only: the wire's form. AK_E_FORMAT (odd, other characters),
 * AK_E_LIMIT (over out_cap). */
AK_MUST_USE enum ak_err ak_hex_decode(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);
/* Exactly `len` bytes, lower case only. AK_E_FORMAT for any other length too. */
AK_MUST_USE enum ak_err ak_hex_decode_fixed(struct ak_span text, uint8_t *out_bytes, size_t len);
/* As ak_hex_decode, with upper case too (test data, people). */
AK_MUST_USE enum ak_err ak_hex_decode_any(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);

#endif
