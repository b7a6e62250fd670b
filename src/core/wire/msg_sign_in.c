/* Tables of the messages in msg_sign_in.h. */
#include "core/wire/msg_sign_in.h"

#include "base/limits.h"

enum { SIWE_MAX = 2048, ANSWER_MAX = 2048, POLL_PATH_MAX = 128, NAME_MAX = 64, NONCE_MAX = 64 };

/* The device's own part, wherever it stands: struct and member are the message's. */
#define DEVICE_FIELDS(tag, at)                                                                               \
    AK_FIELD(tag, at device_name, "device_name", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, NAME_MAX),                \
        AK_FIELD(tag, at recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),             \
        AK_FIELD(                                                                                            \
            tag, at recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, AK_SEALED_CODE_LEN),  \
        AK_FIELD(tag, at recover, "recover", AK_KIND_BOOL, AK_MSG_OPTIONAL, 0, 1)

const struct ak_msg ak_sign_in_nonce_request_msg = {
    .name = "sign_in_nonce_request", .size = sizeof(struct ak_msg_sign_in_nonce_request)};

static const struct ak_field sign_in_nonce_reply_fields[] = {
    AK_FIELD(ak_msg_sign_in_nonce_reply, nonce, "nonce", AK_KIND_TEXT, 0, 1, NONCE_MAX),
};
const struct ak_msg ak_sign_in_nonce_reply_msg =
    AK_MSG("sign_in_nonce_reply", ak_msg_sign_in_nonce_reply, sign_in_nonce_reply_fields);

static const struct ak_field sign_in_fields[] = {
    DEVICE_FIELDS(ak_msg_sign_in, ),
};
const struct ak_msg ak_sign_in_msg = AK_MSG("sign_in", ak_msg_sign_in, sign_in_fields);

static const struct ak_field wallet_started_request_fields[] = {
    AK_FIELD(ak_msg_wallet_started_request, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_wallet_started_request, chain_id, "chain_id", AK_KIND_U64, 0, 1, INT64_MAX),
};
const struct ak_msg ak_wallet_started_request_msg =
    AK_MSG("wallet_started_request", ak_msg_wallet_started_request, wallet_started_request_fields);

static const struct ak_field wallet_started_reply_fields[] = {
    AK_FIELD(ak_msg_wallet_started_reply, siwe_message, "siwe_message", AK_KIND_LINES, 0, 1, SIWE_MAX),
    AK_FIELD(ak_msg_wallet_started_reply, nonce, "nonce", AK_KIND_TEXT, 0, 1, NONCE_MAX),
    AK_FIELD(ak_msg_wallet_started_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
};
const struct ak_msg ak_wallet_started_reply_msg =
    AK_MSG("wallet_started_reply", ak_msg_wallet_started_reply, wallet_started_reply_fields);

static const struct ak_field wallet_answered_request_fields[] = {
    AK_FIELD_BAD(ak_msg_wallet_answered_request, siwe_message, "siwe_message", AK_KIND_LINES, 0, 1, SIWE_MAX,
        AK_CODE_INVALID_SIWE),
    AK_FIELD(ak_msg_wallet_answered_request, signature, "signature", AK_KIND_FIXED0X, 0, 0, 65),
    DEVICE_FIELDS(ak_msg_wallet_answered_request, device.),
};
const struct ak_msg ak_wallet_answered_request_msg =
    AK_MSG("wallet_answered_request", ak_msg_wallet_answered_request, wallet_answered_request_fields);

static const struct ak_field identity_answered_request_fields[] = {
    AK_FIELD(ak_msg_identity_answered_request, answer, "answer", AK_KIND_TEXT, 0, 1, ANSWER_MAX),
    AK_FIELD(ak_msg_identity_answered_request, poll_path, "poll_path", AK_KIND_TEXT, 0, 1, POLL_PATH_MAX),
    DEVICE_FIELDS(ak_msg_identity_answered_request, device.),
};
const struct ak_msg ak_identity_answered_request_msg =
    AK_MSG("identity_answered_request", ak_msg_identity_answered_request, identity_answered_request_fields);

#define REPLY(member, kind, min, max)                                                                        \
    AK_FIELD(ak_msg_sign_in_reply, member, #member, kind, AK_MSG_OPTIONAL, min, max)
static const struct ak_field sign_in_reply_fields[] = {
    AK_FIELD(ak_msg_sign_in_reply, state, "state", AK_KIND_TEXT, 0, 1, 32),
    REPLY(session_jwt, AK_KIND_TEXT, 1, AK_LIMIT_TOKEN),
    REPLY(expires_at, AK_KIND_U64, 0, UINT64_MAX),
    REPLY(omni_account, AK_KIND_FIXED, 0, 32),
    REPLY(anchor, AK_KIND_FIXED, 0, 32),
    REPLY(identity_type, AK_KIND_TEXT, 1, 32),
    REPLY(identity_value, AK_KIND_TEXT, 1, AK_LIMIT_IDENTITY_VALUE),
    REPLY(wallet_address, AK_KIND_FIXED0X, 0, 20),
    REPLY(account_new, AK_KIND_BOOL, 0, 1),
    REPLY(device_count, AK_KIND_U64, 0, AK_LIMIT_DEVICES),
    REPLY(ready_at, AK_KIND_U64, 0, UINT64_MAX),
    REPLY(recovery_hash_taken, AK_KIND_BOOL, 0, 1),
};
const struct ak_msg ak_sign_in_reply_msg =
    AK_MSG("sign_in_reply", ak_msg_sign_in_reply, sign_in_reply_fields);
