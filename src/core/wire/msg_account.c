/* Tables of the messages in msg_account.h. */
#include "core/wire/msg_account.h"

#include "base/limits.h"

const struct ak_msg ak_account_request_msg = {
    .name = "account_request", .size = sizeof(struct ak_msg_account_request)};

static const struct ak_field account_reply_fields[] = {
    AK_FIELD(ak_msg_account_reply, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_account_reply, home_wallet, "home_wallet", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_account_reply, key_version, "key_version", AK_KIND_U64, 0, 1, UINT32_MAX),
    AK_FIELD(ak_msg_account_reply, identity_type, "identity_type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_account_reply, opened_at, "opened_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_account_reply, suspended, "suspended", AK_KIND_BOOL, 0, 0, 1),
    AK_FIELD(ak_msg_account_reply, device_count, "device_count", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_account_reply, agent_count, "agent_count", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_account_reply, recovery_code_set, "recovery_code_set", AK_KIND_BOOL, 0, 0, 1),
};
const struct ak_msg ak_account_reply_msg =
    AK_MSG("account_reply", ak_msg_account_reply, account_reply_fields);

static const struct ak_field account_change_request_fields[] = {
    AK_FIELD(ak_msg_account_change_request, recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0,
        AK_SEALED_CODE_LEN),
    AK_FIELD(
        ak_msg_account_change_request, recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_account_change_request_msg =
    AK_MSG("account_change_request", ak_msg_account_change_request, account_change_request_fields);

static const struct ak_field recovery_item_fields[] = {
    AK_FIELD(ak_msg_recovery_item, what, "what", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_recovery_item, device, "device", AK_KIND_PRINT, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_recovery_item, ready_at, "ready_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_recovery_item, started_by, "started_by", AK_KIND_PRINT, 0, 0, 32),
};
const struct ak_msg ak_recovery_item_msg =
    AK_MSG("recovery_item", ak_msg_recovery_item, recovery_item_fields);

const struct ak_msg ak_recovery_list_request_msg = {
    .name = "recovery_list_request", .size = sizeof(struct ak_msg_recovery_list_request)};

static const struct ak_field recovery_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_recovery_list_reply, items, "items", &ak_recovery_item_msg),
};
const struct ak_msg ak_recovery_list_reply_msg =
    AK_MSG("recovery_list_reply", ak_msg_recovery_list_reply, recovery_list_reply_fields);

static const struct ak_field recovery_cancel_request_fields[] = {
    AK_FIELD(ak_msg_recovery_cancel_request, what, "what", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_recovery_cancel_request, device, "device", AK_KIND_PRINT, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_recovery_cancel_request_msg =
    AK_MSG("recovery_cancel_request", ak_msg_recovery_cancel_request, recovery_cancel_request_fields);

static const struct ak_field recovery_code_request_fields[] = {
    AK_FIELD(ak_msg_recovery_code_request, recovery_hash, "recovery_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_recovery_code_request, recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0,
        AK_SEALED_CODE_LEN),
};
const struct ak_msg ak_recovery_code_request_msg =
    AK_MSG("recovery_code_request", ak_msg_recovery_code_request, recovery_code_request_fields);
