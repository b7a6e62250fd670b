/* Little-endian numbers of quotes. Internal to core/attest. */
#ifndef AK_CORE_ATTEST_INTEL_BYTES_H
#define AK_CORE_ATTEST_INTEL_BYTES_H

#include "base/reader.h"

/* `len` bytes, at most 8, that the span has. */
static inline uint64_t ak_intel_number(struct ak_span bytes, size_t at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--) value = value << 8 | bytes.ptr[at + i - 1];
    return value;
}

/* 0 where the reader has no `len` bytes any more. */
static inline uint64_t ak_intel_take_number(struct ak_reader *in, size_t len)
{
    struct ak_span bytes = ak_reader_take(in, len);
    return bytes.len == len ? ak_intel_number(bytes, 0, len) : 0;
}

static inline bool ak_intel_is_zero(struct ak_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] != 0) return false;
    return true;
}

/* (a & mask) == wanted, all of one length. */
static inline bool ak_intel_is_masked(struct ak_span a, struct ak_span mask, struct ak_span wanted)
{
    for (size_t i = 0; i < a.len; i++)
        if ((a.ptr[i] & mask.ptr[i]) != wanted.ptr[i]) return false;
    return true;
}

#endif
