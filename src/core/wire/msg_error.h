/* Every answer that is not a success.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_ERROR_H
#define AK_CORE_WIRE_MSG_ERROR_H

#include "core/wire/field.h"

struct ak_msg_error_reply {
    uint32_t present;
    struct ak_span error;
    struct ak_span message;
    struct ak_span rule;
    struct ak_span seen;
    struct ak_span limit;
    struct ak_span remedy;
    uint64_t retry_after_secs;
};
enum ak_error_reply_field {
    AK_ERROR_REPLY_ERROR,
    AK_ERROR_REPLY_MESSAGE,
    AK_ERROR_REPLY_RULE,
    AK_ERROR_REPLY_SEEN,
    AK_ERROR_REPLY_LIMIT,
    AK_ERROR_REPLY_REMEDY,
    AK_ERROR_REPLY_RETRY_AFTER_SECS,
};
extern const struct ak_msg ak_error_reply_msg;

#endif
