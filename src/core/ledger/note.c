/* Signed notes: three lines of body, an empty line, a line for each signature. */
#include "core/ledger/note.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "base/crypto/sha256.h"
#include "base/num.h"

#define ORIGIN_PREFIX    "agentkeys/ledger/"
#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* em dash, space */
enum { KEY_ID_LEN = 4, ALGORITHM_ED25519 = 0x01, BODY_MAX = 160 };

void ak_origin_put(struct ak_buf *buf, const uint8_t log_id[16])
{
    ak_buf_put_str(buf, ORIGIN_PREFIX);
    ak_hex_encode(buf, ak_span(log_id, 16));
}

void ak_note_key_id(struct ak_span name, const uint8_t pub[32], uint8_t out_id[4])
{
    static const uint8_t middle[2] = {'\n', ALGORITHM_ED25519};
    uint8_t digest[32];
    struct ak_span parts[] = {name, AK_SPAN_ARR(middle), ak_span(pub, 32)};
    ak_sha256_parts(parts, AK_COUNT(parts), digest);
    memcpy(out_id, digest, KEY_ID_LEN);
}

void ak_checkpoint_put_body(struct ak_buf *buf, const struct ak_checkpoint *checkpoint)
{
    ak_origin_put(buf, checkpoint->log_id);
    ak_buf_put_u8(buf, '\n');
    ak_buf_put_dec(buf, checkpoint->size);
    ak_buf_put_u8(buf, '\n');
    ak_base64_encode(buf, AK_SPAN_ARR(checkpoint->root));
    ak_buf_put_u8(buf, '\n');
}

enum ak_err ak_checkpoint_sign(
    const struct ak_checkpoint *checkpoint, const struct ak_secret32 *seed, struct ak_buf *buf)
{
    uint8_t body_bytes[BODY_MAX];
    struct ak_buf body = AK_BUF_ARR(body_bytes);
    ak_checkpoint_put_body(&body, checkpoint);
    AK_TRY(ak_buf_check(&body));
    uint8_t pub[32];
    AK_TRY(ak_ed25519_pub(seed, pub));
    struct ak_span name = ak_span(body_bytes, AK_ORIGIN_LEN);
    uint8_t line[KEY_ID_LEN + 64];
    ak_note_key_id(name, pub, line);
    AK_TRY(ak_ed25519_sign(seed, ak_buf_span(&body), line + KEY_ID_LEN));
    ak_buf_put(buf, ak_buf_span(&body));
    ak_buf_put_str(buf, "\n" SIGNATURE_PREFIX);
    ak_buf_put(buf, name);
    ak_buf_put_u8(buf, ' ');
    ak_base64_encode(buf, AK_SPAN_ARR(line));
    ak_buf_put_u8(buf, '\n');
    return ak_buf_check(buf);
}

/* The text up to the next line feed, without it; false where there is none. */
static bool next_line(struct ak_span *text, struct ak_span *out_line)
{
    size_t at = ak_span_find(*text, 0, '\n');
    if (at == text->len) return false;
    *out_line = ak_span(text->ptr, at);
    *text = ak_span(text->ptr + at + 1, text->len - at - 1);
    return true;
}

static enum ak_err parse_origin(struct ak_span line, uint8_t out_log_id[16])
{
    struct ak_span prefix = AK_SPAN_LIT(ORIGIN_PREFIX);
    if (line.len != AK_ORIGIN_LEN || !ak_span_starts(line, prefix)) return AK_E_FORMAT;
    return ak_hex_decode_fixed(ak_span_sub(line, prefix.len, line.len), out_log_id, 16);
}

/* base64 of 32 bytes */
static enum ak_err parse_root(struct ak_span line, uint8_t out_root[32])
{
    size_t len = 0;
    if (ak_base64_decode(line, out_root, 32, &len) != AK_OK || len != 32) return AK_E_FORMAT;
    return AK_OK;
}

/* Printable ASCII without space and plus: narrower than the specification, wide enough for names in use. */
static bool name_is_good(struct ak_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '+') return false;
    return name.len > 0;
}

static enum ak_err parse_signature(struct ak_span line, struct ak_note_signature *out_signature)
{
    struct ak_span prefix = AK_SPAN_LIT(SIGNATURE_PREFIX);
    if (!ak_span_starts(line, prefix)) return AK_E_FORMAT;
    struct ak_span rest = ak_span_sub(line, prefix.len, line.len);
    size_t space = ak_span_find(rest, 0, ' ');
    out_signature->name = ak_span_sub(rest, 0, space);
    if (!name_is_good(out_signature->name)) return AK_E_FORMAT;
    uint8_t bytes[KEY_ID_LEN + AK_NOTE_SIGNATURE_LEN_MAX];
    size_t len = 0;
    struct ak_span text = ak_span_sub(rest, space + 1, rest.len);
    AK_TRY(ak_base64_decode(text, bytes, sizeof bytes, &len));
    if (len <= KEY_ID_LEN) return AK_E_FORMAT;
    memcpy(out_signature->key_id, bytes, KEY_ID_LEN);
    memcpy(out_signature->bytes, bytes + KEY_ID_LEN, len - KEY_ID_LEN);
    out_signature->len = len - KEY_ID_LEN;
    return AK_OK;
}

static enum ak_err parse_body(struct ak_span *rest, struct ak_note *note)
{
    struct ak_span line = AK_SPAN_EMPTY;
    const uint8_t *start = rest->ptr;
    if (!next_line(rest, &line)) return AK_E_FORMAT;
    AK_TRY(parse_origin(line, note->checkpoint.log_id));
    if (!next_line(rest, &line)) return AK_E_FORMAT;
    AK_TRY(ak_num_parse_u64(line, UINT64_MAX, &note->checkpoint.size));
    if (!next_line(rest, &line)) return AK_E_FORMAT;
    AK_TRY(parse_root(line, note->checkpoint.root));
    note->body = ak_span(start, (size_t)(rest->ptr - start));
    if (!next_line(rest, &line) || line.len != 0) return AK_E_FORMAT;
    return AK_OK;
}

static enum ak_err parse_note(struct ak_span text, struct ak_note *note)
{
    if (text.len > AK_NOTE_LEN_MAX) return AK_E_LIMIT;
    struct ak_span rest = text;
    AK_TRY(parse_body(&rest, note));
    while (rest.len) {
        struct ak_span line = AK_SPAN_EMPTY;
        if (!next_line(&rest, &line)) return AK_E_FORMAT;
        if (note->count == AK_NOTE_SIGNATURES_MAX) return AK_E_LIMIT;
        AK_TRY(parse_signature(line, &note->signatures[note->count]));
        note->count++;
    }
    return note->count ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_note_parse(struct ak_span text, struct ak_note *out_note)
{
    *out_note = (struct ak_note){0};
    enum ak_err err = parse_note(text, out_note);
    if (err != AK_OK) *out_note = (struct ak_note){0};
    return err;
}

enum ak_err ak_checkpoint_verify(
    struct ak_span text, const uint8_t pub[32], struct ak_checkpoint *out_checkpoint)
{
    *out_checkpoint = (struct ak_checkpoint){0};
    struct ak_note note;
    AK_TRY(ak_note_parse(text, &note));
    struct ak_span name = ak_span_sub(note.body, 0, AK_ORIGIN_LEN);
    uint8_t key_id[KEY_ID_LEN];
    ak_note_key_id(name, pub, key_id);
    size_t ours = 0;
    for (size_t i = 0; i < note.count; i++) {
        const struct ak_note_signature *line = &note.signatures[i];
        if (!ak_span_eq(line->name, name) || memcmp(line->key_id, key_id, KEY_ID_LEN) != 0) continue;
        if (line->len != 64) return AK_E_AUTH;
        AK_TRY(ak_ed25519_verify(pub, note.body, line->bytes));
        ours++;
    }
    if (ours != 1) return AK_E_AUTH;
    *out_checkpoint = note.checkpoint;
    return AK_OK;
}
