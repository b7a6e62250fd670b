/* Tables of the messages in msg_session.h. */
#include "core/wire/msg_session.h"

#include "base/limits.h"

static const struct ak_field local_session_request_fields[] = {
    AK_FIELD(
        ak_msg_local_session_request, identity, "identity", AK_KIND_TEXT, 0, 3, AK_LIMIT_IDENTITY_VALUE + 32),
    AK_FIELD(ak_msg_local_session_request, device_name, "device_name", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 64),
    AK_FIELD(
        ak_msg_local_session_request, recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_local_session_request_msg =
    AK_MSG("local_session_request", ak_msg_local_session_request, local_session_request_fields);

static const struct ak_field session_reply_fields[] = {
    AK_FIELD(ak_msg_session_reply, session_jwt, "session_jwt", AK_KIND_TEXT, 0, 1, AK_LIMIT_TOKEN),
    AK_FIELD(ak_msg_session_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_session_reply, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_session_reply, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_session_reply, identity_type, "identity_type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(
        ak_msg_session_reply, identity_value, "identity_value", AK_KIND_TEXT, 0, 1, AK_LIMIT_IDENTITY_VALUE),
    AK_FIELD(ak_msg_session_reply, wallet_address, "wallet_address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_session_reply, account_new, "account_new", AK_KIND_BOOL, 0, 0, 1),
    AK_FIELD(ak_msg_session_reply, device_count, "device_count", AK_KIND_U64, 0, 0, AK_LIMIT_DEVICES),
    AK_FIELD(ak_msg_session_reply, recovery_hash_taken, "recovery_hash_taken", AK_KIND_BOOL, AK_MSG_OPTIONAL,
        0, 1),
};
const struct ak_msg ak_session_reply_msg =
    AK_MSG("session_reply", ak_msg_session_reply, session_reply_fields);

const struct ak_msg ak_logout_request_msg = {
    .name = "logout_request", .size = sizeof(struct ak_msg_logout_request)};

static const struct ak_field done_reply_fields[] = {
    AK_FIELD(ak_msg_done_reply, status, "status", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_done_reply, ready_at, "ready_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
    AK_FIELD(ak_msg_done_reply, entry_index, "entry.index", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
    AK_FIELD(ak_msg_done_reply, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_done_reply, cloud_until, "cloud_until", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
    AK_FIELD(
        ak_msg_done_reply, recovery_code_spent, "recovery_code_spent", AK_KIND_BOOL, AK_MSG_OPTIONAL, 0, 1),
};
const struct ak_msg ak_done_reply_msg = AK_MSG("done_reply", ak_msg_done_reply, done_reply_fields);
