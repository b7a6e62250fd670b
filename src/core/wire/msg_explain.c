/* Tables of the messages in msg_explain.h. */
#include "core/wire/msg_explain.h"

#include "base/limits.h"

static const struct ak_field explain_request_fields[] = {
    AK_FIELD(ak_msg_explain_request, operation, "operation", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 64),
    AK_FIELD_BAD(
        ak_msg_explain_request, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL, 2, 76, AK_CODE_INVALID_PATH),
    AK_FIELD_BAD(ak_msg_explain_request, message, "message_hex", AK_KIND_HEX, AK_MSG_OPTIONAL, 0,
        AK_LIMIT_MESSAGE, AK_CODE_INVALID_MESSAGE_HEX),
    AK_FIELD(ak_msg_explain_request, domain, "domain", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 255),
    AK_FIELD(ak_msg_explain_request, aud, "aud", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 200),
};
const struct ak_msg ak_explain_request_msg =
    AK_MSG("explain_request", ak_msg_explain_request, explain_request_fields);

static const struct ak_field explain_reply_fields[] = {
    AK_FIELD(ak_msg_explain_reply, decision, "decision", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_explain_reply, operation, "operation", AK_KIND_TEXT, 0, 1, 64),
    AK_FIELD(ak_msg_explain_reply, rule, "rule", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 32),
    AK_FIELD(ak_msg_explain_reply, seen, "seen", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_explain_reply, limit, "limit", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_explain_reply, remedy, "remedy", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_explain_reply, retry_after_secs, "retry_after_secs", AK_KIND_U64, AK_MSG_OPTIONAL, 0,
        UINT64_MAX),
    AK_FIELD(ak_msg_explain_reply, note, "note", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 255),
};
const struct ak_msg ak_explain_reply_msg =
    AK_MSG("explain_reply", ak_msg_explain_reply, explain_reply_fields);
