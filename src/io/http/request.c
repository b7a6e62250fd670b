/* The way of a request through the library's callbacks: target, head, body, and once whole to the hook. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/num.h"
#include "io/http/server.h"
#include "io/proc/random.h"

/* First callback of a request, before the library decodes the target in place. */
void *ak_http_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct ak_http_door *door = cls;
    struct ak_http *server = door->server;
    if (server->free_slot_count == 0) return NULL;
    struct ak_http_slot *slot = &server->slots[server->free_slots[--server->free_slot_count]];
    size_t len = target ? strlen(target) : 0;
    slot->state = AK_SLOT_HEAD;
    slot->mhd = mhd;
    slot->request.use++;
    slot->request.conn = NULL;
    slot->target_place = target;
    slot->target_len = len;
    if (len <= AK_HTTP_TARGET_MAX && len) memcpy(slot->target, target, len);
    return slot;
}

static void draw_id(struct ak_http *server, uint8_t out_id[16])
{
    if (server->random_used + 16 > sizeof server->random) {
        ak_random_bytes(server->random, sizeof server->random);
        server->random_used = 0;
    }
    memcpy(out_id, server->random + server->random_used, 16);
    server->random_used += 16;
}

static enum MHD_Result each_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
    (void)kind;
    ak_front_header(cls, name, name_len, value ? value : "", value_len);
    return MHD_YES;
}

static const char *check_head(struct ak_http_slot *slot, const char *method, const char *version)
{
    struct ak_front front;
    size_t len = slot->target_len <= AK_HTTP_TARGET_MAX ? slot->target_len : 0;
    struct ak_span target = ak_span(slot->target, len);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(slot->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!info) return "the head cannot be read";
    const char *end = method + info->header_size;
    ak_front_line(&front, method, slot->target_place, target, version);
    (void)MHD_get_connection_values_n(slot->mhd, MHD_HEADER_KIND, each_header, &front);
    ak_front_end(&front, version, end);
    memcpy(slot->request.headers, front.headers, sizeof front.headers);
    memcpy(slot->request.header_counts, front.counts, sizeof front.counts);
    size_t mark = ak_span_find(target, 0, '?');
    slot->request.method = ak_span_str(method);
    slot->request.path = ak_span_sub(target, 0, mark);
    slot->request.query = ak_span_sub(target, mark + 1, target.len);
    return front.fault;
}

static struct ak_http_door *door_of(const struct ak_http_slot *slot)
{
    return &slot->server->doors[slot->request.conn->listener];
}

void ak_http_stop_waiting(struct ak_http_slot *slot)
{
    if (slot->state != AK_SLOT_ASKED && slot->state != AK_SLOT_SUSPENDED) return;
    slot->server->waiting--;
    if (!door_of(slot)->tls) door_of(slot)->waiting--;
}

static void ask(struct ak_http_slot *slot, struct ak_span body)
{
    struct ak_http *server = slot->server;
    slot->request.body = body;
    slot->state = AK_SLOT_ASKED;
    slot->asked_ms = server->now_ms;
    slot->request.conn->busy = true;
    server->waiting++;
    if (!door_of(slot)->tls) door_of(slot)->waiting++;
    server->config.hooks.request(server->config.hooks.ctx, &slot->request);
}

static size_t body_max(const struct ak_http *server, const struct ak_http_request *request, uint64_t length)
{
    const struct ak_http_hooks *hooks = &server->config.hooks;
    return length > AK_LIMIT_BODY && hooks->body_max ? hooks->body_max(hooks->ctx, request) : AK_LIMIT_BODY;
}

/* The head is whole: refuse it, or say how much body there will be. */
static enum MHD_Result take_head(
    struct ak_http *server, struct ak_http_slot *slot, const char *method, const char *version)
{
    uint64_t length = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(slot->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    slot->request.conn = info ? info->socket_context : NULL;
    if (!slot->request.conn) return MHD_NO;
    draw_id(server, slot->request.id);
    slot->body_len = slot->body_want = 0;
    slot->request.body = AK_SPAN_EMPTY;
    const char *fault = check_head(slot, method, version);
    if (fault) {
        server->figures.malformed++;
        ak_http_answer_error(server, &slot->request, AK_CODE_INVALID_REQUEST, fault, true);
        return ak_http_queue(slot);
    }
    if (slot->request.header_counts[AK_HTTP_CONTENT_LENGTH] &&
        (ak_num_parse_u64(slot->request.headers[AK_HTTP_CONTENT_LENGTH], AK_LIMIT_VALUE_BODY, &length) !=
                AK_OK ||
            length > body_max(server, &slot->request, length))) {
        ak_http_answer_error(server, &slot->request, AK_CODE_TOO_LARGE, NULL, true);
        return ak_http_queue(slot);
    }
    slot->state = AK_SLOT_BODY;
    slot->body_want = (size_t)length;
    return MHD_YES;
}

/* A body that came in one piece is used where it lies. */
static enum MHD_Result take_body(struct ak_http_slot *slot, const char *upload, size_t len)
{
    if (slot->state != AK_SLOT_BODY || len > slot->body_want - slot->body_len) return MHD_NO;
    if (len == slot->body_want) {
        ask(slot, ak_span(upload, len));
        return MHD_YES;
    }
    if (!slot->body) slot->body = malloc(slot->body_want);
    if (!slot->body) return MHD_NO;
    memcpy(slot->body + slot->body_len, upload, len);
    slot->body_len += len;
    door_of(slot)->more = true;
    if (slot->body_len == slot->body_want) ask(slot, ak_span(slot->body, slot->body_len));
    return MHD_YES;
}

/* The library wants the answer: give it, or let it wait. Suspending takes the socket out of the library's
 * epoll and puts it back, two system calls a request; a plain connection waits in place instead, and is asked
 * again at each run. With TLS that could hide records that the TLS library already holds. */
static enum MHD_Result want_answer(struct ak_http_slot *slot)
{
    if (slot->state == AK_SLOT_BODY && slot->body_want == 0) ask(slot, AK_SPAN_EMPTY);
    if (slot->state == AK_SLOT_ANSWERED) return ak_http_queue(slot);
    if (slot->state != AK_SLOT_ASKED) return MHD_NO;
    if (!door_of(slot)->tls) return MHD_YES;
    slot->state = AK_SLOT_SUSPENDED;
    MHD_suspend_connection(slot->mhd);
    return MHD_YES;
}

enum MHD_Result ak_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
    struct ak_http_door *door = cls;
    struct ak_http_slot *slot = *con_cls;
    (void)url;
    (void)mhd;
    if (!slot) return MHD_NO;
    if (slot->state == AK_SLOT_HEAD) return take_head(door->server, slot, method, version);
    if (*upload_len) {
        size_t len = *upload_len;
        *upload_len = 0;
        return take_body(slot, upload, len);
    }
    return want_answer(slot);
}

void ak_http_on_completed(
    void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode code)
{
    struct ak_http_door *door = cls;
    struct ak_http *server = door->server;
    struct ak_http_slot *slot = *con_cls;
    (void)mhd;
    (void)code;
    if (!slot) return;
    *con_cls = NULL;
    ak_http_stop_waiting(slot);
    if (slot->response) MHD_destroy_response(slot->response);
    if (slot->request.conn) {
        slot->request.conn->busy = false;
        slot->request.conn->deadline_ms = server->now_ms + server->config.request_ms;
    }
    free(slot->body);
    slot->response = NULL;
    slot->body = NULL;
    slot->state = AK_SLOT_FREE;
    server->free_slots[server->free_slot_count++] = slot->request.slot;
}
