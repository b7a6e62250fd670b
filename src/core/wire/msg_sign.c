/* Tables of the messages in msg_sign.h. */
#include "core/wire/msg_sign.h"

#include "base/limits.h"

static const struct ak_field derive_request_fields[] = {
    AK_FIELD_BAD(ak_msg_derive_request, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32,
        AK_CODE_INVALID_OMNI_ACCOUNT),
    AK_FIELD_BAD(
        ak_msg_derive_request, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL, 2, 76, AK_CODE_INVALID_PATH),
};
const struct ak_msg ak_derive_request_msg =
    AK_MSG("derive_request", ak_msg_derive_request, derive_request_fields);

static const struct ak_field derive_reply_fields[] = {
    AK_FIELD(ak_msg_derive_reply, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_derive_reply, key_version, "key_version", AK_KIND_U64, 0, 1, UINT32_MAX),
    AK_FIELD(ak_msg_derive_reply, generation, "generation", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT32_MAX),
};
const struct ak_msg ak_derive_reply_msg = AK_MSG("derive_reply", ak_msg_derive_reply, derive_reply_fields);

static const struct ak_field sign_request_fields[] = {
    AK_FIELD_BAD(ak_msg_sign_request, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32,
        AK_CODE_INVALID_OMNI_ACCOUNT),
    AK_FIELD_BAD(ak_msg_sign_request, message, "message_hex", AK_KIND_HEX, 0, 0, AK_LIMIT_MESSAGE,
        AK_CODE_INVALID_MESSAGE_HEX),
    AK_FIELD_BAD(
        ak_msg_sign_request, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL, 2, 76, AK_CODE_INVALID_PATH),
};
const struct ak_msg ak_sign_request_msg = AK_MSG("sign_request", ak_msg_sign_request, sign_request_fields);

static const struct ak_field sign_reply_fields[] = {
    AK_FIELD(ak_msg_sign_reply, signature, "signature", AK_KIND_FIXED0X, 0, 0, 65),
    AK_FIELD(ak_msg_sign_reply, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_sign_reply, key_version, "key_version", AK_KIND_U64, 0, 1, UINT32_MAX),
    AK_FIELD(ak_msg_sign_reply, entry_index, "entry.index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_sign_reply, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_sign_reply_msg = AK_MSG("sign_reply", ak_msg_sign_reply, sign_reply_fields);
