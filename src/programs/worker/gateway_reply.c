/* From the keeper's frames to HTTP answers. */
#include <stdio.h>

#include "core/wire/msg_error.h"
#include "io/log/log.h"
#include "programs/worker/gateway.h"

bool ak_gateway_fresh(const struct ak_gateway *gw)
{
    return gw->status_ms && gw->now_ms - gw->status_ms < AK_GATEWAY_STATUS_MS;
}

static void add_header(struct ak_http_reply *reply, const char *name, const char *value)
{
    reply->names[reply->extra] = name;
    reply->values[reply->extra++] = value;
}

void ak_gateway_answer(struct ak_gateway *gw, struct ak_http_request *request, struct ak_http_reply *reply)
{
    unsigned class = reply->status / 100 < AK_GATEWAY_CLASSES ? reply->status / 100 : 5;
    gw->answered[request->call][class]++;
    if (request->proof_call && gw->nonce[0]) add_header(reply, "DPoP-Nonce", gw->nonce);
    ak_http_answer(gw->http, request, reply);
}

/* The methods of a path, for 405; what is no call (/healthz) takes GET and HEAD. spec: RFC 9110 15.5.6 */
static void allowed(const struct ak_gateway *gw, struct ak_span path, char out_text[32])
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    struct ak_buf buf = ak_buf(out_text, 32);
    for (size_t i = 0; i < AK_COUNT(methods); i++) {
        struct ak_msg_param params[4];
        size_t count = 0;
        unsigned id = 0;
        struct ak_span method = ak_span_str(methods[i]);
        if (ak_call_match(method, path, gw->prefix, params, &count, &id) != AK_OK) continue;
        ak_buf_put_str(&buf, buf.len ? ", " : "");
        ak_buf_put(&buf, method);
    }
    if (buf.len == 0) ak_buf_put_str(&buf, "GET, HEAD");
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

/* spec: RFC 9449 7.1: what was wrong with the credentials. */
static void challenge(enum ak_code code, char out_text[96])
{
    const char *error = code == AK_CODE_UNAUTHORIZED ? NULL : ak_code_name(code);
    struct ak_buf buf = ak_buf(out_text, 96);
    ak_buf_put_str(&buf, "DPoP algs=\"ES256\"");
    if (error) {
        ak_buf_put_str(&buf, ", error=\"");
        ak_buf_put_str(&buf, error);
        ak_buf_put_str(&buf, "\"");
    }
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

void ak_gateway_error(
    struct ak_gateway *gw, struct ak_http_request *request, enum ak_code code, const char *why)
{
    uint8_t memory[1024];
    char text[96];
    char methods[32];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&body);
    ak_json_open_object(&w);
    ak_json_key(&w, "error");
    ak_json_put_string(&w, ak_span_str(ak_code_name(code)));
    ak_json_key(&w, "message");
    ak_json_put_string(&w, ak_span_str(why ? why : ak_code_text(code)));
    ak_json_close_object(&w);
    struct ak_http_reply reply = {.status = ak_code_status(code), .body = ak_buf_span(&body)};
    if (reply.status == 401) {
        challenge(code, text);
        add_header(&reply, "WWW-Authenticate", text);
    }
    if (reply.status == 405) {
        allowed(gw, request->path, methods);
        add_header(&reply, "Allow", methods);
    }
    ak_gateway_answer(gw, request, &reply);
}

/* Headers that an error brings; `text` lives until the answer is built. */
static void error_headers(
    const struct ak_frame_reply *frame, struct ak_http_reply *reply, char text[96], char retry[24])
{
    struct ak_msg_error_reply error;
    if (reply->status == 401) {
        challenge(frame->code, text);
        add_header(reply, "WWW-Authenticate", text);
    }
    if (reply->status != 429 && reply->status != 503) return;
    if (ak_msg_decode(&ak_error_reply_msg, frame->body, &error, NULL) != AK_OK) return;
    if (!ak_msg_has(&error, AK_ERROR_REPLY_RETRY_AFTER_SECS)) return;
    struct ak_buf digits = ak_buf(retry, 24);
    ak_buf_put_dec(&digits, error.retry_after_secs);
    if (ak_buf_terminate(&digits) == AK_OK) add_header(reply, "Retry-After", retry);
}

static void answer(struct ak_gateway *gw, struct ak_http_request *request, const struct ak_frame_reply *frame)
{
    char challenge_text[96];
    char retry[24];
    char notice[AK_FRAME_NOTICE_MAX + 1];
    struct ak_buf json = AK_BUF_ARR(gw->json);
    bool is_error = ak_frame_reply_is_error(frame);
    const struct ak_msg *table = is_error ? &ak_error_reply_msg : ak_call_get(frame->call)->reply;
    if (ak_msg_to_json(table, frame->body, false, &json) != AK_OK) {
        ak_log(AK_LOG_ERROR, "reply_damaged", ak_log_str("call", ak_call_get(frame->call)->name));
        ak_gateway_error(gw, request, AK_CODE_INTERNAL, NULL);
        return;
    }
    struct ak_http_reply reply = {.status = ak_code_status(frame->code), .body = ak_buf_span(&json)};
    if (is_error) error_headers(frame, &reply, challenge_text, retry);
    if (frame->notice.len) {
        memcpy(notice, frame->notice.ptr, frame->notice.len);
        notice[frame->notice.len] = 0;
        add_header(&reply, "AgentKeys-Notice", notice);
    }
    ak_gateway_answer(gw, request, &reply);
}

/* An answer that comes too late finds its slot gone; one for another call is a broken keeper. */
static bool take_reply(struct ak_gateway *gw, struct ak_reader *reader)
{
    struct ak_frame_reply frame;
    if (ak_frame_reply_decode(reader, &frame) != AK_OK) return false;
    struct ak_http_request *request = ak_http_find(gw->http, frame.slot, frame.slot_use);
    if (!request) return true;
    if (request->call != frame.call) return false;
    answer(gw, request, &frame);
    return true;
}

static bool take_status(struct ak_gateway *gw, struct ak_reader *reader)
{
    if (ak_frame_status_decode(reader, &gw->status) != AK_OK) return false;
    gw->status_ms = gw->now_ms;
    memcpy(gw->nonce, gw->status.nonce, AK_STATUS_NONCE_LEN);
    gw->nonce[AK_STATUS_NONCE_LEN] = 0;
    if (gw->status.bits & AK_STATUS_STOPPING) gw->phase = AK_PHASE_STOP;
    return true;
}

static bool take_welcome(struct ak_gateway *gw, struct ak_reader *reader)
{
    if (ak_frame_welcome_decode(reader, &gw->welcome) != AK_OK) return false;
    if (gw->welcome.certificate.len)
        memcpy(gw->certificate, gw->welcome.certificate.ptr, gw->welcome.certificate.len);
    gw->welcome.certificate = ak_span(gw->certificate, gw->welcome.certificate.len);
    gw->welcome.spki = AK_SPAN_EMPTY; /* a view into the frame; nothing here needs it */
    gw->prefix = gw->welcome.dev ? "/dev" : "/tee";
    gw->dead_prefix = gw->welcome.dev ? "/tee" : "/dev";
    gw->phase = AK_PHASE_SERVE;
    return true;
}

void ak_gateway_take_frame(struct ak_gateway *gw, struct ak_span frame)
{
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    bool ok =
        ak_frame_read_head(&reader, &type) == AK_OK && ak_frame_permitted(AK_SENDER_KEEPER, gw->phase, type);
    if (ok && type == AK_FRAME_REPLY)
        ok = take_reply(gw, &reader);
    else if (ok && type == AK_FRAME_STATUS)
        ok = take_status(gw, &reader);
    else if (ok)
        ok = take_welcome(gw, &reader);
    if (ok) return;
    ak_log(AK_LOG_ERROR, "keeper_frame_refused", ak_log_u64("type", type));
    gw->failed = true;
}
