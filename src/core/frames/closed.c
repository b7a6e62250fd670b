/* Closed frames: encode, decode. */
#include "core/frames/closed.h"

enum ak_err ak_frame_closed_encode(const struct ak_frame_closed *closed, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_CLOSED);
    ak_buf_put_u64(buf, closed->conn);
    return ak_buf_check(buf);
}

enum ak_err ak_frame_closed_decode(struct ak_reader *reader, struct ak_frame_closed *out_closed)
{
    out_closed->conn = ak_reader_u64(reader);
    enum ak_err err = ak_reader_finish(reader);
    if (err) out_closed->conn = 0;
    return err;
}
