/* Time stamps as text, by arithmetic only: no time zone database, no libc time. Threads: any.
 * spec: RFC 3339 5.6 (upper-case T and Z, no leap second) */
#ifndef AK_CORE_EVM_RFC3339_H
#define AK_CORE_EVM_RFC3339_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Unix milliseconds, from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z; further digits of a fraction (9
 * at the most) are cut off. AK_E_FORMAT, AK_E_LIMIT (before 1970 or after 9999, as UTC). */
AK_MUST_USE enum ak_err ak_rfc3339_parse(struct ak_span text, uint64_t *out_ms);
/* "2026-01-31T23:59:59.999Z", always with milliseconds; the writer fails for a time after 9999. */
void ak_rfc3339_put(struct ak_buf *buf, uint64_t ms);

#endif
