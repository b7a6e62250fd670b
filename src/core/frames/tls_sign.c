/* Signing for TLS: encode, decode, and the check of what is to be signed. */
#include "core/frames/tls_sign.h"

enum ak_err ak_frame_tls_sign_encode(const struct ak_frame_tls_sign *sign, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_TLS_SIGN);
    ak_frame_put_var(buf, sign->content, AK_TLS_VERIFY_MAX);
    return ak_buf_check(buf);
}

enum ak_err ak_frame_tls_sign_validate(const struct ak_frame_tls_sign *sign)
{
    static const char context[] = "TLS 1.3, server CertificateVerify"; /* with its NUL: the zero byte */
    size_t hash_len = sign->content.len - AK_TLS_VERIFY_PREFIX_LEN;
    if (sign->content.len < AK_TLS_VERIFY_PREFIX_LEN || (hash_len != 32 && hash_len != 48))
        return AK_E_MEANING;
    for (size_t i = 0; i < 64; i++)
        if (sign->content.ptr[i] != ' ') return AK_E_MEANING;
    return memcmp(sign->content.ptr + 64, context, sizeof context) == 0 ? AK_OK : AK_E_MEANING;
}

enum ak_err ak_frame_tls_sign_decode(struct ak_reader *reader, struct ak_frame_tls_sign *out_sign)
{
    struct ak_frame_tls_sign sign = {.content = ak_frame_read_var(reader, AK_TLS_VERIFY_MAX)};
    out_sign->content = AK_SPAN_EMPTY;
    AK_TRY(ak_reader_finish(reader));
    AK_TRY(ak_frame_tls_sign_validate(&sign));
    *out_sign = sign;
    return AK_OK;
}

enum ak_err ak_frame_tls_signed_encode(const struct ak_frame_tls_signed *done, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_TLS_SIGNED);
    ak_buf_put_u8(buf, done->ok ? 1 : 0);
    ak_buf_put(buf, AK_SPAN_ARR(done->signature));
    return ak_buf_check(buf);
}

enum ak_err ak_frame_tls_signed_decode(struct ak_reader *reader, struct ak_frame_tls_signed *out_done)
{
    struct ak_frame_tls_signed done = {0};
    uint8_t ok = ak_reader_u8(reader);
    memset(out_done, 0, sizeof *out_done);
    done.ok = ok == 1;
    ak_reader_copy(reader, done.signature, sizeof done.signature);
    AK_TRY(ak_reader_finish(reader));
    if (ok > 1) return AK_E_FORMAT;
    *out_done = done;
    return AK_OK;
}
