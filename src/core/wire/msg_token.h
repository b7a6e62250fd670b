/* An agent's token, proved by the device key of its path alone.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_TOKEN_H
#define AK_CORE_WIRE_MSG_TOKEN_H

#include "core/wire/field.h"

struct ak_msg_token_request {
    uint32_t present;
    uint8_t account[32];
    struct ak_span label;
};
enum ak_token_request_field {
    AK_TOKEN_REQUEST_ACCOUNT,
    AK_TOKEN_REQUEST_LABEL,
};
extern const struct ak_msg ak_token_request_msg;

struct ak_msg_token_reply {
    uint32_t present;
    struct ak_span agent_token;
    uint64_t expires_at;
    struct ak_span path;
    uint64_t generation;
    uint8_t address[20];
};
enum ak_token_reply_field {
    AK_TOKEN_REPLY_AGENT_TOKEN,
    AK_TOKEN_REPLY_EXPIRES_AT,
    AK_TOKEN_REPLY_PATH,
    AK_TOKEN_REPLY_GENERATION,
    AK_TOKEN_REPLY_ADDRESS,
};
extern const struct ak_msg ak_token_reply_msg;

#endif
