/* The permit table and the parts all frames share. */
#include "core/frames/frame.h"

struct permit {
    enum ak_frame_sender sender;
    enum ak_frame_phase phase;
    enum ak_frame_type type;
};

static const struct permit permits[] = {
    {AK_SENDER_GATEWAY, AK_PHASE_START, AK_FRAME_HELLO},
    {AK_SENDER_KEEPER, AK_PHASE_START, AK_FRAME_WELCOME},
    {AK_SENDER_GATEWAY, AK_PHASE_SERVE, AK_FRAME_REQUEST},
    {AK_SENDER_GATEWAY, AK_PHASE_SERVE, AK_FRAME_CLOSED},
    {AK_SENDER_GATEWAY, AK_PHASE_SERVE, AK_FRAME_ATTEST},
    {AK_SENDER_KEEPER, AK_PHASE_SERVE, AK_FRAME_REPLY},
    {AK_SENDER_KEEPER, AK_PHASE_SERVE, AK_FRAME_STATUS},
    {AK_SENDER_GATEWAY, AK_PHASE_STOP, AK_FRAME_CLOSED},
    {AK_SENDER_KEEPER, AK_PHASE_STOP, AK_FRAME_REPLY},
    {AK_SENDER_KEEPER, AK_PHASE_STOP, AK_FRAME_STATUS},
    {AK_SENDER_GATEWAY, AK_PHASE_TLS, AK_FRAME_TLS_SIGN},
    {AK_SENDER_KEEPER, AK_PHASE_TLS, AK_FRAME_TLS_SIGNED},
};

bool ak_frame_permitted(enum ak_frame_sender sender, enum ak_frame_phase phase, unsigned type)
{
    for (size_t i = 0; i < AK_COUNT(permits); i++)
        if (permits[i].sender == sender && permits[i].phase == phase && (unsigned)permits[i].type == type)
            return true;
    return false;
}

enum ak_err ak_frame_read_head(struct ak_reader *reader, unsigned *out_type)
{
    uint8_t version = ak_reader_u8(reader);
    *out_type = ak_reader_u8(reader);
    if (reader->failed) return AK_E_FORMAT;
    return version == AK_FRAME_VERSION ? AK_OK : AK_E_UNSUPPORTED;
}

void ak_frame_put_head(struct ak_buf *buf, enum ak_frame_type type)
{
    ak_buf_put_u8(buf, AK_FRAME_VERSION);
    ak_buf_put_u8(buf, (uint8_t)type);
}

void ak_frame_put_var(struct ak_buf *buf, struct ak_span bytes, size_t max)
{
    if (bytes.len > max) {
        buf->failed = true;
        return;
    }
    ak_buf_put_u32(buf, (uint32_t)bytes.len);
    ak_buf_put(buf, bytes);
}

struct ak_span ak_frame_read_var(struct ak_reader *reader, size_t max)
{
    uint32_t len = ak_reader_u32(reader);
    if (len > max) reader->failed = true;
    return ak_reader_take(reader, len);
}
