/* Bytes to entry: takes exactly what the encoder writes; of use types it does not know, the common part. */
#include "core/ledger/entry_keys.h"

#include "base/codec/cbor.h"

/* Common keys that were read, as bits. */
#define K(key)        (UINT32_C(1) << (key))
#define K_ALWAYS      (K(AK_KEY_VERSION) | K(AK_KEY_TYPE) | K(AK_KEY_TIME) | K(AK_KEY_ACTOR) | K(AK_KEY_RANDOM))
#define K_ACCOUNT     (K(AK_KEY_ANCHOR) | K(AK_KEY_SEQ) | K(AK_KEY_PREV_LEAF))
#define K_IDEMPOTENCY (K(AK_KEY_IDEMPOTENCY_HASH) | K(AK_KEY_IDEMPOTENCY_CALL))

static void read_actor(struct ak_reader *reader, struct ak_entry *entry)
{
    if (ak_cbor_peek(reader) != AK_CBOR_TEXT) {
        ak_cbor_bytes_fixed(reader, entry->actor, sizeof entry->actor);
        return;
    }
    entry->service = ak_cbor_text(reader);
    if (entry->service.len == 0) reader->failed = true;
}

/* A common key from 2 to 11. */
static void read_common(struct ak_reader *reader, uint64_t key, struct ak_entry *entry)
{
    switch ((enum ak_entry_key)key) {
    case AK_KEY_TIME: entry->time_ms = ak_cbor_uint(reader); break;
    case AK_KEY_ANCHOR: ak_cbor_bytes_fixed(reader, entry->anchor, 32); break;
    case AK_KEY_ACTOR: read_actor(reader, entry); break;
    case AK_KEY_RANDOM: ak_cbor_bytes_fixed(reader, entry->random, sizeof entry->random); break;
    case AK_KEY_SEQ: entry->seq = ak_cbor_uint(reader); break;
    case AK_KEY_PREV_LEAF: ak_cbor_bytes_fixed(reader, entry->prev_leaf, 32); break;
    case AK_KEY_REQUEST_ID: ak_cbor_bytes_fixed(reader, entry->request_id, sizeof entry->request_id); break;
    case AK_KEY_MAC: ak_cbor_bytes_fixed(reader, entry->mac, 32); break;
    case AK_KEY_IDEMPOTENCY_HASH: ak_cbor_bytes_fixed(reader, entry->idempotency_hash, 32); break;
    case AK_KEY_IDEMPOTENCY_CALL: entry->idempotency_call = ak_cbor_text(reader); break;
    case AK_KEY_VERSION:
    case AK_KEY_TYPE:
    case AK_KEY_FIELDS:
    default: reader->failed = true;
    }
}

static void read_field(struct ak_reader *reader, enum ak_entry_field field, struct ak_entry *entry)
{
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    uint8_t *at = (uint8_t *)entry + info->offset;
    if (info->kind == AK_ENTRY_FIXED) {
        ak_cbor_bytes_fixed(reader, at, info->max);
    } else if (info->kind == AK_ENTRY_BYTES) {
        struct ak_span bytes = ak_cbor_bytes(reader);
        memcpy(at, &bytes, sizeof bytes);
    } else if (info->kind == AK_ENTRY_TEXT) {
        struct ak_span text = ak_cbor_text(reader);
        memcpy(at, &text, sizeof text);
    } else {
        uint64_t value = ak_cbor_uint(reader);
        memcpy(at, &value, sizeof value);
    }
    ak_entry_mark(entry, field);
    if (!reader->failed && ak_entry_check_field(entry, field) != AK_OK) reader->failed = true;
}

/* One pair after version and type; `info` is NULL for an unknown use type. */
static void read_pair(struct ak_reader *reader, uint64_t key, const struct ak_entry_type_info *info,
    struct ak_entry *entry, uint32_t *keys)
{
    if (key <= AK_KEY_IDEMPOTENCY_CALL) {
        *keys |= K(key);
        read_common(reader, key, entry);
    } else if (!info) {
        (void)ak_cbor_skip(reader);
    } else if (key < AK_KEY_FIELDS || key >= AK_KEY_FIELDS + AK_F_COUNT_) {
        reader->failed = true;
    } else if (!((info->required | info->optional) & AK_F_BIT(key - AK_KEY_FIELDS))) {
        reader->failed = true;
    } else {
        read_field(reader, (enum ak_entry_field)(key - AK_KEY_FIELDS), entry);
    }
}

/* Which common keys there must be, and what follows from those that are. */
static enum ak_err settle(struct ak_entry *entry, const struct ak_entry_type_info *info, uint32_t keys)
{
    uint32_t account = keys & K_ACCOUNT;
    uint32_t idempotency = keys & K_IDEMPOTENCY;
    if ((keys & K_ALWAYS) != K_ALWAYS) return AK_E_FORMAT;
    if (account != 0 && account != K_ACCOUNT) return AK_E_FORMAT;
    if (idempotency != 0 && idempotency != K_IDEMPOTENCY) return AK_E_FORMAT;
    if (((keys & K(AK_KEY_MAC)) != 0) != ak_entry_is_control(entry->type)) return AK_E_FORMAT;
    entry->has_anchor = account != 0;
    entry->has_request_id = (keys & K(AK_KEY_REQUEST_ID)) != 0;
    entry->has_idempotency = idempotency != 0;
    if (info) {
        if (entry->has_anchor != info->account) return AK_E_FORMAT;
        if ((entry->present & info->required) != info->required) return AK_E_FORMAT;
    }
    return ak_entry_check_common(entry);
}

/* Version and type, always the first two pairs. */
static enum ak_err read_type(
    struct ak_reader *reader, struct ak_entry *entry, const struct ak_entry_type_info **out_info)
{
    *out_info = NULL;
    if (ak_cbor_uint(reader) != AK_KEY_VERSION || reader->failed) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(reader);
    if (!reader->failed && version != AK_ENTRY_VERSION) return AK_E_UNSUPPORTED;
    if (ak_cbor_uint(reader) != AK_KEY_TYPE) return AK_E_FORMAT;
    uint64_t type = ak_cbor_uint(reader);
    if (reader->failed || type == 0 || type >= AK_ENTRY_USE_END) return AK_E_FORMAT;
    entry->type = (enum ak_entry_type)type;
    *out_info = ak_entry_type_info(type);
    if (*out_info) return AK_OK;
    if (ak_entry_is_control(entry->type)) return AK_E_UNSUPPORTED;
    entry->unknown_use = true;
    return AK_OK;
}

static enum ak_err decode(struct ak_span bytes, struct ak_entry *entry)
{
    if (bytes.len > AK_LIMIT_ENTRY) return AK_E_LIMIT;
    struct ak_reader reader = ak_reader(bytes);
    const struct ak_entry_type_info *info = NULL;
    uint32_t keys = K(AK_KEY_VERSION) | K(AK_KEY_TYPE);
    uint64_t last = AK_KEY_TYPE;
    uint64_t pairs = ak_cbor_map(&reader);
    if (reader.failed || pairs < 2 || pairs > AK_ENTRY_PAIRS_MAX) return AK_E_FORMAT;
    AK_TRY(read_type(&reader, entry, &info));
    for (uint64_t i = 2; i < pairs; i++) {
        uint64_t key = ak_cbor_uint(&reader);
        if (reader.failed || key <= last) return AK_E_FORMAT;
        last = key;
        read_pair(&reader, key, info, entry, &keys);
    }
    AK_TRY(ak_reader_finish(&reader));
    return settle(entry, info, keys);
}

enum ak_err ak_entry_decode(struct ak_span bytes, struct ak_entry *out_entry)
{
    *out_entry = (struct ak_entry){0};
    enum ak_err err = decode(bytes, out_entry);
    if (err != AK_OK) *out_entry = (struct ak_entry){0};
    return err;
}
