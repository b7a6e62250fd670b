/* Request frames: encode, decode, validate. */
#include "core/frames/request.h"

#include "base/limits.h"
#include "core/wire/call.h"

enum ak_err ak_frame_request_encode(const struct ak_frame_request *request, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_REQUEST);
    ak_buf_put_u32(buf, request->slot);
    ak_buf_put_u32(buf, request->slot_use);
    ak_buf_put_u64(buf, request->conn);
    ak_buf_put_u64(buf, request->source);
    ak_buf_put_u16(buf, request->call);
    ak_buf_put_u8(buf, request->transport);
    ak_buf_put(buf, AK_SPAN_ARR(request->request_id));
    ak_frame_put_var(buf, request->token, AK_LIMIT_TOKEN);
    ak_frame_put_var(buf, request->proof, AK_LIMIT_PROOF);
    ak_frame_put_var(buf, request->idempotency_key, AK_FRAME_IDEMPOTENCY_MAX);
    ak_frame_put_var(buf, request->body, ak_call_body_max(request->call));
    return ak_buf_check(buf);
}

static enum ak_err validate(const struct ak_frame_request *request)
{
    if (request->call >= AK_CALL_COUNT) return AK_E_LIMIT;
    if (ak_call_get(request->call)->request->count == 0 && request->body.len) return AK_E_FORMAT;
    if (request->transport < AK_TRANSPORT_UNIX || request->transport > AK_TRANSPORT_BROKER) return AK_E_LIMIT;
    for (size_t i = 0; i < request->idempotency_key.len; i++) {
        uint8_t c = request->idempotency_key.ptr[i];
        if (c < 0x21 || c > 0x7e) return AK_E_FORMAT;
    }
    return AK_OK;
}

enum ak_err ak_frame_request_decode(struct ak_reader *reader, struct ak_frame_request *out_request)
{
    struct ak_frame_request request = {0};
    memset(out_request, 0, sizeof *out_request);
    request.slot = ak_reader_u32(reader);
    request.slot_use = ak_reader_u32(reader);
    request.conn = ak_reader_u64(reader);
    request.source = ak_reader_u64(reader);
    request.call = ak_reader_u16(reader);
    request.transport = ak_reader_u8(reader);
    ak_reader_copy(reader, request.request_id, sizeof request.request_id);
    request.token = ak_frame_read_var(reader, AK_LIMIT_TOKEN);
    request.proof = ak_frame_read_var(reader, AK_LIMIT_PROOF);
    request.idempotency_key = ak_frame_read_var(reader, AK_FRAME_IDEMPOTENCY_MAX);
    request.body = ak_frame_read_var(reader, ak_call_body_max(request.call));
    AK_TRY(ak_reader_finish(reader));
    AK_TRY(validate(&request));
    *out_request = request;
    return AK_OK;
}
