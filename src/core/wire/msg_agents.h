/* The agents of an account: listing, showing, and each change of a path's record.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_AGENTS_H
#define AK_CORE_WIRE_MSG_AGENTS_H

#include "core/wire/field.h"

/* status: active, suspended or decommissioned. */
struct ak_msg_agent_item {
    uint32_t present;
    struct ak_span label;
    struct ak_span path;
    struct ak_span status;
    uint8_t address[20];
    uint64_t key_version;
    uint64_t generation;
    uint8_t device[32];
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_at;
    uint64_t uses_left;
};
enum ak_agent_item_field {
    AK_AGENT_ITEM_LABEL,
    AK_AGENT_ITEM_PATH,
    AK_AGENT_ITEM_STATUS,
    AK_AGENT_ITEM_ADDRESS,
    AK_AGENT_ITEM_KEY_VERSION,
    AK_AGENT_ITEM_GENERATION,
    AK_AGENT_ITEM_DEVICE,
    AK_AGENT_ITEM_SCOPE,
    AK_AGENT_ITEM_RATE,
    AK_AGENT_ITEM_VALID_UNTIL_AT,
    AK_AGENT_ITEM_USES_LEFT,
};
extern const struct ak_msg ak_agent_item_msg;

struct ak_msg_agent_list_request {
    uint32_t present;
    struct ak_span after;
};
enum ak_agent_list_request_field {
    AK_AGENT_LIST_REQUEST_AFTER,
};
extern const struct ak_msg ak_agent_list_request_msg;

/* next: label to give as `after` for the rest. */
struct ak_msg_agent_list_reply {
    uint32_t present;
    struct ak_list agents; /* of struct ak_msg_agent_item */
    struct ak_span next;
};
enum ak_agent_list_reply_field {
    AK_AGENT_LIST_REPLY_AGENTS,
    AK_AGENT_LIST_REPLY_NEXT,
};
extern const struct ak_msg ak_agent_list_reply_msg;

struct ak_msg_agent_show_request {
    uint32_t present;
    struct ak_span label;
};
enum ak_agent_show_request_field {
    AK_AGENT_SHOW_REQUEST_LABEL,
};
extern const struct ak_msg ak_agent_show_request_msg;

/* Suspend, resume, rotate, decommission. generation: what the caller believes to be current. */
struct ak_msg_agent_change_request {
    uint32_t present;
    struct ak_span label;
    uint64_t generation;
};
enum ak_agent_change_request_field {
    AK_AGENT_CHANGE_REQUEST_LABEL,
    AK_AGENT_CHANGE_REQUEST_GENERATION,
};
extern const struct ak_msg ak_agent_change_request_msg;

/* Absent fields stay as they are; valid_until_at 0 takes the expiry away. */
struct ak_msg_agent_policy_request {
    uint32_t present;
    struct ak_span label;
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_at;
};
enum ak_agent_policy_request_field {
    AK_AGENT_POLICY_REQUEST_LABEL,
    AK_AGENT_POLICY_REQUEST_SCOPE,
    AK_AGENT_POLICY_REQUEST_RATE,
    AK_AGENT_POLICY_REQUEST_VALID_UNTIL_AT,
};
extern const struct ak_msg ak_agent_policy_request_msg;

struct ak_msg_agent_change_reply {
    uint32_t present;
    uint8_t anchor[32];
    struct ak_span label;
    struct ak_span path;
    struct ak_span status;
    uint64_t generation;
    uint8_t address[20];
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
    uint64_t cloud_until; /* no cloud credentials of the agent outlive this time */
};
enum ak_agent_change_reply_field {
    AK_AGENT_CHANGE_REPLY_ANCHOR,
    AK_AGENT_CHANGE_REPLY_LABEL,
    AK_AGENT_CHANGE_REPLY_PATH,
    AK_AGENT_CHANGE_REPLY_STATUS,
    AK_AGENT_CHANGE_REPLY_GENERATION,
    AK_AGENT_CHANGE_REPLY_ADDRESS,
    AK_AGENT_CHANGE_REPLY_ENTRY_INDEX,
    AK_AGENT_CHANGE_REPLY_ENTRY_LEAF_HASH,
    AK_AGENT_CHANGE_REPLY_CLOUD_UNTIL,
};
extern const struct ak_msg ak_agent_change_reply_msg;

/* The statement's fields and both signatures over its EIP-712 digest. */
struct ak_msg_lineage_reply {
    uint32_t present;
    struct ak_span base_path;
    uint64_t generation;
    uint8_t user_address[20];
    uint8_t agent_address[20];
    uint8_t digest[32];
    uint8_t user_signature[65];
    uint8_t agent_signature[65];
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_lineage_reply_field {
    AK_LINEAGE_REPLY_BASE_PATH,
    AK_LINEAGE_REPLY_GENERATION,
    AK_LINEAGE_REPLY_USER_ADDRESS,
    AK_LINEAGE_REPLY_AGENT_ADDRESS,
    AK_LINEAGE_REPLY_DIGEST,
    AK_LINEAGE_REPLY_USER_SIGNATURE,
    AK_LINEAGE_REPLY_AGENT_SIGNATURE,
    AK_LINEAGE_REPLY_ENTRY_INDEX,
    AK_LINEAGE_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_lineage_reply_msg;

#endif
