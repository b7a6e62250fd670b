/* From an HTTP request to a frame: which call it is, what it brings, whether its form is right. Who the
 * caller is and what may be done, the keeper decides. */
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "core/attest/channel.h"
#include "core/frames/attest.h"
#include "core/frames/closed.h"
#include "core/wire/msg_attestation.h"
#include "io/http/uri.h"
#include "io/proc/peer.h"
#include "io/tee/tee.h"
#include "programs/worker/gateway.h"

enum { PARAMS_MAX = 12, QUERY_MAX = AK_HTTP_TARGET_MAX };

/* What was gathered of one request. */
struct gathered {
    unsigned id;
    const struct ak_call *call;
    struct ak_msg_param params[PARAMS_MAX];
    size_t param_count;
    struct ak_span token;
    uint8_t query[QUERY_MAX];
    enum ak_code code; /* what to answer, AK_CODE_OK while all is well */
    const char *why;
};

static uint64_t hash_source(const struct ak_gateway *gw, const char *kind, struct ak_span who)
{
    uint8_t digest[AK_SHA256_LEN];
    const struct ak_span parts[] = {AK_SPAN_ARR(gw->source_seed), ak_span_str(kind), who};
    ak_sha256_parts(parts, AK_COUNT(parts), digest);
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(digest));
    return ak_reader_u64(&reader);
}

/* Its upper half is the network's, so that the keeper counts both. */
static uint64_t hash_address(const struct ak_gateway *gw, const struct ak_http_conn *conn)
{
    uint64_t net = hash_source(gw, "net", ak_http_network(conn));
    return net << 32 | (hash_source(gw, "ip", ak_http_customer(conn)) & UINT32_MAX);
}

void ak_gateway_opened(void *ctx, struct ak_http_conn *conn)
{
    struct ak_gateway *gw = ctx;
    struct ak_peer peer = {0};
    conn->kind = gw->transports[conn->listener];
    conn->told = false;
    if (conn->address_len) {
        conn->source = hash_address(gw, conn);
        if (conn->kind == AK_TRANSPORT_LOOPBACK && !conn->loopback) conn->kind = AK_TRANSPORT_PLAIN;
        return;
    }
    if (ak_peer_read(conn->fd, &peer) != AK_OK) {
        conn->kind = AK_TRANSPORT_PLAIN;
        return;
    }
    conn->source = hash_source(gw, "uid", ak_span(&peer.uid, sizeof peer.uid));
    if (conn->kind == AK_TRANSPORT_BROKER && peer.uid != gw->broker_uid &&
        ak_peer_require_uid(conn->fd, geteuid()) != AK_OK)
        conn->kind = AK_TRANSPORT_PLAIN;
    if (conn->kind == AK_TRANSPORT_OPERATOR && ak_peer_require_uid(conn->fd, geteuid()) != AK_OK)
        conn->kind = AK_TRANSPORT_UNIX;
}

void ak_gateway_closed(void *ctx, struct ak_http_conn *conn)
{
    struct ak_gateway *gw = ctx;
    uint8_t memory[16];
    struct ak_buf buf = AK_BUF_ARR(memory);
    const struct ak_frame_closed closed = {.conn = conn->id};
    if (!conn->told || gw->phase == AK_PHASE_START) return;
    /* Where the queue is full the keeper forgets later by itself: a number is never used twice. */
    if (ak_frame_closed_encode(&closed, &buf) == AK_OK)
        (void)!ak_channel_send(&gw->keeper, ak_buf_span(&buf));
}

static bool refuse(struct gathered *got, enum ak_code code, const char *why)
{
    got->code = code;
    got->why = why;
    return false;
}

static bool under(struct ak_span path, const char *prefix)
{
    struct ak_span p = ak_span_str(prefix);
    return ak_span_starts(path, p) && path.len > p.len && path.ptr[p.len] == '/';
}

/* Evidence is bound to a TLS connection that ends here; elsewhere it would be somebody's, but not this one's.
 */
static bool may_attest(
    const struct ak_gateway *gw, const struct ak_http_request *request, struct gathered *got)
{
    if (!(gw->welcome.caps & AK_TEE_REPORT)) return refuse(got, AK_CODE_NO_EVIDENCE, NULL);
    if (request->conn->kind == AK_TRANSPORT_TLS) return true;
    return refuse(got, AK_CODE_NO_EVIDENCE, "evidence is bound to a TLS connection, and this is none");
}

static bool route(const struct ak_gateway *gw, const struct ak_http_request *request, struct gathered *got)
{
    enum ak_err err =
        ak_call_match(request->method, request->path, gw->prefix, got->params, &got->param_count, &got->id);
    if (under(request->path, gw->dead_prefix)) return refuse(got, AK_CODE_SIGNER_DISABLED, NULL);
    if (err == AK_E_UNSUPPORTED) return refuse(got, AK_CODE_METHOD_NOT_ALLOWED, NULL);
    if (err) return refuse(got, AK_CODE_NOT_FOUND, NULL);
    got->call = ak_call_get(got->id);
    if (got->id == AK_CALL_ATTESTATION && !may_attest(gw, request, got)) return false;
    if ((got->call->flags & AK_CALL_LOCAL) && request->conn->kind != AK_TRANSPORT_OPERATOR)
        return refuse(got, AK_CODE_NOT_FOUND, "this call is taken on the operator's own socket only");
    bool internal = got->call->flags & AK_CALL_INTERNAL;
    if (internal != (request->conn->kind == AK_TRANSPORT_BROKER))
        return refuse(
            got, AK_CODE_NOT_FOUND, "the broker's calls are taken on its own socket, and no others");
    if (gw->welcome.dev && !(got->call->flags & AK_CALL_DEV))
        return refuse(got, AK_CODE_NOT_FOUND, "the development signer does not have this call");
    return true;
}

/* `Authorization: DPoP <token>`; the scheme's case does not matter. spec: RFC 9449 7.1 */
static bool take_token(const struct ak_http_request *request, struct gathered *got)
{
    struct ak_span value = request->headers[AK_HTTP_AUTHORIZATION];
    static const char scheme[] = "dpop ";
    if (value.len <= 5) return refuse(got, AK_CODE_UNAUTHORIZED, NULL);
    for (size_t i = 0; i < 5; i++)
        if ((value.ptr[i] | 0x20) != scheme[i]) return refuse(got, AK_CODE_UNAUTHORIZED, NULL);
    got->token = ak_span_sub(value, 5, value.len);
    if (got->token.len > AK_LIMIT_TOKEN) return refuse(got, AK_CODE_INVALID_TOKEN, "the token is too long");
    return true;
}

static bool check_credentials(const struct ak_http_request *request, struct gathered *got)
{
    enum ak_call_auth auth = got->call->auth;
    struct ak_span key = request->headers[AK_HTTP_IDEMPOTENCY_KEY];
    if (request->header_counts[AK_HTTP_AUTHORIZATION] > 1)
        return refuse(got, AK_CODE_INVALID_REQUEST, "Authorization stands there twice");
    if (request->header_counts[AK_HTTP_DPOP] > 1)
        return refuse(got, AK_CODE_INVALID_REQUEST, "DPoP stands there twice");
    if (request->header_counts[AK_HTTP_IDEMPOTENCY_KEY] > 1 || key.len > AK_FRAME_IDEMPOTENCY_MAX ||
        ak_span_find(key, 0, ' ') < key.len || ak_span_find(key, 0, '\t') < key.len)
        return refuse(got, AK_CODE_INVALID_REQUEST, "Idempotency-Key is one word of at most 64 characters");
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] > 0x7e) return refuse(got, AK_CODE_INVALID_REQUEST, "Idempotency-Key is not ASCII");
    if (request->headers[AK_HTTP_DPOP].len > AK_LIMIT_PROOF)
        return refuse(got, AK_CODE_BAD_SIGNATURE, "the DPoP proof is too long");
    if ((auth == AK_AUTH_USE || auth == AK_AUTH_CHANGE) && !take_token(request, got)) return false;
    bool proves = auth == AK_AUTH_PROOF || auth == AK_AUTH_CHANGE || auth == AK_AUTH_SIGN_IN;
    if (proves && request->headers[AK_HTTP_DPOP].len == 0) return refuse(got, AK_CODE_PROOF_REQUIRED, NULL);
    return true;
}

static bool is_json_type(struct ak_span type)
{
    static const char json[] = "application/json";
    struct ak_span word = ak_span_sub(type, 0, ak_span_find(type, 0, ';'));
    while (word.len && word.ptr[word.len - 1] == ' ') word.len--;
    if (word.len != sizeof json - 1) return false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)json[i]) return false;
    }
    return true;
}

static bool check_body(const struct ak_http_request *request, struct gathered *got)
{
    if (request->body.len == 0) return true;
    if (!ak_span_eq(request->method, AK_SPAN_LIT("POST")) && !ak_span_eq(request->method, AK_SPAN_LIT("PUT")))
        return refuse(got, AK_CODE_INVALID_REQUEST, "this call takes no body");
    if (request->header_counts[AK_HTTP_CONTENT_TYPE] != 1 ||
        !is_json_type(request->headers[AK_HTTP_CONTENT_TYPE]))
        return refuse(got, AK_CODE_INVALID_REQUEST, "a body needs Content-Type: application/json");
    return true;
}

size_t ak_gateway_body_max(void *ctx, const struct ak_http_request *request)
{
    const struct ak_gateway *gw = ctx;
    struct ak_msg_param params[PARAMS_MAX];
    size_t count = 0;
    unsigned id = AK_CALL_COUNT;
    bool found = ak_call_match(request->method, request->path, gw->prefix, params, &count, &id) == AK_OK;
    return found ? ak_call_body_max(id) : AK_LIMIT_BODY;
}

static bool take_query(const struct ak_http_request *request, struct gathered *got)
{
    struct ak_buf memory = AK_BUF_ARR(got->query);
    if (request->query.len == 0) return true;
    if (ak_http_query_parse(request->query, &memory, got->params, PARAMS_MAX, &got->param_count) == AK_OK)
        return true;
    return refuse(got, AK_CODE_INVALID_REQUEST, "the URL's query is malformed or names a field twice");
}

/* The message of a fault: "label: is missing". */
static const char *fault_text(struct ak_gateway *gw, const struct ak_msg_fault *fault)
{
    struct ak_buf buf = AK_BUF_ARR(gw->json);
    if (!fault->field) return fault->why;
    ak_buf_put_str(&buf, fault->field);
    ak_buf_put_u8(&buf, ' ');
    ak_buf_put_str(&buf, fault->why);
    return ak_buf_terminate(&buf) == AK_OK ? (const char *)gw->json : fault->why;
}

static bool encode_body(
    struct ak_gateway *gw, const struct ak_http_request *request, struct gathered *got, struct ak_buf *body)
{
    struct ak_msg_fault fault;
    const struct ak_msg_input input = {.json = request->body,
        .params = got->params,
        .param_count = got->param_count,
        .strict = got->call->auth == AK_AUTH_CHANGE || got->call->auth == AK_AUTH_SIGN_IN};
    if (ak_msg_from_json(got->call->request, &input, body, &fault) == AK_OK) return true;
    return refuse(got, fault.code, fault_text(gw, &fault));
}

/* Calls that the ledger keeps if they are allowed; lists are not kept. */
static bool writes(const struct gathered *got)
{
    if (got->call->auth == AK_AUTH_CHANGE || got->id == AK_CALL_CREDENTIAL_READ) return true;
    return got->call->auth == AK_AUTH_USE && strcmp(got->call->method, "GET") != 0;
}

static bool send_request(
    struct ak_gateway *gw, struct ak_http_request *request, struct gathered *got, const struct ak_buf *body)
{
    struct ak_buf frame = AK_BUF_ARR(gw->frame);
    struct ak_frame_request out = {.slot = request->slot,
        .slot_use = request->use,
        .conn = request->conn->id,
        .source = request->conn->source,
        .call = (uint16_t)got->id,
        .transport = request->conn->kind,
        .token = got->token,
        .proof = request->headers[AK_HTTP_DPOP],
        .body = ak_buf_span(body)};
    memcpy(out.request_id, request->id, sizeof out.request_id);
    if (got->call->auth == AK_AUTH_CHANGE) out.idempotency_key = request->headers[AK_HTTP_IDEMPOTENCY_KEY];
    if (ak_frame_request_encode(&out, &frame) != AK_OK) return refuse(got, AK_CODE_INTERNAL, NULL);
    if (ak_channel_send(&gw->keeper, ak_buf_span(&frame)) != AK_OK)
        return refuse(got, AK_CODE_NOT_READY, "too much is waiting; try again");
    request->conn->told = true;
    if (writes(got)) gw->writes = true;
    return true;
}

/* The keeper gets what only this process can see of the connection. */
static bool send_attest(
    struct ak_gateway *gw, struct ak_http_request *request, struct gathered *got, const struct ak_buf *body)
{
    uint8_t memory[128];
    struct ak_buf frame = AK_BUF_ARR(memory);
    struct ak_msg_attestation_request ask;
    struct ak_frame_attest out = {.slot = request->slot, .slot_use = request->use};
    if (ak_msg_decode(&ak_attestation_request_msg, ak_buf_span(body), &ask, NULL) != AK_OK)
        return refuse(got, AK_CODE_INTERNAL, NULL);
    memcpy(out.nonce, ask.nonce, sizeof out.nonce);
    if (!ak_http_tls_binding(
            request, AK_SPAN_LIT(AK_CHANNEL_EXPORTER_LABEL), ask.nonce, out.client, out.exporter))
        return refuse(got, AK_CODE_INTERNAL, NULL);
    if (ak_frame_attest_encode(&out, &frame) != AK_OK ||
        ak_channel_send(&gw->keeper, ak_buf_span(&frame)) != AK_OK)
        return refuse(got, AK_CODE_NOT_READY, "too much is waiting; try again");
    return true;
}

static bool send(
    struct ak_gateway *gw, struct ak_http_request *request, struct gathered *got, const struct ak_buf *body)
{
    if (got->id == AK_CALL_ATTESTATION) return send_attest(gw, request, got, body);
    return send_request(gw, request, got, body);
}

static bool serving(const struct ak_gateway *gw, struct gathered *got)
{
    bool ready = gw->phase == AK_PHASE_SERVE && !gw->stopping && ak_gateway_fresh(gw) &&
                 !(gw->status.bits & (AK_STATUS_STARTING | AK_STATUS_STOPPING));
    return ready ? true : refuse(got, AK_CODE_NOT_READY, NULL);
}

void ak_gateway_request(void *ctx, struct ak_http_request *request)
{
    struct ak_gateway *gw = ctx;
    struct gathered got;
    struct ak_buf body = AK_BUF_ARR(gw->body);
    got.id = AK_CALL_COUNT;
    got.call = NULL;
    got.param_count = 0;
    got.token = AK_SPAN_EMPTY;
    got.code = AK_CODE_OK;
    got.why = NULL;
    request->call = AK_CALL_COUNT;
    request->proof_call = false;
    if (ak_gateway_health(gw, request)) return;
    bool routed = route(gw, request, &got);
    request->call = (uint16_t)(got.call ? got.id : AK_CALL_COUNT);
    request->proof_call = got.call && (got.call->auth != AK_AUTH_PUBLIC || got.id == AK_CALL_SIGN_IN_NONCE);
    if (routed && serving(gw, &got) && check_credentials(request, &got) && check_body(request, &got) &&
        take_query(request, &got) && encode_body(gw, request, &got, &body) && send(gw, request, &got, &body))
        return;
    ak_gateway_error(gw, request, got.code, got.why);
}
