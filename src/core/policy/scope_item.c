/* Items of a scope: what each capability may be narrowed by, and how a value looks. */
#include "core/policy/scope_item.h"

#include "base/codec/hex.h"
#include "base/num.h"

static bool is_lower_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool ak_scope_is_service(struct ak_span name)
{
    if (name.len == 0 || name.len > 63 || !is_lower_or_digit(name.ptr[0])) return false;
    for (size_t i = 1; i < name.len; i++) {
        if (!is_lower_or_digit(name.ptr[i]) && name.ptr[i] != '-') return false;
    }
    return true;
}

/* HOST or HOST:PORT, lower case; labels are not looked at more closely, the comparison is exact anyway. */
static bool valid_domain(struct ak_span value)
{
    size_t colon = ak_span_find(value, 0, ':');
    if (colon == 0 || colon > 200) return false;
    for (size_t i = 0; i < colon; i++) {
        if (!is_lower_or_digit(value.ptr[i]) && value.ptr[i] != '-' && value.ptr[i] != '.') return false;
    }
    if (colon == value.len) return true;
    uint64_t port = 0;
    return ak_num_parse_u64(ak_span_sub(value, colon + 1, value.len), UINT16_MAX, &port) == AK_OK && port > 0;
}

static bool valid_bytes(struct ak_span value)
{
    return ak_span_eq(value, AK_SPAN_LIT("1"));
}

static bool valid_aud(struct ak_span value)
{
    if (value.len == 0 || value.len > 200) return false;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (!upper && !is_lower_or_digit(c) && (c == 0 || !strchr("._:/-", c))) return false;
    }
    return true;
}

static bool valid_chain(struct ak_span value)
{
    uint64_t chain = 0;
    return ak_num_parse_u64(value, UINT64_MAX, &chain) == AK_OK && chain > 0;
}

static bool valid_to(struct ak_span value)
{
    uint8_t address[20];
    return ak_scope_parse_address(value, address);
}

static bool valid_max_value(struct ak_span value)
{
    uint8_t wei[32];
    return ak_scope_parse_wei(value, wei);
}

bool ak_scope_parse_address(struct ak_span text, uint8_t out_address[20])
{
    return text.len == 42 && ak_span_starts(text, AK_SPAN_LIT("0x")) &&
           ak_hex_decode_fixed(ak_span_sub(text, 2, 40), out_address, 20) == AK_OK;
}

/* value = value * 10 + digit; the carry that falls out at the top. */
static unsigned wei_shift_in(uint8_t value[32], unsigned digit)
{
    unsigned carry = digit;
    for (size_t i = 32; i-- > 0;) {
        carry += value[i] * 10U;
        value[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry;
}

bool ak_scope_parse_wei(struct ak_span text, uint8_t out_wei[32])
{
    memset(out_wei, 0, 32);
    if (text.len == 0 || text.len > 78 || (text.len > 1 && text.ptr[0] == '0')) return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < '0' || c > '9' || wei_shift_in(out_wei, (unsigned)(c - '0')) != 0) return false;
    }
    return true;
}

#define CAP(name) name, sizeof(name) - 1
static const struct ak_scope_cap caps[] = {
    {CAP("cap:oidc"), {"aud"}, {valid_aud}},
    {CAP("cap:sign-message"), {"bytes"}, {valid_bytes}},
    {CAP("cap:sign-siwe"), {"domain"}, {valid_domain}},
    {CAP("cap:sign-tx"), {"chain", "to", "max-value"}, {valid_chain, valid_to, valid_max_value}},
    {CAP("cap:sign-typed-data"), {NULL}, {NULL}},
};

const struct ak_scope_cap *ak_scope_cap_of(struct ak_span item)
{
    struct ak_span name = ak_span_sub(item, 0, ak_span_find(item, 0, '?'));
    for (size_t i = 0; i < AK_COUNT(caps); i++) {
        if (ak_span_eq(name, ak_span(caps[i].name, caps[i].name_len))) return &caps[i];
    }
    return NULL;
}

static size_t key_index(const struct ak_scope_cap *cap, struct ak_span key)
{
    size_t i = 0;
    while (i < AK_SCOPE_KEYS_MAX && !(cap->keys[i] && ak_span_eq(key, ak_span_str(cap->keys[i])))) i++;
    return i;
}

enum ak_scope_fault ak_scope_split_narrowing(
    struct ak_span narrowing, const struct ak_scope_cap *cap, struct ak_scope_values *out_values)
{
    *out_values = (struct ak_scope_values){0};
    for (size_t at = 0; at <= narrowing.len;) {
        size_t end = ak_span_find(narrowing, at, '&');
        struct ak_span pair = ak_span_sub(narrowing, at, end - at);
        size_t equals = ak_span_find(pair, 0, '=');
        size_t i = key_index(cap, ak_span_sub(pair, 0, equals));
        if (i == AK_SCOPE_KEYS_MAX) return AK_SCOPE_UNKNOWN_KEY;
        if (out_values->of[i].ptr) return AK_SCOPE_DUPLICATE_KEY;
        if (equals == pair.len) return AK_SCOPE_BAD_VALUE;
        struct ak_span value = ak_span_sub(pair, equals + 1, pair.len);
        if (!cap->valid[i](value)) return AK_SCOPE_BAD_VALUE;
        out_values->of[i] = value;
        at = end + 1;
    }
    return AK_SCOPE_FINE;
}

static void put_narrowing(
    struct ak_buf *buf, const struct ak_scope_cap *cap, const struct ak_scope_values *values)
{
    const char *separator = "?";
    for (size_t i = 0; i < AK_SCOPE_KEYS_MAX; i++) {
        if (!values->of[i].ptr) continue;
        ak_buf_put_str(buf, separator);
        ak_buf_put_str(buf, cap->keys[i]);
        ak_buf_put_u8(buf, '=');
        ak_buf_put(buf, values->of[i]);
        separator = "&";
    }
}

enum ak_scope_fault ak_scope_put_item(struct ak_buf *buf, struct ak_span item)
{
    if (item.len == 0) return AK_SCOPE_ITEM_EMPTY;
    if (item.len > AK_LIMIT_SCOPE_ITEM) return AK_SCOPE_ITEM_TOO_LONG;
    if (!ak_span_starts(item, AK_SPAN_LIT("cap:"))) {
        if (!ak_scope_is_service(item)) return AK_SCOPE_BAD_SERVICE;
        ak_buf_put(buf, item);
        return AK_SCOPE_FINE;
    }
    const struct ak_scope_cap *cap = ak_scope_cap_of(item);
    if (!cap) return AK_SCOPE_UNKNOWN_CAP;
    struct ak_scope_values values = {0};
    if (item.len > cap->name_len) {
        struct ak_span narrowing = ak_span_sub(item, cap->name_len + 1, item.len);
        enum ak_scope_fault fault = ak_scope_split_narrowing(narrowing, cap, &values);
        if (fault != AK_SCOPE_FINE) return fault;
    }
    ak_buf_put_str(buf, cap->name);
    put_narrowing(buf, cap, &values);
    return AK_SCOPE_FINE;
}
