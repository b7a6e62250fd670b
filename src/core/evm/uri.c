/* RFC 3986 by character classes: every part of a URI is a run of one class, and the delimiters between the
 * parts belong to none of the classes before them. */
#include "core/evm/uri.h"

#include "base/attr.h"

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_unreserved(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || is_one_of(c, "-._~");
}

static bool is_sub_delim(uint8_t c)
{
    return is_one_of(c, "!$&'()*+,;=");
}

/* A run of unreserved, sub-delims, percent-encoded bytes, and the characters of `more`. */
static bool is_run(struct ak_span text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (is_unreserved(c) || is_sub_delim(c) || is_one_of(c, more)) continue;
        if (c != '%' || text.len - i < 3 || !is_hex(text.ptr[i + 1]) || !is_hex(text.ptr[i + 2]))
            return false;
        i += 2;
    }
    return true;
}

bool ak_uri_scheme_valid(struct ak_span scheme)
{
    if (scheme.len == 0 || !is_alpha(scheme.ptr[0])) return false;
    for (size_t i = 1; i < scheme.len; i++) {
        uint8_t c = scheme.ptr[i];
        if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "+-.")) return false;
    }
    return true;
}

bool ak_uri_pchars_valid(struct ak_span text)
{
    return is_run(text, ":@");
}

bool ak_uri_statement_valid(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!is_unreserved(c) && !is_sub_delim(c) && !is_one_of(c, ":/?#[]@ ")) return false;
    }
    return text.len > 0;
}

/* dec-octet: 0 to 255 without leading zeros. */
static bool is_octet(struct ak_span text)
{
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0')) return false;
    unsigned value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) return false;
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return value <= 255;
}

static bool is_ipv4(struct ak_span text)
{
    for (int i = 0; i < 4; i++) {
        size_t dot = ak_span_find(text, 0, '.');
        if ((dot == text.len) != (i == 3) || !is_octet(ak_span_sub(text, 0, dot))) return false;
        if (i < 3) text = ak_span_sub(text, dot + 1, text.len);
    }
    return true;
}

static bool is_hex_group(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_hex(text.ptr[i])) return false;
    }
    return text.len >= 1 && text.len <= 4;
}

/* Colon-separated groups, the last of which may be an IPv4 address where `v4` says so; the number of 16-bit
 * groups, or -1. Empty text has none. */
static int count_groups(struct ak_span text, bool v4)
{
    int count = 0;
    while (text.len > 0) {
        size_t colon = ak_span_find(text, 0, ':');
        struct ak_span group = ak_span_sub(text, 0, colon);
        bool last = colon == text.len;
        if (last && v4 && is_ipv4(group)) return count + 2;
        if (!is_hex_group(group) || ++count > 8) return -1;
        if (last) break;
        text = ak_span_sub(text, colon + 1, text.len);
        if (text.len == 0) return -1;
    }
    return count;
}

static bool is_ipv6(struct ak_span text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] != ':' || text.ptr[i + 1] != ':') continue;
        int left = count_groups(ak_span_sub(text, 0, i), false);
        int right = count_groups(ak_span_sub(text, i + 2, text.len), true);
        return left >= 0 && right >= 0 && left + right <= 7;
    }
    return count_groups(text, true) == 8;
}

static bool is_port(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) return false;
    }
    return true;
}

/* "[…]" or a name, then an optional port. */
static bool is_host_port(struct ak_span text, bool allow_empty_host)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t end = ak_span_find(text, 0, ']');
        if (end == text.len || !is_ipv6(ak_span_sub(text, 1, end - 1))) return false;
        struct ak_span rest = ak_span_sub(text, end + 1, text.len);
        return rest.len == 0 || (rest.ptr[0] == ':' && is_port(ak_span_sub(rest, 1, rest.len)));
    }
    size_t colon = ak_span_find(text, 0, ':');
    if (colon == 0 && !allow_empty_host) return false;
    return is_run(ak_span_sub(text, 0, colon), "") && is_port(ak_span_sub(text, colon + 1, text.len));
}

static bool is_authority(struct ak_span text, bool allow_empty_host)
{
    size_t at = ak_span_find(text, 0, '@');
    if (at == text.len) return is_host_port(text, allow_empty_host);
    return is_run(ak_span_sub(text, 0, at), ":") &&
           is_host_port(ak_span_sub(text, at + 1, text.len), allow_empty_host);
}

bool ak_uri_authority_valid(struct ak_span authority)
{
    return authority.len > 0 && is_authority(authority, false);
}

/* What is left of `text` before the first `mark`; *text becomes it, the result is what follows. */
static struct ak_span cut_at(struct ak_span *text, uint8_t mark)
{
    size_t at = ak_span_find(*text, 0, mark);
    struct ak_span tail = ak_span_sub(*text, at + 1, text->len);
    *text = ak_span_sub(*text, 0, at);
    return tail;
}

bool ak_uri_valid(struct ak_span uri)
{
    size_t colon = ak_span_find(uri, 0, ':');
    if (colon == uri.len || !ak_uri_scheme_valid(ak_span_sub(uri, 0, colon))) return false;
    struct ak_span rest = ak_span_sub(uri, colon + 1, uri.len);
    struct ak_span fragment = cut_at(&rest, '#');
    struct ak_span query = cut_at(&rest, '?');
    if (!is_run(fragment, ":@/?") || !is_run(query, ":@/?")) return false;
    if (ak_span_starts(rest, AK_SPAN_LIT("//"))) {
        size_t slash = ak_span_find(rest, 2, '/');
        if (!is_authority(ak_span_sub(rest, 2, slash - 2), true)) return false;
        rest = ak_span_sub(rest, slash, rest.len);
    }
    return is_run(rest, ":@/");
}

/* ---- places ---- */

/* Between the two slashes and what ends it. */
static struct ak_span authority_of(struct ak_span uri, size_t from)
{
    size_t end = from;
    while (end < uri.len && uri.ptr[end] != '/' && uri.ptr[end] != '?' && uri.ptr[end] != '#') end++;
    return ak_span_sub(uri, from, end - from);
}

static bool is_loopback(struct ak_span place)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    if (ak_span_find(place, 0, '@') < place.len) return false; /* a user of that name, elsewhere */
    for (size_t i = 0; i < AK_COUNT(hosts); i++) {
        struct ak_span host = ak_span_str(hosts[i]);
        if (ak_span_starts(place, host) && (place.len == host.len || place.ptr[host.len] == ':')) return true;
    }
    return false;
}

bool ak_uri_is_plain_loopback(struct ak_span uri)
{
    const struct ak_span scheme = AK_SPAN_LIT("http://");
    return ak_span_starts(uri, scheme) && is_loopback(authority_of(uri, scheme.len));
}

bool ak_uri_is_web(struct ak_span uri, bool plain)
{
    const struct ak_span scheme = AK_SPAN_LIT("https://");
    if (!ak_uri_valid(uri)) return false;
    if (ak_span_find(uri, 0, '#') < uri.len) return false;
    if (plain && ak_uri_is_plain_loopback(uri)) return true;
    if (!ak_span_starts(uri, scheme)) return false;
    struct ak_span place = authority_of(uri, scheme.len);
    return place.len > 0 && ak_span_find(place, 0, '@') == place.len;
}
