/* Attest frames: encode, decode. */
#include "core/frames/attest.h"

enum ak_err ak_frame_attest_encode(const struct ak_frame_attest *attest, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_ATTEST);
    ak_buf_put_u32(buf, attest->slot);
    ak_buf_put_u32(buf, attest->slot_use);
    ak_buf_put(buf, AK_SPAN_ARR(attest->nonce));
    ak_buf_put(buf, AK_SPAN_ARR(attest->client));
    ak_buf_put(buf, AK_SPAN_ARR(attest->exporter));
    return ak_buf_check(buf);
}

enum ak_err ak_frame_attest_decode(struct ak_reader *reader, struct ak_frame_attest *out_attest)
{
    out_attest->slot = ak_reader_u32(reader);
    out_attest->slot_use = ak_reader_u32(reader);
    ak_reader_copy(reader, out_attest->nonce, sizeof out_attest->nonce);
    ak_reader_copy(reader, out_attest->client, sizeof out_attest->client);
    ak_reader_copy(reader, out_attest->exporter, sizeof out_attest->exporter);
    enum ak_err err = ak_reader_finish(reader);
    if (err) memset(out_attest, 0, sizeof *out_attest);
    return err;
}
