/* Error answers. */
#include "io/client/error.h"

#include <string.h>

#include "base/codec/json.h"
#include "core/wire/code.h"
#include "core/wire/msg_error.h"

enum { BODY_MAX = 8 * 1024 };

/* It goes to a terminal: letters of other scripts cannot be told from what moves or turns around text. */
static void keep(char *out, size_t cap, struct ak_span text)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? (char)text.ptr[i] : '?';
    out[len] = 0;
}

void ak_client_error_set(struct ak_client_error *out_error, const char *code, const char *message)
{
    memset(out_error, 0, sizeof *out_error);
    keep(out_error->code, sizeof out_error->code, ak_span_str(code));
    keep(out_error->message, sizeof out_error->message, ak_span_str(message));
}

static void take(const struct ak_msg_error_reply *reply, struct ak_client_error *out)
{
    keep(out->code, sizeof out->code, reply->error);
    keep(out->message, sizeof out->message, reply->message);
    out->has_denial = ak_msg_has(reply, AK_ERROR_REPLY_RULE);
    keep(out->rule, sizeof out->rule, reply->rule);
    keep(out->seen, sizeof out->seen, reply->seen);
    keep(out->limit, sizeof out->limit, reply->limit);
    keep(out->remedy, sizeof out->remedy, reply->remedy);
    out->has_retry = ak_msg_has(reply, AK_ERROR_REPLY_RETRY_AFTER_SECS);
    out->retry_after_secs = reply->retry_after_secs;
}

void ak_client_error_read(unsigned status, struct ak_span json, struct ak_client_error *out_error)
{
    uint8_t memory[BODY_MAX];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_msg_fault fault;
    struct ak_msg_error_reply reply = {0};
    const struct ak_msg_input input = {.json = json};
    ak_client_error_set(out_error, "bad_answer", "the answer is not what the contract says");
    bool good = json.len <= BODY_MAX &&
                ak_msg_from_json(&ak_error_reply_msg, &input, &body, &fault) == AK_OK &&
                ak_msg_decode(&ak_error_reply_msg, ak_buf_span(&body), &reply, NULL) == AK_OK;
    if (good) take(&reply, out_error);
    out_error->status = status;
}

void ak_client_error_of_broker(struct ak_client_error *error)
{
    struct ak_client_error own;
    ak_client_error_set(&own, "bad_answer", "the broker answered an error that the contract does not have");
    for (unsigned code = 1; code < AK_CODE_COUNT; code++)
        if (strcmp(ak_code_name((enum ak_code)code), error->code) == 0)
            ak_client_error_set(&own, error->code, ak_code_text((enum ak_code)code));
    own.status = error->status;
    own.has_retry = error->has_retry;
    own.retry_after_secs = error->retry_after_secs;
    *error = own;
}

static const struct {
    const char *code;
    enum ak_client_category category;
} by_code[] = {
    {"not_signed_in", AK_CATEGORY_AUTH},
    {"device_not_enrolled", AK_CATEGORY_AUTH},
    {"denied", AK_CATEGORY_DENIED},
    {"account_mismatch", AK_CATEGORY_DENIED},
    {"rate_limit_exceeded", AK_CATEGORY_RATE},
    {"expired_request", AK_CATEGORY_NOT_FOUND},
    {"idempotency_mismatch", AK_CATEGORY_CONFLICT},
    {"ledger_damaged", AK_CATEGORY_FAILURE},
    {"internal", AK_CATEGORY_FAILURE},
    {"bad_answer", AK_CATEGORY_FAILURE},
    {"bad_state", AK_CATEGORY_FAILURE},
    {"unreachable", AK_CATEGORY_UNREACHABLE},
    {"not_the_worker", AK_CATEGORY_AUTH},
};

static enum ak_client_category by_status(unsigned status)
{
    switch (status) {
    case 400:
    case 413: return AK_CATEGORY_USAGE;
    case 401: return AK_CATEGORY_AUTH;
    case 403: return AK_CATEGORY_DENIED;
    case 404:
    case 410: return AK_CATEGORY_NOT_FOUND;
    case 409:
    case 422: return AK_CATEGORY_CONFLICT;
    case 429: return AK_CATEGORY_RATE;
    case 502:
    case 503:
    case 504: return AK_CATEGORY_UNREACHABLE;
    default: return AK_CATEGORY_FAILURE;
    }
}

enum ak_client_category ak_client_error_category(const struct ak_client_error *error)
{
    for (size_t i = 0; i < AK_COUNT(by_code); i++)
        if (strcmp(by_code[i].code, error->code) == 0) return by_code[i].category;
    return by_status(error->status);
}

static void put(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

void ak_client_error_put_json(const struct ak_client_error *error, struct ak_buf *out_json)
{
    struct ak_json_writer w = ak_json_writer(out_json);
    ak_json_open_object(&w);
    put(&w, "error", error->code);
    put(&w, "message", error->message);
    if (error->has_denial) {
        ak_json_key(&w, "denial");
        ak_json_open_object(&w);
        put(&w, "rule", error->rule);
        put(&w, "seen", error->seen);
        put(&w, "limit", error->limit);
        put(&w, "remedy", error->remedy);
        ak_json_close_object(&w);
    }
    if (error->has_retry) {
        ak_json_key(&w, "retry_after_secs");
        ak_json_put_u64(&w, error->retry_after_secs);
    }
    ak_json_close_object(&w);
}
