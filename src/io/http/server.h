/* Inside io/http only: the server's own records. Connections and requests live in two fixed tables; a slot's
 * use count grows with each request, so that a late answer cannot meet the slot's next one. */
#ifndef AK_IO_HTTP_SERVER_H
#define AK_IO_HTTP_SERVER_H

#include <microhttpd.h>

#include "base/crypto/sha256.h"
#include "io/http/front.h"
#include "io/http/http.h"

enum { AK_HTTP_RANDOM_LEN = 4096, AK_HTTP_TLS_SHARES = 256 };

enum ak_slot_state {
    AK_SLOT_FREE,
    AK_SLOT_HEAD,      /* the request line was read */
    AK_SLOT_BODY,      /* the head is good, the body comes */
    AK_SLOT_ASKED,     /* the hook has it; the library asks for the answer whenever it runs */
    AK_SLOT_SUSPENDED, /* the same, and the library was told to wait */
    AK_SLOT_ANSWERED,  /* the answer is known, the library has not fetched it yet */
    AK_SLOT_DONE,      /* the library sends it */
};

struct ak_http_slot {
    struct ak_http_request request; /* first: the hooks' pointer is the slot's */
    enum ak_slot_state state;
    struct ak_http *server;
    struct MHD_Connection *mhd;
    struct MHD_Response *response;
    unsigned status;
    uint64_t asked_ms;
    const char *target_place;
    size_t target_len;
    uint8_t *body; /* where it came in pieces; heap */
    size_t body_len, body_want;
    char target[AK_HTTP_TARGET_MAX + 1];
};

/* A handshake's messages so far, as the signature covers them. */
struct ak_http_transcript {
    struct ak_sha256_stream hash;
    uint8_t digest[AK_SHA256_LEN];
    bool done;
};

struct ak_http_door {
    struct ak_http *server;
    struct MHD_Daemon *daemon;
    int listen_fd;
    int epoll_fd;
    bool tls;
    bool ready;     /* run it at the next turn */
    bool more;      /* a body or an answer goes on: run it once more */
    bool unsure;    /* the library has something to do, perhaps only what waits in place */
    size_t waiting; /* requests that wait without being suspended */
    uint64_t ran_ms;
};

struct ak_http {
    struct ak_http_config config;
    struct ak_http_door doors[AK_HTTP_LISTENERS_MAX];
    struct ak_http_conn *conns;
    struct ak_http_slot *slots;
    struct ak_http_transcript *transcripts; /* one a connection */
    uint32_t *free_conns, *free_slots;      /* stacks */
    size_t count, free_conn_count, free_slot_count;
    size_t waiting;
    uint64_t next_conn_id;
    uint64_t now_ms;
    uint64_t tls_tokens_ms; /* milliseconds of credit: an accept takes 1000 / tls_accepts_per_s */
    uint64_t tls_refill_ms;
    uint64_t tls_shares_ms; /* since when the shares are counted: a second */
    uint8_t tls_seed[16];
    uint8_t tls_shares[AK_HTTP_TLS_SHARES]; /* handshakes of customers, by a byte of a hash */
    struct ak_http_figures figures;
    bool has_tls; /* the process' TLS is this server's */
    size_t random_used;
    uint8_t random[AK_HTTP_RANDOM_LEN];
};

/* request.c: the library's callbacks. */
void *ak_http_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result ak_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_len, void **con_cls);
void ak_http_on_completed(
    void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode code);
/* A request's wait is over, by an answer or by its end. */
void ak_http_stop_waiting(struct ak_http_slot *slot);
/* conn.c */
void ak_http_on_connection(
    void *cls, struct MHD_Connection *mhd, void **socket_ctx, enum MHD_ConnectionNotificationCode code);
enum MHD_Result ak_http_on_accept(void *cls, const struct sockaddr *address, socklen_t len);
/* reply.c: hands the known answer to the library. */
enum MHD_Result ak_http_queue(struct ak_http_slot *slot);

/* tls.c: makes the process' certificate and external key ready; the callback for the library. */
AK_MUST_USE enum ak_err ak_http_tls_open(const struct ak_http_tls *tls);
void ak_http_tls_close(void);
void *ak_http_tls_callback(void);
void ak_http_tls_follow(struct MHD_Connection *mhd, struct ak_http_transcript *transcript);
void ak_http_tls_forget(struct ak_http_transcript *transcript);
extern const char ak_http_tls_priorities[];

#endif
