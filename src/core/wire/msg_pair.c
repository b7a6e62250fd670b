/* Tables of the messages in msg_pair.h. */
#include "core/wire/msg_pair.h"

#include "base/limits.h"

static const struct ak_field pair_request_fields[] = {
    AK_FIELD(ak_msg_pair_request, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_pair_request, want, "want", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD_BAD(ak_msg_pair_request, account, "account", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32,
        AK_CODE_INVALID_OMNI_ACCOUNT),
};
const struct ak_msg ak_pair_request_msg = AK_MSG("pair_request", ak_msg_pair_request, pair_request_fields);

static const struct ak_field pair_reply_fields[] = {
    AK_FIELD(ak_msg_pair_reply, request_id, "request_id", AK_KIND_FIXED, 0, 0, 16),
    AK_FIELD(ak_msg_pair_reply, pairing_code, "pairing_code", AK_KIND_TEXT, 0, 9, 9),
    AK_FIELD(ak_msg_pair_reply, expires_in_seconds, "expires_in_seconds", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_pair_reply, poll_url, "poll_url", AK_KIND_TEXT, 0, 1, 128),
};
const struct ak_msg ak_pair_reply_msg = AK_MSG("pair_reply", ak_msg_pair_reply, pair_reply_fields);

static const struct ak_field pair_status_request_fields[] = {
    AK_FIELD(ak_msg_pair_status_request, id, "id", AK_KIND_FIXED, AK_MSG_PATH, 0, 16),
};
const struct ak_msg ak_pair_status_request_msg =
    AK_MSG("pair_status_request", ak_msg_pair_status_request, pair_status_request_fields);

static const struct ak_field pair_status_reply_fields[] = {
    AK_FIELD(ak_msg_pair_status_reply, status, "status", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_pair_status_reply, kind, "kind", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_pair_status_reply, label, "label", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_pair_status_reply, anchor, "anchor", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_pair_status_reply, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL, 2, 76),
    AK_FIELD(ak_msg_pair_status_reply, address, "address", AK_KIND_FIXED0X, AK_MSG_OPTIONAL, 0, 20),
    AK_FIELD(ak_msg_pair_status_reply, generation, "generation", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT32_MAX),
    AK_FIELD(ak_msg_pair_status_reply, agent_token, "agent_token", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1,
        AK_LIMIT_TOKEN),
    AK_FIELD(ak_msg_pair_status_reply, session_jwt, "session_jwt", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1,
        AK_LIMIT_TOKEN),
    AK_FIELD(ak_msg_pair_status_reply, expires_at, "expires_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
};
const struct ak_msg ak_pair_status_reply_msg =
    AK_MSG("pair_status_reply", ak_msg_pair_status_reply, pair_status_reply_fields);

static const struct ak_field pair_list_request_fields[] = {
    AK_FIELD(ak_msg_pair_list_request, code, "code", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, 32),
};
const struct ak_msg ak_pair_list_request_msg =
    AK_MSG("pair_list_request", ak_msg_pair_list_request, pair_list_request_fields);

static const struct ak_field pair_item_fields[] = {
    AK_FIELD(ak_msg_pair_item, request_id, "request_id", AK_KIND_FIXED, 0, 0, 16),
    AK_FIELD(ak_msg_pair_item, kind, "kind", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_pair_item, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_pair_item, device, "device", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_pair_item, want, "want", AK_KIND_TEXTS, 0, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD(ak_msg_pair_item, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
};
const struct ak_msg ak_pair_item_msg = AK_MSG("pair_item", ak_msg_pair_item, pair_item_fields);

static const struct ak_field pair_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_pair_list_reply, requests, "requests", &ak_pair_item_msg),
};
const struct ak_msg ak_pair_list_reply_msg =
    AK_MSG("pair_list_reply", ak_msg_pair_list_reply, pair_list_reply_fields);

static const struct ak_field pair_approve_request_fields[] = {
    AK_FIELD(ak_msg_pair_approve_request, request_id, "request_id", AK_KIND_FIXED, 0, 0, 16),
    AK_FIELD(ak_msg_pair_approve_request, kind, "kind", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_pair_approve_request, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_pair_approve_request, device, "device", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(
        ak_msg_pair_approve_request, scope, "scope", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD(
        ak_msg_pair_approve_request, rate, "rate", AK_KIND_U64, AK_MSG_OPTIONAL, 1, AK_LIMIT_RATE_PER_MINUTE),
    AK_FIELD(ak_msg_pair_approve_request, valid_until_at, "valid_until_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0,
        UINT32_MAX *UINT64_C(16)),
};
const struct ak_msg ak_pair_approve_request_msg =
    AK_MSG("pair_approve_request", ak_msg_pair_approve_request, pair_approve_request_fields);

static const struct ak_field pair_refuse_request_fields[] = {
    AK_FIELD(ak_msg_pair_refuse_request, request_id, "request_id", AK_KIND_FIXED, 0, 0, 16),
};
const struct ak_msg ak_pair_refuse_request_msg =
    AK_MSG("pair_refuse_request", ak_msg_pair_refuse_request, pair_refuse_request_fields);

static const struct ak_field pair_invite_request_fields[] = {
    AK_FIELD(ak_msg_pair_invite_request, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(
        ak_msg_pair_invite_request, scope, "scope", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD(
        ak_msg_pair_invite_request, rate, "rate", AK_KIND_U64, AK_MSG_OPTIONAL, 1, AK_LIMIT_RATE_PER_MINUTE),
    AK_FIELD(ak_msg_pair_invite_request, valid_until_at, "valid_until_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0,
        UINT32_MAX *UINT64_C(16)),
};
const struct ak_msg ak_pair_invite_request_msg =
    AK_MSG("pair_invite_request", ak_msg_pair_invite_request, pair_invite_request_fields);

static const struct ak_field pair_invite_reply_fields[] = {
    AK_FIELD(ak_msg_pair_invite_reply, code, "code", AK_KIND_TEXT, 0, 1, 64),
    AK_FIELD(ak_msg_pair_invite_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
};
const struct ak_msg ak_pair_invite_reply_msg =
    AK_MSG("pair_invite_reply", ak_msg_pair_invite_reply, pair_invite_reply_fields);

static const struct ak_field pair_redeem_request_fields[] = {
    AK_FIELD(ak_msg_pair_redeem_request, code, "code", AK_KIND_TEXT, 0, 1, 64),
};
const struct ak_msg ak_pair_redeem_request_msg =
    AK_MSG("pair_redeem_request", ak_msg_pair_redeem_request, pair_redeem_request_fields);
