/* The gateway asks the keeper for the one signature it may have: a TLS 1.3 server CertificateVerify. The
 * keeper refuses any other text, so the worker's TLS key cannot sign anything else. spec: RFC 8446 4.4.3 */
#ifndef AK_CORE_FRAMES_TLS_SIGN_H
#define AK_CORE_FRAMES_TLS_SIGN_H

#include "core/frames/frame.h"

/* 64 spaces, "TLS 1.3, server CertificateVerify", a zero byte, and a SHA-256 or SHA-384 transcript hash. */
enum { AK_TLS_VERIFY_PREFIX_LEN = 64 + 33 + 1, AK_TLS_VERIFY_MAX = AK_TLS_VERIFY_PREFIX_LEN + 48 };

struct ak_frame_tls_sign {
    struct ak_span content;
};
struct ak_frame_tls_signed {
    bool ok;
    uint8_t signature[64]; /* r || s over SHA-256(content) */
};

AK_MUST_USE enum ak_err ak_frame_tls_sign_encode(const struct ak_frame_tls_sign *sign, struct ak_buf *buf);
/* AK_E_MEANING where the content is not a server CertificateVerify. */
AK_MUST_USE enum ak_err ak_frame_tls_sign_decode(
    struct ak_reader *reader, struct ak_frame_tls_sign *out_sign);
AK_MUST_USE enum ak_err ak_frame_tls_sign_validate(const struct ak_frame_tls_sign *sign);
AK_MUST_USE enum ak_err ak_frame_tls_signed_encode(
    const struct ak_frame_tls_signed *done, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_tls_signed_decode(
    struct ak_reader *reader, struct ak_frame_tls_signed *out_done);

#endif
