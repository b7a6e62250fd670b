/* base64url without padding (JOSE) and base64 with padding (signed notes). Strict: no white space, no foreign
 * characters, the unused bits of the last character are zero, so each byte string has one text. Table
 * look-ups depend on the data: public bytes only. Outputs are zeroed on failure. Threads: any.
 * spec: RFC 4648 4, 5 */
#ifndef AK_BASE_CODEC_BASE64_H
#define AK_BASE_CODEC_BASE64_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Appends ceil(4 * bytes.len / 3) characters. */
void ak_base64url_encode(struct ak_buf *buf, struct ak_span bytes);
/* AK_E_FORMAT (length, characters, unused bits), AK_E_LIMIT (over out_cap). */
AK_MUST_USE enum ak_err ak_base64url_decode(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);
/* Exactly `len` bytes. AK_E_FORMAT for any other length too. */
AK_MUST_USE enum ak_err ak_base64url_decode_fixed(struct ak_span text, uint8_t *out_bytes, size_t len);
/* Appends 4 * ceil(bytes.len / 3) characters, padded with "=". */
void ak_base64_encode(struct ak_buf *buf, struct ak_span bytes);
/* As ak_base64url_decode; the padding must be there. */
AK_MUST_USE enum ak_err ak_base64_decode(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);

#endif
