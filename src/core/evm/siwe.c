/* Sign-in texts, line by line: each line has one place, one prefix and one grammar, so that what is read can
 * be written again byte for byte. */
#include "core/evm/siwe.h"

#include "base/limits.h"
#include "base/num.h"
#include "core/evm/address.h"
#include "core/evm/rfc3339.h"
#include "core/evm/uri.h"

#define WANTS " wants you to sign in with your Ethereum account:"

/* Lines between line feeds; text that ends in one has an empty last line. */
struct lines {
    const uint8_t *at;
    const uint8_t *end;
    bool finished;
    bool failed;
    const char *reason; /* what is wrong where the step that is under way fails */
};

static struct ak_span peek_line(const struct lines *lines)
{
    struct ak_span rest = ak_span(lines->at, (size_t)(lines->end - lines->at));
    return ak_span(lines->at, ak_span_find(rest, 0, '\n'));
}

static struct ak_span take_line(struct lines *lines)
{
    if (lines->finished) lines->failed = true;
    if (lines->failed) return AK_SPAN_EMPTY;
    struct ak_span line = peek_line(lines);
    lines->at += line.len;
    lines->finished = lines->at == lines->end;
    if (!lines->finished) lines->at++;
    return line;
}

static bool next_starts(const struct lines *lines, struct ak_span prefix)
{
    return !lines->failed && !lines->finished && ak_span_starts(peek_line(lines), prefix);
}

/* The rest of a line that must begin with `prefix`; its pointer is never NULL on success. */
static struct ak_span take_field(struct lines *lines, struct ak_span prefix)
{
    if (!next_starts(lines, prefix)) {
        lines->failed = true;
        return AK_SPAN_EMPTY;
    }
    struct ak_span line = take_line(lines);
    return ak_span(line.ptr + prefix.len, line.len - prefix.len);
}

static struct ak_span take_optional(struct lines *lines, struct ak_span prefix)
{
    return next_starts(lines, prefix) ? take_field(lines, prefix) : AK_SPAN_EMPTY;
}

static void expect_empty_line(struct lines *lines)
{
    if (take_line(lines).len != 0) lines->failed = true;
}

/* [ scheme "://" ] domain " wants you to sign in with your Ethereum account:" */
static enum ak_err parse_domain(struct ak_span line, struct ak_siwe *siwe)
{
    if (!ak_span_ends(line, AK_SPAN_LIT(WANTS))) return AK_E_FORMAT;
    siwe->domain = ak_span_sub(line, 0, line.len - (sizeof(WANTS) - 1));
    for (size_t i = 0; i + 3 <= siwe->domain.len; i++) {
        if (memcmp(siwe->domain.ptr + i, "://", 3) != 0) continue;
        siwe->scheme = ak_span_sub(siwe->domain, 0, i);
        if (!ak_uri_scheme_valid(siwe->scheme)) return AK_E_FORMAT;
        siwe->domain = ak_span_sub(siwe->domain, i + 3, siwe->domain.len);
        break;
    }
    return ak_uri_authority_valid(siwe->domain) ? AK_OK : AK_E_FORMAT;
}

/* Two empty lines, or a statement between two. */
static enum ak_err parse_statement(struct lines *lines, struct ak_siwe *siwe)
{
    lines->reason =
        "after the address stand two empty lines, or a statement of one line between two empty lines";
    expect_empty_line(lines);
    struct ak_span line = take_line(lines);
    if (lines->failed) return AK_E_FORMAT;
    if (line.len == 0) return AK_OK;
    siwe->statement = line;
    expect_empty_line(lines);
    return !lines->failed && ak_uri_statement_valid(line) ? AK_OK : AK_E_FORMAT;
}

static bool nonce_valid(struct ak_span nonce)
{
    for (size_t i = 0; i < nonce.len; i++) {
        uint8_t c = nonce.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
    }
    return nonce.len >= AK_SIWE_NONCE_MIN;
}

static enum ak_err parse_nonce(struct lines *lines, struct ak_siwe *siwe)
{
    lines->reason = "the line \"Nonce: \" is not in its place, or not of 8 or more letters and digits";
    siwe->nonce = take_field(lines, AK_SPAN_LIT("Nonce: "));
    return nonce_valid(siwe->nonce) ? AK_OK : AK_E_FORMAT;
}

static enum ak_err parse_required(struct lines *lines, struct ak_siwe *siwe)
{
    lines->reason = "the line \"URI: \" is not in its place, or no URI (RFC 3986)";
    siwe->uri = take_field(lines, AK_SPAN_LIT("URI: "));
    if (!ak_uri_valid(siwe->uri)) return AK_E_FORMAT;
    lines->reason = "the line \"Version: 1\" is not in its place, or another version";
    if (!ak_span_eq(take_field(lines, AK_SPAN_LIT("Version: ")), AK_SPAN_LIT("1"))) return AK_E_FORMAT;
    lines->reason = "the line \"Chain ID: \" is not in its place, or no decimal number";
    AK_TRY(ak_num_parse_u64(take_field(lines, AK_SPAN_LIT("Chain ID: ")), UINT64_MAX, &siwe->chain_id));
    AK_TRY(parse_nonce(lines, siwe));
    lines->reason = "the line \"Issued At: \" is not in its place, or no time (RFC 3339)";
    siwe->issued_at = take_field(lines, AK_SPAN_LIT("Issued At: "));
    return ak_rfc3339_parse(siwe->issued_at, &siwe->issued_at_ms);
}

static enum ak_err parse_optional(struct lines *lines, struct ak_siwe *siwe)
{
    siwe->expiration_ms = UINT64_MAX;
    lines->reason = "the line \"Expiration Time: \" has no time (RFC 3339)";
    siwe->expiration_time = take_optional(lines, AK_SPAN_LIT("Expiration Time: "));
    if (siwe->expiration_time.ptr != NULL) {
        AK_TRY(ak_rfc3339_parse(siwe->expiration_time, &siwe->expiration_ms));
    }
    lines->reason = "the line \"Not Before: \" has no time (RFC 3339)";
    siwe->not_before = take_optional(lines, AK_SPAN_LIT("Not Before: "));
    if (siwe->not_before.ptr != NULL) AK_TRY(ak_rfc3339_parse(siwe->not_before, &siwe->not_before_ms));
    lines->reason = "the line \"Request ID: \" has a character that it may not have";
    siwe->request_id = take_optional(lines, AK_SPAN_LIT("Request ID: "));
    return ak_uri_pchars_valid(siwe->request_id) ? AK_OK : AK_E_FORMAT;
}

static enum ak_err parse_resources(struct lines *lines, struct ak_siwe *siwe)
{
    if (lines->finished) return AK_OK;
    lines->reason =
        "after \"Issued At: \" stands a line that is not, in this order, Expiration Time, Not Before, "
        "Request ID or Resources";
    if (take_field(lines, AK_SPAN_LIT("Resources:")).len != 0 || lines->failed) return AK_E_FORMAT;
    siwe->has_resources = true;
    lines->reason =
        "under \"Resources:\" stands a line that is not \"- \" and a URI, or there are more than 16";
    while (!lines->finished) {
        struct ak_span resource = take_field(lines, AK_SPAN_LIT("- "));
        if (lines->failed || !ak_uri_valid(resource)) return AK_E_FORMAT;
        if (siwe->resource_count == AK_SIWE_RESOURCES_MAX) return AK_E_LIMIT;
        siwe->resources[siwe->resource_count++] = resource;
    }
    return AK_OK;
}

static enum ak_err parse_lines(struct lines *lines, struct ak_siwe *siwe)
{
    lines->reason = "line 1 is not \"DOMAIN" WANTS "\" with a domain, and before it perhaps SCHEME://";
    AK_TRY(parse_domain(take_line(lines), siwe));
    lines->reason = "line 2 is not an address with its checksum (EIP-55)";
    AK_TRY(ak_evm_address_parse_checksum(take_line(lines), siwe->address));
    AK_TRY(parse_statement(lines, siwe));
    AK_TRY(parse_required(lines, siwe));
    AK_TRY(parse_optional(lines, siwe));
    return parse_resources(lines, siwe);
}

static enum ak_err read_text(struct ak_span text, struct ak_siwe *siwe, const char **out_reason)
{
    *out_reason = "the text has no byte, or over 30720";
    if (text.len == 0) return AK_E_FORMAT;
    if (text.len > AK_LIMIT_MESSAGE) return AK_E_LIMIT;
    /* A final line feed would leave an empty line that no field takes. */
    *out_reason = "the text ends in a line feed, or an empty line; its last line has no end";
    if (text.ptr[text.len - 1] == '\n') return AK_E_FORMAT;
    struct lines lines = {text.ptr, text.ptr + text.len, false, false, ""};
    enum ak_err err = parse_lines(&lines, siwe);
    *out_reason = err ? lines.reason : "";
    return err;
}

enum ak_err ak_siwe_read(struct ak_span text, struct ak_siwe *out_siwe, const char **out_reason)
{
    *out_siwe = (struct ak_siwe){0};
    enum ak_err err = read_text(text, out_siwe, out_reason);
    if (err != AK_OK) *out_siwe = (struct ak_siwe){0};
    return err;
}

enum ak_err ak_siwe_parse(struct ak_span text, struct ak_siwe *out_siwe)
{
    const char *reason = "";
    return ak_siwe_read(text, out_siwe, &reason);
}

static void put_optional(struct ak_buf *buf, const char *name, struct ak_span value)
{
    if (value.ptr == NULL) return;
    ak_buf_put_str(buf, name);
    ak_buf_put(buf, value);
}

static void put_head(struct ak_buf *buf, const struct ak_siwe *siwe)
{
    if (siwe->scheme.ptr != NULL) {
        ak_buf_put(buf, siwe->scheme);
        ak_buf_put_str(buf, "://");
    }
    ak_buf_put(buf, siwe->domain);
    ak_buf_put_str(buf, WANTS "\n");
    ak_evm_address_put_checksum(buf, siwe->address);
    ak_buf_put_str(buf, "\n\n");
    if (siwe->statement.ptr != NULL) {
        ak_buf_put(buf, siwe->statement);
        ak_buf_put_u8(buf, '\n');
    }
}

void ak_siwe_put(struct ak_buf *buf, const struct ak_siwe *siwe)
{
    put_head(buf, siwe);
    ak_buf_put_str(buf, "\nURI: ");
    ak_buf_put(buf, siwe->uri);
    ak_buf_put_str(buf, "\nVersion: 1\nChain ID: ");
    ak_buf_put_dec(buf, siwe->chain_id);
    ak_buf_put_str(buf, "\nNonce: ");
    ak_buf_put(buf, siwe->nonce);
    ak_buf_put_str(buf, "\nIssued At: ");
    ak_buf_put(buf, siwe->issued_at);
    put_optional(buf, "\nExpiration Time: ", siwe->expiration_time);
    put_optional(buf, "\nNot Before: ", siwe->not_before);
    put_optional(buf, "\nRequest ID: ", siwe->request_id);
    if (!siwe->has_resources) return;
    ak_buf_put_str(buf, "\nResources:");
    for (size_t i = 0; i < siwe->resource_count; i++) put_optional(buf, "\n- ", siwe->resources[i]);
}

enum ak_err ak_siwe_check_time(const struct ak_siwe *siwe, uint64_t now_ms)
{
    bool valid = now_ms >= siwe->not_before_ms && now_ms < siwe->expiration_ms;
    return valid ? AK_OK : AK_E_EXPIRED;
}

/* An authority without userinfo, final dot and default port. */
struct site {
    struct ak_span host;
    struct ak_span port; /* empty for a default one */
};

static struct site site_of(struct ak_span authority)
{
    size_t at = ak_span_find(authority, 0, '@');
    if (at < authority.len) authority = ak_span_sub(authority, at + 1, authority.len);
    bool literal = ak_span_starts(authority, AK_SPAN_LIT("["));
    size_t host_end = ak_span_find(authority, literal ? ak_span_find(authority, 0, ']') : 0, ':');
    struct site site = {
        ak_span_sub(authority, 0, host_end), ak_span_sub(authority, host_end + 1, authority.len)};
    if (ak_span_ends(site.host, AK_SPAN_LIT("."))) site.host.len--;
    while (site.port.len > 0 && site.port.ptr[0] == '0') site.port = ak_span_sub(site.port, 1, site.port.len);
    bool by_default = ak_span_eq(site.port, AK_SPAN_LIT("80")) || ak_span_eq(site.port, AK_SPAN_LIT("443"));
    if (by_default) site.port = AK_SPAN_EMPTY;
    return site;
}

static bool same_letters(struct ak_span a, struct ak_span b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t x = a.ptr[i];
        uint8_t y = b.ptr[i];
        if (x >= 'A' && x <= 'Z') x = (uint8_t)(x - 'A' + 'a');
        if (y >= 'A' && y <= 'Z') y = (uint8_t)(y - 'A' + 'a');
        if (x != y) return false;
    }
    return true;
}

bool ak_siwe_same_site(struct ak_span domain, struct ak_span authority)
{
    struct site a = site_of(domain);
    struct site b = site_of(authority);
    return same_letters(a.host, b.host) && ak_span_eq(a.port, b.port);
}
