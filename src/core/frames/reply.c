/* Reply frames: encode, decode, validate. */
#include "core/frames/reply.h"

#include "core/wire/call.h"

enum ak_err ak_frame_reply_encode(const struct ak_frame_reply *reply, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_REPLY);
    ak_buf_put_u32(buf, reply->slot);
    ak_buf_put_u32(buf, reply->slot_use);
    ak_buf_put_u16(buf, reply->call);
    ak_buf_put_u16(buf, reply->code);
    ak_frame_put_var(buf, reply->notice, AK_FRAME_NOTICE_MAX);
    ak_frame_put_var(buf, reply->body, AK_FRAME_BODY_MAX);
    return ak_buf_check(buf);
}

static enum ak_err validate(const struct ak_frame_reply *reply)
{
    if (reply->call >= AK_CALL_COUNT || reply->code >= AK_CODE_COUNT) return AK_E_LIMIT;
    for (size_t i = 0; i < reply->notice.len; i++)
        if (reply->notice.ptr[i] < 0x20 || reply->notice.ptr[i] > 0x7e) return AK_E_FORMAT;
    return AK_OK;
}

enum ak_err ak_frame_reply_decode(struct ak_reader *reader, struct ak_frame_reply *out_reply)
{
    struct ak_frame_reply reply = {0};
    memset(out_reply, 0, sizeof *out_reply);
    reply.slot = ak_reader_u32(reader);
    reply.slot_use = ak_reader_u32(reader);
    reply.call = ak_reader_u16(reader);
    reply.code = ak_reader_u16(reader);
    reply.notice = ak_frame_read_var(reader, AK_FRAME_NOTICE_MAX);
    reply.body = ak_frame_read_var(reader, AK_FRAME_BODY_MAX);
    AK_TRY(ak_reader_finish(reader));
    AK_TRY(validate(&reply));
    *out_reply = reply;
    return AK_OK;
}
