/* Rows for people. */
#include "programs/command/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/evm/address.h"
#include "io/proc/clock.h"

enum { NAME_WIDTH = 14, SHOWN_MAX = 4096 };

void ak_out_row(const char *name, const char *value)
{
    (void)printf("%-*s %s\n", NAME_WIDTH, name, value);
}

void ak_out_shown(struct ak_span text, char *out, size_t cap)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? (char)text.ptr[i] : '?';
    out[len] = 0;
}

static bool is_plain_word(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
    return text[0] && text[strspn(text, plain)] == 0;
}

bool ak_out_word(const char *text, char *out, size_t cap)
{
    struct ak_buf word = ak_buf(out, cap);
    bool plain = is_plain_word(text);
    if (!plain) ak_buf_put_u8(&word, '\'');
    for (const char *at = text; *at; at++)
        if (*at == '\'')
            ak_buf_put_str(&word, "'\\''");
        else
            ak_buf_put_u8(&word, (uint8_t)*at);
    if (!plain) ak_buf_put_u8(&word, '\'');
    if (ak_buf_terminate(&word) == AK_OK) return true;
    out[0] = 0;
    return false;
}

void ak_out_row_text(const char *name, struct ak_span value)
{
    char shown[SHOWN_MAX];
    ak_out_shown(value, shown, sizeof shown);
    ak_out_row(name, shown);
}

void ak_out_row_number(const char *name, uint64_t value)
{
    (void)printf("%-*s %llu\n", NAME_WIDTH, name, (unsigned long long)value);
}

void ak_out_row_hex(const char *name, struct ak_span bytes)
{
    char text[SHOWN_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, bytes);
    ak_out_row(name, ak_buf_terminate(&buf) == AK_OK ? text : "(too long)");
}

void ak_out_address(const uint8_t address[20], char out_text[AK_OUT_ADDRESS_LEN + 1])
{
    struct ak_buf buf = ak_buf(out_text, AK_OUT_ADDRESS_LEN + 1);
    ak_evm_address_put_checksum(&buf, address);
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

void ak_out_row_address(const char *name, const uint8_t address[20])
{
    char text[AK_OUT_ADDRESS_LEN + 1];
    ak_out_address(address, text);
    ak_out_row(name, text);
}

void ak_out_print(const uint8_t thumbprint[32], char out_text[AK_OUT_PRINT_LEN + 1])
{
    struct ak_buf buf = ak_buf(out_text, AK_OUT_PRINT_LEN + 1);
    ak_base64url_encode(&buf, ak_span(thumbprint, 32));
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

void ak_out_row_print(const char *name, const uint8_t thumbprint[32])
{
    char text[AK_OUT_PRINT_LEN + 1];
    ak_out_print(thumbprint, text);
    ak_out_row(name, text);
}

void ak_out_time(uint64_t at_s, char out_text[AK_OUT_TIME_LEN])
{
    time_t seconds = (time_t)at_s;
    struct tm tm;
    size_t len = at_s > UINT64_C(253402300799) || !gmtime_r(&seconds, &tm)
                     ? 0
                     : strftime(out_text, AK_OUT_TIME_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm);
    if (len == 0) out_text[0] = 0;
}

static void put_distance(uint64_t at_s, char *out, size_t cap)
{
    uint64_t now = ak_clock_wall_ms() / 1000;
    uint64_t far = at_s > now ? at_s - now : now - at_s;
    const char *unit = far >= 2 * 86400 ? "d" : far >= 2 * 3600 ? "h" : far >= 120 ? "min" : "s";
    uint64_t scale = far >= 2 * 86400 ? 86400 : far >= 2 * 3600 ? 3600 : far >= 120 ? 60 : 1;
    (void)snprintf(
        out, cap, at_s > now ? "in %llu %s" : "%llu %s ago", (unsigned long long)(far / scale), unit);
}

void ak_out_row_time(const char *name, uint64_t at_s)
{
    char text[AK_OUT_TIME_LEN], distance[32];
    if (at_s == 0) {
        ak_out_row(name, "never");
        return;
    }
    ak_out_time(at_s, text);
    put_distance(at_s, distance, sizeof distance);
    (void)printf("%-*s %s (%s)\n", NAME_WIDTH, name, text, distance);
}

void ak_out_row_entry(uint64_t index, const uint8_t leaf[32])
{
    char hex[65];
    struct ak_buf buf = AK_BUF_ARR(hex);
    ak_hex_encode(&buf, ak_span(leaf, 32));
    if (ak_buf_terminate(&buf) != AK_OK) return;
    (void)printf("%-*s %llu, leaf hash %s\n", NAME_WIDTH, "entry", (unsigned long long)index, hex);
}

void ak_out_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
}

/* Which character of UTF-8 at `at` may not go to a terminal; 0: none. Outside of strings JSON has none. */
static unsigned steers(struct ak_span text, size_t at, size_t *out_len)
{
    const uint8_t *c = text.ptr + at;
    size_t left = text.len - at;
    *out_len = c[0] < 0xc0 ? 1 : c[0] < 0xe0 ? 2 : 3;
    if (left < *out_len || c[0] >= 0xf0) return 0;
    unsigned code = *out_len == 1   ? c[0]
                    : *out_len == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu)
                                    : (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
    bool control = (*out_len < 3 && code == 0x7f) || (*out_len == 2 && code <= 0x9f);
    bool turns = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
                 (code >= 0x2066 && code <= 0x2069);
    return control || turns ? code : 0;
}

void ak_out_json(struct ak_span json)
{
    size_t done = 0, len = 1;
    for (size_t at = 0; at < json.len; at += len) {
        unsigned code = steers(json, at, &len);
        if (!code) {
            len = 1;
            continue;
        }
        (void)fwrite(json.ptr + done, 1, at - done, stdout);
        (void)printf("\\u%04x", code);
        done = at + len;
    }
    if (json.len > done) (void)fwrite(json.ptr + done, 1, json.len - done, stdout);
    (void)putchar('\n');
}
