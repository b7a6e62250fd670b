/* The keeper's answer to one request: a code, the body of the call's answer (or of the error answer), and
 * what goes into headers. */
#ifndef AK_CORE_FRAMES_REPLY_H
#define AK_CORE_FRAMES_REPLY_H

#include <stdbool.h>

#include "core/frames/frame.h"
#include "core/wire/code.h"

enum { AK_FRAME_NOTICE_MAX = 256, AK_FRAME_BODY_MAX = 120 * 1024 };

struct ak_frame_reply {
    uint32_t slot;
    uint32_t slot_use;
    uint16_t call; /* whose answer table the body follows */
    uint16_t code; /* enum ak_code; AK_CODE_OK and AK_CODE_PENDING have the call's body, others that of
                      error_reply */
    struct ak_span notice; /* AgentKeys-Notice; empty: none */
    struct ak_span body;
};

static inline bool ak_frame_reply_is_error(const struct ak_frame_reply *reply)
{
    return reply->code != AK_CODE_OK && reply->code != AK_CODE_PENDING;
}

AK_MUST_USE enum ak_err ak_frame_reply_encode(const struct ak_frame_reply *reply, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_reply_decode(struct ak_reader *reader, struct ak_frame_reply *out_reply);

#endif
