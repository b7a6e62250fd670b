/* Tables of the messages in msg_agents.h. */
#include "core/wire/msg_agents.h"

#include "base/limits.h"

static const struct ak_field agent_item_fields[] = {
    AK_FIELD(ak_msg_agent_item, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_agent_item, path, "path", AK_KIND_TEXT, 0, 2, 76),
    AK_FIELD(ak_msg_agent_item, status, "status", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_agent_item, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_agent_item, key_version, "key_version", AK_KIND_U64, 0, 1, UINT32_MAX),
    AK_FIELD(ak_msg_agent_item, generation, "generation", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_agent_item, device, "device", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_agent_item, scope, "scope", AK_KIND_TEXTS, 0, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD(ak_msg_agent_item, rate, "rate", AK_KIND_U64, 0, 1, AK_LIMIT_RATE_PER_MINUTE),
    AK_FIELD(
        ak_msg_agent_item, valid_until_at, "valid_until_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
    AK_FIELD(ak_msg_agent_item, uses_left, "uses_left", AK_KIND_U64, 0, 0, AK_LIMIT_RATE_PER_MINUTE),
};
const struct ak_msg ak_agent_item_msg = AK_MSG("agent_item", ak_msg_agent_item, agent_item_fields);

static const struct ak_field agent_list_request_fields[] = {
    AK_FIELD(ak_msg_agent_list_request, after, "after", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1,
        AK_LIMIT_LABEL),
};
const struct ak_msg ak_agent_list_request_msg =
    AK_MSG("agent_list_request", ak_msg_agent_list_request, agent_list_request_fields);

static const struct ak_field agent_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_agent_list_reply, agents, "agents", &ak_agent_item_msg),
    AK_FIELD(ak_msg_agent_list_reply, next, "next", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, AK_LIMIT_LABEL),
};
const struct ak_msg ak_agent_list_reply_msg =
    AK_MSG("agent_list_reply", ak_msg_agent_list_reply, agent_list_reply_fields);

static const struct ak_field agent_show_request_fields[] = {
    AK_FIELD(ak_msg_agent_show_request, label, "label", AK_KIND_TEXT, AK_MSG_PATH, 1, 76),
};
const struct ak_msg ak_agent_show_request_msg =
    AK_MSG("agent_show_request", ak_msg_agent_show_request, agent_show_request_fields);

static const struct ak_field agent_change_request_fields[] = {
    AK_FIELD(ak_msg_agent_change_request, label, "label", AK_KIND_TEXT, AK_MSG_PATH, 1, 76),
    AK_FIELD(
        ak_msg_agent_change_request, generation, "generation", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT32_MAX),
};
const struct ak_msg ak_agent_change_request_msg =
    AK_MSG("agent_change_request", ak_msg_agent_change_request, agent_change_request_fields);

static const struct ak_field agent_policy_request_fields[] = {
    AK_FIELD(ak_msg_agent_policy_request, label, "label", AK_KIND_TEXT, AK_MSG_PATH, 1, 76),
    AK_FIELD(
        ak_msg_agent_policy_request, scope, "scope", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, AK_LIMIT_SCOPE_TEXT),
    AK_FIELD(
        ak_msg_agent_policy_request, rate, "rate", AK_KIND_U64, AK_MSG_OPTIONAL, 1, AK_LIMIT_RATE_PER_MINUTE),
    AK_FIELD(ak_msg_agent_policy_request, valid_until_at, "valid_until_at", AK_KIND_U64, AK_MSG_OPTIONAL, 0,
        UINT32_MAX *UINT64_C(16)),
};
const struct ak_msg ak_agent_policy_request_msg =
    AK_MSG("agent_policy_request", ak_msg_agent_policy_request, agent_policy_request_fields);

static const struct ak_field agent_change_reply_fields[] = {
    AK_FIELD(ak_msg_agent_change_reply, anchor, "anchor", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_agent_change_reply, label, "label", AK_KIND_TEXT, 0, 1, AK_LIMIT_LABEL),
    AK_FIELD(ak_msg_agent_change_reply, path, "path", AK_KIND_TEXT, 0, 2, 76),
    AK_FIELD(ak_msg_agent_change_reply, status, "status", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_agent_change_reply, generation, "generation", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_agent_change_reply, address, "address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_agent_change_reply, entry_index, "entry.index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_agent_change_reply, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(
        ak_msg_agent_change_reply, cloud_until, "cloud_until", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
};
const struct ak_msg ak_agent_change_reply_msg =
    AK_MSG("agent_change_reply", ak_msg_agent_change_reply, agent_change_reply_fields);

static const struct ak_field lineage_reply_fields[] = {
    AK_FIELD(ak_msg_lineage_reply, base_path, "base_path", AK_KIND_TEXT, 0, 2, 66),
    AK_FIELD(ak_msg_lineage_reply, generation, "generation", AK_KIND_U64, 0, 0, UINT32_MAX),
    AK_FIELD(ak_msg_lineage_reply, user_address, "user_address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_lineage_reply, agent_address, "agent_address", AK_KIND_FIXED0X, 0, 0, 20),
    AK_FIELD(ak_msg_lineage_reply, digest, "digest", AK_KIND_FIXED0X, 0, 0, 32),
    AK_FIELD(ak_msg_lineage_reply, user_signature, "user_signature", AK_KIND_FIXED0X, 0, 0, 65),
    AK_FIELD(ak_msg_lineage_reply, agent_signature, "agent_signature", AK_KIND_FIXED0X, 0, 0, 65),
    AK_FIELD(ak_msg_lineage_reply, entry_index, "entry.index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_lineage_reply, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_lineage_reply_msg =
    AK_MSG("lineage_reply", ak_msg_lineage_reply, lineage_reply_fields);
