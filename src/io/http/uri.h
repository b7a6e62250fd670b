/* The query of a URL: `a=1&b=x`, percent-decoded. Strict: each name once, no empty name, no bad escape, no
 * NUL. A plus stays a plus. Pure. spec: RFC 3986 3.4 */
#ifndef AK_IO_HTTP_URI_H
#define AK_IO_HTTP_URI_H

#include "base/buf.h"
#include "core/wire/field.h"

/* Appends to `params` (cap in all); decoded bytes go to `memory`. AK_E_FORMAT, AK_E_LIMIT (cap), AK_E_FULL.
 */
AK_MUST_USE enum ak_err ak_http_query_parse(
    struct ak_span query, struct ak_buf *memory, struct ak_msg_param *params, size_t cap, size_t *count);

#endif
