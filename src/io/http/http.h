/* An HTTP/1.1 server over sockets that are already listening, driven by the caller's event loop in one
 * thread. Guarantees: a request reaches the hook only whole, within the limits, and only where its head has
 * one reading: no Transfer-Encoding, at most one Content-Length, exactly one Host for HTTP/1.1, no folded
 * line, no bare CR or LF, no NUL. Everything else is answered 400 and the connection closed. A request is
 * answered once, at once or later. Every answer has X-Request-Id and Cache-Control: no-store. Not
 * guaranteed: what libmicrohttpd itself cannot parse is answered by it, without a JSON body. Tokens and
 * proofs pass through its buffers. Owner: the server owns the listening sockets. One thread, and one TLS
 * server a process. spec: RFC 9112 */
#ifndef AK_IO_HTTP_HTTP_H
#define AK_IO_HTTP_HTTP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "core/wire/code.h"

enum {
    AK_HTTP_LISTENERS_MAX = 4,
    AK_HTTP_TARGET_MAX = 3071,    /* bytes of path and query; providers send codes of up to 2000 */
    AK_HTTP_HEAD_MAX = 16 * 1024, /* request line and headers, with what MHD keeps beside them */
    AK_HTTP_EXTRA_HEADERS_MAX = 6,
};

/* The headers a request is asked for; of each the value and how often it stood there. */
enum ak_http_header {
    AK_HTTP_AUTHORIZATION,
    AK_HTTP_DPOP,
    AK_HTTP_IDEMPOTENCY_KEY,
    AK_HTTP_CONTENT_TYPE,
    AK_HTTP_CONTENT_LENGTH,
    AK_HTTP_TRANSFER_ENCODING,
    AK_HTTP_HOST,
    AK_HTTP_FORWARDED_FOR, /* X-Forwarded-For: anybody can write it; see core/broker/source.h */
    AK_HTTP_HEADER_COUNT
};

/* One client. The fields after the mark are the hooks' own. */
struct ak_http_conn {
    uint64_t id;       /* never used twice while the server lives */
    unsigned listener; /* index of the listener it came in by */
    int fd;
    bool loopback;       /* TCP from a loopback address */
    uint8_t address[16]; /* of a TCP peer, IPv4 (mapped, too) in the first 4 bytes */
    size_t address_len;  /* 4, 16, or 0 for a Unix socket */
    uint64_t deadline_ms;
    bool busy; /* a request of it waits for its answer */
    bool open;
    /* ---- the hooks' own ---- */
    uint64_t source;
    uint8_t kind;
    bool told;
};

/* A whole request, as the hook sees it. Spans are valid until the hook returns, except conn and the numbers,
 * which hold until the answer. */
struct ak_http_request {
    struct ak_http_conn *conn;
    uint32_t slot, use; /* for ak_http_find */
    struct ak_span method;
    struct ak_span path;  /* as sent, not percent-decoded */
    struct ak_span query; /* as sent, without the question mark */
    struct ak_span body;
    struct ak_span headers[AK_HTTP_HEADER_COUNT]; /* without white space around */
    unsigned header_counts[AK_HTTP_HEADER_COUNT];
    uint8_t id[16]; /* goes out as X-Request-Id */
    /* ---- the hook's own, kept until the answer ---- */
    uint16_t call;
    bool proof_call;
};

struct ak_http_reply {
    unsigned status;
    const char *content_type; /* NULL: application/json */
    struct ak_span body;      /* copied */
    const char *names[AK_HTTP_EXTRA_HEADERS_MAX];
    const char *values[AK_HTTP_EXTRA_HEADERS_MAX]; /* printable, NUL-ended, copied */
    size_t extra;
    bool close;
};

struct ak_http_hooks {
    void *ctx;
    void (*opened)(void *ctx, struct ak_http_conn *conn);
    void (*closed)(void *ctx, struct ak_http_conn *conn);
    /* Either ak_http_answer is called for the request before the hook returns, or later from the loop. */
    void (*request)(void *ctx, struct ak_http_request *request);
    /* How long a body this request may have; asked only where it says more than AK_LIMIT_BODY. NULL: no
     * more than that. Only method and path are set. */
    size_t (*body_max)(void *ctx, const struct ak_http_request *request);
};

/* The worker's certificate, and the key behind it, which lives in another process. `sign` gives r || s over
 * SHA-256(content); it may block. */
struct ak_http_tls {
    struct ak_span certificate; /* DER */
    bool (*sign)(void *ctx, struct ak_span content, uint8_t out_sig[64]);
    void *ctx;
};

struct ak_http_listener {
    int fd;
    bool tls;
};
struct ak_http_config {
    struct ak_http_listener listeners[AK_HTTP_LISTENERS_MAX];
    size_t listener_count;
    unsigned max_connections;      /* in all; a sixteenth is for clients of this machine */
    unsigned per_address;          /* connections of one remote customer; 0: no limit */
    unsigned idle_ms;              /* between two bytes */
    unsigned request_ms;           /* from one answer, or the connect, to the next whole request */
    unsigned answer_ms;            /* the hook's answer; then 503 */
    unsigned tls_accepts_per_s;    /* a quarter of them for one remote customer; 0: no limit */
    const struct ak_http_tls *tls; /* outlives the server */
    struct ak_http_hooks hooks;
};

struct ak_http_figures {
    uint64_t connections; /* open now */
    uint64_t accepted;
    uint64_t refused;    /* over the limits of an address or of TLS */
    uint64_t timed_out;  /* clients that were too slow */
    uint64_t unanswered; /* requests without an answer in time */
    uint64_t malformed;  /* requests that the front refused */
};

struct ak_http;

/* Starts serving; nothing is read before ak_http_run. Takes the sockets. AK_E_ARG, AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_http_open(const struct ak_http_config *config, struct ak_http **out_server);
/* Answers what waits with 503 and ends all; fine on NULL. */
void ak_http_close(struct ak_http *server);
/* No new connections; those that are there go on. */
void ak_http_quiesce(struct ak_http *server);

/* Descriptor of listener `index` to wait on for reading, for ak_http_ready. */
int ak_http_fd(const struct ak_http *server, size_t index);
void ak_http_ready(struct ak_http *server, size_t index);
/* Serves what is ready. `now_ms`: monotonic. */
void ak_http_run(struct ak_http *server, uint64_t now_ms);
/* How long the loop may sleep before the next ak_http_run, at most `most_ms`; 0: there is work already. */
int ak_http_wait_ms(const struct ak_http *server, int most_ms);
/* Once a second: ends clients that are too slow. */
void ak_http_tick(struct ak_http *server, uint64_t now_ms);

/* The request that waits in `slot`, NULL where it is another one's by now. */
struct ak_http_request *ak_http_find(struct ak_http *server, uint32_t slot, uint32_t use);
void ak_http_answer(
    struct ak_http *server, struct ak_http_request *request, const struct ak_http_reply *reply);
/* The error body of the wire contract; `why` replaces the code's own sentence, NULL: that sentence. */
void ak_http_answer_error(
    struct ak_http *server, struct ak_http_request *request, enum ak_code code, const char *why, bool close);
/* What binds evidence to a request's TLS connection: SHA-256 of the SPKI of the client's certificate, zeros
 * where it showed none (that it has the key, the handshake has shown), and 32 bytes of the exporter. False
 * where there is no TLS. spec: RFC 8446 7.5 */
bool ak_http_tls_binding(const struct ak_http_request *request, struct ak_span label,
    const uint8_t context[32], uint8_t out_client[32], uint8_t out_exporter[32]);
/* The part of a TCP peer's address that tells people apart: IPv4's whole, of IPv6 the first 64 bits, as one
 * customer has all that begin so. Empty for a Unix socket. */
struct ak_span ak_http_customer(const struct ak_http_conn *conn);
/* The network around it, which one line or one machine may well have whole: IPv4 /24, IPv6 /48. For what
 * holds a place for minutes, and could be taken from each of its addresses. Empty for a Unix socket. */
struct ak_span ak_http_network(const struct ak_http_conn *conn);
/* Requests that wait for their answer. */
size_t ak_http_waiting(const struct ak_http *server);
/* Answers each that waits with `code`. */
void ak_http_answer_all(struct ak_http *server, enum ak_code code);
struct ak_http_figures ak_http_figures(const struct ak_http *server);

#endif
