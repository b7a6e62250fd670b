/* Taking the signer URL apart. */
#include "io/client/target.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/span.h"

static enum ak_err refuse(struct ak_target *out, enum ak_err err, const char *reason, const char **out_reason)
{
    memset(out, 0, sizeof *out);
    *out_reason = reason;
    return err;
}

static enum ak_err put_text(char *out, size_t cap, struct ak_span text)
{
    if (text.len >= cap) return AK_E_LIMIT;
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return AK_OK;
}

/* "/tee" or "/dev" at the end, with or without one slash after it, is taken off `rest`. */
static bool take_prefix(struct ak_span *rest, char out_prefix[8])
{
    static const char *const prefixes[] = {"/tee", "/dev"};
    struct ak_span text = *rest;
    if (text.len && text.ptr[text.len - 1] == '/') text.len--;
    for (size_t i = 0; i < AK_COUNT(prefixes); i++) {
        struct ak_span prefix = ak_span_str(prefixes[i]);
        if (!ak_span_ends(text, prefix)) continue;
        memcpy(out_prefix, prefix.ptr, prefix.len + 1);
        rest->len = text.len - prefix.len;
        return true;
    }
    return false;
}

static bool is_loopback(struct ak_span host)
{
    char copy[64];
    uint8_t address[4];
    if (ak_span_eq(host, AK_SPAN_LIT("localhost")) || ak_span_eq(host, AK_SPAN_LIT("[::1]"))) return true;
    if (put_text(copy, sizeof copy, host)) return false;
    return inet_pton(AF_INET, copy, address) == 1 && address[0] == 127;
}

/* host[:port], the host lower case already. */
static bool authority_fits(struct ak_span authority, struct ak_span *out_host)
{
    size_t end = authority.len && authority.ptr[0] == '[' ? ak_span_find(authority, 0, ']') + 1 : 0;
    size_t colon = ak_span_find(authority, end, ':');
    uint64_t port = 0;
    *out_host = ak_span_sub(authority, 0, colon);
    if (out_host->len == 0 || (end && end != colon)) return false;
    for (size_t i = 0; i < authority.len; i++) {
        uint8_t c = authority.ptr[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(".-:[]", c);
        if (!fits || c == 0) return false;
    }
    if (colon == authority.len) return true;
    return ak_num_parse_u64(ak_span_sub(authority, colon + 1, authority.len), 65535, &port) == AK_OK &&
           port > 0;
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text | 0x20);
}

static enum ak_err parse_http(struct ak_span rest, struct ak_target *out, const char **out_reason)
{
    const char *scheme = out->tls ? "https://" : "http://";
    struct ak_buf buf = AK_BUF_ARR(out->origin);
    struct ak_span host;
    if (!take_prefix(&rest, out->prefix))
        return refuse(out, AK_E_FORMAT, "the URL ends with its prefix, /tee or /dev", out_reason);
    ak_buf_put_str(&buf, scheme);
    ak_buf_put(&buf, rest);
    if (ak_buf_terminate(&buf) != AK_OK) return refuse(out, AK_E_LIMIT, "the URL is too long", out_reason);
    lower(out->origin);
    struct ak_span authority = ak_span_str(out->origin + strlen(scheme));
    if (!authority_fits(authority, &host))
        return refuse(
            out, AK_E_FORMAT, "between scheme and prefix stands host:port and nothing else", out_reason);
    out->local = is_loopback(host);
    if (!out->tls && !out->local)
        return refuse(out, AK_E_MEANING, "plain http is for this machine only; use https", out_reason);
    return AK_OK;
}

enum ak_err ak_target_parse(const char *url, struct ak_target *out_target, const char **out_reason)
{
    struct ak_span text = ak_span_str(url);
    struct ak_span socket = AK_SPAN_LIT("unix:"), http = AK_SPAN_LIT("http://"),
                   https = AK_SPAN_LIT("https://");
    memset(out_target, 0, sizeof *out_target);
    *out_reason = "";
    if (ak_span_starts(text, https) || ak_span_starts(text, http)) {
        out_target->tls = ak_span_starts(text, https);
        size_t scheme = out_target->tls ? https.len : http.len;
        return parse_http(ak_span_sub(text, scheme, text.len), out_target, out_reason);
    }
    if (!ak_span_starts(text, socket) || text.len <= socket.len || text.ptr[socket.len] != '/')
        return refuse(out_target, AK_E_FORMAT, "a URL begins with https://, http:// or unix:/", out_reason);
    struct ak_span path = ak_span_sub(text, socket.len, text.len);
    struct ak_target like = {.prefix = "/tee"};
    (void)take_prefix(&path, like.prefix);
    char copy[AK_TARGET_SOCKET_MAX];
    if (path.len == 0 || put_text(copy, sizeof copy, path) || ak_target_socket(copy, &like, out_target))
        return refuse(out_target, AK_E_LIMIT, "a socket's path has 1 to 107 bytes", out_reason);
    return AK_OK;
}

enum ak_err ak_target_socket(const char *path, const struct ak_target *like, struct ak_target *out_target)
{
    struct ak_target made = {.local = true, .origin = "http://localhost"};
    memcpy(made.prefix, like->prefix, sizeof made.prefix);
    memset(out_target, 0, sizeof *out_target);
    AK_TRY(put_text(made.socket, sizeof made.socket, ak_span_str(path)));
    *out_target = made;
    return AK_OK;
}
