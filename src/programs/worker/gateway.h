/* Inside the gateway only: its state, and what its files do for each other. The gateway parses HTTP and JSON
 * for the keeper and holds no key; tokens and proofs pass through it. One thread. */
#ifndef AK_PROGRAMS_WORKER_GATEWAY_H
#define AK_PROGRAMS_WORKER_GATEWAY_H

#include <sys/types.h>

#include "base/limits.h"
#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/wire/call.h"
#include "io/http/http.h"
#include "io/proc/channel.h"

enum {
    AK_GATEWAY_STATUS_MS = 5000,      /* older: the keeper does not answer */
    AK_GATEWAY_JSON_MAX = 768 * 1024, /* the largest body of an answer, every byte escaped */
    AK_GATEWAY_CLASSES = 6,           /* of HTTP statuses: 0 unused, 1xx to 5xx */
};

struct ak_gateway {
    struct ak_channel keeper;
    struct ak_channel signer; /* fd -1 without TLS */
    struct ak_http *http;
    enum ak_frame_phase phase;
    struct ak_frame_welcome welcome;
    uint8_t certificate[AK_WELCOME_CERTIFICATE_MAX]; /* what welcome's view points to */
    const char *prefix;                              /* of the live signer: "/tee" or "/dev" */
    const char *dead_prefix;                         /* the other one */
    struct ak_frame_status status;
    uint64_t status_ms; /* when it came; 0: never */
    char nonce[AK_STATUS_NONCE_LEN + 1];
    uid_t broker_uid;                          /* who else may use the broker's socket; (uid_t)-1: nobody */
    uint8_t transports[AK_HTTP_LISTENERS_MAX]; /* enum ak_transport a listener would give */
    uint8_t source_seed[32];
    uint64_t now_ms;
    bool writes; /* something was asked this turn that the ledger keeps */
    bool stopping;
    bool failed;                                              /* the keeper is gone or breaks the protocol */
    uint64_t answered[AK_CALL_COUNT + 1][AK_GATEWAY_CLASSES]; /* last row: no call of the table */
    uint8_t body[AK_LIMIT_VALUE_BODY];
    uint8_t frame[AK_FRAME_MAX];
    uint8_t json[AK_GATEWAY_JSON_MAX];
};

/* True while the keeper's newest word is fresh. */
bool ak_gateway_fresh(const struct ak_gateway *gw);

/* gateway_call.c: hooks of the HTTP server. */
void ak_gateway_opened(void *ctx, struct ak_http_conn *conn);
void ak_gateway_closed(void *ctx, struct ak_http_conn *conn);
void ak_gateway_request(void *ctx, struct ak_http_request *request);
size_t ak_gateway_body_max(void *ctx, const struct ak_http_request *request);

/* gateway_reply.c */
/* Takes one frame of the keeper; sets `failed` where it must not be. */
void ak_gateway_take_frame(struct ak_gateway *gw, struct ak_span frame);
/* Answers with an error of the gateway's own. `why` NULL: the code's sentence. */
void ak_gateway_error(
    struct ak_gateway *gw, struct ak_http_request *request, enum ak_code code, const char *why);
void ak_gateway_answer(struct ak_gateway *gw, struct ak_http_request *request, struct ak_http_reply *reply);

/* gateway_health.c: /healthz, /readyz, /metrics. False where the path is none of them. */
bool ak_gateway_health(struct ak_gateway *gw, struct ak_http_request *request);

/* gateway_tls.c: asks the keeper for a handshake's signature; ctx is the gateway. */
bool ak_gateway_tls_sign(void *ctx, struct ak_span content, uint8_t out_sig[64]);

#endif
