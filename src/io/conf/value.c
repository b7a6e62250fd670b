#include "io/conf/value.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/assert.h"
#include "base/num.h"

static const struct {
    char letter;
    uint64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

static enum ak_err fail(enum ak_err err, const char *reason, const char **out_reason)
{
    *out_reason = reason;
    return err;
}

static enum ak_err in_range(const struct ak_conf_key *key, uint64_t value, const char **out_reason)
{
    if (value < key->min) return fail(AK_E_LIMIT, "too small", out_reason);
    if (value > key->max) return fail(AK_E_LIMIT, "too large", out_reason);
    return AK_OK;
}

static enum ak_err parse_number(
    const struct ak_conf_key *key, struct ak_span text, uint64_t *out_number, const char **out_reason)
{
    if (ak_num_parse_u64(text, UINT64_MAX, out_number))
        return fail(AK_E_FORMAT, "not a whole number", out_reason);
    return in_range(key, *out_number, out_reason);
}

static enum ak_err parse_duration(
    const struct ak_conf_key *key, struct ak_span text, uint64_t *out_number, const char **out_reason)
{
    uint64_t scale = 1;
    for (size_t i = 0; text.len > 1 && i < AK_COUNT(units); i++) {
        if (text.ptr[text.len - 1] != (uint8_t)units[i].letter) continue;
        scale = units[i].seconds;
        text.len--;
        break;
    }
    uint64_t count = 0;
    if (ak_num_parse_u64(text, UINT64_MAX, &count))
        return fail(AK_E_FORMAT, "not a duration like 90s, 10m, 5h or 7d", out_reason);
    *out_number = ak_num_mul_sat(count, scale);
    return in_range(key, *out_number, out_reason);
}

static enum ak_err parse_switch(struct ak_span text, uint64_t *out_number, const char **out_reason)
{
    *out_number = ak_span_eq(text, AK_SPAN_LIT("on"));
    if (*out_number || ak_span_eq(text, AK_SPAN_LIT("off"))) return AK_OK;
    return fail(AK_E_FORMAT, "neither on nor off", out_reason);
}

static enum ak_err parse_choice(
    const struct ak_conf_key *key, struct ak_span text, uint64_t *out_number, const char **out_reason)
{
    struct ak_span choices = ak_span_str(key->choices);
    uint64_t index = 0;
    for (size_t from = 0; from <= choices.len; index++) {
        size_t to = ak_span_find(choices, from, '|');
        if (ak_span_eq(text, ak_span_sub(choices, from, to - from))) {
            *out_number = index;
            return AK_OK;
        }
        from = to + 1;
    }
    return fail(AK_E_FORMAT, "not one of the values allowed", out_reason);
}

enum ak_err ak_conf_split_listen(const char *text, char out_host[64], uint16_t *out_port)
{
    out_host[0] = '\0';
    *out_port = 0;
    if (strcmp(text, "none") == 0) return AK_OK;
    struct ak_span all = ak_span_str(text);
    size_t colon = all.len;
    while (colon > 0 && text[colon - 1] != ':') colon--;
    if (colon < 2) return AK_E_FORMAT;
    struct ak_span host = ak_span(text, colon - 1);
    bool bracketed = host.ptr[0] == '[';
    if (bracketed) {
        if (host.len < 3 || host.ptr[host.len - 1] != ']') return AK_E_FORMAT;
        host = ak_span(host.ptr + 1, host.len - 2);
    }
    uint64_t port = 0;
    if (host.len >= 64 || ak_num_parse_u64(ak_span_sub(all, colon, all.len), 65535, &port))
        return AK_E_FORMAT;
    char copy[64];
    memcpy(copy, host.ptr, host.len);
    copy[host.len] = '\0';
    uint8_t address[16];
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, copy, address) != 1) return AK_E_FORMAT;
    memcpy(out_host, copy, host.len + 1);
    *out_port = (uint16_t)port;
    return AK_OK;
}

static enum ak_err parse_path(const struct ak_conf_key *key, struct ak_span text, const char **out_reason)
{
    if (text.len == 0 && key->min == 0) return AK_OK;
    if (text.len == 0 || text.ptr[0] != '/') return fail(AK_E_FORMAT, "not an absolute path", out_reason);
    return AK_OK;
}

static bool is_url_byte(uint8_t c)
{
    return c > 0x20 && c < 0x7f && !strchr("\"<>\\^`{|}@?#", c);
}

static enum ak_err parse_url(const struct ak_conf_key *key, struct ak_span text, const char **out_reason)
{
    if (text.len == 0 && key->min == 0) return AK_OK;
    const char *reason = "not a URL like https://host:port/prefix or unix:/path";
    for (size_t i = 0; i < text.len; i++)
        if (!is_url_byte(text.ptr[i])) return fail(AK_E_FORMAT, reason, out_reason);
    const struct ak_span schemes[] = {AK_SPAN_LIT("https://"), AK_SPAN_LIT("http://"), AK_SPAN_LIT("unix:/")};
    for (size_t i = 0; i < AK_COUNT(schemes); i++) {
        if (!ak_span_starts(text, schemes[i]) || text.len == schemes[i].len) continue;
        if (i < 2 && text.ptr[schemes[i].len] == '/') continue; /* no host */
        return AK_OK;
    }
    return fail(AK_E_FORMAT, reason, out_reason);
}

static enum ak_err check_text(const struct ak_conf_key *key, struct ak_span text, const char **out_reason)
{
    if (text.len >= AK_CONF_TEXT_MAX) return fail(AK_E_LIMIT, "too long", out_reason);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return fail(AK_E_FORMAT, "holds a control character", out_reason);
    if (key->type != AK_CONF_TEXT || (text.len >= key->min && text.len <= key->max)) return AK_OK;
    return fail(AK_E_LIMIT, "length is out of range", out_reason);
}

enum ak_err ak_conf_parse_value(
    const struct ak_conf_key *key, const char *text, uint64_t *out_number, const char **out_reason)
{
    struct ak_span span = ak_span_str(text);
    char host[64];
    uint16_t port = 0;
    *out_number = 0;
    AK_TRY(check_text(key, span, out_reason));
    switch (key->type) {
    case AK_CONF_TEXT: return AK_OK;
    case AK_CONF_PATH: return parse_path(key, span, out_reason);
    case AK_CONF_SWITCH: return parse_switch(span, out_number, out_reason);
    case AK_CONF_CHOICE: return parse_choice(key, span, out_number, out_reason);
    case AK_CONF_NUMBER: return parse_number(key, span, out_number, out_reason);
    case AK_CONF_DURATION: return parse_duration(key, span, out_number, out_reason);
    case AK_CONF_LISTEN:
        if (ak_conf_split_listen(text, host, &port) == AK_OK) return AK_OK;
        return fail(AK_E_FORMAT, "neither address:port nor none", out_reason);
    case AK_CONF_URL: return parse_url(key, span, out_reason);
    }
    ak_abort();
}

static void put_duration(struct ak_buf *out_text, uint64_t seconds)
{
    for (size_t i = 0; i < AK_COUNT(units); i++) {
        if (seconds % units[i].seconds || (seconds == 86400 && units[i].letter == 'd')) continue;
        ak_buf_put_dec(out_text, seconds / units[i].seconds);
        ak_buf_put_u8(out_text, (uint8_t)units[i].letter);
        return;
    }
}

void ak_conf_put_range(const struct ak_conf_key *key, struct ak_buf *out_text)
{
    if (key->type == AK_CONF_CHOICE) ak_buf_put_str(out_text, key->choices);
    if (key->type == AK_CONF_SWITCH) ak_buf_put_str(out_text, "on|off");
    if (key->type != AK_CONF_NUMBER && key->type != AK_CONF_DURATION) return;
    void (*put)(struct ak_buf *, uint64_t) = key->type == AK_CONF_NUMBER ? ak_buf_put_dec : put_duration;
    put(out_text, key->min);
    ak_buf_put_str(out_text, " to ");
    put(out_text, key->max);
}
