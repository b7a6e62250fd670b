/* An entry as members of a JSON object, for people and for the wire. */
#include "core/ledger/entry_keys.h"

static void put_field(struct ak_json_writer *w, const struct ak_entry *entry, enum ak_entry_field field)
{
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    const uint8_t *at = (const uint8_t *)entry + info->offset;
    ak_json_key(w, info->name);
    if (info->kind == AK_ENTRY_FIXED) {
        /* 20 bytes are an address, the one thing that has 0x on the wire */
        ak_json_put_hex(w, info->max == 20 ? "0x" : "", ak_span(at, info->max));
    } else if (info->kind == AK_ENTRY_BYTES) {
        struct ak_span bytes;
        memcpy(&bytes, at, sizeof bytes);
        ak_json_put_hex(w, "", bytes);
    } else if (info->kind == AK_ENTRY_TEXT) {
        struct ak_span text;
        memcpy(&text, at, sizeof text);
        ak_json_put_string(w, text);
    } else {
        uint64_t value = 0;
        memcpy(&value, at, sizeof value);
        ak_json_put_u64(w, value);
    }
}

static void put_hex(struct ak_json_writer *w, const char *key, const uint8_t *bytes, size_t len)
{
    ak_json_key(w, key);
    ak_json_put_hex(w, "", ak_span(bytes, len));
}

static void put_type(struct ak_json_writer *w, const struct ak_entry *entry)
{
    ak_json_key(w, "type");
    ak_json_put_string(w, ak_span_str(ak_entry_type_name(entry->type)));
    if (!entry->unknown_use) return;
    ak_json_key(w, "type_number");
    ak_json_put_u64(w, entry->type);
}

void ak_entry_put_json(const struct ak_entry *entry, struct ak_json_writer *w)
{
    put_type(w, entry);
    ak_json_key(w, "time_ms");
    ak_json_put_u64(w, entry->time_ms);
    if (entry->has_anchor) {
        put_hex(w, "anchor", entry->anchor, 32);
        ak_json_key(w, "seq");
        ak_json_put_u64(w, entry->seq);
    }
    if (entry->service.len) {
        ak_json_key(w, "actor");
        ak_json_put_string(w, entry->service);
    } else {
        put_hex(w, "actor", entry->actor, 32);
    }
    if (entry->has_request_id) put_hex(w, "request_id", entry->request_id, sizeof entry->request_id);
    for (uint64_t left = entry->present; left; left &= left - 1)
        put_field(w, entry, (enum ak_entry_field)__builtin_ctzll(left));
}
