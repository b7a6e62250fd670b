/* Parsing what people type. */
#include "programs/command/args.h"

#include <string.h>

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/codec/utf8.h"
#include "base/num.h"
#include "base/wipe.h"
#include "core/identity/identity.h"

enum { NAME_MAX_LEN = 64 };

static enum ak_err refuse(enum ak_err err, const char *reason, const char **out_reason)
{
    *out_reason = reason;
    return err;
}

static const struct {
    char letter;
    uint64_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};

enum ak_err ak_args_duration(const char *text, uint64_t *out_seconds, const char **out_reason)
{
    static const char form[] = "a duration is a number with its unit: 90s, 10m, 5h, 30d, 2w";
    struct ak_span span = ak_span_str(text);
    uint64_t count = 0, scale = 0;
    *out_seconds = 0;
    for (size_t i = 0; span.len && i < AK_COUNT(units); i++)
        if (span.ptr[span.len - 1] == (uint8_t)units[i].letter) scale = units[i].seconds;
    if (scale == 0) return refuse(AK_E_FORMAT, form, out_reason);
    span.len--;
    if (ak_num_parse_u64(span, UINT64_MAX, &count)) return refuse(AK_E_FORMAT, form, out_reason);
    uint64_t seconds = ak_num_mul_sat(count, scale);
    if (seconds == 0 || seconds > UINT64_C(36525) * 86400)
        return refuse(AK_E_LIMIT, "a duration is at least 1s and at most 100 years", out_reason);
    *out_seconds = seconds;
    return AK_OK;
}

enum ak_err ak_args_rate(const char *text, uint64_t *out_per_minute, const char **out_reason)
{
    struct ak_span span = ak_span_str(text);
    size_t slash = ak_span_find(span, 0, '/');
    struct ak_span unit = ak_span_sub(span, slash, span.len);
    bool per_second = ak_span_eq(unit, AK_SPAN_LIT("/s"));
    uint64_t count = 0;
    *out_per_minute = 0;
    bool known = per_second || unit.len == 0 || ak_span_eq(unit, AK_SPAN_LIT("/min"));
    if (!known || ak_num_parse_u64(ak_span_sub(span, 0, slash), UINT64_MAX, &count))
        return refuse(AK_E_FORMAT, "a rate is uses a minute, such as 100/min (or 2/s)", out_reason);
    uint64_t rate = ak_num_mul_sat(count, per_second ? 60 : 1);
    if (rate < 1 || rate > AK_LIMIT_RATE_PER_MINUTE)
        return refuse(AK_E_LIMIT, "a rate is 1 to 10000 uses a minute", out_reason);
    *out_per_minute = rate;
    return AK_OK;
}

enum ak_err ak_args_label(const char *text, struct ak_path *out_path, const char **out_reason)
{
    struct ak_span span = ak_span_str(text);
    enum ak_err err = text[0] == '/' ? ak_path_parse(span, out_path) : ak_path_parse_label(span, out_path);
    if (!err) return AK_OK;
    return refuse(err, "a label is 1 to 64 of a-z 0-9 - _ . with a letter or digit at both ends", out_reason);
}

enum ak_err ak_args_path(const char *text, struct ak_buf *out_path, const char **out_reason)
{
    struct ak_path path;
    AK_TRY(ak_args_label(text, &path, out_reason));
    ak_path_put(out_path, &path);
    return ak_buf_check(out_path);
}

enum ak_err ak_args_anchor(const char *text, uint8_t out_anchor[32], const char **out_reason)
{
    if (ak_hex_decode_fixed(ak_span_str(text), out_anchor, 32) == AK_OK) return AK_OK;
    return refuse(AK_E_FORMAT, "an account is its anchor, 64 lower-case hex digits", out_reason);
}

enum ak_err ak_args_thumbprint(const char *text, uint8_t out_print[32], const char **out_reason)
{
    if (ak_base64url_decode_fixed(ak_span_str(text), out_print, 32) == AK_OK) return AK_OK;
    return refuse(
        AK_E_FORMAT, "a device is its thumbprint, 43 characters as device list shows it", out_reason);
}

enum ak_err ak_args_name(const char *text, const char **out_reason)
{
    static const char form[] = "a device's name is 1 to 64 bytes of UTF-8 without control characters";
    struct ak_span name = ak_span_str(text);
    if (name.len == 0 || name.len > NAME_MAX_LEN) return refuse(AK_E_LIMIT, form, out_reason);
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) return refuse(AK_E_FORMAT, form, out_reason);
    return ak_utf8_validate(name) == AK_OK ? AK_OK : refuse(AK_E_FORMAT, form, out_reason);
}

enum ak_err ak_args_number(const char *text, uint64_t *out_number, const char **out_reason)
{
    if (ak_num_parse_u64(ak_span_str(text), UINT64_MAX, out_number) == AK_OK) return AK_OK;
    *out_number = 0;
    return refuse(AK_E_FORMAT, "not a whole number", out_reason);
}

enum ak_err ak_args_hex(const char *text, struct ak_buf *out_bytes, const char **out_reason)
{
    struct ak_span span = ak_span_str(text);
    size_t len = 0;
    if (ak_span_starts(span, AK_SPAN_LIT("0x"))) span = ak_span_sub(span, 2, span.len);
    enum ak_err err =
        ak_hex_decode_any(span, out_bytes->ptr + out_bytes->len, out_bytes->cap - out_bytes->len, &len);
    if (err == AK_E_LIMIT) return refuse(err, "too long", out_reason);
    if (err) return refuse(AK_E_FORMAT, "not hex: an even number of digits 0-9 a-f", out_reason);
    out_bytes->len += len;
    return AK_OK;
}

static struct ak_span trim(struct ak_span text)
{
    while (text.len && text.ptr[0] == ' ') text = ak_span_sub(text, 1, text.len);
    while (text.len && text.ptr[text.len - 1] == ' ') text.len--;
    return text;
}

enum ak_err ak_args_items(const char *text, struct ak_buf *out_joined, const char **out_reason)
{
    struct ak_span span = ak_span_str(text);
    size_t before = out_joined->len;
    if (trim(span).len == 0) return AK_OK;
    for (size_t from = 0; from <= span.len;) {
        size_t comma = ak_span_find(span, from, ',');
        struct ak_span item = trim(ak_span_sub(span, from, comma - from));
        if (item.len == 0) return refuse(AK_E_FORMAT, "an item between commas is empty", out_reason);
        if (out_joined->len > before) ak_buf_put_u8(out_joined, ',');
        ak_buf_put(out_joined, item);
        from = comma + 1;
    }
    if (ak_buf_check(out_joined) == AK_OK) return AK_OK;
    return refuse(AK_E_FULL, "too long", out_reason);
}

static void put_lower(struct ak_buf *out, struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++)
        ak_buf_put_u8(out, text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] | 0x20 : text.ptr[i]);
}

enum ak_err ak_args_identity(const char *text, struct ak_buf *out_identity, const char **out_reason)
{
    static const char form[] = "an identity is a mail address, a 0x address, or type:value";
    struct ak_span span = ak_span_str(text);
    struct ak_identity identity;
    size_t before = out_identity->len;
    bool address = ak_span_starts(span, AK_SPAN_LIT("0x"));
    bool typed = strchr(text, ':') != NULL, provider = ak_span_starts(span, AK_SPAN_LIT("oauth2_"));
    if (!typed) ak_buf_put_str(out_identity, address ? "evm:" : "email:");
    if (provider)
        ak_buf_put(out_identity, span); /* a provider's `sub` is taken as it is */
    else
        put_lower(out_identity, span);
    if (ak_buf_check(out_identity) != AK_OK) return refuse(AK_E_FULL, "too long", out_reason);
    struct ak_span whole = ak_span_sub(ak_buf_span(out_identity), before, out_identity->len);
    enum ak_err err = ak_identity_parse(whole, &identity);
    return err ? refuse(err == AK_E_LIMIT ? AK_E_LIMIT : AK_E_FORMAT, form, out_reason) : AK_OK;
}

enum ak_err ak_args_omni(const char *text, uint8_t out_omni[32], const char **out_reason)
{
    uint8_t memory[AK_LIMIT_IDENTITY_VALUE + 32];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_identity identity;
    if (ak_hex_decode_fixed(ak_span_str(text), out_omni, 32) == AK_OK) return AK_OK;
    AK_TRY(ak_args_identity(text, &buf, out_reason));
    AK_TRY(ak_identity_parse(ak_buf_span(&buf), &identity));
    return ak_identity_omni(identity.type_text, identity.value, out_omni);
}

void ak_args_recovery_format(const uint8_t code[32], char out_text[AK_RECOVERY_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 32; i++) {
        if (i && i % 2 == 0) out_text[at++] = ' ';
        out_text[at++] = digits[code[i] >> 4];
        out_text[at++] = digits[code[i] & 15];
    }
    out_text[at] = 0;
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum ak_err ak_args_recovery_parse(struct ak_span text, uint8_t out_code[32])
{
    size_t count = 0;
    memset(out_code, 0, 32);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        int digit = digit_of(c);
        bool gap = c && strchr(" \t\r\n-", c);
        if (gap) continue;
        if (digit < 0 || count == 64) {
            ak_wipe(out_code, 32);
            return AK_E_FORMAT;
        }
        out_code[count / 2] = (uint8_t)(out_code[count / 2] << 4 | digit);
        count++;
    }
    if (count == 64) return AK_OK;
    ak_wipe(out_code, 32);
    return AK_E_FORMAT;
}
