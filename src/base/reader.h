/* A bounded reader over a span. The first read beyond the end makes it fail and stay failed; failed reads
 * give 0 or the empty span. Integers are big-endian. Does not own. */
#ifndef AK_BASE_READER_H
#define AK_BASE_READER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

struct ak_reader {
    const uint8_t *ptr;
    size_t len; /* what is left */
    bool failed;
};

static inline struct ak_reader ak_reader(struct ak_span bytes)
{
    return (struct ak_reader){bytes.ptr, bytes.len, false};
}
/* The next `len` bytes, as a view. */
struct ak_span ak_reader_take(struct ak_reader *reader, size_t len);
uint8_t ak_reader_u8(struct ak_reader *reader);
uint16_t ak_reader_u16(struct ak_reader *reader);
uint32_t ak_reader_u32(struct ak_reader *reader);
uint64_t ak_reader_u64(struct ak_reader *reader);
/* Copies the next `len` bytes to `out`, zeros on failure. */
void ak_reader_copy(struct ak_reader *reader, void *out, size_t len);
/* AK_OK only where nothing failed and nothing is left; AK_E_FORMAT otherwise. */
AK_MUST_USE enum ak_err ak_reader_finish(const struct ak_reader *reader);

#endif
