/* Identities linked to an account, and what a broker is told so that it can warn by mail.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_LINK_H
#define AK_CORE_WIRE_MSG_LINK_H

#include "core/wire/msg_sign_in.h"

/* The device signs identity_type and identity_value; the broker adds what shows whose the identity is: a
 * sign-in text and its signature, or its own word (core/token/identity_answer.h). Nothing for the account's
 * own address. */
struct ak_msg_link_request {
    uint32_t present;
    struct ak_span identity_type;
    struct ak_span identity_value;
    struct ak_span siwe_message;
    uint8_t signature[65];
    struct ak_span answer;
};
enum ak_link_request_field {
    AK_LINK_REQUEST_IDENTITY_TYPE,
    AK_LINK_REQUEST_IDENTITY_VALUE,
    AK_LINK_REQUEST_SIWE_MESSAGE,
    AK_LINK_REQUEST_SIGNATURE,
    AK_LINK_REQUEST_ANSWER,
};
extern const struct ak_msg ak_link_request_msg;

struct ak_msg_link_reply {
    uint32_t present;
    bool linked;
    uint8_t omni_account[32];
    uint8_t anchor[32];
};
enum ak_link_reply_field { AK_LINK_REPLY_LINKED, AK_LINK_REPLY_OMNI_ACCOUNT, AK_LINK_REPLY_ANCHOR };
extern const struct ak_msg ak_link_reply_msg;

/* recovery_code: an identity that can recover the account goes at once, too. */
struct ak_msg_unlink_request {
    uint32_t present;
    uint8_t omni_account[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    uint8_t recovery_hash[32]; /* of the code that takes its place */
};
enum ak_unlink_request_field {
    AK_UNLINK_REQUEST_OMNI_ACCOUNT,
    AK_UNLINK_REQUEST_RECOVERY_CODE,
    AK_UNLINK_REQUEST_RECOVERY_HASH
};
extern const struct ak_msg ak_unlink_request_msg;

struct ak_msg_link_list_request {
    uint32_t present;
};
extern const struct ak_msg ak_link_list_request_msg;

/* how: "opened" (the account was, by it), "derived", "siwe", "broker". address: of evm, where it is known. */
struct ak_msg_link_item {
    uint32_t present;
    uint8_t omni_account[32];
    struct ak_span identity_type;
    struct ak_span how;
    uint64_t linked_at;
    uint8_t address[20];
};
enum ak_link_item_field {
    AK_LINK_ITEM_OMNI_ACCOUNT,
    AK_LINK_ITEM_IDENTITY_TYPE,
    AK_LINK_ITEM_HOW,
    AK_LINK_ITEM_LINKED_AT,
    AK_LINK_ITEM_ADDRESS,
};
extern const struct ak_msg ak_link_item_msg;

struct ak_msg_link_list_reply {
    uint32_t present;
    uint8_t anchor[32];
    struct ak_list links; /* of struct ak_msg_link_item */
};
enum ak_link_list_reply_field { AK_LINK_LIST_REPLY_ANCHOR, AK_LINK_LIST_REPLY_LINKS };
extern const struct ak_msg ak_link_list_reply_msg;

/* since: first index of the ledger to look at. */
struct ak_msg_notice_request {
    uint32_t present;
    uint64_t since;
    uint64_t limit;
};
enum ak_notice_request_field { AK_NOTICE_REQUEST_SINCE, AK_NOTICE_REQUEST_LIMIT };
extern const struct ak_msg ak_notice_request_msg;

/* state: "started", "seen", "cancelled", "done"; "replaced": of the recovery code. what: as in
 * `GET /v1/recovery`. ready_at: of the first two. */
struct ak_msg_notice_item {
    uint32_t present;
    uint64_t index;
    struct ak_span what;
    struct ak_span state;
    uint8_t anchor[32];
    uint64_t time;
    uint8_t device[32];
    uint64_t ready_at;
};
enum ak_notice_item_field {
    AK_NOTICE_ITEM_INDEX,
    AK_NOTICE_ITEM_WHAT,
    AK_NOTICE_ITEM_STATE,
    AK_NOTICE_ITEM_ANCHOR,
    AK_NOTICE_ITEM_TIME,
    AK_NOTICE_ITEM_DEVICE,
    AK_NOTICE_ITEM_READY_AT,
};
extern const struct ak_msg ak_notice_item_msg;

/* next: index to go on with. An index counts in one log only, so there is the root of the first `next`
 * entries, to be kept with it, and that of the first `since` (or as many as there are): another one than was
 * kept is another log, restored or forked, however long it has become. */
struct ak_msg_notice_reply {
    uint32_t present;
    struct ak_list notices; /* of struct ak_msg_notice_item */
    uint64_t next;
    uint8_t since_root_hash[32];
    uint8_t root_hash[32];
};
enum ak_notice_reply_field {
    AK_NOTICE_REPLY_NOTICES,
    AK_NOTICE_REPLY_NEXT,
    AK_NOTICE_REPLY_SINCE_ROOT_HASH,
    AK_NOTICE_REPLY_ROOT_HASH,
};
extern const struct ak_msg ak_notice_reply_msg;

#endif
