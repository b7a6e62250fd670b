/* Walks the pairs once: each head is checked to be the shortest, each key to be larger than the one before,
 * each value to be what its key holds. Which keys there were is one word of bits, held against the type's. */
#include "audit/entry.h"

#include "audit/entry_table.h"
#include "base/codec/cbor.h"
#include "base/codec/utf8.h"

enum { MAJOR_UINT = 0, MAJOR_BYTES = 2, MAJOR_TEXT = 3, MAJOR_MAP = 5, PAIRS_MAX = 23, FIELDS_FROM = 12 };

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

struct item {
    unsigned major;
    uint64_t value;       /* the number, or the length */
    const uint8_t *bytes; /* of a string */
};

/* A head that is not the shortest, or reserved, or cut: false. */
static bool take_head(struct cursor *c, unsigned *out_major, uint64_t *out_value)
{
    if (c->at == c->end) return false;
    unsigned first = *c->at++, info = first & 31;
    *out_major = first >> 5;
    *out_value = info;
    if (info < 24) return true;
    if (info > 27) return false;
    size_t len = (size_t)1 << (info - 24);
    if ((size_t)(c->end - c->at) < len) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) value = value << 8 | *c->at++;
    *out_value = value;
    return len == 1 ? value >= 24 : value >> (4 * len) != 0;
}

/* A number or a string. */
static bool take_item(struct cursor *c, struct item *out)
{
    if (!take_head(c, &out->major, &out->value)) return false;
    out->bytes = c->at;
    if (out->major == MAJOR_UINT) return true;
    if (out->major != MAJOR_BYTES && out->major != MAJOR_TEXT) return false;
    if (out->value > (size_t)(c->end - c->at)) return false;
    c->at += out->value;
    return true;
}

static bool text_valid(const struct item *item)
{
    unsigned high = 0;
    for (uint64_t i = 0; i < item->value; i++) high |= item->bytes[i];
    return high < 0x80 || ak_utf8_validate(ak_span(item->bytes, (size_t)item->value)) == AK_OK;
}

static bool item_fits(const struct item *item, const struct ak_audit_field *field)
{
    if (item->value < field->min || item->value > field->max) return false;
    switch (field->form) {
    case AK_AUDIT_FORM_UINT: return item->major == MAJOR_UINT;
    case AK_AUDIT_FORM_BYTES: return item->major == MAJOR_BYTES;
    case AK_AUDIT_FORM_TEXT: return item->major == MAJOR_TEXT && text_valid(item);
    case AK_AUDIT_FORM_ACTOR:
        if (item->major == MAJOR_BYTES) return item->value == 32;
        return item->major == MAJOR_TEXT && text_valid(item);
    case AK_AUDIT_FORM_NONE: break;
    }
    return false;
}

static void keep(struct ak_audit_entry *entry, uint64_t key, const struct item *item)
{
    switch (key) {
    case 1:
        entry->type = (uint8_t)item->value;
        entry->known = ak_audit_types[entry->type].name != NULL;
        break;
    case 2: entry->time_ms = item->value; break;
    case 3: entry->anchor = item->bytes; break;
    case 6: entry->seq = item->value; break;
    case 7: entry->prev = item->bytes; break;
    case 24: entry->log_id = item->bytes; break;
    default: break;
    }
}

/* A value that nobody here knows: whatever the encoding rules allow. */
static bool skip_value(struct cursor *c)
{
    struct ak_reader reader = ak_reader(ak_span(c->at, (size_t)(c->end - c->at)));
    struct ak_span value = ak_cbor_skip(&reader);
    c->at += value.len;
    return !reader.failed;
}

static bool take_pair(struct cursor *c, struct ak_audit_entry *entry, uint64_t key)
{
    struct item item;
    /* Key 1 has been read where the type is asked for: keys ascend, and its presence is checked at the end.
     */
    if (key >= FIELDS_FROM && !entry->known) return skip_value(c);
    if (key >= AK_AUDIT_KEYS || !take_item(c, &item) || !item_fits(&item, &ak_audit_fields[key]))
        return false;
    keep(entry, key, &item);
    return true;
}

/* All pairs; `out_keys` are the known keys among them. */
static bool take_pairs(struct cursor *c, struct ak_audit_entry *entry, ak_audit_keys *out_keys)
{
    unsigned major = 0;
    uint64_t pairs = 0, key = 0, before = 0;
    *out_keys = 0;
    if (!take_head(c, &major, &pairs) || major != MAJOR_MAP || pairs > PAIRS_MAX) return false;
    for (uint64_t i = 0; i < pairs; before = key, i++) {
        if (!take_head(c, &major, &key) || major != MAJOR_UINT) return false;
        if (i > 0 && key <= before) return false;
        if (!take_pair(c, entry, key)) return false;
        if (key < AK_AUDIT_KEYS) *out_keys |= AK_AUDIT_KEY(key);
    }
    return c->at == c->end;
}

/* What binds keys of an unknown type: the common ones. */
static struct ak_audit_type unknown_type(uint8_t type, ak_audit_keys keys)
{
    struct ak_audit_type rule = {
        "unknown", AK_AUDIT_HEAD, AK_AUDIT_KEY(8) | ~(AK_AUDIT_KEY(FIELDS_FROM) - 1)};
    if (keys & AK_AUDIT_CHAIN) rule.required |= AK_AUDIT_CHAIN;
    if (type < AK_AUDIT_TYPE_USE_FIRST) {
        rule.required |= AK_AUDIT_KEY(9);
        rule.optional |= AK_AUDIT_KEY(10) | AK_AUDIT_KEY(11);
    }
    return rule;
}

static bool keys_fit(const struct ak_audit_entry *entry, ak_audit_keys keys)
{
    struct ak_audit_type rule = ak_audit_types[entry->type];
    if (!entry->known) rule = unknown_type(entry->type, keys);
    if ((keys & rule.required) != rule.required || (keys & ~(rule.required | rule.optional)) != 0)
        return false;
    return !(keys & AK_AUDIT_KEY(10)) == !(keys & AK_AUDIT_KEY(11));
}

/* 32 zero bytes exactly at number 1. */
static bool prev_fits(const struct ak_audit_entry *entry)
{
    static const uint8_t zero[32];
    return !entry->anchor || (entry->seq == 1) == (memcmp(entry->prev, zero, sizeof zero) == 0);
}

enum ak_err ak_audit_entry_parse(struct ak_span bytes, struct ak_audit_entry *out_entry)
{
    ak_audit_keys keys = 0;
    memset(out_entry, 0, sizeof *out_entry);
    if (bytes.len > AK_AUDIT_ENTRY_MAX) return AK_E_LIMIT;
    struct cursor c = {bytes.ptr, bytes.ptr + bytes.len};
    if (take_pairs(&c, out_entry, &keys) && keys_fit(out_entry, keys) && prev_fits(out_entry)) return AK_OK;
    memset(out_entry, 0, sizeof *out_entry);
    return AK_E_FORMAT;
}
