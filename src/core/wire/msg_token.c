/* Tables of the messages in msg_token.h. */
#include "core/wire/msg_token.h"

#include "base/limits.h"

static const struct ak_field token_request_fields[] = {
    AK_FIELD_BAD(
        ak_msg_token_request, account, "account", AK_KIND_FIXED, 0, 0, 32, AK_CODE_INVALID_OMNI_ACCOUNT),
    AK_FIELD(ak_msg_token_request, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
};
const struct ak_msg ak_token_request_msg =
    AK_MSG("token_request", ak_msg_token_request, token_request_fields);

static const struct ak_field token_reply_fields[] = {
    AK_FIELD(ak_msg_token_reply, agent_token, "agent_token", AK_KIND_TEXT, 0, 1, AK_LIMIT_TOKEN),
    AK_FIELD(ak_msg_token_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_token_reply, path, "path", AK_KIND_TEXT, 0, 2, 76),
    AK_FIELD(ak_msg_token_reply, generation, "generation", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_token_reply, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
};
const struct ak_msg ak_token_reply_msg = AK_MSG("token_reply", ak_msg_token_reply, token_reply_fields);
