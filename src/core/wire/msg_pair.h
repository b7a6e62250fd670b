/* Pairing an agent or a further device: asking, looking, approving, refusing, inviting, redeeming.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_PAIR_H
#define AK_CORE_WIRE_MSG_PAIR_H

#include "core/wire/field.h"

struct ak_msg_pair_request {
    uint32_t present;
    struct ak_span label;
    struct ak_span want;
    uint8_t account[32];
};
enum ak_pair_request_field {
    AK_PAIR_REQUEST_LABEL,
    AK_PAIR_REQUEST_WANT,
    AK_PAIR_REQUEST_ACCOUNT,
};
extern const struct ak_msg ak_pair_request_msg;

struct ak_msg_pair_reply {
    uint32_t present;
    uint8_t request_id[16];
    struct ak_span pairing_code;
    uint64_t expires_in_seconds;
    struct ak_span poll_url;
};
enum ak_pair_reply_field {
    AK_PAIR_REPLY_REQUEST_ID,
    AK_PAIR_REPLY_PAIRING_CODE,
    AK_PAIR_REPLY_EXPIRES_IN_SECONDS,
    AK_PAIR_REPLY_POLL_URL,
};
extern const struct ak_msg ak_pair_reply_msg;

struct ak_msg_pair_status_request {
    uint32_t present;
    uint8_t id[16];
};
enum ak_pair_status_request_field {
    AK_PAIR_STATUS_REQUEST_ID,
};
extern const struct ak_msg ak_pair_status_request_msg;

/* status: pending, approved or refused. Tokens are delivered to the device that asked. */
struct ak_msg_pair_status_reply {
    uint32_t present;
    struct ak_span status;
    struct ak_span kind;
    struct ak_span label;
    uint8_t anchor[32];
    struct ak_span path;
    uint8_t address[20];
    uint64_t generation;
    struct ak_span agent_token;
    struct ak_span session_jwt;
    uint64_t expires_at;
};
enum ak_pair_status_reply_field {
    AK_PAIR_STATUS_REPLY_STATUS,
    AK_PAIR_STATUS_REPLY_KIND,
    AK_PAIR_STATUS_REPLY_LABEL,
    AK_PAIR_STATUS_REPLY_ANCHOR,
    AK_PAIR_STATUS_REPLY_PATH,
    AK_PAIR_STATUS_REPLY_ADDRESS,
    AK_PAIR_STATUS_REPLY_GENERATION,
    AK_PAIR_STATUS_REPLY_AGENT_TOKEN,
    AK_PAIR_STATUS_REPLY_SESSION_JWT,
    AK_PAIR_STATUS_REPLY_EXPIRES_AT,
};
extern const struct ak_msg ak_pair_status_reply_msg;

struct ak_msg_pair_list_request {
    uint32_t present;
    struct ak_span code;
};
enum ak_pair_list_request_field {
    AK_PAIR_LIST_REQUEST_CODE,
};
extern const struct ak_msg ak_pair_list_request_msg;

struct ak_msg_pair_item {
    uint32_t present;
    uint8_t request_id[16];
    struct ak_span kind;
    struct ak_span label;
    uint8_t device[32];
    struct ak_span want;
    uint64_t expires_at;
};
enum ak_pair_item_field {
    AK_PAIR_ITEM_REQUEST_ID,
    AK_PAIR_ITEM_KIND,
    AK_PAIR_ITEM_LABEL,
    AK_PAIR_ITEM_DEVICE,
    AK_PAIR_ITEM_WANT,
    AK_PAIR_ITEM_EXPIRES_AT,
};
extern const struct ak_msg ak_pair_item_msg;

struct ak_msg_pair_list_reply {
    uint32_t present;
    struct ak_list requests; /* of struct ak_msg_pair_item */
};
enum ak_pair_list_reply_field {
    AK_PAIR_LIST_REPLY_REQUESTS,
};
extern const struct ak_msg ak_pair_list_reply_msg;

/* What the person saw and allowed; the keeper compares it with what was asked. */
struct ak_msg_pair_approve_request {
    uint32_t present;
    uint8_t request_id[16];
    struct ak_span kind;
    struct ak_span label;
    uint8_t device[32];
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_at;
};
enum ak_pair_approve_request_field {
    AK_PAIR_APPROVE_REQUEST_REQUEST_ID,
    AK_PAIR_APPROVE_REQUEST_KIND,
    AK_PAIR_APPROVE_REQUEST_LABEL,
    AK_PAIR_APPROVE_REQUEST_DEVICE,
    AK_PAIR_APPROVE_REQUEST_SCOPE,
    AK_PAIR_APPROVE_REQUEST_RATE,
    AK_PAIR_APPROVE_REQUEST_VALID_UNTIL_AT,
};
extern const struct ak_msg ak_pair_approve_request_msg;

struct ak_msg_pair_refuse_request {
    uint32_t present;
    uint8_t request_id[16];
};
enum ak_pair_refuse_request_field {
    AK_PAIR_REFUSE_REQUEST_REQUEST_ID,
};
extern const struct ak_msg ak_pair_refuse_request_msg;

struct ak_msg_pair_invite_request {
    uint32_t present;
    struct ak_span label;
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_at;
};
enum ak_pair_invite_request_field {
    AK_PAIR_INVITE_REQUEST_LABEL,
    AK_PAIR_INVITE_REQUEST_SCOPE,
    AK_PAIR_INVITE_REQUEST_RATE,
    AK_PAIR_INVITE_REQUEST_VALID_UNTIL_AT,
};
extern const struct ak_msg ak_pair_invite_request_msg;

struct ak_msg_pair_invite_reply {
    uint32_t present;
    struct ak_span code;
    uint64_t expires_at;
};
enum ak_pair_invite_reply_field {
    AK_PAIR_INVITE_REPLY_CODE,
    AK_PAIR_INVITE_REPLY_EXPIRES_AT,
};
extern const struct ak_msg ak_pair_invite_reply_msg;

struct ak_msg_pair_redeem_request {
    uint32_t present;
    struct ak_span code;
};
enum ak_pair_redeem_request_field {
    AK_PAIR_REDEEM_REQUEST_CODE,
};
extern const struct ak_msg ak_pair_redeem_request_msg;

#endif
