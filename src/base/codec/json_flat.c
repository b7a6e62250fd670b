/* The strict recogniser in front of the JSON parser: one flat object of plain strings and integers, read in
 * one pass without memory of its own. It only says yes where the parser would, and leaves all else to it. */
#include "base/codec/json.h"

enum { MAX_DIGITS = 18 /* every such number fits into int64 */ };

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static inline void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t')) c->at++;
}

/* Steps over `byte`, if it is there, and the white space after it. */
static inline bool take(struct cursor *c, uint8_t byte)
{
    if (c->at == c->end || *c->at != byte) return false;
    c->at++;
    skip_space(c);
    return true;
}

/* Eight bytes at once: true where all are 0x20 to 0x7e but neither a quote nor a backslash. The high bit of a
 * byte in each term says no; borrows and carries can only add a no, and the bytewise loop then decides. */
static inline bool all_plain(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
    uint64_t quote = word ^ ones * '"';
    uint64_t escape = word ^ ones * '\\';
    uint64_t no = word | (word - ones * 0x20) | (word + ones) | (quote - ones) | (escape - ones);
    return (no & ones * 0x80) == 0;
}

static inline bool is_plain(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

static bool take_string(struct cursor *c, struct ak_span *out_text)
{
    if (c->at == c->end || *c->at != '"') return false;
    const uint8_t *start = ++c->at;
    while (c->end - c->at >= 8 && all_plain(c->at)) c->at += 8;
    while (c->at < c->end && is_plain(*c->at)) c->at++;
    *out_text = ak_span(start, (size_t)(c->at - start));
    return take(c, '"');
}

static bool take_number(struct cursor *c, struct ak_span *out_digits)
{
    const uint8_t *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    *out_digits = ak_span(start, (size_t)(c->at - start));
    skip_space(c);
    return out_digits->len >= 1 && out_digits->len <= MAX_DIGITS && (out_digits->len == 1 || *start != '0');
}

static bool take_member(struct cursor *c, struct ak_json_flat_member *out_member)
{
    if (!take_string(c, &out_member->key) || !take(c, ':')) return false;
    out_member->is_string = c->at < c->end && *c->at == '"';
    return out_member->is_string ? take_string(c, &out_member->value) : take_number(c, &out_member->value);
}

static bool key_is_new(const struct ak_json_flat_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ak_span_eq(members[i].key, members[count].key)) return false;
    return true;
}

enum ak_err ak_json_flat(
    struct ak_span text, struct ak_json_flat_member *out_members, size_t cap, size_t *out_count)
{
    *out_count = 0;
    if (text.len == 0) return AK_E_UNSUPPORTED;
    struct cursor c = {text.ptr, text.ptr + text.len};
    skip_space(&c);
    if (!take(&c, '{')) return AK_E_UNSUPPORTED;
    size_t count = 0;
    bool more = !take(&c, '}');
    while (more) {
        if (count == cap || !take_member(&c, &out_members[count]) || !key_is_new(out_members, count))
            return AK_E_UNSUPPORTED;
        count++;
        more = take(&c, ',');
        if (!more && !take(&c, '}')) return AK_E_UNSUPPORTED;
    }
    if (c.at != c.end) return AK_E_UNSUPPORTED;
    *out_count = count;
    return AK_OK;
}
