/* Tables of the messages in msg_broker.h. */
#include "core/wire/msg_broker.h"

#include "base/limits.h"

enum {
    EMAIL_MIN = 3,
    URL_MAX = 640,
    SIWE_MAX = 2048,
    NONCE_MAX = 128,
    NAME_MAX = 64,
    PROVIDER_MIN = 2,
    PROVIDER_MAX = 16,
    AUTHORIZATION_MAX = 2048,
    CODE_MAX = 2048,
    STATE_MAX = 128,
    ISS_MAX = 512,
    REASON_MAX = 32
};

#define DEVICE_FIELDS(tag)                                                                                   \
    AK_FIELD(tag, device_name, "device_name", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, NAME_MAX),                   \
        AK_FIELD(tag, recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),                \
        AK_FIELD(                                                                                            \
            tag, recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, AK_SEALED_CODE_LEN),     \
        AK_FIELD(tag, recover, "recover", AK_KIND_BOOL, AK_MSG_OPTIONAL, 0, 1)

static const struct ak_field email_request_fields[] = {
    AK_FIELD(ak_msg_email_request, email, "email", AK_KIND_TEXT, 0, EMAIL_MIN, AK_LIMIT_IDENTITY_VALUE),
    DEVICE_FIELDS(ak_msg_email_request),
};
const struct ak_msg ak_email_request_msg =
    AK_MSG("email_request", ak_msg_email_request, email_request_fields);

static const struct ak_field email_reply_fields[] = {
    AK_FIELD(ak_msg_email_reply, request_id, "request_id", AK_KIND_FIXED, 0, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD(ak_msg_email_reply, expires_in_seconds, "expires_in_seconds", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_email_reply, poll_url, "poll_url", AK_KIND_TEXT, 0, 1, URL_MAX),
    AK_FIELD(ak_msg_email_reply, match_code, "match_code", AK_KIND_TEXT, 0, AK_BROKER_MATCH_CODE,
        AK_BROKER_MATCH_CODE),
};
const struct ak_msg ak_email_reply_msg = AK_MSG("email_reply", ak_msg_email_reply, email_reply_fields);

static const struct ak_field email_verify_request_fields[] = {
    AK_FIELD(ak_msg_email_verify_request, token, "token", AK_KIND_TEXT, 0, 1, 2 * AK_BROKER_TOKEN_TEXT),
    AK_FIELD(
        ak_msg_email_verify_request, request_id, "request_id", AK_KIND_FIXED, 0, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD(ak_msg_email_verify_request, match_code, "match_code", AK_KIND_TEXT, 0, 1, 32),
};
const struct ak_msg ak_email_verify_request_msg =
    AK_MSG("email_verify_request", ak_msg_email_verify_request, email_verify_request_fields);

static const struct ak_field email_verify_reply_fields[] = {
    AK_FIELD(ak_msg_email_verify_reply, ok, "ok", AK_KIND_BOOL, 0, 0, 1),
};
const struct ak_msg ak_email_verify_reply_msg =
    AK_MSG("email_verify_reply", ak_msg_email_verify_reply, email_verify_reply_fields);

static const struct ak_field email_status_request_fields[] = {
    AK_FIELD(ak_msg_email_status_request, id, "id", AK_KIND_FIXED, AK_MSG_PATH, 0, AK_BROKER_REQUEST_ID),
};
const struct ak_msg ak_email_status_request_msg =
    AK_MSG("email_status_request", ak_msg_email_status_request, email_status_request_fields);

static const struct ak_field oauth2_start_request_fields[] = {
    AK_FIELD(ak_msg_oauth2_start_request, provider, "provider", AK_KIND_TEXT, 0, PROVIDER_MIN, PROVIDER_MAX),
    DEVICE_FIELDS(ak_msg_oauth2_start_request),
};
const struct ak_msg ak_oauth2_start_request_msg =
    AK_MSG("oauth2_start_request", ak_msg_oauth2_start_request, oauth2_start_request_fields);

static const struct ak_field oauth2_start_reply_fields[] = {
    AK_FIELD(ak_msg_oauth2_start_reply, request_id, "request_id", AK_KIND_FIXED, 0, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD(ak_msg_oauth2_start_reply, authorization_url, "authorization_url", AK_KIND_TEXT, 0, 1,
        AUTHORIZATION_MAX),
    AK_FIELD(
        ak_msg_oauth2_start_reply, expires_in_seconds, "expires_in_seconds", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_oauth2_start_reply, poll_url, "poll_url", AK_KIND_TEXT, 0, 1, URL_MAX),
    AK_FIELD(ak_msg_oauth2_start_reply, match_code, "match_code", AK_KIND_TEXT, 0, AK_BROKER_MATCH_CODE,
        AK_BROKER_MATCH_CODE),
};
const struct ak_msg ak_oauth2_start_reply_msg =
    AK_MSG("oauth2_start_reply", ak_msg_oauth2_start_reply, oauth2_start_reply_fields);

#define QUERY(member, flags, max)                                                                            \
    AK_FIELD(ak_msg_oauth2_callback, member, #member, AK_KIND_TEXT, AK_MSG_QUERY | (flags), 1, max)
static const struct ak_field oauth2_callback_fields[] = {
    QUERY(state, 0, STATE_MAX),
    QUERY(code, AK_MSG_OPTIONAL, CODE_MAX),
    QUERY(error, AK_MSG_OPTIONAL, REASON_MAX),
    QUERY(iss, AK_MSG_OPTIONAL, ISS_MAX),
};
const struct ak_msg ak_oauth2_callback_msg =
    AK_MSG("oauth2_callback", ak_msg_oauth2_callback, oauth2_callback_fields);

const struct ak_msg ak_oauth2_confirm_request_msg =
    AK_MSG("oauth2_confirm_request", ak_msg_email_verify_request, email_verify_request_fields);

#define IN(member, name, kind, min, max)                                                                     \
    AK_FIELD(ak_msg_signed_in_reply, member, name, kind, AK_MSG_OPTIONAL, min, max)
static const struct ak_field signed_in_reply_fields[] = {
    AK_FIELD(ak_msg_signed_in_reply, state, "state", AK_KIND_TEXT, 0, 1, 32),
    IN(ready_at, "ready_at", AK_KIND_U64, 0, UINT64_MAX),
    IN(session_jwt, "session_jwt", AK_KIND_TEXT, 1, AK_LIMIT_TOKEN),
    IN(expires_at, "expires_at", AK_KIND_U64, 0, UINT64_MAX),
    IN(omni_account, "omni_account", AK_KIND_FIXED, 0, 32),
    IN(anchor, "anchor", AK_KIND_FIXED, 0, 32),
    IN(identity_type, "identity_type", AK_KIND_TEXT, 1, 32),
    IN(identity_value, "identity_value", AK_KIND_TEXT, 1, AK_LIMIT_IDENTITY_VALUE),
    IN(wallet_address, "wallet_address", AK_KIND_FIXED0X, 0, 20),
    IN(account_new, "account_new", AK_KIND_BOOL, 0, 1),
    IN(device_count, "device_count", AK_KIND_U64, 0, AK_LIMIT_DEVICES),
    IN(reason, "reason", AK_KIND_TEXT, 1, REASON_MAX),
    IN(recovery_hash_taken, "recovery_hash_taken", AK_KIND_BOOL, 0, 1),
};
const struct ak_msg ak_signed_in_reply_msg =
    AK_MSG("signed_in_reply", ak_msg_signed_in_reply, signed_in_reply_fields);

static const struct ak_field wallet_start_request_fields[] = {
    AK_FIELD(ak_msg_wallet_start_request, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_wallet_start_request, chain_id, "chain_id", AK_KIND_U64, 0, 1, INT64_MAX),
};
const struct ak_msg ak_wallet_start_request_msg =
    AK_MSG("wallet_start_request", ak_msg_wallet_start_request, wallet_start_request_fields);

static const struct ak_field wallet_start_reply_fields[] = {
    AK_FIELD(ak_msg_wallet_start_reply, request_id, "request_id", AK_KIND_FIXED, 0, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD(ak_msg_wallet_start_reply, siwe_message, "siwe_message", AK_KIND_LINES, 0, 1, SIWE_MAX),
    AK_FIELD(ak_msg_wallet_start_reply, nonce, "nonce", AK_KIND_TEXT, 0, 8, NONCE_MAX),
    AK_FIELD(
        ak_msg_wallet_start_reply, expires_in_seconds, "expires_in_seconds", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_wallet_start_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
};
const struct ak_msg ak_wallet_start_reply_msg =
    AK_MSG("wallet_start_reply", ak_msg_wallet_start_reply, wallet_start_reply_fields);

static const struct ak_field wallet_verify_request_fields[] = {
    AK_FIELD(
        ak_msg_wallet_verify_request, request_id, "request_id", AK_KIND_FIXED, 0, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD_BAD(ak_msg_wallet_verify_request, signature, "signature", AK_KIND_FIXED0X, 0, 0, 65,
        AK_CODE_INVALID_REQUEST),
    DEVICE_FIELDS(ak_msg_wallet_verify_request),
};
const struct ak_msg ak_wallet_verify_request_msg =
    AK_MSG("wallet_verify_request", ak_msg_wallet_verify_request, wallet_verify_request_fields);

/* What shows whose the identity is; the keeper has it otherwise, and its meaning of "link" is without it. */
#define SHOWN (AK_MSG_OPTIONAL | AK_MSG_UNSIGNED)
static const struct ak_field wallet_link_request_fields[] = {
    AK_FIELD(ak_msg_wallet_link_request, identity_type, "identity_type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_wallet_link_request, identity_value, "identity_value", AK_KIND_TEXT, 0, 1,
        AK_LIMIT_IDENTITY_VALUE),
    AK_FIELD(
        ak_msg_wallet_link_request, request_id, "request_id", AK_KIND_FIXED, SHOWN, 0, AK_BROKER_REQUEST_ID),
    AK_FIELD(ak_msg_wallet_link_request, signature, "signature", AK_KIND_FIXED0X, SHOWN, 0, 65),
};
const struct ak_msg ak_wallet_link_request_msg =
    AK_MSG("wallet_link_request", ak_msg_wallet_link_request, wallet_link_request_fields);
