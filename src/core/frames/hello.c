/* Hello and welcome: encode, decode. */
#include "core/frames/hello.h"

enum ak_err ak_frame_hello_encode(const struct ak_frame_hello *hello, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_HELLO);
    ak_frame_put_var(buf, hello->version, AK_HELLO_VERSION_MAX);
    return ak_buf_check(buf);
}

enum ak_err ak_frame_hello_decode(struct ak_reader *reader, struct ak_frame_hello *out_hello)
{
    out_hello->version = ak_frame_read_var(reader, AK_HELLO_VERSION_MAX);
    enum ak_err err = ak_reader_finish(reader);
    if (err) out_hello->version = AK_SPAN_EMPTY;
    return err;
}

enum ak_err ak_frame_welcome_encode(const struct ak_frame_welcome *welcome, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_WELCOME);
    ak_buf_put_u8(buf, welcome->dev ? 1 : 0);
    ak_buf_put_u32(buf, welcome->caps);
    ak_frame_put_var(buf, welcome->spki, AK_WELCOME_SPKI_MAX);
    ak_frame_put_var(buf, welcome->certificate, AK_WELCOME_CERTIFICATE_MAX);
    ak_buf_put(buf, AK_SPAN_ARR(welcome->worker_id));
    return ak_buf_check(buf);
}

enum ak_err ak_frame_welcome_decode(struct ak_reader *reader, struct ak_frame_welcome *out_welcome)
{
    struct ak_frame_welcome welcome = {0};
    memset(out_welcome, 0, sizeof *out_welcome);
    uint8_t dev = ak_reader_u8(reader);
    welcome.dev = dev == 1;
    welcome.caps = ak_reader_u32(reader);
    welcome.spki = ak_frame_read_var(reader, AK_WELCOME_SPKI_MAX);
    welcome.certificate = ak_frame_read_var(reader, AK_WELCOME_CERTIFICATE_MAX);
    ak_reader_copy(reader, welcome.worker_id, sizeof welcome.worker_id);
    AK_TRY(ak_reader_finish(reader));
    if (dev > 1) return AK_E_FORMAT;
    *out_welcome = welcome;
    return AK_OK;
}
