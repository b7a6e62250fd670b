/* Tables of the messages in msg_error.h. */
#include "core/wire/msg_error.h"

#include "base/limits.h"

static const struct ak_field error_reply_fields[] = {
    AK_FIELD(ak_msg_error_reply, error, "error", AK_KIND_TEXT, 0, 1, 64),
    AK_FIELD(ak_msg_error_reply, message, "message", AK_KIND_TEXT, 0, 0, 512),
    AK_FIELD(ak_msg_error_reply, rule, "denial.rule", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 32),
    AK_FIELD(ak_msg_error_reply, seen, "denial.seen", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_error_reply, limit, "denial.limit", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_error_reply, remedy, "denial.remedy", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 320),
    AK_FIELD(ak_msg_error_reply, retry_after_secs, "retry_after_secs", AK_KIND_U64, AK_MSG_OPTIONAL, 0,
        UINT64_MAX),
};
const struct ak_msg ak_error_reply_msg = AK_MSG("error_reply", ak_msg_error_reply, error_reply_fields);
