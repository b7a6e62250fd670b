/* The signed bytes are what stands between two fixed texts; no JSON parser decides where they end. */
#include "core/attest/intel_signed.h"

#include "base/codec/hex.h"

enum { SIG_HEX = 128 };

enum ak_err ak_intel_signed_split(
    struct ak_span text, const char *name, struct ak_span *out_body, uint8_t out_signature[64])
{
    static const char middle[] = ",\"signature\":\"", end[] = "\"}";
    char memory[32];
    struct ak_buf begin = AK_BUF_ARR(memory);
    ak_buf_put_str(&begin, "{\"");
    ak_buf_put_str(&begin, name);
    ak_buf_put_str(&begin, "\":");
    *out_body = AK_SPAN_EMPTY;
    memset(out_signature, 0, 64);
    if (text.len > AK_INTEL_JSON_MAX) return AK_E_LIMIT;
    if (ak_span_ends(text, AK_SPAN_LIT("\n"))) text.len--;
    size_t tail = sizeof middle - 1 + SIG_HEX + sizeof end - 1;
    if (text.len < begin.len + tail) return AK_E_FORMAT;
    struct ak_span last = ak_span_sub(text, text.len - tail, tail);
    if (!ak_span_starts(text, ak_buf_span(&begin)) || !ak_span_starts(last, AK_SPAN_LIT(middle)) ||
        !ak_span_ends(last, AK_SPAN_LIT(end)))
        return AK_E_FORMAT;
    AK_TRY(ak_hex_decode_fixed(ak_span_sub(last, sizeof middle - 1, SIG_HEX), out_signature, 64));
    *out_body = ak_span_sub(text, begin.len, text.len - begin.len - tail);
    return AK_OK;
}

enum ak_err ak_intel_json_hex(struct ak_json_value object, const char *name, uint8_t *out_bytes, size_t len)
{
    struct ak_span text;
    size_t got = 0;
    if (ak_json_string(ak_json_get(object, name), &text) != AK_OK || text.len != 2 * len) return AK_E_FORMAT;
    return ak_hex_decode_any(text, out_bytes, len, &got);
}

enum ak_err ak_intel_json_number(
    struct ak_json_value object, const char *name, uint64_t max, uint64_t *out_number)
{
    *out_number = 0;
    if (ak_json_u64(ak_json_get(object, name), out_number) == AK_OK && *out_number <= max) return AK_OK;
    *out_number = 0;
    return AK_E_FORMAT;
}

/* ---- times ---- */

static bool has_form(struct ak_span text)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    if (text.len != AK_INTEL_TIME_LEN) return false;
    for (size_t i = 0; i < AK_INTEL_TIME_LEN; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (form[i] == '0' ? !digit : text.ptr[i] != (uint8_t)form[i]) return false;
    }
    return true;
}

static uint64_t digits(struct ak_span text, size_t at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = at; i < at + len; i++) value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    return value;
}

/* Days from 1970 to the beginning of the month, of the proleptic Gregorian calendar. */
static uint64_t days_until(uint64_t year, uint64_t month)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    uint64_t past = year - 1;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    uint64_t days = past * 365 + past / 4 - past / 100 + past / 400 - UINT64_C(719162);
    return days + before[month - 1] + (leap && month > 2 ? 1 : 0);
}

enum ak_err ak_intel_time_parse(struct ak_span text, uint64_t *out_seconds)
{
    *out_seconds = 0;
    if (!has_form(text)) return AK_E_FORMAT;
    uint64_t year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    uint64_t hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return AK_E_FORMAT;
    uint64_t next = month == 12 ? days_until(year + 1, 1) : days_until(year, month + 1);
    uint64_t days = days_until(year, month) + day - 1;
    if (days >= next) return AK_E_FORMAT;
    *out_seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return AK_OK;
}

static enum ak_err read_time(
    struct ak_json_value object, const char *name, uint64_t *out_seconds, uint8_t out_text[AK_INTEL_TIME_LEN])
{
    struct ak_span text;
    if (ak_json_string(ak_json_get(object, name), &text) != AK_OK) return AK_E_FORMAT;
    AK_TRY(ak_intel_time_parse(text, out_seconds));
    memcpy(out_text, text.ptr, AK_INTEL_TIME_LEN);
    return AK_OK;
}

enum ak_err ak_intel_json_window(struct ak_json_value object, struct ak_intel_window *out_window)
{
    struct ak_intel_window window = {.from_s = 0};
    *out_window = window;
    AK_TRY(read_time(object, "issueDate", &window.from_s, window.from));
    AK_TRY(read_time(object, "nextUpdate", &window.until_s, window.until));
    *out_window = window;
    return AK_OK;
}
