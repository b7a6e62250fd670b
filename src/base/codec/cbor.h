/* Deterministic CBOR: the part that the ledger and the meaning hash use. Definite lengths, shortest heads,
 * map keys in bytewise order of their encoding, no duplicates, no tags, no floats. What is read is refused
 * unless it is what this writer would have written. Bounded, no allocation, no recursion. A caller
 * that reads a map key by key holds the order of its keys itself; ak_cbor_skip checks it. Public bytes.
 * Threads: any. spec: RFC 8949 4.2.1 */
#ifndef AK_BASE_CODEC_CBOR_H
#define AK_BASE_CODEC_CBOR_H

#include "base/buf.h"
#include "base/codec/utf8.h"
#include "base/err.h"
#include "base/reader.h"

enum { AK_LIMIT_CBOR_DEPTH = 16 }; /* as for JSON; our own records need 4 */

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
/* The negative integer -1 - below. */
void ak_cbor_put_nint(struct ak_buf *buf, uint64_t below);
void ak_cbor_put_bytes(struct ak_buf *buf, struct ak_span bytes);
/* The head alone; `len` bytes must follow. For long strings that are hashed where they lie. */
void ak_cbor_put_bytes_head(struct ak_buf *buf, uint64_t len);
/* Text that is not UTF-8 fails the buffer: nobody could read it back. */
void ak_cbor_put_text(struct ak_buf *buf, struct ak_span text);
void ak_cbor_put_array(struct ak_buf *buf, uint64_t count);
/* Opens a map of `count` pairs; the caller writes the keys in order. */
void ak_cbor_put_map(struct ak_buf *buf, uint64_t count);
void ak_cbor_put_bool(struct ak_buf *buf, bool value);
void ak_cbor_put_null(struct ak_buf *buf);

/* Reading is sticky like ak_reader: the first thing of another type, not shortest, or cut short fails the
 * reader. Text is checked to be UTF-8. */
/* The type of the next item by its first byte; changes nothing. */
enum ak_cbor_type ak_cbor_peek(const struct ak_reader *reader);
uint64_t ak_cbor_uint(struct ak_reader *reader);
/* The `below` of a negative integer -1 - below. */
uint64_t ak_cbor_nint(struct ak_reader *reader);
struct ak_span ak_cbor_bytes(struct ak_reader *reader);
/* Exactly `len` bytes, copied; zeros on failure. */
void ak_cbor_bytes_fixed(struct ak_reader *reader, uint8_t *out_bytes, size_t len);
struct ak_span ak_cbor_text(struct ak_reader *reader);
/* Number of elements, of pairs; never more than the bytes that are left can hold. */
uint64_t ak_cbor_array(struct ak_reader *reader);
uint64_t ak_cbor_map(struct ak_reader *reader);
bool ak_cbor_bool(struct ak_reader *reader);
void ak_cbor_null(struct ak_reader *reader);
/* Steps over one whole item of any type this codec takes, containers nested to at most 16 levels, keys of all
 * maps in order and unique; the item's bytes, empty on failure. */
struct ak_span ak_cbor_skip(struct ak_reader *reader);

#endif
