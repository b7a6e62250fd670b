/* Three lines of body, an empty line, then signature lines. The body is what is signed. */
#include "audit/note.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "base/crypto/sha256.h"
#include "base/num.h"

enum { KEY_ID = 4, SIGNATURE = 64, SIGNATURE_MIN = 5, SIGNATURE_MAX = 260 };

static const char origin_prefix[] = "agentkeys/ledger/";
static const char dash[] = "\xe2\x80\x94 "; /* em dash, space */

enum ak_err ak_audit_origin_parse(struct ak_span origin, uint8_t out_log_id[16])
{
    struct ak_span prefix = AK_SPAN_LIT(origin_prefix);
    memset(out_log_id, 0, 16);
    if (!ak_span_starts(origin, prefix)) return AK_E_FORMAT;
    return ak_hex_decode_fixed(ak_span_sub(origin, prefix.len, origin.len), out_log_id, 16);
}

/* The next line without its line feed. */
static enum ak_err take_line(struct ak_span *rest, struct ak_span *out_line)
{
    size_t end = ak_span_find(*rest, 0, '\n');
    *out_line = AK_SPAN_EMPTY;
    if (end == rest->len) return AK_E_FORMAT;
    *out_line = ak_span_sub(*rest, 0, end);
    *rest = ak_span_sub(*rest, end + 1, rest->len);
    return AK_OK;
}

static enum ak_err parse_body(
    struct ak_span *rest, struct ak_span *out_origin, struct ak_audit_checkpoint *checkpoint)
{
    struct ak_span line;
    size_t len = 0;
    AK_TRY(take_line(rest, out_origin));
    AK_TRY(ak_audit_origin_parse(*out_origin, checkpoint->log_id));
    AK_TRY(take_line(rest, &line));
    if (ak_num_parse_u64(line, INT64_MAX, &checkpoint->size) != AK_OK) return AK_E_FORMAT;
    AK_TRY(take_line(rest, &line));
    if (ak_base64_decode(line, checkpoint->root, sizeof checkpoint->root, &len) != AK_OK) return AK_E_FORMAT;
    return len == sizeof checkpoint->root ? AK_OK : AK_E_FORMAT;
}

/* Printable ASCII without space and plus. */
static bool name_valid(struct ak_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '+') return false;
    }
    return name.len > 0;
}

struct signature {
    struct ak_span name;
    uint8_t bytes[SIGNATURE_MAX]; /* key id, signature */
    size_t len;
};

static enum ak_err parse_signature(struct ak_span line, struct signature *out)
{
    struct ak_span prefix = AK_SPAN_LIT(dash);
    if (!ak_span_starts(line, prefix)) return AK_E_FORMAT;
    struct ak_span rest = ak_span_sub(line, prefix.len, line.len);
    size_t space = ak_span_find(rest, 0, ' ');
    out->name = ak_span_sub(rest, 0, space);
    if (space == rest.len || !name_valid(out->name)) return AK_E_FORMAT;
    if (ak_base64_decode(ak_span_sub(rest, space + 1, rest.len), out->bytes, sizeof out->bytes, &out->len) !=
        AK_OK)
        return AK_E_FORMAT;
    return out->len >= SIGNATURE_MIN ? AK_OK : AK_E_FORMAT;
}

static void key_id(struct ak_span name, const uint8_t key[32], uint8_t out_id[KEY_ID])
{
    uint8_t digest[32];
    struct ak_span parts[] = {name, AK_SPAN_LIT("\n\x01"), ak_span(key, 32)};
    ak_sha256_parts(parts, AK_COUNT(parts), digest);
    memcpy(out_id, digest, KEY_ID);
}

/* Reads all signature lines; `out_ours` is the one by `key`. */
static enum ak_err find_signature(
    struct ak_span rest, struct ak_span origin, const uint8_t key[32], struct signature *out_ours)
{
    struct signature signature = {0};
    struct ak_span line;
    uint8_t id[KEY_ID];
    unsigned lines = 0, ours = 0;
    key_id(origin, key, id);
    while (rest.len > 0) {
        AK_TRY(take_line(&rest, &line));
        if (++lines > AK_AUDIT_NOTE_SIGNATURES) return AK_E_LIMIT;
        AK_TRY(parse_signature(line, &signature));
        if (!ak_span_eq(signature.name, origin) || memcmp(signature.bytes, id, KEY_ID) != 0) continue;
        *out_ours = signature;
        ours++;
    }
    if (lines == 0) return AK_E_FORMAT;
    return ours == 1 && out_ours->len == KEY_ID + SIGNATURE ? AK_OK : AK_E_AUTH;
}

static enum ak_err note_verify(
    struct ak_span note, const uint8_t key[32], struct ak_audit_checkpoint *checkpoint)
{
    struct ak_span rest = note, origin, empty;
    struct signature ours = {0};
    if (note.len > AK_AUDIT_NOTE_MAX) return AK_E_LIMIT;
    AK_TRY(parse_body(&rest, &origin, checkpoint));
    struct ak_span body = ak_span(note.ptr, note.len - rest.len);
    AK_TRY(take_line(&rest, &empty));
    if (empty.len != 0) return AK_E_FORMAT;
    AK_TRY(find_signature(rest, origin, key, &ours));
    return ak_ed25519_verify(key, body, ours.bytes + KEY_ID);
}

enum ak_err ak_audit_note_verify(
    struct ak_span note, const uint8_t key[32], struct ak_audit_checkpoint *out_checkpoint)
{
    memset(out_checkpoint, 0, sizeof *out_checkpoint);
    enum ak_err err = note_verify(note, key, out_checkpoint);
    if (err != AK_OK) memset(out_checkpoint, 0, sizeof *out_checkpoint);
    return err;
}
