/* Tables of the messages in msg_link.h. */
#include "core/wire/msg_link.h"

#include "base/limits.h"

enum { SIWE_MAX = 2048, ANSWER_MAX = 2048, NOTICES_MAX = 100 };

#define ADDED (AK_MSG_OPTIONAL | AK_MSG_UNSIGNED)
static const struct ak_field link_request_fields[] = {
    AK_FIELD(ak_msg_link_request, identity_type, "identity_type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(
        ak_msg_link_request, identity_value, "identity_value", AK_KIND_TEXT, 0, 1, AK_LIMIT_IDENTITY_VALUE),
    AK_FIELD_BAD(ak_msg_link_request, siwe_message, "siwe_message", AK_KIND_LINES, ADDED, 1, SIWE_MAX,
        AK_CODE_INVALID_SIWE),
    AK_FIELD(ak_msg_link_request, signature, "signature", AK_KIND_FIXED0X, ADDED, 0, 65),
    AK_FIELD(ak_msg_link_request, answer, "answer", AK_KIND_TEXT, ADDED, 1, ANSWER_MAX),
};
const struct ak_msg ak_link_request_msg = AK_MSG("link_request", ak_msg_link_request, link_request_fields);

static const struct ak_field link_reply_fields[] = {
    AK_FIELD(ak_msg_link_reply, linked, "linked", AK_KIND_BOOL, 0, 0, 1),
    AK_FIELD(ak_msg_link_reply, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_link_reply, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_link_reply_msg = AK_MSG("link_reply", ak_msg_link_reply, link_reply_fields);

static const struct ak_field unlink_request_fields[] = {
    AK_FIELD_BAD(ak_msg_unlink_request, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32,
        AK_CODE_INVALID_OMNI_ACCOUNT),
    AK_FIELD(ak_msg_unlink_request, recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0,
        AK_SEALED_CODE_LEN),
    AK_FIELD(ak_msg_unlink_request, recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_unlink_request_msg =
    AK_MSG("unlink_request", ak_msg_unlink_request, unlink_request_fields);

const struct ak_msg ak_link_list_request_msg = {
    .name = "link_list_request", .size = sizeof(struct ak_msg_link_list_request)};

static const struct ak_field link_item_fields[] = {
    AK_FIELD(ak_msg_link_item, omni_account, "omni_account", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_link_item, identity_type, "identity_type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_link_item, how, "how", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_link_item, linked_at, "linked_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_link_item, address, "address", AK_KIND_FIXED0X, AK_MSG_OPTIONAL, 0, 20),
};
const struct ak_msg ak_link_item_msg = AK_MSG("link_item", ak_msg_link_item, link_item_fields);

static const struct ak_field link_list_reply_fields[] = {
    AK_FIELD(ak_msg_link_list_reply, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD_LIST(ak_msg_link_list_reply, links, "links", &ak_link_item_msg),
};
const struct ak_msg ak_link_list_reply_msg =
    AK_MSG("link_list_reply", ak_msg_link_list_reply, link_list_reply_fields);

static const struct ak_field notice_request_fields[] = {
    AK_FIELD(ak_msg_notice_request, since, "since", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_notice_request, limit, "limit", AK_KIND_U64, AK_MSG_OPTIONAL, 1, NOTICES_MAX),
};
const struct ak_msg ak_notice_request_msg =
    AK_MSG("notice_request", ak_msg_notice_request, notice_request_fields);

static const struct ak_field notice_item_fields[] = {
    AK_FIELD(ak_msg_notice_item, index, "index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_notice_item, what, "what", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_notice_item, state, "state", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_notice_item, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_notice_item, time, "time", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_notice_item, device, "device", AK_KIND_PRINT, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_notice_item, ready_at, "ready_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
};
const struct ak_msg ak_notice_item_msg = AK_MSG("notice_item", ak_msg_notice_item, notice_item_fields);

static const struct ak_field notice_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_notice_reply, notices, "notices", &ak_notice_item_msg),
    AK_FIELD(ak_msg_notice_reply, next, "next", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_notice_reply, since_root_hash, "since_root_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_notice_reply, root_hash, "root_hash", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_notice_reply_msg = AK_MSG("notice_reply", ak_msg_notice_reply, notice_reply_fields);
