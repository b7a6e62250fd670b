/* How the entries of one batch lie in one blob: u32 big-endian length, bytes, and so on, nothing between.
 * No meaning, no secrets, no allocation. spec: docs/formats/ledger.md, Segments */
#ifndef AK_CORE_LEDGER_SEGMENT_H
#define AK_CORE_LEDGER_SEGMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"

enum {
    AK_SEGMENT_ENTRIES_MAX = 1024, /* entries a batch: bounds a sync and what a torn one loses */
    AK_SEGMENT_LEN_MAX = 1024 * 1024,
};

/* Appends one framed entry. A failure of `buf` sticks. */
void ak_segment_put(struct ak_buf *buf, struct ak_span entry);
/* The next entry of 1 to AK_LIMIT_ENTRY bytes. AK_E_NOT_FOUND exactly at the end, AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_segment_next(struct ak_reader *reader, struct ak_span *out_entry);
/* Walks the whole blob: exactly `count` entries and nothing after them. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_segment_validate(struct ak_span segment, uint64_t count);

#endif
