/* One keep-alive HTTP connection to one worker, through libcurl: no proxy, no redirect, no cookie, HTTP/1.1,
 * TLS 1.3 checked by the pinned key or, without a pin, by the system's authorities. Knows nothing of calls or
 * proofs. Secret: token and proof of a request; nothing is logged. One thread. */
#ifndef AK_IO_CLIENT_FETCH_H
#define AK_IO_CLIENT_FETCH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "io/client/guard.h"
#include "io/client/target.h"

enum {
    AK_FETCH_BODY_MAX = 2 * 1024 * 1024, /* an answer; the worker's are under 512 KiB */
    AK_FETCH_NONCE_MAX = 128,
    AK_FETCH_NOTICE_MAX = 256,
    AK_FETCH_REASON_MAX = 256,
    AK_FETCH_ID_MAX = 32,
};

struct ak_fetch {
    void *curl;    /* CURL */
    void *headers; /* curl_slist of the running request */
    const struct ak_target *target;
    uint8_t *body; /* AK_FETCH_BODY_MAX bytes */
    size_t body_len;
    bool body_over;
    char nonce[AK_FETCH_NONCE_MAX + 1];   /* newest DPoP-Nonce; kept over requests */
    char notice[AK_FETCH_NOTICE_MAX + 1]; /* AgentKeys-Notice of the newest answer */
    char request_id[AK_FETCH_ID_MAX + 1]; /* X-Request-Id of the newest answer */
    uint64_t date_s;                      /* Date of the newest answer, Unix seconds; 0: none */
    char reason[AK_FETCH_REASON_MAX];     /* why the newest request failed */
    bool pin_failed;
    struct ak_guard guard; /* off: any connection may be used */
};

struct ak_fetch_ask {
    const char *method;      /* "GET", "POST", "PUT" or "DELETE"; the last without a body */
    const char *path;        /* with query */
    struct ak_span body;     /* JSON; empty: none */
    struct ak_span token;    /* empty: none */
    struct ak_span proof;    /* empty: none */
    const char *idempotency; /* NULL: none */
};
struct ak_fetch_answer {
    unsigned status;
    struct ak_span body;    /* valid until the next request */
    const char *request_id; /* X-Request-Id, "" without one; valid until the next request */
    bool new_connection;    /* this request opened one */
};

/* `target` stays the caller's and must outlive it. `pin`: SHA-256 of the server's SPKI, or NULL. AK_E_IO
 * (library), AK_E_FULL (memory). */
AK_MUST_USE enum ak_err ak_fetch_open(
    struct ak_fetch *fetch, const struct ak_target *target, const uint8_t *pin, uint64_t timeout_ms);
/* Fine on a zeroed one. */
void ak_fetch_close(struct ak_fetch *fetch);
/* AK_E_IO with fetch->reason (no connection, time-out, broken off), AK_E_AUTH (TLS: not who it should be),
 * AK_E_LIMIT (answer too long), AK_E_STATE (not sent: the guard knows no verdict on this connection),
 * AK_E_FULL. */
AK_MUST_USE enum ak_err ak_fetch_do(
    struct ak_fetch *fetch, const struct ak_fetch_ask *ask, struct ak_fetch_answer *out_answer);

/* Opens a TLS connection, sends nothing, and gives SHA-256 of the server's SPKI, unchecked. AK_E_IO,
 * AK_E_FORMAT, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_fetch_peer_pin(
    const struct ak_target *target, uint64_t timeout_ms, uint8_t out_pin[32]);

#endif
