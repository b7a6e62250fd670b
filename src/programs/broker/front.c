/* From an HTTP request to a job, and from a finished job to the answer. What has no right form is refused
 * here; who the caller is, the job finds out. */
#include "core/broker/page.h"
#include "io/http/uri.h"
#include "programs/broker/broker.h"

enum { PARAMS_MAX = 16, FORM_MAX = 1024 };

/* What a provider sends the browser back to, and which one. */
static const char callback_path[] = "/auth/oauth2/callback/";

void ak_front_opened(void *ctx, struct ak_http_conn *conn)
{
    (void)ctx;
    (void)conn;
}

void ak_front_closed(void *ctx, struct ak_http_conn *conn)
{
    (void)ctx;
    (void)conn;
}

static void add_header(struct ak_http_reply *reply, const char *name, const char *value)
{
    reply->names[reply->extra] = name;
    reply->values[reply->extra++] = value;
}

void ak_front_answer(struct ak_broker *broker, struct ak_http_request *request, struct ak_http_reply *reply)
{
    unsigned class = reply->status / 100 < AK_BROKER_CLASSES ? reply->status / 100 : 5;
    broker->answered[request->call][class]++;
    ak_upstream_newest(broker, broker->newest);
    if (request->proof_call && broker->newest[0]) add_header(reply, "DPoP-Nonce", broker->newest);
    ak_http_answer(broker->http, request, reply);
}

/* ---- errors ---- */
/* spec: RFC 9110 15.5.6 */
static void allowed(struct ak_span path, char out_text[32])
{
    static const char *const methods[] = {"GET", "POST"};
    struct ak_buf buf = ak_buf(out_text, 32);
    bool mail = ak_span_eq(path, AK_SPAN_LIT("/auth/email"));
    bool form = mail || ak_span_eq(path, AK_SPAN_LIT("/auth/oauth2"));
    for (size_t i = 0; i < AK_COUNT(methods); i++) {
        struct ak_msg_param params[PARAMS_MAX];
        size_t count = 0;
        unsigned id = 0;
        bool page = i ? form : mail;
        if (!page && ak_broker_call_match(ak_span_str(methods[i]), path, params, &count, &id) != AK_OK)
            continue;
        ak_buf_put_str(&buf, buf.len ? ", " : "");
        ak_buf_put_str(&buf, methods[i]);
    }
    if (buf.len == 0) ak_buf_put_str(&buf, methods[0]);
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

/* spec: RFC 9449 7.1 */
static void challenge(enum ak_code code, char out_text[96])
{
    struct ak_buf buf = ak_buf(out_text, 96);
    ak_buf_put_str(&buf, "DPoP algs=\"ES256\", error=\"");
    ak_buf_put_str(&buf, ak_code_name(code));
    ak_buf_put_str(&buf, "\"");
    if (ak_buf_terminate(&buf) != AK_OK) out_text[0] = 0;
}

static void put_error(struct ak_buf *body, enum ak_code code, const char *why, uint64_t retry_s)
{
    struct ak_json_writer w = ak_json_writer(body);
    ak_json_open_object(&w);
    ak_json_key(&w, "error");
    ak_json_put_string(&w, ak_span_str(ak_code_name(code)));
    ak_json_key(&w, "message");
    ak_json_put_string(&w, ak_span_str(why ? why : ak_code_text(code)));
    if (retry_s) {
        ak_json_key(&w, "retry_after_secs");
        ak_json_put_u64(&w, retry_s);
    }
    ak_json_close_object(&w);
}

static void answer_error(struct ak_broker *broker, struct ak_http_request *request, enum ak_code code,
    const char *why, uint64_t retry_s)
{
    uint8_t memory[2048];
    char text[96], methods[32], retry[24];
    struct ak_buf body = AK_BUF_ARR(memory), digits = AK_BUF_ARR(retry);
    put_error(&body, code, why, retry_s);
    struct ak_http_reply reply = {.status = ak_code_status(code), .body = ak_buf_span(&body)};
    if (reply.status == 401) {
        challenge(code, text);
        add_header(&reply, "WWW-Authenticate", text);
    }
    if (reply.status == 405) {
        allowed(request->path, methods);
        add_header(&reply, "Allow", methods);
    }
    ak_buf_put_dec(&digits, retry_s);
    if (retry_s && ak_buf_terminate(&digits) == AK_OK) add_header(&reply, "Retry-After", retry);
    ak_front_answer(broker, request, &reply);
}

void ak_front_error(
    struct ak_broker *broker, struct ak_http_request *request, enum ak_code code, const char *why)
{
    answer_error(broker, request, code, why, 0);
}

/* ---- to a job ---- */
struct gathered {
    unsigned id;
    const struct ak_call *call;
    struct ak_provider *provider; /* of a callback */
    struct ak_msg_param params[PARAMS_MAX];
    size_t param_count;
    struct ak_span token;
    enum ak_code code;
    const char *why;
};

static bool refuse(struct gathered *got, enum ak_code code, const char *why)
{
    got->code = code;
    got->why = why;
    return false;
}

static bool route(const struct ak_http_request *request, struct gathered *got)
{
    enum ak_err err =
        ak_broker_call_match(request->method, request->path, got->params, &got->param_count, &got->id);
    if (err == AK_E_UNSUPPORTED) return refuse(got, AK_CODE_METHOD_NOT_ALLOWED, NULL);
    if (err) return refuse(got, AK_CODE_NOT_FOUND, "no such call");
    got->call = ak_broker_call_get(got->id);
    return got->call ? true : refuse(got, AK_CODE_NOT_FOUND, "no such call");
}

static bool is_type(struct ak_span type, const char *want)
{
    struct ak_span word = ak_span_sub(type, 0, ak_span_find(type, 0, ';'));
    while (word.len && word.ptr[word.len - 1] == ' ') word.len--;
    if (word.len != strlen(want)) return false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)want[i]) return false;
    }
    return true;
}

/* `Authorization: DPoP <token>`; the scheme's case does not matter. spec: RFC 9449 7.1 */
static bool check_token(const struct ak_http_request *request, struct gathered *got)
{
    struct ak_span value = request->headers[AK_HTTP_AUTHORIZATION];
    static const char scheme[] = "dpop ";
    if (got->call->auth < AK_AUTH_USE) return true;
    if (request->header_counts[AK_HTTP_AUTHORIZATION] != 1 || value.len <= sizeof scheme - 1)
        return refuse(got, AK_CODE_UNAUTHORIZED, NULL);
    for (size_t i = 0; i < sizeof scheme - 1; i++)
        if ((value.ptr[i] | 0x20) != scheme[i]) return refuse(got, AK_CODE_UNAUTHORIZED, NULL);
    got->token = ak_span_sub(value, sizeof scheme - 1, value.len);
    return got->token.len <= AK_LIMIT_TOKEN ? true
                                            : refuse(got, AK_CODE_INVALID_TOKEN, "the token is too long");
}

static bool check_form(const struct ak_http_request *request, struct gathered *got)
{
    bool get = ak_span_eq(request->method, AK_SPAN_LIT("GET"));
    if (request->header_counts[AK_HTTP_DPOP] > 1)
        return refuse(got, AK_CODE_INVALID_REQUEST, "DPoP stands there twice");
    if (request->headers[AK_HTTP_DPOP].len > AK_LIMIT_PROOF)
        return refuse(got, AK_CODE_BAD_SIGNATURE, "the DPoP proof is too long");
    if (got->call->auth != AK_AUTH_PUBLIC && request->headers[AK_HTTP_DPOP].len == 0)
        return refuse(got, AK_CODE_PROOF_REQUIRED, NULL);
    if (request->query.len) return refuse(got, AK_CODE_INVALID_REQUEST, "this call takes no query");
    if (get && request->body.len) return refuse(got, AK_CODE_INVALID_REQUEST, "this call takes no body");
    if (!get && (request->header_counts[AK_HTTP_CONTENT_TYPE] != 1 ||
                    !is_type(request->headers[AK_HTTP_CONTENT_TYPE], "application/json")))
        return refuse(got, AK_CODE_INVALID_REQUEST, "a body needs Content-Type: application/json");
    return true;
}

/* Anybody can write X-Forwarded-For; only a trusted proxy's is looked at. */
static bool find_source(struct ak_broker *broker, const struct ak_http_request *request, struct gathered *got,
    struct ak_source *out_source)
{
    struct ak_source peer = ak_source_of(request->conn->address, request->conn->address_len);
    struct ak_span forwarded = request->headers[AK_HTTP_FORWARDED_FOR];
    enum ak_err err = AK_OK;
    if (request->header_counts[AK_HTTP_FORWARDED_FOR] > 1) {
        struct ak_source with;
        err = ak_source_decide(
            &broker->proxies, &peer, AK_SPAN_LIT("?"), &with); /* fails only where believed */
        forwarded = AK_SPAN_EMPTY;
    }
    if (!err) err = ak_source_decide(&broker->proxies, &peer, forwarded, out_source);
    return err ? refuse(got, AK_CODE_INVALID_REQUEST, "X-Forwarded-For cannot be read") : true;
}

static bool encode(const struct ak_http_request *request, struct gathered *got, struct ak_job *job)
{
    struct ak_msg_fault fault;
    struct ak_buf body = AK_BUF_ARR(job->body);
    const struct ak_msg_input input = {
        .json = request->body, .params = got->params, .param_count = got->param_count};
    if (ak_msg_from_json(got->call->request, &input, &body, &fault) != AK_OK) {
        struct ak_buf text = AK_BUF_ARR(job->text);
        ak_buf_put_str(&text, fault.field ? fault.field : "");
        ak_buf_put_str(&text, fault.field ? ": " : "");
        ak_buf_put_str(&text, fault.why ? fault.why : "");
        return refuse(got, fault.code, ak_buf_terminate(&text) == AK_OK && fault.why ? job->text : NULL);
    }
    job->body_len = body.len;
    job->token_len = got->token.len;
    if (job->token_len) memcpy(job->token, got->token.ptr, job->token_len);
    return true;
}

static void fill(const struct ak_http_request *request, struct ak_job *job, unsigned call)
{
    struct ak_span proof = request->headers[AK_HTTP_DPOP];
    job->slot = request->slot;
    job->use = request->use;
    job->call = call;
    memcpy(job->request_id, request->id, sizeof job->request_id);
    if (proof.len <= sizeof job->proof) job->proof_len = proof.len;
    if (job->proof_len) memcpy(job->proof, proof.ptr, job->proof_len);
}

/* A call that a job answers: by its table, by the page's form, or whether all is ready. */
static bool submit(struct ak_broker *broker, struct ak_http_request *request, struct gathered *got,
    bool (*body)(const struct ak_http_request *, struct gathered *, struct ak_job *), enum ak_job_form form)
{
    struct ak_job *job = ak_pool_take(broker);
    if (!job || broker->stopping) {
        if (job) ak_pool_spare(broker, job);
        return refuse(got, AK_CODE_NOT_READY, "too much is waiting; try again");
    }
    job->form = form;
    fill(request, job, got->id);
    if (find_source(broker, request, got, &job->source) && (!body || body(request, got, job))) {
        ak_pool_submit(broker, job);
        return true;
    }
    ak_front_error(broker, request, got->code, got->why); /* `why` may be in the job */
    ak_pool_spare(broker, job);
    return true;
}

static bool encode_form(const struct ak_http_request *request, struct gathered *got, struct ak_job *job)
{
    struct ak_msg_email_verify_request message = {0};
    uint8_t memory[FORM_MAX];
    struct ak_buf text = AK_BUF_ARR(memory), body = AK_BUF_ARR(job->body);
    size_t count = 0;
    struct ak_span link = AK_SPAN_EMPTY;
    bool read = request->body.len <= sizeof memory &&
                ak_http_query_parse(request->body, &text, got->params, PARAMS_MAX, &count) == AK_OK;
    for (size_t i = 0; read && i < count; i++) {
        if (ak_span_eq(got->params[i].name, AK_SPAN_LIT("link"))) link = got->params[i].value;
        if (ak_span_eq(got->params[i].name, AK_SPAN_LIT("match_code")))
            message.match_code = got->params[i].value;
    }
    read = read && ak_link_read(link, message.request_id, &message.token) == AK_OK &&
           ak_msg_encode(&ak_email_verify_request_msg, &message, &body) == AK_OK;
    job->body_len = read ? body.len : 0; /* empty: the page says so */
    ak_wipe(memory, sizeof memory);
    return true;
}

static bool ready_check(struct ak_broker *broker, struct ak_http_request *request)
{
    struct gathered got = {.id = AK_BROKER_CALL_COUNT};
    bool head = ak_span_eq(request->method, AK_SPAN_LIT("HEAD"));
    if (!ak_span_eq(request->path, AK_SPAN_LIT("/readyz")) ||
        (!head && !ak_span_eq(request->method, AK_SPAN_LIT("GET"))))
        return false;
    if (!submit(broker, request, &got, NULL, AK_JOB_JSON)) ak_front_error(broker, request, got.code, got.why);
    return true;
}

static bool page_form(struct ak_broker *broker, struct ak_http_request *request)
{
    bool mail = ak_span_eq(request->path, AK_SPAN_LIT("/auth/email"));
    struct gathered got = {.id = mail ? AK_BROKER_CALL_EMAIL_VERIFY : AK_BROKER_CALL_OAUTH2_CONFIRM};
    bool post = ak_span_eq(request->method, AK_SPAN_LIT("POST"));
    if (mail ? !post : !ak_span_eq(request->path, AK_SPAN_LIT("/auth/oauth2"))) return false;
    request->call = (uint16_t)got.id;
    if (!post)
        ak_front_error(broker, request, AK_CODE_METHOD_NOT_ALLOWED, NULL);
    else if (!is_type(request->headers[AK_HTTP_CONTENT_TYPE], "application/x-www-form-urlencoded"))
        ak_front_error(broker, request, AK_CODE_INVALID_REQUEST, "the page sends a form");
    else if (!submit(broker, request, &got, encode_form, mail ? AK_JOB_PAGE : AK_JOB_PAGE_OAUTH2))
        ak_front_error(broker, request, got.code, got.why);
    return true;
}

/* Parameters that are not known are none of ours; one that stands there twice is nobody's. */
static bool encode_callback(const struct ak_http_request *request, struct gathered *got, struct ak_job *job)
{
    uint8_t memory[AK_HTTP_TARGET_MAX];
    struct ak_msg_fault fault;
    struct ak_buf text = AK_BUF_ARR(memory), body = AK_BUF_ARR(job->body);
    bool read =
        ak_http_query_parse(request->query, &text, got->params, PARAMS_MAX, &got->param_count) == AK_OK;
    const struct ak_msg_input input = {.params = got->params, .param_count = got->param_count};
    read = read && ak_msg_from_json(&ak_oauth2_callback_msg, &input, &body, &fault) == AK_OK;
    job->body_len = read ? body.len : 0; /* empty: the page says so */
    job->provider = got->provider;
    ak_wipe(memory, sizeof memory);
    return true;
}

static bool callback(struct ak_broker *broker, struct ak_http_request *request)
{
    struct gathered got = {.id = AK_BROKER_CALL_COUNT};
    const struct ak_span prefix = AK_SPAN_LIT(callback_path);
    if (!ak_span_starts(request->path, prefix)) return false;
    got.provider =
        ak_provider_find(broker, ak_span_sub(request->path, prefix.len, request->path.len - prefix.len));
    if (!got.provider)
        ak_front_error(broker, request, AK_CODE_NOT_FOUND, "no such provider");
    else if (!ak_span_eq(request->method, AK_SPAN_LIT("GET")))
        ak_front_error(broker, request, AK_CODE_METHOD_NOT_ALLOWED, NULL);
    else if (!submit(broker, request, &got, encode_callback, AK_JOB_CALLBACK))
        ak_front_error(broker, request, got.code, got.why);
    return true;
}

void ak_front_request(void *ctx, struct ak_http_request *request)
{
    struct ak_broker *broker = ctx;
    struct gathered got = {.id = AK_BROKER_CALL_COUNT};
    request->call = AK_BROKER_CALL_COUNT;
    request->proof_call = false;
    if (ready_check(broker, request) || ak_health(broker, request) || page_form(broker, request) ||
        callback(broker, request) || ak_page(broker, request))
        return;
    bool routed = route(request, &got);
    request->call = (uint16_t)(got.call ? got.id : AK_BROKER_CALL_COUNT);
    request->proof_call = got.call && got.call->auth != AK_AUTH_PUBLIC;
    if (routed && check_token(request, &got) && check_form(request, &got) &&
        submit(broker, request, &got, encode, AK_JOB_JSON))
        return;
    ak_front_error(broker, request, got.code, got.why);
}

/* ---- from a job ---- */
static void answer(struct ak_broker *broker, struct ak_http_request *request, const struct ak_job *job)
{
    if (job->form != AK_JOB_JSON) {
        ak_page_answer(broker, request, job);
        return;
    }
    if (job->answer_len == 0) {
        answer_error(broker, request, job->code, job->why, job->retry_s);
        return;
    }
    struct ak_http_reply reply = {
        .status = ak_code_status(job->code), .body = ak_span(job->answer, job->answer_len)};
    ak_front_answer(broker, request, &reply);
}

void ak_front_finished(struct ak_broker *broker)
{
    struct ak_job *job = ak_pool_finished(broker);
    while (job) {
        struct ak_job *next = job->next;
        struct ak_http_request *request = ak_http_find(broker->http, job->slot, job->use);
        if (request) answer(broker, request, job); /* else it came too late */
        ak_pool_spare(broker, job);
        job = next;
    }
}
