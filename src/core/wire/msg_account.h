/* The account as a whole: reading it back, suspending, resuming, and what waits for its time.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_ACCOUNT_H
#define AK_CORE_WIRE_MSG_ACCOUNT_H

#include "core/wire/msg_sign_in.h"

struct ak_msg_account_request {
    uint32_t present;
};
extern const struct ak_msg ak_account_request_msg;

struct ak_msg_account_reply {
    uint32_t present;
    uint8_t anchor[32];
    uint8_t home_wallet[20];
    uint64_t key_version;
    struct ak_span identity_type;
    uint64_t opened_at;
    bool suspended;
    uint64_t device_count;
    uint64_t agent_count;
    bool recovery_code_set;
};
enum ak_account_reply_field {
    AK_ACCOUNT_REPLY_ANCHOR,
    AK_ACCOUNT_REPLY_HOME_WALLET,
    AK_ACCOUNT_REPLY_KEY_VERSION,
    AK_ACCOUNT_REPLY_IDENTITY_TYPE,
    AK_ACCOUNT_REPLY_OPENED_AT,
    AK_ACCOUNT_REPLY_SUSPENDED,
    AK_ACCOUNT_REPLY_DEVICE_COUNT,
    AK_ACCOUNT_REPLY_AGENT_COUNT,
    AK_ACCOUNT_REPLY_RECOVERY_CODE_SET,
};
extern const struct ak_msg ak_account_reply_msg;

/* recovery_code confirms a resume at once. */
struct ak_msg_account_change_request {
    uint32_t present;
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    uint8_t recovery_hash[32]; /* of the code that takes its place */
};
enum ak_account_change_request_field {
    AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE,
    AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH,
};
extern const struct ak_msg ak_account_change_request_msg;

struct ak_msg_recovery_item {
    uint32_t present;
    struct ak_span what;
    uint8_t device[32];
    uint64_t ready_at;
    uint8_t started_by[32];
};
enum ak_recovery_item_field {
    AK_RECOVERY_ITEM_WHAT,
    AK_RECOVERY_ITEM_DEVICE,
    AK_RECOVERY_ITEM_READY_AT,
    AK_RECOVERY_ITEM_STARTED_BY,
};
extern const struct ak_msg ak_recovery_item_msg;

struct ak_msg_recovery_list_request {
    uint32_t present;
};
extern const struct ak_msg ak_recovery_list_request_msg;

struct ak_msg_recovery_list_reply {
    uint32_t present;
    struct ak_list items; /* of struct ak_msg_recovery_item */
};
enum ak_recovery_list_reply_field {
    AK_RECOVERY_LIST_REPLY_ITEMS,
};
extern const struct ak_msg ak_recovery_list_reply_msg;

struct ak_msg_recovery_cancel_request {
    uint32_t present;
    struct ak_span what;
    uint8_t device[32];
};
enum ak_recovery_cancel_request_field {
    AK_RECOVERY_CANCEL_REQUEST_WHAT,
    AK_RECOVERY_CANCEL_REQUEST_DEVICE,
};
extern const struct ak_msg ak_recovery_cancel_request_msg;

/* recovery_hash: of the code that takes the place of the one before; recovery_code, that one, confirms it. */
struct ak_msg_recovery_code_request {
    uint32_t present;
    uint8_t recovery_hash[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
};
enum ak_recovery_code_request_field {
    AK_RECOVERY_CODE_REQUEST_RECOVERY_HASH,
    AK_RECOVERY_CODE_REQUEST_RECOVERY_CODE,
};
extern const struct ak_msg ak_recovery_code_request_msg;

#endif
