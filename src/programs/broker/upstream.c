/* The worker behind its socket: calls with the device's proof handed on, and the keeper's nonces. */
#include "base/codec/json.h"
#include "core/wire/msg_error.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/broker/broker.h"

static void remember(struct ak_broker *broker, const char *nonce)
{
    struct ak_nonces *nonces = &broker->nonces;
    if (!nonce[0]) return;
    (void)pthread_mutex_lock(&nonces->lock);
    if (strcmp(nonces->texts[0], nonce) != 0) {
        for (size_t i = AK_NONCES - 1; i > 0; i--)
            memcpy(nonces->texts[i], nonces->texts[i - 1], sizeof nonces->texts[i]);
        memcpy(nonces->texts[0], nonce, strlen(nonce) + 1);
    }
    nonces->fetched_ms = ak_clock_mono_ms();
    (void)pthread_mutex_unlock(&nonces->lock);
}

static bool is_fresh(struct ak_broker *broker, uint64_t within_ms)
{
    (void)pthread_mutex_lock(&broker->nonces.lock);
    uint64_t at_ms = broker->nonces.fetched_ms;
    (void)pthread_mutex_unlock(&broker->nonces.lock);
    return at_ms && ak_clock_mono_ms() - at_ms < within_ms;
}

static enum ak_err fetch(struct ak_hand *hand, const struct ak_fetch_ask *ask, struct ak_fetch_answer *answer)
{
    enum ak_err err = ak_fetch_do(&hand->fetch, ask, answer);
    if (err) {
        atomic_fetch_add(&hand->broker->worker_failures, 1);
        ak_log(AK_LOG_WARN, "worker_call_failed", ak_log_str("path", ask->path), ak_log_err(err),
            ak_log_str("reason", hand->fetch.reason));
        return err;
    }
    atomic_store(&hand->broker->worker_ok_ms, ak_clock_mono_ms());
    remember(hand->broker, hand->fetch.nonce);
    return AK_OK;
}

enum ak_err ak_upstream_nonces(
    struct ak_hand *hand, bool again, char out_texts[AK_NONCES][AK_FETCH_NONCE_MAX + 1])
{
    struct ak_nonces *nonces = &hand->broker->nonces;
    const struct ak_fetch_ask ask = {.method = "GET", .path = "/internal/v1/nonce"};
    struct ak_fetch_answer answer;
    enum ak_err err = AK_OK;
    if (!is_fresh(hand->broker, again ? 500 : AK_NONCE_FRESH_MS)) err = fetch(hand, &ask, &answer);
    (void)pthread_mutex_lock(&nonces->lock);
    memcpy(out_texts, nonces->texts, sizeof nonces->texts);
    (void)pthread_mutex_unlock(&nonces->lock);
    return err ? err : out_texts[0][0] ? AK_OK : AK_E_STATE;
}

void ak_upstream_newest(struct ak_broker *broker, char out_text[AK_FETCH_NONCE_MAX + 1])
{
    (void)pthread_mutex_lock(&broker->nonces.lock);
    memcpy(out_text, broker->nonces.texts[0], sizeof broker->nonces.texts[0]);
    (void)pthread_mutex_unlock(&broker->nonces.lock);
}

static enum ak_code code_of(struct ak_span name)
{
    for (unsigned code = 1; code < AK_CODE_COUNT; code++)
        if (ak_span_eq(name, ak_span_str(ak_code_name((enum ak_code)code)))) return (enum ak_code)code;
    return AK_CODE_UPSTREAM_ERROR;
}

/* The worker's refusal under its own name; its sentence too, where it is plain text. */
static bool hand_on(struct ak_job *job, const struct ak_fetch_answer *answer)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct ak_span name, message;
    if (ak_json_parse(answer->body, AK_LIMIT_BODY, &json) != AK_OK ||
        ak_json_string(ak_json_get(ak_json_root(&json), "error"), &name) != AK_OK)
        return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, NULL);
    struct ak_buf buf = AK_BUF_ARR(job->text);
    enum ak_code code = code_of(name);
    uint64_t retry_s = 0;
    if (ak_json_u64(ak_json_get(ak_json_root(&json), "retry_after_secs"), &retry_s) == AK_OK)
        job->retry_s = retry_s;
    if (ak_json_string(ak_json_get(ak_json_root(&json), "message"), &message) == AK_OK)
        ak_buf_put(&buf, message);
    bool told = buf.len > 0 && ak_buf_terminate(&buf) == AK_OK;
    return ak_job_refuse(job, code, told ? job->text : NULL);
}

bool ak_upstream_call(struct ak_hand *hand, struct ak_job *job, const char *method, const char *path,
    struct ak_span json, struct ak_span *out_json)
{
    const struct ak_fetch_ask ask = {.method = method,
        .path = path,
        .body = json,
        .token = ak_span(job->token, job->token_len),
        .proof = ak_span(job->proof, job->proof_len)};
    struct ak_fetch_answer answer;
    *out_json = AK_SPAN_EMPTY;
    if (fetch(hand, &ask, &answer) != AK_OK) return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, NULL);
    if (answer.status != 200 && answer.status != 202) return hand_on(job, &answer);
    *out_json = answer.body;
    if (answer.status == 202) job->code = AK_CODE_PENDING;
    return true;
}

bool ak_upstream_pass(struct ak_hand *hand, struct ak_job *job, const char *method, const char *path,
    struct ak_span json, const struct ak_msg *table)
{
    struct ak_buf body = AK_BUF_ARR(hand->decoded), text = AK_BUF_ARR(job->answer);
    struct ak_msg_fault fault;
    struct ak_msg_input input = {0};
    job->code = AK_CODE_OK;
    if (!ak_upstream_call(hand, job, method, path, json, &input.json)) return false;
    if (ak_msg_from_json(table, &input, &body, &fault) != AK_OK ||
        ak_msg_to_json(table, ak_buf_span(&body), false, &text) != AK_OK)
        return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, "the worker's answer cannot be read");
    job->answer_len = text.len;
    return true;
}

bool ak_upstream_signed_in(
    struct ak_hand *hand, struct ak_job *job, struct ak_span json, bool *out_session, uint8_t out_anchor[32])
{
    static const char bad[] = "the worker's answer cannot be read";
    struct ak_buf body = AK_BUF_ARR(hand->decoded);
    const struct ak_msg_input input = {.json = json};
    struct ak_msg_fault fault;
    struct ak_msg_signed_in_reply reply;
    *out_session = false;
    if (ak_msg_from_json(&ak_signed_in_reply_msg, &input, &body, &fault) != AK_OK ||
        ak_msg_decode(&ak_signed_in_reply_msg, ak_buf_span(&body), &reply, NULL) != AK_OK)
        return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, bad);
    bool session = ak_span_eq(reply.state, AK_SPAN_LIT("session"));
    if (!session && !ak_span_eq(reply.state, AK_SPAN_LIT("recovery_pending")))
        return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, bad);
    if (session) reply.state = AK_SPAN_LIT("verified");
    memcpy(out_anchor, reply.anchor, sizeof reply.anchor);
    *out_session = session && ak_job_answer(hand, job, &ak_signed_in_reply_msg, &reply);
    return session ? *out_session : ak_job_answer(hand, job, &ak_signed_in_reply_msg, &reply);
}
