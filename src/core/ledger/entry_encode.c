/* Entry to bytes: keys in ascending order, which is CBOR's deterministic order for small unsigned keys. */
#include "core/ledger/entry_keys.h"

#include "base/codec/cbor.h"
#include "base/ct.h"
#include "core/ledger/merkle.h"

static enum ak_err check_fields(
    const struct ak_entry *entry, const struct ak_entry_type_info *info, uint64_t *out_fields)
{
    if (entry->present & ~(info->required | info->optional)) return AK_E_ARG;
    uint64_t there = info->required | entry->present;
    *out_fields = there;
    for (; there; there &= there - 1)
        if (ak_entry_check_field(entry, (enum ak_entry_field)__builtin_ctzll(there)) != AK_OK)
            return AK_E_ARG;
    return AK_OK;
}

static uint64_t count_pairs(const struct ak_entry *entry, uint64_t fields)
{
    uint64_t pairs = 5; /* version, type, time, actor, random */
    if (entry->has_anchor) pairs += 3;
    if (entry->has_request_id) pairs += 1;
    if (ak_entry_is_control(entry->type)) pairs += 1;
    if (entry->has_idempotency) pairs += 2;
    return pairs + (uint64_t)__builtin_popcountll(fields);
}

static void put_bytes(struct ak_buf *buf, uint64_t key, const uint8_t *bytes, size_t len)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_bytes(buf, ak_span(bytes, len));
}

static void put_text(struct ak_buf *buf, uint64_t key, struct ak_span text)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_text(buf, text);
}

static void put_uint(struct ak_buf *buf, uint64_t key, uint64_t value)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_uint(buf, value);
}

/* Keys 0 to 8. */
static void put_common(struct ak_buf *buf, const struct ak_entry *entry)
{
    put_uint(buf, AK_KEY_VERSION, AK_ENTRY_VERSION);
    put_uint(buf, AK_KEY_TYPE, entry->type);
    put_uint(buf, AK_KEY_TIME, entry->time_ms);
    if (entry->has_anchor) put_bytes(buf, AK_KEY_ANCHOR, entry->anchor, 32);
    if (entry->service.len)
        put_text(buf, AK_KEY_ACTOR, entry->service);
    else
        put_bytes(buf, AK_KEY_ACTOR, entry->actor, 32);
    put_bytes(buf, AK_KEY_RANDOM, entry->random, sizeof entry->random);
    if (entry->has_anchor) {
        put_uint(buf, AK_KEY_SEQ, entry->seq);
        put_bytes(buf, AK_KEY_PREV_LEAF, entry->prev_leaf, 32);
    }
    if (entry->has_request_id) put_bytes(buf, AK_KEY_REQUEST_ID, entry->request_id, sizeof entry->request_id);
}

static void put_field(struct ak_buf *buf, const struct ak_entry *entry, enum ak_entry_field field)
{
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    const uint8_t *at = (const uint8_t *)entry + info->offset;
    uint64_t key = AK_KEY_FIELDS + (uint64_t)field;
    if (info->kind == AK_ENTRY_FIXED) {
        put_bytes(buf, key, at, info->max);
    } else if (info->kind == AK_ENTRY_TEXT) {
        struct ak_span text;
        memcpy(&text, at, sizeof text);
        put_text(buf, key, text);
    } else if (info->kind == AK_ENTRY_BYTES) {
        struct ak_span bytes;
        memcpy(&bytes, at, sizeof bytes);
        put_bytes(buf, key, bytes.ptr, bytes.len);
    } else {
        uint64_t value = 0;
        memcpy(&value, at, sizeof value);
        put_uint(buf, key, value);
    }
}

/* Keys 10 and up. */
static void put_rest(struct ak_buf *buf, const struct ak_entry *entry, uint64_t fields)
{
    if (entry->has_idempotency) {
        put_bytes(buf, AK_KEY_IDEMPOTENCY_HASH, entry->idempotency_hash, 32);
        put_text(buf, AK_KEY_IDEMPOTENCY_CALL, entry->idempotency_call);
    }
    for (; fields; fields &= fields - 1) put_field(buf, entry, (enum ak_entry_field)__builtin_ctzll(fields));
}

/* HMAC over the entry as it would be without key 9, found at `at`, and the control entry before it. */
static void compute_mac(struct ak_span entry, size_t at, struct ak_hmac_key *mac_key,
    const uint8_t prev_control_leaf[32], uint8_t out_mac[32])
{
    uint8_t head = (uint8_t)(entry.ptr[0] - 1); /* a map of one pair less; never over 23 pairs */
    struct ak_span parts[] = {
        AK_SPAN_LIT(AK_ENTRY_MAC_DOMAIN),
        ak_span(&head, 1),
        ak_span(entry.ptr + 1, at - 1),
        ak_span(entry.ptr + at + AK_ENTRY_MAC_ITEM_LEN, entry.len - at - AK_ENTRY_MAC_ITEM_LEN),
        ak_span(prev_control_leaf, 32),
    };
    ak_hmac_key_mac(mac_key, parts, AK_COUNT(parts), out_mac);
}

enum ak_err ak_entry_encode(const struct ak_entry *entry, struct ak_hmac_key *mac_key,
    const uint8_t *prev_control_leaf, struct ak_buf *buf, uint8_t out_leaf[32])
{
    memset(out_leaf, 0, 32);
    const struct ak_entry_type_info *info = ak_entry_type_info(entry->type);
    bool control = ak_entry_is_control(entry->type);
    uint64_t fields = 0;
    if (!info || entry->unknown_use || entry->has_anchor != info->account) return AK_E_ARG;
    if (control && (!mac_key || !prev_control_leaf)) return AK_E_ARG;
    AK_TRY(check_fields(entry, info, &fields));
    if (ak_entry_check_common(entry) != AK_OK) return AK_E_ARG;

    uint8_t bytes[AK_LIMIT_ENTRY];
    struct ak_buf out = AK_BUF_ARR(bytes);
    ak_cbor_put_map(&out, count_pairs(entry, fields));
    put_common(&out, entry);
    size_t mac_at = out.len;
    if (control) {
        static const uint8_t room[32] = {0};
        put_bytes(&out, AK_KEY_MAC, room, sizeof room);
    }
    put_rest(&out, entry, fields);
    if (ak_buf_check(&out) != AK_OK) return AK_E_LIMIT;
    if (control) {
        uint8_t mac[32];
        compute_mac(ak_buf_span(&out), mac_at, mac_key, prev_control_leaf, mac);
        memcpy(bytes + mac_at + AK_ENTRY_MAC_ITEM_LEN - 32, mac, 32);
    }
    uint8_t *at = ak_buf_grow(buf, out.len);
    if (!at) return AK_E_FULL;
    memcpy(at, bytes, out.len);
    ak_merkle_leaf(ak_buf_span(&out), out_leaf);
    return AK_OK;
}

/* Offset of key 9 in an encoded entry; 0 where there is none. */
static size_t find_mac(struct ak_span bytes)
{
    struct ak_reader reader = ak_reader(bytes);
    uint64_t pairs = ak_cbor_map(&reader);
    for (uint64_t i = 0; i < pairs && !reader.failed; i++) {
        size_t at = bytes.len - reader.len;
        uint64_t key = ak_cbor_uint(&reader);
        struct ak_span item = ak_cbor_skip(&reader);
        if (key != AK_KEY_MAC) continue;
        return item.len == AK_ENTRY_MAC_ITEM_LEN - 1 ? at : 0;
    }
    return 0;
}

enum ak_err ak_entry_mac_check(
    struct ak_span bytes, struct ak_hmac_key *mac_key, const uint8_t prev_control_leaf[32])
{
    size_t at = bytes.len ? find_mac(bytes) : 0;
    if (at == 0) return AK_E_FORMAT;
    if (bytes.ptr[0] < 0xa1 || bytes.ptr[0] > 0xa0 + AK_ENTRY_PAIRS_MAX) return AK_E_FORMAT;
    uint8_t mac[32];
    compute_mac(bytes, at, mac_key, prev_control_leaf, mac);
    struct ak_span found = ak_span(bytes.ptr + at + AK_ENTRY_MAC_ITEM_LEN - 32, 32);
    return ak_ct_eq(AK_SPAN_ARR(mac), found) ? AK_OK : AK_E_AUTH;
}
