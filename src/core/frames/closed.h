/* A client's connection is gone: what was proved on it is forgotten. Gateway to keeper, not answered.
 * spec: docs/formats/frames.md, Closed */
#ifndef AK_CORE_FRAMES_CLOSED_H
#define AK_CORE_FRAMES_CLOSED_H

#include "core/frames/frame.h"

struct ak_frame_closed {
    uint64_t conn;
};

AK_MUST_USE enum ak_err ak_frame_closed_encode(const struct ak_frame_closed *closed, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_closed_decode(struct ak_reader *reader, struct ak_frame_closed *out_closed);

#endif
