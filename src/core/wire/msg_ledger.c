/* Tables of the messages in msg_ledger.h. */
#include "core/wire/msg_ledger.h"

#include "base/limits.h"

static const struct ak_field audit_request_fields[] = {
    AK_FIELD(
        ak_msg_audit_request, since, "since", AK_KIND_U64, AK_MSG_OPTIONAL | AK_MSG_QUERY, 0, UINT64_MAX),
    AK_FIELD(ak_msg_audit_request, type, "type", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, 32),
    AK_FIELD_BAD(ak_msg_audit_request, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 2, 76,
        AK_CODE_INVALID_PATH),
    AK_FIELD(ak_msg_audit_request, limit, "limit", AK_KIND_U64, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, 1000),
    AK_FIELD(ak_msg_audit_request, proofs, "proofs", AK_KIND_BOOL, AK_MSG_OPTIONAL | AK_MSG_QUERY, 0, 1),
};
const struct ak_msg ak_audit_request_msg =
    AK_MSG("audit_request", ak_msg_audit_request, audit_request_fields);

static const struct ak_field audit_item_fields[] = {
    AK_FIELD(ak_msg_audit_item, index, "index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_audit_item, type, "type", AK_KIND_TEXT, 0, 1, 32),
    AK_FIELD(ak_msg_audit_item, leaf_hash, "leaf_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_audit_item, entry, "entry", AK_KIND_HEX, 0, 1, AK_LIMIT_ENTRY),
    AK_FIELD(ak_msg_audit_item, proof, "proof", AK_KIND_TEXTS, AK_MSG_OPTIONAL, 0, 8192),
};
const struct ak_msg ak_audit_item_msg = AK_MSG("audit_item", ak_msg_audit_item, audit_item_fields);

static const struct ak_field audit_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_audit_reply, entries, "entries", &ak_audit_item_msg),
    AK_FIELD(ak_msg_audit_reply, next, "next", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_audit_reply, size, "size", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_audit_reply, checkpoint, "checkpoint", AK_KIND_LINES, AK_MSG_OPTIONAL, 1, 4096),
    AK_FIELD(ak_msg_audit_reply, key, "key", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
    AK_FIELD(ak_msg_audit_reply, archived, "archived", AK_KIND_U64, AK_MSG_OPTIONAL, 0, UINT64_MAX),
};
const struct ak_msg ak_audit_reply_msg = AK_MSG("audit_reply", ak_msg_audit_reply, audit_reply_fields);

const struct ak_msg ak_checkpoint_request_msg = {
    .name = "checkpoint_request", .size = sizeof(struct ak_msg_checkpoint_request)};

static const struct ak_field checkpoint_reply_fields[] = {
    AK_FIELD(ak_msg_checkpoint_reply, checkpoint, "checkpoint", AK_KIND_LINES, 0, 1, 4096),
    AK_FIELD(ak_msg_checkpoint_reply, size, "size", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_checkpoint_reply, root_hash, "root_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_checkpoint_reply, key, "key", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_checkpoint_reply_msg =
    AK_MSG("checkpoint_reply", ak_msg_checkpoint_reply, checkpoint_reply_fields);

static const struct ak_field inclusion_request_fields[] = {
    AK_FIELD(ak_msg_inclusion_request, index, "index", AK_KIND_U64, AK_MSG_QUERY, 0, UINT64_MAX),
    AK_FIELD(
        ak_msg_inclusion_request, size, "size", AK_KIND_U64, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, UINT64_MAX),
};
const struct ak_msg ak_inclusion_request_msg =
    AK_MSG("inclusion_request", ak_msg_inclusion_request, inclusion_request_fields);

static const struct ak_field inclusion_reply_fields[] = {
    AK_FIELD(ak_msg_inclusion_reply, index, "index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_inclusion_reply, size, "size", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_inclusion_reply, leaf_hash, "leaf_hash", AK_KIND_FIXED, 0, 0, 32),
    AK_FIELD(ak_msg_inclusion_reply, proof, "proof", AK_KIND_TEXTS, 0, 0, 8192),
};
const struct ak_msg ak_inclusion_reply_msg =
    AK_MSG("inclusion_reply", ak_msg_inclusion_reply, inclusion_reply_fields);

static const struct ak_field consistency_request_fields[] = {
    AK_FIELD(ak_msg_consistency_request, from, "from", AK_KIND_U64, AK_MSG_QUERY, 1, UINT64_MAX),
    AK_FIELD(
        ak_msg_consistency_request, to, "to", AK_KIND_U64, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, UINT64_MAX),
};
const struct ak_msg ak_consistency_request_msg =
    AK_MSG("consistency_request", ak_msg_consistency_request, consistency_request_fields);

static const struct ak_field consistency_reply_fields[] = {
    AK_FIELD(ak_msg_consistency_reply, from, "from", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_consistency_reply, to, "to", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_consistency_reply, proof, "proof", AK_KIND_TEXTS, 0, 0, 8192),
};
const struct ak_msg ak_consistency_reply_msg =
    AK_MSG("consistency_reply", ak_msg_consistency_reply, consistency_reply_fields);
