/* A strict recogniser: literals, decimal numbers, hex and one escaped string, in the order the format gives.
 */
#include "audit/line.h"

#include "audit/hex.h"
#include "base/num.h"

/* Steps over `text` where the rest begins with it. */
static bool take_text(struct ak_span *rest, const char *text, size_t len)
{
    if (rest->len < len || memcmp(rest->ptr, text, len) != 0) return false;
    *rest = (struct ak_span){rest->ptr + len, rest->len - len};
    return true;
}
#define TAKE(rest, literal) take_text((rest), (literal), sizeof(literal) - 1)

static bool take_number(struct ak_span *rest, uint64_t *out_value)
{
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9') len++;
    if (ak_num_parse_u64(ak_span(rest->ptr, len), INT64_MAX, out_value) != AK_OK) return false;
    *rest = (struct ak_span){rest->ptr + len, rest->len - len};
    return true;
}

static bool take_hex(struct ak_span *rest, uint8_t *out_bytes, size_t len)
{
    if (rest->len < 2 * len || !ak_audit_hex_decode(ak_span(rest->ptr, 2 * len), out_bytes)) return false;
    *rest = (struct ak_span){rest->ptr + 2 * len, rest->len - 2 * len};
    return true;
}

/* One character of a string that is not its closing quote: printable ASCII, the em dash, or one of the three
 * escapes. The number of bytes it takes, 0 where it is none. */
static size_t take_char(struct ak_span rest, char out_char[3], size_t *out_len)
{
    static const uint8_t em_dash[] = {0xe2, 0x80, 0x94};
    uint8_t first = rest.len > 0 ? rest.ptr[0] : 0, next = rest.len > 1 ? rest.ptr[1] : 0;
    *out_len = 1;
    if (first == '\\') {
        out_char[0] = next == 'n' ? '\n' : (char)next;
        return next == 'n' || next == '"' || next == '\\' ? 2 : 0;
    }
    if (rest.len >= sizeof em_dash && memcmp(rest.ptr, em_dash, sizeof em_dash) == 0) {
        memcpy(out_char, em_dash, sizeof em_dash);
        *out_len = sizeof em_dash;
        return sizeof em_dash;
    }
    out_char[0] = (char)first;
    return first >= ' ' && first <= '~' ? 1 : 0;
}

/* The checkpoint's string up to, not over, its closing quote. */
static bool take_note(struct ak_span *rest, struct ak_audit_header *out)
{
    out->note_len = 0;
    while (rest->len > 0 && rest->ptr[0] != '"') {
        char c[3];
        size_t len = 0, taken = take_char(*rest, c, &len);
        if (taken == 0 || len > sizeof out->note - out->note_len) return false;
        memcpy(out->note + out->note_len, c, len);
        out->note_len += len;
        *rest = (struct ak_span){rest->ptr + taken, rest->len - taken};
    }
    return true;
}

static bool take_origin(struct ak_span *rest, uint8_t out_log_id[16])
{
    struct ak_span origin = ak_span_sub(*rest, 0, AK_AUDIT_ORIGIN);
    if (ak_audit_origin_parse(origin, out_log_id) != AK_OK) return false;
    *rest = (struct ak_span){rest->ptr + origin.len, rest->len - origin.len};
    return true;
}

static bool take_kind(struct ak_span *rest, struct ak_audit_header *out)
{
    out->account = TAKE(rest, "account\"");
    out->segment = !out->account && TAKE(rest, "segment\"");
    return out->account || out->segment || TAKE(rest, "full\"");
}

/* Hashes up to, not over, the closing bracket. */
static bool take_hashes(struct ak_span *rest, uint8_t *out_bytes, size_t cap, size_t *out_len)
{
    while (rest->len > 0 && rest->ptr[0] != ']') {
        if (*out_len == cap) return false;
        if (*out_len > 0 && !TAKE(rest, ",")) return false;
        if (!TAKE(rest, "\"") || !take_hex(rest, out_bytes + *out_len, AK_AUDIT_HASH) || !TAKE(rest, "\""))
            return false;
        *out_len += AK_AUDIT_HASH;
    }
    return TAKE(rest, "]");
}

/* Where the file begins: a segment says so, an account's part where it leaves something out. */
static bool take_from(struct ak_span *rest, struct ak_audit_header *out)
{
    bool said = TAKE(rest, ",\"from\":");
    if (said && (!take_number(rest, &out->from) || out->from == 0)) return false;
    if (!out->segment) return !said || out->account;
    return said && TAKE(rest, ",\"before\":[") &&
           take_hashes(rest, out->before, sizeof out->before, &out->before_len);
}

static bool take_header(struct ak_span rest, struct ak_audit_header *out)
{
    if (!TAKE(&rest, "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"") || !take_kind(&rest, out))
        return false;
    if (!TAKE(&rest, ",\"log_id\":\"") || !take_hex(&rest, out->log_id, sizeof out->log_id)) return false;
    if (!TAKE(&rest, "\",\"origin\":\"") || !take_origin(&rest, out->origin_log_id)) return false;
    if (!TAKE(&rest, "\",\"ledger_key\":\"") || !take_hex(&rest, out->ledger_key, sizeof out->ledger_key))
        return false;
    if (out->account &&
        (!TAKE(&rest, "\",\"anchor\":\"") || !take_hex(&rest, out->anchor, sizeof out->anchor)))
        return false;
    if (!TAKE(&rest, "\"") || !take_from(&rest, out)) return false;
    if (!TAKE(&rest, ",\"checkpoint\":\"") || !take_note(&rest, out)) return false;
    return TAKE(&rest, "\"}") && rest.len == 0;
}

enum ak_err ak_audit_line_header(struct ak_span line, struct ak_audit_header *out_header)
{
    memset(out_header, 0, sizeof *out_header);
    return take_header(line, out_header) ? AK_OK : AK_E_FORMAT;
}

static bool take_entry(struct ak_span *rest, struct ak_audit_entry_line *out)
{
    const uint8_t *quote = rest->len > 0 ? memchr(rest->ptr, '"', rest->len) : NULL;
    size_t chars = quote ? (size_t)(quote - rest->ptr) : 0;
    if (chars == 0 || chars % 2 != 0 || chars > (size_t)2 * AK_AUDIT_ENTRY_MAX) return false;
    out->entry_len = chars / 2;
    out->room[0] = 0;
    return take_hex(rest, out->room + 1, out->entry_len);
}

static bool take_proof(struct ak_span *rest, struct ak_audit_entry_line *out)
{
    return TAKE(rest, ",\"proof\":[") && take_hashes(rest, out->proof, sizeof out->proof, &out->proof_len);
}

enum ak_err ak_audit_line_entry(struct ak_span line, bool account, struct ak_audit_entry_line *out_line)
{
    struct ak_span rest = line;
    out_line->proof_len = 0;
    if (!TAKE(&rest, "{\"index\":") || !take_number(&rest, &out_line->index)) return AK_E_FORMAT;
    if (!TAKE(&rest, ",\"entry\":\"") || !take_entry(&rest, out_line)) return AK_E_FORMAT;
    if (!TAKE(&rest, "\",\"leaf_hash\":\"") || !take_hex(&rest, out_line->leaf_hash, AK_AUDIT_HASH))
        return AK_E_FORMAT;
    if (!TAKE(&rest, "\"") || (account && !take_proof(&rest, out_line))) return AK_E_FORMAT;
    return TAKE(&rest, "}") && rest.len == 0 ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_audit_line_end(struct ak_span line, uint64_t *out_entries)
{
    struct ak_span rest = line;
    if (!TAKE(&rest, "{\"end\":true,\"entries\":") || !take_number(&rest, out_entries)) return AK_E_FORMAT;
    return TAKE(&rest, "}") && rest.len == 0 ? AK_OK : AK_E_FORMAT;
}
