/* What would be decided, without doing it.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_EXPLAIN_H
#define AK_CORE_WIRE_MSG_EXPLAIN_H

#include "core/wire/field.h"

/* operation: sign-message, sign-siwe, derive-address or oidc; message_hex decides by its own content. */
struct ak_msg_explain_request {
    uint32_t present;
    struct ak_span operation;
    struct ak_span path;
    struct ak_span message;
    struct ak_span domain;
    struct ak_span aud;
};
enum ak_explain_request_field {
    AK_EXPLAIN_REQUEST_OPERATION,
    AK_EXPLAIN_REQUEST_PATH,
    AK_EXPLAIN_REQUEST_MESSAGE,
    AK_EXPLAIN_REQUEST_DOMAIN,
    AK_EXPLAIN_REQUEST_AUD,
};
extern const struct ak_msg ak_explain_request_msg;

struct ak_msg_explain_reply {
    uint32_t present;
    struct ak_span decision;
    struct ak_span operation;
    struct ak_span rule;
    struct ak_span seen;
    struct ak_span limit;
    struct ak_span remedy;
    uint64_t retry_after_secs;
    struct ak_span note;
};
enum ak_explain_reply_field {
    AK_EXPLAIN_REPLY_DECISION,
    AK_EXPLAIN_REPLY_OPERATION,
    AK_EXPLAIN_REPLY_RULE,
    AK_EXPLAIN_REPLY_SEEN,
    AK_EXPLAIN_REPLY_LIMIT,
    AK_EXPLAIN_REPLY_REMEDY,
    AK_EXPLAIN_REPLY_RETRY_AFTER_SECS,
    AK_EXPLAIN_REPLY_NOTE,
};
extern const struct ak_msg ak_explain_reply_msg;

#endif
