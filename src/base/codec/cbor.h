/* Deterministic CBOR: the part that the ledger and the meaning hash use. Definite lengths, shortest heads,
 * map keys in bytewise order of their encoding, no duplicates, no tags, no floats. What is read is refused
 * unless it is what this writer would have written. Bounded, no allocation, no recursion. spec: RFC
 * 8949 4.2.1 */
#ifndef AK_BASE_CODEC_CBOR_H
#define AK_BASE_CODEC_CBOR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"

enum ak_cbor_type {
    AK_CBOR_UINT,
    AK_CBOR_NINT,
    AK_CBOR_BYTES,
    AK_CBOR_TEXT,
    AK_CBOR_ARRAY,
    AK_CBOR_MAP,
    AK_CBOR_BOOL,
    AK_CBOR_NULL,
    AK_CBOR_NONE /* end of input, or nothing this codec takes */
};

void ak_cbor_put_uint(struct ak_buf *buf, uint64_t value);
void ak_cbor_put_bytes(struct ak_buf *buf, struct ak_span bytes);
void ak_cbor_put_text(struct ak_buf *buf, struct ak_span text);
void ak_cbor_put_array(struct ak_buf *buf, uint64_t count);
/* Opens a map of `count` pairs; the caller writes the keys in order. */
void ak_cbor_put_map(struct ak_buf *buf, uint64_t count);
void ak_cbor_put_bool(struct ak_buf *buf, bool value);
void ak_cbor_put_null(struct ak_buf *buf);

/* Reading is sticky like ak_reader: the first thing of another type, not shortest, or cut short fails the
 * reader. Text is checked to be UTF-8. */
enum ak_cbor_type ak_cbor_peek(const struct ak_reader *reader);
uint64_t ak_cbor_uint(struct ak_reader *reader);
struct ak_span ak_cbor_bytes(struct ak_reader *reader);
/* Exactly `len` bytes, copied; zeros on failure. */
void ak_cbor_bytes_fixed(struct ak_reader *reader, uint8_t *out_bytes, size_t len);
struct ak_span ak_cbor_text(struct ak_reader *reader);
uint64_t ak_cbor_array(struct ak_reader *reader);
uint64_t ak_cbor_map(struct ak_reader *reader);
bool ak_cbor_bool(struct ak_reader *reader);
/* Steps over one whole item of any type this codec takes, nested to at most 16 levels; the item's bytes. */
struct ak_span ak_cbor_skip(struct ak_reader *reader);

/* AK_OK where `text` is well-formed UTF-8 without surrogates or overlong forms. spec: RFC 3629 */
AK_MUST_USE enum ak_err ak_utf8_validate(struct ak_span text);

#endif
