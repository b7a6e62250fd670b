/* base64url without padding (JOSE) and base64 with padding (signed notes). Strict: no white space, no foreign
 * characters, the unused bits of the last character are zero, so each byte string has one text. spec: RFC
 * 4648 4, 5 */
#ifndef AK_BASE_CODEC_BASE64_H
#define AK_BASE_CODEC_BASE64_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

void ak_base64url_encode(struct ak_buf *buf, struct ak_span bytes);
AK_MUST_USE enum ak_err ak_base64url_decode(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);
AK_MUST_USE enum ak_err ak_base64url_decode_fixed(struct ak_span text, uint8_t *out_bytes, size_t len);
void ak_base64_encode(struct ak_buf *buf, struct ak_span bytes);
AK_MUST_USE enum ak_err ak_base64_decode(
    struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);

#endif
