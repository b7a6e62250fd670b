/* One request to a stranger's web server, through libcurl. TLS 1.2 or later with the server's certificate and
 * name checked; plain http to loopback only. No proxy, no netrc, no redirect, no cookie, no compression; one
 * time-out for all of it, and an answer that fits the caller's buffer or is none. Knows nothing of what is
 * asked. Secret: form, authorization and answer; nothing is logged. Blocks for at most the time-out. Threads:
 * any, each with its own arguments. */
#ifndef AK_IO_WEB_WEB_H
#define AK_IO_WEB_WEB_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_WEB_REASON_MAX = 128 };

struct ak_web_ask {
    struct ak_span url;
    struct ak_span form;          /* a POST with this form; empty: a GET */
    struct ak_span authorization; /* the header's value; empty: none */
    struct ak_span authorities;   /* PEM; empty: the system's */
    unsigned timeout_s;
    const atomic_bool *stop; /* true: break off within a second; NULL: never */
};

/* Appends the answer's body, whatever its status. AK_E_ARG (a URL that is not taken), AK_E_LIMIT (the answer
 * does not fit), AK_E_AUTH (TLS: not who it should be), AK_E_IO (no connection, time-out, broken off, a
 * redirect), AK_E_FULL (memory). Nothing is appended then. out_reason, which may be NULL, says why in the
 * library's words, without address and content. */
AK_MUST_USE enum ak_err ak_web_fetch(const struct ak_web_ask *ask, struct ak_buf *body, unsigned *out_status,
    char out_reason[AK_WEB_REASON_MAX]);

#endif
