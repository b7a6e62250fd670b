/* Answers: building them, and handing them to the library at the moment it can take them. */
#include "base/assert.h"
#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "io/http/server.h"

enum { ERROR_BODY_MAX = 1024 };

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value); /* out of memory: it is left out */
}

static struct MHD_Response *build(const struct ak_http_request *request, const struct ak_http_reply *reply)
{
    char id[33];
    struct ak_buf hex = AK_BUF_ARR(id);
    ak_hex_encode(&hex, AK_SPAN_ARR(request->id));
    if (ak_buf_terminate(&hex) != AK_OK) return NULL;
    /* The library's pointer is not const, but it only copies from it. */
    void *body = (void *)(uintptr_t)reply->body.ptr;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body.len, body, MHD_RESPMEM_MUST_COPY);
    if (!response) return NULL;
    add(response, "X-Request-Id", id);
    add(response, "Content-Type", reply->content_type ? reply->content_type : "application/json");
    add(response, "Cache-Control", "no-store");
    for (size_t i = 0; i < reply->extra; i++) add(response, reply->names[i], reply->values[i]);
    if (reply->close) add(response, "Connection", "close");
    return response;
}

void ak_http_answer(
    struct ak_http *server, struct ak_http_request *request, const struct ak_http_reply *reply)
{
    struct ak_http_slot *slot = &server->slots[request->slot];
    enum ak_slot_state was = slot->state;
    ak_assert(&slot->request == request && was >= AK_SLOT_HEAD && was <= AK_SLOT_SUSPENDED);
    ak_assert(reply->extra <= AK_HTTP_EXTRA_HEADERS_MAX);
    slot->response = build(request, reply);
    slot->status = reply->status;
    ak_http_stop_waiting(slot);
    slot->state = AK_SLOT_ANSWERED;
    request->conn->busy = false;
    request->conn->deadline_ms = server->now_ms + server->config.request_ms;
    server->doors[request->conn->listener].ready = true;
    if (was == AK_SLOT_SUSPENDED) MHD_resume_connection(slot->mhd);
}

enum MHD_Result ak_http_queue(struct ak_http_slot *slot)
{
    if (!slot->response) return MHD_NO;
    slot->state = AK_SLOT_DONE;
    slot->server->doors[slot->request.conn->listener].more = true; /* it is written by the next run */
    return MHD_queue_response(slot->mhd, slot->status, slot->response);
}

void ak_http_answer_error(
    struct ak_http *server, struct ak_http_request *request, enum ak_code code, const char *why, bool close)
{
    char body[ERROR_BODY_MAX];
    struct ak_buf buf = AK_BUF_ARR(body);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "error");
    ak_json_put_string(&w, ak_span_str(ak_code_name(code)));
    ak_json_key(&w, "message");
    ak_json_put_string(&w, ak_span_str(why ? why : ak_code_text(code)));
    ak_json_close_object(&w);
    ak_assert(!buf.failed);
    const struct ak_http_reply reply = {
        .status = ak_code_status(code), .body = ak_buf_span(&buf), .close = close};
    ak_http_answer(server, request, &reply);
}

void ak_http_answer_all(struct ak_http *server, enum ak_code code)
{
    for (size_t i = 0; i < server->count; i++) {
        struct ak_http_slot *slot = &server->slots[i];
        if (slot->state == AK_SLOT_ASKED || slot->state == AK_SLOT_SUSPENDED)
            ak_http_answer_error(server, &slot->request, code, NULL, true);
    }
}
