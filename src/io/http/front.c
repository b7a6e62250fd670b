/* The rules of front.h over names and values in their places. */
#include "io/http/front.h"

#include <microhttpd.h>
#include <strings.h>

#include "base/num.h"

/* From 0.9.77 on the library refuses bare CR, bare LF and folding itself where it is asked to. */
#if MHD_VERSION >= 0x00097700
enum { CHECK_PLACES = 0 };
#else
enum { CHECK_PLACES = 1 };
#endif

static const struct {
    const char *name;
    size_t len;
} wanted[AK_HTTP_HEADER_COUNT] = {
    [AK_HTTP_AUTHORIZATION] = {"authorization", 13},
    [AK_HTTP_DPOP] = {"dpop", 4},
    [AK_HTTP_IDEMPOTENCY_KEY] = {"idempotency-key", 15},
    [AK_HTTP_CONTENT_TYPE] = {"content-type", 12},
    [AK_HTTP_CONTENT_LENGTH] = {"content-length", 14},
    [AK_HTTP_TRANSFER_ENCODING] = {"transfer-encoding", 17},
    [AK_HTTP_HOST] = {"host", 4},
    [AK_HTTP_FORWARDED_FOR] = {"x-forwarded-for", 15},
};

static void refuse(struct ak_front *front, const char *why)
{
    if (!front->fault) front->fault = why;
}

static bool token_char(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           memchr(others, c, sizeof others - 1);
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!token_char((unsigned char)text[i])) return false;
    return len > 0;
}

/* False where one of the eight bytes may be below 0x20 or is 0x7f; tokens are long, so this counts. */
static bool word_is_plain(const char *text)
{
    const uint64_t ones = UINT64_MAX / 255;
    uint64_t word;
    memcpy(&word, text, sizeof word);
    uint64_t deletes = word ^ ones * 0x7f;
    uint64_t below = (word - ones * 0x20) & ~word;
    return ((below | ((deletes - ones) & ~deletes)) & ones * 0x80) == 0;
}

/* Visible characters, spaces and tabs; a CR that ends no line is none of them. */
static bool is_value(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (len - i >= 8 && word_is_plain(text + i)) {
            i += 8;
            continue;
        }
        unsigned char c = (unsigned char)text[i++];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

/* A line ended by CR LF left two zeros; a bare LF left one. */
static bool line_ended(const char *at)
{
    return at[0] == 0 && at[1] == 0;
}

static void check_target(struct ak_front *front, struct ak_span target)
{
    if (target.len == 0 || target.len > AK_HTTP_TARGET_MAX) refuse(front, "the URL is empty or too long");
    for (size_t i = 0; i < target.len; i++)
        if (target.ptr[i] <= 0x20 || target.ptr[i] >= 0x7f) refuse(front, "the URL is malformed");
}

void ak_front_line(
    struct ak_front *front, const char *method, const char *place, struct ak_span target, const char *version)
{
    *front = (struct ak_front){0};
    if (!is_token(method, strlen(method))) refuse(front, "the method is malformed");
    check_target(front, target);
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        refuse(front, "the protocol is not HTTP/1.1");
    front->next = version + strlen(version);
    if (!CHECK_PLACES || front->fault) return;
    if (place != method + strlen(method) + 1 || version != place + target.len + 1 || !line_ended(front->next))
        refuse(front, "the request line is malformed");
    front->next += 2;
}

static void check_place(
    struct ak_front *front, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (name != front->next || value <= name + name_len || name[name_len] != 0) {
        refuse(front, "a header line is folded or malformed");
        return;
    }
    for (const char *at = name + name_len + 1; at < value; at++)
        if (*at != ' ' && *at != '\t') refuse(front, "a header line is folded or malformed");
    if (!line_ended(value + value_len)) refuse(front, "a header line does not end with CR LF");
    front->next = value + value_len + 2;
}

static void keep_wanted(struct ak_front *front, const char *name, size_t name_len, struct ak_span value)
{
    for (size_t i = 0; i < AK_HTTP_HEADER_COUNT; i++) {
        if (name_len != wanted[i].len || strncasecmp(name, wanted[i].name, name_len) != 0) continue;
        if (front->counts[i]++ == 0) front->headers[i] = value;
        return;
    }
}

static struct ak_span trim(const char *value, size_t len)
{
    while (len && (value[len - 1] == ' ' || value[len - 1] == '\t')) len--;
    return ak_span(value, len);
}

void ak_front_header(
    struct ak_front *front, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (front->fault) return;
    if (!is_token(name, name_len)) refuse(front, "a header's name is malformed");
    if (!is_value(value, value_len)) refuse(front, "a header's value has a control character");
    if (CHECK_PLACES && !front->fault) check_place(front, name, name_len, value, value_len);
    keep_wanted(front, name, name_len, trim(value, value_len));
}

void ak_front_end(struct ak_front *front, const char *version, const char *end)
{
    uint64_t length = 0;
    if (front->fault) return;
    if (CHECK_PLACES && (front->next + 2 != end || !line_ended(front->next)))
        refuse(front, "a header line does not end with CR LF");
    if (front->counts[AK_HTTP_TRANSFER_ENCODING])
        refuse(front, "Transfer-Encoding is not taken: send Content-Length");
    if (front->counts[AK_HTTP_CONTENT_LENGTH] > 1) refuse(front, "Content-Length stands there twice");
    if (front->counts[AK_HTTP_CONTENT_LENGTH] &&
        ak_num_parse_u64(front->headers[AK_HTTP_CONTENT_LENGTH], UINT64_MAX, &length) != AK_OK)
        refuse(front, "Content-Length is not a number");
    if (front->counts[AK_HTTP_HOST] > 1) refuse(front, "Host stands there twice");
    if (front->counts[AK_HTTP_HOST] == 0 && strcmp(version, "HTTP/1.1") == 0)
        refuse(front, "Host is missing");
}
