/* JSON. Reading: jansson decides (strict RFC 8259, no duplicate keys, depth bounded); for flat objects of a
 * known shape a strict recogniser goes first and is held equal to it. Writing: a small writer on ak_buf. No
 * meaning here. Documents live on the heap until done and are not wiped: not for secrets, unless
 * ak_json_set_memory says otherwise. One thread at a time per document. spec: RFC 8259 */
#ifndef AK_BASE_CODEC_JSON_H
#define AK_BASE_CODEC_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* ---- a parsed document; owned, AK_CLEANUP(ak_json_done) ---- */
struct ak_json {
    void *root; /* json_t */
};
/* Seeds the hash tables of all documents, once, before the first one; without it the library reads its seed
 * from the operating system at that moment, which a sandbox may forbid. `seed` is random and not 0. */
void ak_json_init(uint64_t seed);
/* Where all documents of this process live from now on; `release` may wipe before it frees, and gets all that
 * a document ever was in. Blocks that malloc gave before come to it, too. */
void ak_json_set_memory(void *(*alloc)(size_t len), void (*release)(void *block));
/* The top must be an object. AK_E_FORMAT (malformed, duplicate key, not an object, U+0000 in a string, an
 * integer outside int64, a real outside double), AK_E_LIMIT (depth over 16, length), AK_E_FULL (no memory, as
 * far as the library tells it from a malformed text). */
AK_MUST_USE enum ak_err ak_json_parse(struct ak_span text, size_t max_len, struct ak_json *out_json);
void ak_json_done(struct ak_json *json);

/* A value inside a document: borrowed, valid while the document lives; {NULL} where absent. */
struct ak_json_value {
    const void *node;
};
enum ak_json_type {
    AK_JSON_ABSENT,
    AK_JSON_NULL,
    AK_JSON_BOOL,
    AK_JSON_INT,
    AK_JSON_REAL,
    AK_JSON_STRING,
    AK_JSON_ARRAY,
    AK_JSON_OBJECT
};
struct ak_json_value ak_json_root(const struct ak_json *json);
enum ak_json_type ak_json_type(struct ak_json_value value);
struct ak_json_value ak_json_get(struct ak_json_value object, const char *key);
size_t ak_json_len(struct ak_json_value array_or_object);
struct ak_json_value ak_json_at(struct ak_json_value array, size_t index);
/* The i-th member of an object in unspecified but stable order; takes i steps. ABSENT beyond the end. */
struct ak_json_value ak_json_member(struct ak_json_value object, size_t index, struct ak_span *out_key);
/* AK_E_NOT_FOUND where absent, AK_E_FORMAT for another type (or a negative number). */
AK_MUST_USE enum ak_err ak_json_string(struct ak_json_value value, struct ak_span *out_text);
/* True for a string of exactly these bytes. */
bool ak_json_string_is(struct ak_json_value value, struct ak_span text);
AK_MUST_USE enum ak_err ak_json_u64(struct ak_json_value value, uint64_t *out_number);
AK_MUST_USE enum ak_err ak_json_bool(struct ak_json_value value, bool *out_bool);

/* ---- recogniser: one flat object, members strings or non-negative integers of at most 18 digits, printable
 * ASCII without escapes; memory is the caller's ---- */
struct ak_json_flat_member {
    struct ak_span key;
    struct ak_span value; /* of a string without quotes; of a number its digits */
    bool is_string;
};
/* AK_E_UNSUPPORTED where the text is not of that simple shape (it may still be good JSON: ask ak_json_parse).
 * Whatever it accepts, ak_json_parse accepts with the same members. Duplicate keys, and
 * more than `cap` members, are AK_E_UNSUPPORTED too. Keys are compared pairwise: cap is at most 32. */
AK_MUST_USE enum ak_err ak_json_flat(
    struct ak_span text, struct ak_json_flat_member *out_members, size_t cap, size_t *out_count);

/* ---- writer ---- */
/* Commas are put by the writer; the caller opens and closes, gives each member of an object its key, and
 * nests to a depth of 16 at the most: the writer aborts where it does not. What does not fit fails the
 * buffer. */
struct ak_json_writer {
    struct ak_buf *buf;
    uint32_t has_member; /* bit per level: a comma is due */
    unsigned depth;
    bool after_key;
};
struct ak_json_writer ak_json_writer(struct ak_buf *buf);
void ak_json_open_object(struct ak_json_writer *w);
void ak_json_close_object(struct ak_json_writer *w);
void ak_json_open_array(struct ak_json_writer *w);
void ak_json_close_array(struct ak_json_writer *w);
void ak_json_key(struct ak_json_writer *w, const char *key);
/* Escapes what must be escaped; bytes that are not UTF-8 become U+FFFD. */
void ak_json_put_string(struct ak_json_writer *w, struct ak_span text);
void ak_json_put_u64(struct ak_json_writer *w, uint64_t value);
void ak_json_put_bool(struct ak_json_writer *w, bool value);
void ak_json_put_null(struct ak_json_writer *w);
/* Lower-case hex of `bytes` as a string, with `prefix` ("0x" or "") before it. */
void ak_json_put_hex(struct ak_json_writer *w, const char *prefix, struct ak_span bytes);
/* A string of base64url without padding. */
void ak_json_put_base64url(struct ak_json_writer *w, struct ak_span bytes);
/* Bytes that are JSON already. */
void ak_json_put_raw(struct ak_json_writer *w, struct ak_span json);

#endif
