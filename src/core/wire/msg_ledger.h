/* What the ledger says: an account's entries, checkpoints, proofs.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_LEDGER_H
#define AK_CORE_WIRE_MSG_LEDGER_H

#include "core/wire/field.h"

/* since: first index to look at. proofs: with an inclusion proof each, under the newest sealed checkpoint. */
struct ak_msg_audit_request {
    uint32_t present;
    uint64_t since;
    struct ak_span type;
    struct ak_span path;
    uint64_t limit;
    bool proofs;
};
enum ak_audit_request_field {
    AK_AUDIT_REQUEST_SINCE,
    AK_AUDIT_REQUEST_TYPE,
    AK_AUDIT_REQUEST_PATH,
    AK_AUDIT_REQUEST_LIMIT,
    AK_AUDIT_REQUEST_PROOFS,
};
extern const struct ak_msg ak_audit_request_msg;

struct ak_msg_audit_item {
    uint32_t present;
    uint64_t index;
    struct ak_span type;
    uint8_t leaf_hash[32];
    struct ak_span entry;
    struct ak_span proof;
};
enum ak_audit_item_field {
    AK_AUDIT_ITEM_INDEX,
    AK_AUDIT_ITEM_TYPE,
    AK_AUDIT_ITEM_LEAF_HASH,
    AK_AUDIT_ITEM_ENTRY,
    AK_AUDIT_ITEM_PROOF,
};
extern const struct ak_msg ak_audit_item_msg;

/* next: index to go on with; size: entries in the ledger; checkpoint: the note the proofs are for;
 * archived: entries before that one were asked for, and are in files of the operator. */
struct ak_msg_audit_reply {
    uint32_t present;
    struct ak_list entries; /* of struct ak_msg_audit_item */
    uint64_t next;
    uint64_t size;
    struct ak_span checkpoint;
    uint8_t key[32];
    uint64_t archived;
};
enum ak_audit_reply_field {
    AK_AUDIT_REPLY_ENTRIES,
    AK_AUDIT_REPLY_NEXT,
    AK_AUDIT_REPLY_SIZE,
    AK_AUDIT_REPLY_CHECKPOINT,
    AK_AUDIT_REPLY_KEY,
    AK_AUDIT_REPLY_ARCHIVED,
};
extern const struct ak_msg ak_audit_reply_msg;

struct ak_msg_checkpoint_request {
    uint32_t present;
};
extern const struct ak_msg ak_checkpoint_request_msg;

struct ak_msg_checkpoint_reply {
    uint32_t present;
    struct ak_span checkpoint;
    uint64_t size;
    uint8_t root_hash[32];
    uint8_t key[32];
};
enum ak_checkpoint_reply_field {
    AK_CHECKPOINT_REPLY_CHECKPOINT,
    AK_CHECKPOINT_REPLY_SIZE,
    AK_CHECKPOINT_REPLY_ROOT_HASH,
    AK_CHECKPOINT_REPLY_KEY,
};
extern const struct ak_msg ak_checkpoint_reply_msg;

struct ak_msg_inclusion_request {
    uint32_t present;
    uint64_t index;
    uint64_t size;
};
enum ak_inclusion_request_field {
    AK_INCLUSION_REQUEST_INDEX,
    AK_INCLUSION_REQUEST_SIZE,
};
extern const struct ak_msg ak_inclusion_request_msg;

struct ak_msg_inclusion_reply {
    uint32_t present;
    uint64_t index;
    uint64_t size;
    uint8_t leaf_hash[32];
    struct ak_span proof;
};
enum ak_inclusion_reply_field {
    AK_INCLUSION_REPLY_INDEX,
    AK_INCLUSION_REPLY_SIZE,
    AK_INCLUSION_REPLY_LEAF_HASH,
    AK_INCLUSION_REPLY_PROOF,
};
extern const struct ak_msg ak_inclusion_reply_msg;

struct ak_msg_consistency_request {
    uint32_t present;
    uint64_t from;
    uint64_t to;
};
enum ak_consistency_request_field {
    AK_CONSISTENCY_REQUEST_FROM,
    AK_CONSISTENCY_REQUEST_TO,
};
extern const struct ak_msg ak_consistency_request_msg;

struct ak_msg_consistency_reply {
    uint32_t present;
    uint64_t from;
    uint64_t to;
    struct ak_span proof;
};
enum ak_consistency_reply_field {
    AK_CONSISTENCY_REPLY_FROM,
    AK_CONSISTENCY_REPLY_TO,
    AK_CONSISTENCY_REPLY_PROOF,
};
extern const struct ak_msg ak_consistency_reply_msg;

#endif
