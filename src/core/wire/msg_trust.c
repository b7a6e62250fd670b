/* Tables of the messages in msg_trust.h. */
#include "core/wire/msg_trust.h"

enum { TRUST_MAX = 2560, ITEMS_MAX = 6000 };

const struct ak_msg ak_trust_request_msg = {
    .name = "trust_request", .size = sizeof(struct ak_msg_trust_request)};

static const struct ak_field trust_reply_fields[] = {
    AK_FIELD(ak_msg_trust_reply, config, "config", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_trust_reply, trust, "trust", AK_KIND_B64, 0, 1, TRUST_MAX),
    AK_FIELD(ak_msg_trust_reply, items, "items", AK_KIND_LINES, 0, 1, ITEMS_MAX),
    AK_FIELD(ak_msg_trust_reply, operator_, "operator", AK_KIND_BOOL, 0, 0, 1),
    AK_FIELD(ak_msg_trust_reply, proposed, "proposed", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_trust_reply, started_by, "started_by", AK_KIND_PRINT, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_trust_reply_msg = AK_MSG("trust_reply", ak_msg_trust_reply, trust_reply_fields);

static const struct ak_field trust_change_request_fields[] = {
    AK_FIELD(ak_msg_trust_change_request, from, "from", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_trust_change_request, to, "to", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_trust_change_request, trust, "trust", AK_KIND_B64, 0, 1, TRUST_MAX),
};
const struct ak_msg ak_trust_change_request_msg =
    AK_MSG("trust_change_request", ak_msg_trust_change_request, trust_change_request_fields);
