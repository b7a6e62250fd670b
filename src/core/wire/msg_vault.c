/* Tables of the messages in msg_vault.h. */
#include "core/wire/msg_vault.h"

/* The rows that many of them share. */
#define SERVICE(tag)         AK_FIELD(tag, service, "service", AK_KIND_TEXT, AK_MSG_PATH, 1, AK_LIMIT_SERVICE)
#define SERVICE_IN_BODY(tag) AK_FIELD(tag, service, "service", AK_KIND_TEXT, 0, 1, AK_LIMIT_SERVICE)
#define PATH(tag, flags)                                                                                     \
    AK_FIELD_BAD(tag, path, "path", AK_KIND_TEXT, AK_MSG_OPTIONAL | (flags), 2, 76, AK_CODE_INVALID_PATH)
#define NUMBER(tag, member, flags, min) AK_FIELD(tag, member, #member, AK_KIND_U64, flags, min, UINT64_MAX)
#define EPOCH(tag, member, min)         AK_FIELD(tag, member, #member, AK_KIND_U64, 0, min, AK_LIMIT_EPOCH)
#define ENTRY(tag)                                                                                           \
    AK_FIELD(tag, entry_index, "entry.index", AK_KIND_U64, 0, 0, UINT64_MAX),                                \
        AK_FIELD(tag, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, 0, 0, 32)
#define SEALED(tag)                                                                                          \
    AK_FIELD(tag, enc, "enc", AK_KIND_PRINT, 0, 0, 32),                                                      \
        AK_FIELD(tag, sealed, "sealed", AK_KIND_B64, 0, AK_WIRE_SEALED_MIN, AK_WIRE_SEALED_MAX)
/* A service's definition; the engine bounds the sum. */
#define DEFINITION(tag)                                                                                      \
    AK_FIELD(tag, hosts, "hosts", AK_KIND_TEXTS, 0, 1, 1024),                                                \
        AK_FIELD(tag, methods, "methods", AK_KIND_TEXTS, 0, 1, 1024),                                        \
        AK_FIELD(tag, path_prefixes, "path_prefixes", AK_KIND_TEXTS, 0, 1, 1024),                            \
        AK_FIELD(tag, inject, "inject", AK_KIND_TEXT, 0, 1, 16),                                             \
        AK_FIELD(tag, template, "template", AK_KIND_TEXT, 0, 0, 1024)

const struct ak_msg ak_delivery_key_request_msg = {
    .name = "delivery_key_request", .size = sizeof(struct ak_msg_delivery_key_request)};

static const struct ak_field delivery_key_reply_fields[] = {
    AK_FIELD(ak_msg_delivery_key_reply, public_key, "public_key", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_delivery_key_reply, kid, "kid", AK_KIND_TEXT, 0, 1, 64),
};
const struct ak_msg ak_delivery_key_reply_msg =
    AK_MSG("delivery_key_reply", ak_msg_delivery_key_reply, delivery_key_reply_fields);

static const struct ak_field put_request_fields[] = {
    SERVICE(ak_msg_credential_put_request),
    PATH(ak_msg_credential_put_request, AK_MSG_QUERY),
    SEALED(ak_msg_credential_put_request),
};
const struct ak_msg ak_credential_put_request_msg =
    AK_MSG("credential_put_request", ak_msg_credential_put_request, put_request_fields);

static const struct ak_field credential_reply_fields[] = {
    SERVICE_IN_BODY(ak_msg_credential_reply),
    PATH(ak_msg_credential_reply, 0),
    NUMBER(ak_msg_credential_reply, version, 0, 1),
    EPOCH(ak_msg_credential_reply, epoch, 1),
    AK_FIELD(ak_msg_credential_reply, blob_id, "blob_id", AK_KIND_FIXED, 0, 0, 16),
    ENTRY(ak_msg_credential_reply),
};
const struct ak_msg ak_credential_reply_msg =
    AK_MSG("credential_reply", ak_msg_credential_reply, credential_reply_fields);

static const struct ak_field read_request_fields[] = {
    SERVICE(ak_msg_credential_read_request),
    PATH(ak_msg_credential_read_request, AK_MSG_QUERY),
    NUMBER(ak_msg_credential_read_request, version, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1),
    AK_FIELD(ak_msg_credential_read_request, key, "key", AK_KIND_PRINT, AK_MSG_QUERY, 0, 32),
};
const struct ak_msg ak_credential_read_request_msg =
    AK_MSG("credential_read_request", ak_msg_credential_read_request, read_request_fields);

static const struct ak_field read_reply_fields[] = {
    SERVICE_IN_BODY(ak_msg_credential_read_reply),
    PATH(ak_msg_credential_read_reply, 0),
    NUMBER(ak_msg_credential_read_reply, version, 0, 1),
    EPOCH(ak_msg_credential_read_reply, epoch, 1),
    AK_FIELD(ak_msg_credential_read_reply, blob_id, "blob_id", AK_KIND_FIXED, 0, 0, 16),
    SEALED(ak_msg_credential_read_reply),
    ENTRY(ak_msg_credential_read_reply),
};
const struct ak_msg ak_credential_read_reply_msg =
    AK_MSG("credential_read_reply", ak_msg_credential_read_reply, read_reply_fields);

static const struct ak_field delete_request_fields[] = {
    SERVICE(ak_msg_credential_delete_request),
    PATH(ak_msg_credential_delete_request, AK_MSG_QUERY),
};
const struct ak_msg ak_credential_delete_request_msg =
    AK_MSG("credential_delete_request", ak_msg_credential_delete_request, delete_request_fields);

/* A service and a label in one text. */
static const struct ak_field list_request_fields[] = {
    AK_FIELD(
        ak_msg_credential_list_request, after, "after", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1, 140),
};
const struct ak_msg ak_credential_list_request_msg =
    AK_MSG("credential_list_request", ak_msg_credential_list_request, list_request_fields);

static const struct ak_field credential_item_fields[] = {
    SERVICE_IN_BODY(ak_msg_credential_item),
    PATH(ak_msg_credential_item, 0),
    NUMBER(ak_msg_credential_item, version, 0, 1),
    AK_FIELD(ak_msg_credential_item, versions, "versions", AK_KIND_U64, 0, 1, AK_VAULT_VERSIONS),
    AK_FIELD(ak_msg_credential_item, size, "size", AK_KIND_U64, 0, 0, AK_LIMIT_VALUE),
    EPOCH(ak_msg_credential_item, epoch, 1),
    NUMBER(ak_msg_credential_item, written_at, 0, 0),
    AK_FIELD(ak_msg_credential_item, last_reader, "last_reader", AK_KIND_TEXT, AK_MSG_OPTIONAL, 0, 76),
    NUMBER(ak_msg_credential_item, last_read_at, AK_MSG_OPTIONAL, 0),
    AK_FIELD(ak_msg_credential_item, stored, "stored", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 16),
};
const struct ak_msg ak_credential_item_msg =
    AK_MSG("credential_item", ak_msg_credential_item, credential_item_fields);

static const struct ak_field list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_credential_list_reply, credentials, "credentials", &ak_credential_item_msg),
    AK_FIELD(ak_msg_credential_list_reply, next, "next", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 140),
};
const struct ak_msg ak_credential_list_reply_msg =
    AK_MSG("credential_list_reply", ak_msg_credential_list_reply, list_reply_fields);

static const struct ak_field rollback_request_fields[] = {
    SERVICE(ak_msg_credential_rollback_request),
    PATH(ak_msg_credential_rollback_request, AK_MSG_QUERY),
    NUMBER(ak_msg_credential_rollback_request, version, 0, 1),
};
const struct ak_msg ak_credential_rollback_request_msg =
    AK_MSG("credential_rollback_request", ak_msg_credential_rollback_request, rollback_request_fields);

static const struct ak_field define_request_fields[] = {
    SERVICE(ak_msg_service_define_request),
    DEFINITION(ak_msg_service_define_request),
};
const struct ak_msg ak_service_define_request_msg =
    AK_MSG("service_define_request", ak_msg_service_define_request, define_request_fields);

static const struct ak_field show_request_fields[] = {
    SERVICE(ak_msg_service_show_request),
};
const struct ak_msg ak_service_show_request_msg =
    AK_MSG("service_show_request", ak_msg_service_show_request, show_request_fields);

static const struct ak_field service_item_fields[] = {
    SERVICE_IN_BODY(ak_msg_service_item),
    DEFINITION(ak_msg_service_item),
    NUMBER(ak_msg_service_item, defined_at, 0, 0),
};
const struct ak_msg ak_service_item_msg = AK_MSG("service_item", ak_msg_service_item, service_item_fields);

static const struct ak_field service_list_request_fields[] = {
    AK_FIELD(ak_msg_service_list_request, after, "after", AK_KIND_TEXT, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1,
        AK_LIMIT_SERVICE),
};
const struct ak_msg ak_service_list_request_msg =
    AK_MSG("service_list_request", ak_msg_service_list_request, service_list_request_fields);

static const struct ak_field service_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_service_list_reply, services, "services", &ak_service_item_msg),
    AK_FIELD(ak_msg_service_list_reply, next, "next", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, AK_LIMIT_SERVICE),
};
const struct ak_msg ak_service_list_reply_msg =
    AK_MSG("service_list_reply", ak_msg_service_list_reply, service_list_reply_fields);

static const struct ak_field epoch_list_request_fields[] = {
    AK_FIELD(ak_msg_epoch_list_request, before, "before", AK_KIND_U64, AK_MSG_OPTIONAL | AK_MSG_QUERY, 1,
        AK_LIMIT_EPOCH),
};
const struct ak_msg ak_epoch_list_request_msg =
    AK_MSG("epoch_list_request", ak_msg_epoch_list_request, epoch_list_request_fields);

static const struct ak_field epoch_item_fields[] = {
    EPOCH(ak_msg_epoch_item, epoch, 1),
    AK_FIELD(ak_msg_epoch_item, state, "state", AK_KIND_TEXT, 0, 1, 16),
    NUMBER(ak_msg_epoch_item, blobs, 0, 0),
    AK_FIELD(ak_msg_epoch_item, dek_id, "dek_id", AK_KIND_FIXED, 0, 0, 32),
    NUMBER(ak_msg_epoch_item, created_at, 0, 0),
    NUMBER(ak_msg_epoch_item, rotated_at, AK_MSG_OPTIONAL, 0),
    NUMBER(ak_msg_epoch_item, destroyed_at, AK_MSG_OPTIONAL, 0),
    NUMBER(ak_msg_epoch_item, deadline_at, AK_MSG_OPTIONAL, 0),
    AK_FIELD(ak_msg_epoch_item, erased, "erased", AK_KIND_BOOL, AK_MSG_OPTIONAL, 0, 1),
};
const struct ak_msg ak_epoch_item_msg = AK_MSG("epoch_item", ak_msg_epoch_item, epoch_item_fields);

static const struct ak_field epoch_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_epoch_list_reply, epochs, "epochs", &ak_epoch_item_msg),
    AK_FIELD(ak_msg_epoch_list_reply, next, "next", AK_KIND_U64, AK_MSG_OPTIONAL, 1, AK_LIMIT_EPOCH),
};
const struct ak_msg ak_epoch_list_reply_msg =
    AK_MSG("epoch_list_reply", ak_msg_epoch_list_reply, epoch_list_reply_fields);

const struct ak_msg ak_epoch_rotate_request_msg = {
    .name = "epoch_rotate_request", .size = sizeof(struct ak_msg_epoch_rotate_request)};

static const struct ak_field epoch_rotate_reply_fields[] = {
    EPOCH(ak_msg_epoch_rotate_reply, from, 0),
    EPOCH(ak_msg_epoch_rotate_reply, to, 1),
    ENTRY(ak_msg_epoch_rotate_reply),
};
const struct ak_msg ak_epoch_rotate_reply_msg =
    AK_MSG("epoch_rotate_reply", ak_msg_epoch_rotate_reply, epoch_rotate_reply_fields);

static const struct ak_field epoch_destroy_request_fields[] = {
    EPOCH(ak_msg_epoch_destroy_request, epoch, 1),
};
const struct ak_msg ak_epoch_destroy_request_msg =
    AK_MSG("epoch_destroy_request", ak_msg_epoch_destroy_request, epoch_destroy_request_fields);
