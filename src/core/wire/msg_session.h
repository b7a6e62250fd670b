/* A person's session on the machine itself (local operator), and its end.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_SESSION_H
#define AK_CORE_WIRE_MSG_SESSION_H

#include "core/wire/field.h"

/* recovery_hash: SHA-256 of the recovery code, taken where the account is opened or begun again. */
struct ak_msg_local_session_request {
    uint32_t present;
    struct ak_span identity;
    struct ak_span device_name;
    uint8_t recovery_hash[32];
};
enum ak_local_session_request_field {
    AK_LOCAL_SESSION_REQUEST_IDENTITY,
    AK_LOCAL_SESSION_REQUEST_DEVICE_NAME,
    AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH,
};
extern const struct ak_msg ak_local_session_request_msg;

struct ak_msg_session_reply {
    uint32_t present;
    struct ak_span session_jwt;
    uint64_t expires_at;
    uint8_t omni_account[32];
    uint8_t anchor[32];
    struct ak_span identity_type;
    struct ak_span identity_value;
    uint8_t wallet_address[20];
    bool account_new;
    uint64_t device_count;
    bool recovery_hash_taken; /* as in sign_in_reply */
};
enum ak_session_reply_field {
    AK_SESSION_REPLY_SESSION_JWT,
    AK_SESSION_REPLY_EXPIRES_AT,
    AK_SESSION_REPLY_OMNI_ACCOUNT,
    AK_SESSION_REPLY_ANCHOR,
    AK_SESSION_REPLY_IDENTITY_TYPE,
    AK_SESSION_REPLY_IDENTITY_VALUE,
    AK_SESSION_REPLY_WALLET_ADDRESS,
    AK_SESSION_REPLY_ACCOUNT_NEW,
    AK_SESSION_REPLY_DEVICE_COUNT,
    AK_SESSION_REPLY_RECOVERY_HASH_TAKEN,
};
extern const struct ak_msg ak_session_reply_msg;

struct ak_msg_logout_request {
    uint32_t present;
};
extern const struct ak_msg ak_logout_request_msg;

/* The change is durable; its entry. */
struct ak_msg_done_reply {
    uint32_t present;
    struct ak_span status;
    uint64_t ready_at;
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
    uint64_t cloud_until;     /* suspended: no cloud credentials of the account outlive this time */
    bool recovery_code_spent; /* it was used; the next one is that whose hash came */
};
enum ak_done_reply_field {
    AK_DONE_REPLY_STATUS,
    AK_DONE_REPLY_READY_AT,
    AK_DONE_REPLY_ENTRY_INDEX,
    AK_DONE_REPLY_ENTRY_LEAF_HASH,
    AK_DONE_REPLY_CLOUD_UNTIL,
    AK_DONE_REPLY_RECOVERY_CODE_SPENT,
};
extern const struct ak_msg ak_done_reply_msg;

#endif
