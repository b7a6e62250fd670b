/* The vault: credentials, services, epochs. A value travels sealed (HPKE), so a message holds ciphertext
 * only. Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_VAULT_H
#define AK_CORE_WIRE_MSG_VAULT_H

#include "core/vault/limits.h"
#include "core/wire/field.h"

enum {
    AK_WIRE_SEALED_MIN = AK_HPKE_TAG_LEN, /* a value of no bytes */
    AK_WIRE_SEALED_MAX = AK_LIMIT_VALUE + AK_HPKE_TAG_LEN,
    AK_WIRE_CREDENTIAL_PAGE = 100, /* items of one page */
    AK_WIRE_EPOCH_PAGE = 100,
    AK_WIRE_SERVICE_PAGE = 20, /* an item has up to 2 KiB */
};

struct ak_msg_delivery_key_request {
    uint32_t present;
};
extern const struct ak_msg ak_delivery_key_request_msg;

/* The keeper's X25519 public key that values are sealed to. kid: first 8 bytes of its SHA-256, as hex. */
struct ak_msg_delivery_key_reply {
    uint32_t present;
    uint8_t public_key[32];
    struct ak_span kid;
};
enum ak_delivery_key_reply_field {
    AK_DELIVERY_KEY_REPLY_PUBLIC_KEY,
    AK_DELIVERY_KEY_REPLY_KID,
};
extern const struct ak_msg ak_delivery_key_reply_msg;

/* path: of one agent; absent: account-wide. enc and sealed: HPKE to the delivery key. */
struct ak_msg_credential_put_request {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint8_t enc[32];
    struct ak_span sealed;
};
enum ak_credential_put_request_field {
    AK_CREDENTIAL_PUT_REQUEST_SERVICE,
    AK_CREDENTIAL_PUT_REQUEST_PATH,
    AK_CREDENTIAL_PUT_REQUEST_ENC,
    AK_CREDENTIAL_PUT_REQUEST_SEALED,
};
extern const struct ak_msg ak_credential_put_request_msg;

/* What is current now: of put and of rollback. */
struct ak_msg_credential_reply {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint64_t version;
    uint64_t epoch;
    uint8_t blob_id[16];
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_credential_reply_field {
    AK_CREDENTIAL_REPLY_SERVICE,
    AK_CREDENTIAL_REPLY_PATH,
    AK_CREDENTIAL_REPLY_VERSION,
    AK_CREDENTIAL_REPLY_EPOCH,
    AK_CREDENTIAL_REPLY_BLOB_ID,
    AK_CREDENTIAL_REPLY_ENTRY_INDEX,
    AK_CREDENTIAL_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_credential_reply_msg;

/* version: an older one that is kept; absent: the current one. key: X25519, made for this request alone. */
struct ak_msg_credential_read_request {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint64_t version;
    uint8_t key[32];
};
enum ak_credential_read_request_field {
    AK_CREDENTIAL_READ_REQUEST_SERVICE,
    AK_CREDENTIAL_READ_REQUEST_PATH,
    AK_CREDENTIAL_READ_REQUEST_VERSION,
    AK_CREDENTIAL_READ_REQUEST_KEY,
};
extern const struct ak_msg ak_credential_read_request_msg;

/* enc and sealed: HPKE to the request's key. */
struct ak_msg_credential_read_reply {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint64_t version;
    uint64_t epoch;
    uint8_t blob_id[16];
    uint8_t enc[32];
    struct ak_span sealed;
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_credential_read_reply_field {
    AK_CREDENTIAL_READ_REPLY_SERVICE,
    AK_CREDENTIAL_READ_REPLY_PATH,
    AK_CREDENTIAL_READ_REPLY_VERSION,
    AK_CREDENTIAL_READ_REPLY_EPOCH,
    AK_CREDENTIAL_READ_REPLY_BLOB_ID,
    AK_CREDENTIAL_READ_REPLY_ENC,
    AK_CREDENTIAL_READ_REPLY_SEALED,
    AK_CREDENTIAL_READ_REPLY_ENTRY_INDEX,
    AK_CREDENTIAL_READ_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_credential_read_reply_msg;

struct ak_msg_credential_delete_request {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
};
enum ak_credential_delete_request_field {
    AK_CREDENTIAL_DELETE_REQUEST_SERVICE,
    AK_CREDENTIAL_DELETE_REQUEST_PATH,
};
extern const struct ak_msg ak_credential_delete_request_msg;

/* after: `next` of the page before. */
struct ak_msg_credential_list_request {
    uint32_t present;
    struct ak_span after;
};
enum ak_credential_list_request_field {
    AK_CREDENTIAL_LIST_REQUEST_AFTER,
};
extern const struct ak_msg ak_credential_list_request_msg;

/* Never a value. size: bytes of the current value. versions: how many are kept, with the current one.
 * last_reader: the path of an agent, or empty: a session. stored: missing, altered or unreadable where the
 * worker's check of its files found the current value so. */
struct ak_msg_credential_item {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint64_t version;
    uint64_t versions;
    uint64_t size;
    uint64_t epoch;
    uint64_t written_at;
    struct ak_span last_reader;
    uint64_t last_read_at;
    struct ak_span stored;
};
enum ak_credential_item_field {
    AK_CREDENTIAL_ITEM_SERVICE,
    AK_CREDENTIAL_ITEM_PATH,
    AK_CREDENTIAL_ITEM_VERSION,
    AK_CREDENTIAL_ITEM_VERSIONS,
    AK_CREDENTIAL_ITEM_SIZE,
    AK_CREDENTIAL_ITEM_EPOCH,
    AK_CREDENTIAL_ITEM_WRITTEN_AT,
    AK_CREDENTIAL_ITEM_LAST_READER,
    AK_CREDENTIAL_ITEM_LAST_READ_AT,
    AK_CREDENTIAL_ITEM_STORED,
};
extern const struct ak_msg ak_credential_item_msg;

/* next: what to give as `after` for the rest. */
struct ak_msg_credential_list_reply {
    uint32_t present;
    struct ak_list credentials; /* of struct ak_msg_credential_item */
    struct ak_span next;
};
enum ak_credential_list_reply_field {
    AK_CREDENTIAL_LIST_REPLY_CREDENTIALS,
    AK_CREDENTIAL_LIST_REPLY_NEXT,
};
extern const struct ak_msg ak_credential_list_reply_msg;

struct ak_msg_credential_rollback_request {
    uint32_t present;
    struct ak_span service;
    struct ak_span path;
    uint64_t version;
};
enum ak_credential_rollback_request_field {
    AK_CREDENTIAL_ROLLBACK_REQUEST_SERVICE,
    AK_CREDENTIAL_ROLLBACK_REQUEST_PATH,
    AK_CREDENTIAL_ROLLBACK_REQUEST_VERSION,
};
extern const struct ak_msg ak_credential_rollback_request_msg;

/* Where a proxy may inject the credential. inject: header, basic, query or sigv4. template: of the header or
 * parameter, with {value} where the credential goes. */
struct ak_msg_service_define_request {
    uint32_t present;
    struct ak_span service;
    struct ak_span hosts;
    struct ak_span methods;
    struct ak_span path_prefixes;
    struct ak_span inject;
    struct ak_span template;
};
enum ak_service_define_request_field {
    AK_SERVICE_DEFINE_REQUEST_SERVICE,
    AK_SERVICE_DEFINE_REQUEST_HOSTS,
    AK_SERVICE_DEFINE_REQUEST_METHODS,
    AK_SERVICE_DEFINE_REQUEST_PATH_PREFIXES,
    AK_SERVICE_DEFINE_REQUEST_INJECT,
    AK_SERVICE_DEFINE_REQUEST_TEMPLATE,
};
extern const struct ak_msg ak_service_define_request_msg;

struct ak_msg_service_show_request {
    uint32_t present;
    struct ak_span service;
};
enum ak_service_show_request_field {
    AK_SERVICE_SHOW_REQUEST_SERVICE,
};
extern const struct ak_msg ak_service_show_request_msg;

struct ak_msg_service_item {
    uint32_t present;
    struct ak_span service;
    struct ak_span hosts;
    struct ak_span methods;
    struct ak_span path_prefixes;
    struct ak_span inject;
    struct ak_span template;
    uint64_t defined_at;
};
enum ak_service_item_field {
    AK_SERVICE_ITEM_SERVICE,
    AK_SERVICE_ITEM_HOSTS,
    AK_SERVICE_ITEM_METHODS,
    AK_SERVICE_ITEM_PATH_PREFIXES,
    AK_SERVICE_ITEM_INJECT,
    AK_SERVICE_ITEM_TEMPLATE,
    AK_SERVICE_ITEM_DEFINED_AT,
};
extern const struct ak_msg ak_service_item_msg;

struct ak_msg_service_list_request {
    uint32_t present;
    struct ak_span after;
};
enum ak_service_list_request_field {
    AK_SERVICE_LIST_REQUEST_AFTER,
};
extern const struct ak_msg ak_service_list_request_msg;

struct ak_msg_service_list_reply {
    uint32_t present;
    struct ak_list services; /* of struct ak_msg_service_item */
    struct ak_span next;
};
enum ak_service_list_reply_field {
    AK_SERVICE_LIST_REPLY_SERVICES,
    AK_SERVICE_LIST_REPLY_NEXT,
};
extern const struct ak_msg ak_service_list_reply_msg;

/* Newest first. before: `next` of the page before. */
struct ak_msg_epoch_list_request {
    uint32_t present;
    uint64_t before;
};
enum ak_epoch_list_request_field {
    AK_EPOCH_LIST_REQUEST_BEFORE,
};
extern const struct ak_msg ak_epoch_list_request_msg;

/* state: live, old or destroyed. blobs: live ones that name it. deadline_at: until when an old one's blobs
 * are moved, or a live one is rotated. erased: whether the slot could really erase. */
struct ak_msg_epoch_item {
    uint32_t present;
    uint64_t epoch;
    struct ak_span state;
    uint64_t blobs;
    uint8_t dek_id[32];
    uint64_t created_at;
    uint64_t rotated_at;
    uint64_t destroyed_at;
    uint64_t deadline_at;
    bool erased;
};
enum ak_epoch_item_field {
    AK_EPOCH_ITEM_EPOCH,
    AK_EPOCH_ITEM_STATE,
    AK_EPOCH_ITEM_BLOBS,
    AK_EPOCH_ITEM_DEK_ID,
    AK_EPOCH_ITEM_CREATED_AT,
    AK_EPOCH_ITEM_ROTATED_AT,
    AK_EPOCH_ITEM_DESTROYED_AT,
    AK_EPOCH_ITEM_DEADLINE_AT,
    AK_EPOCH_ITEM_ERASED,
};
extern const struct ak_msg ak_epoch_item_msg;

struct ak_msg_epoch_list_reply {
    uint32_t present;
    struct ak_list epochs; /* of struct ak_msg_epoch_item */
    uint64_t next;
};
enum ak_epoch_list_reply_field {
    AK_EPOCH_LIST_REPLY_EPOCHS,
    AK_EPOCH_LIST_REPLY_NEXT,
};
extern const struct ak_msg ak_epoch_list_reply_msg;

struct ak_msg_epoch_rotate_request {
    uint32_t present;
};
extern const struct ak_msg ak_epoch_rotate_request_msg;

struct ak_msg_epoch_rotate_reply {
    uint32_t present;
    uint64_t from;
    uint64_t to;
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_epoch_rotate_reply_field {
    AK_EPOCH_ROTATE_REPLY_FROM,
    AK_EPOCH_ROTATE_REPLY_TO,
    AK_EPOCH_ROTATE_REPLY_ENTRY_INDEX,
    AK_EPOCH_ROTATE_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_epoch_rotate_reply_msg;

struct ak_msg_epoch_destroy_request {
    uint32_t present;
    uint64_t epoch;
};
enum ak_epoch_destroy_request_field {
    AK_EPOCH_DESTROY_REQUEST_EPOCH,
};
extern const struct ak_msg ak_epoch_destroy_request_msg;

#endif
