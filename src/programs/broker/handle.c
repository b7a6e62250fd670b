/* A job's way: the proof, then the call, then the answer in JSON. */
#include "core/broker/code.h"
#include "core/token/dpop.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/broker/broker.h"

enum { PROOF_KEPT_S = 2 * AK_DPOP_IAT_SECS + 60, TRY_WRITE_MS = 1000 };

bool ak_job_refuse(struct ak_job *job, enum ak_code code, const char *why)
{
    job->code = code;
    job->why = why;
    return false;
}

bool ak_job_failed(struct ak_job *job, enum ak_err err)
{
    ak_log(AK_LOG_ERROR, "state_failed", ak_log_err(err));
    return ak_job_refuse(job, err == AK_E_FULL ? AK_CODE_STORAGE_FULL : AK_CODE_NOT_READY,
        err == AK_E_FULL ? "the broker's disk is full; nothing was done"
                         : "the broker's state cannot be read or written; try again");
}

bool ak_job_answer(struct ak_hand *hand, struct ak_job *job, const struct ak_msg *table, const void *message)
{
    struct ak_buf body = AK_BUF_ARR(hand->encoded);
    struct ak_buf json = AK_BUF_ARR(job->answer);
    if (ak_msg_encode(table, message, &body) != AK_OK ||
        ak_msg_to_json(table, ak_buf_span(&body), false, &json) != AK_OK)
        return ak_job_refuse(job, AK_CODE_INTERNAL, NULL);
    job->answer_len = json.len;
    job->code = AK_CODE_OK;
    return true;
}

struct ak_signin_from ak_job_from(const struct ak_hand *hand, const struct ak_job *job)
{
    uint8_t hash[32];
    struct ak_signin_from from;
    const struct ak_source network = ak_source_network(&job->source);
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    ak_broker_hash(key, "net", AK_SPAN_EMPTY, AK_SPAN_ARR(network.address), hash);
    memcpy(from.net, hash, sizeof from.net);
    ak_broker_hash(key, "source", AK_SPAN_EMPTY, AK_SPAN_ARR(job->source.address), hash);
    memcpy(from.source, hash, sizeof from.source);
    return from;
}

bool ak_job_count(struct ak_hand *hand, struct ak_job *job, const char *what, struct ak_span who,
    uint64_t length_s, unsigned limit)
{
    uint8_t key[32];
    unsigned max = (unsigned)ak_conf_number(&hand->broker->conf, limit);
    ak_broker_hash(&hand->broker->keys.file_key, what, AK_SPAN_EMPTY, who, key);
    enum ak_err err =
        ak_signin_db_count(hand->db, key, ak_clock_wall_ms() / 1000, length_s, max, &job->retry_s);
    if (err == AK_E_LIMIT) return ak_job_refuse(job, AK_CODE_RATE_LIMIT_EXCEEDED, NULL);
    return err ? ak_job_failed(job, err) : true;
}

static bool refuse_proof(struct ak_job *job, enum ak_dpop_fault fault)
{
    if (fault == AK_DPOP_NONCE) return ak_job_refuse(job, AK_CODE_USE_DPOP_NONCE, NULL);
    if (fault == AK_DPOP_SIGNATURE) return ak_job_refuse(job, AK_CODE_BAD_SIGNATURE, NULL);
    if (fault == AK_DPOP_TIME) return ak_job_refuse(job, AK_CODE_NONCE_EXPIRED, NULL);
    return ak_job_refuse(job, AK_CODE_PROOF_REQUIRED, "the DPoP proof is not one for this call");
}

static enum ak_err verify(struct ak_hand *hand, struct ak_job *job, bool again, struct ak_dpop_proof *out,
    enum ak_dpop_fault *fault)
{
    char texts[AK_NONCES][AK_FETCH_NONCE_MAX + 1];
    struct ak_span relayed[AK_NONCES];
    uint8_t path[256];
    struct ak_buf buf = AK_BUF_ARR(path);
    const struct ak_span origin = ak_span_str(hand->broker->origin);
    AK_TRY(ak_upstream_nonces(hand, again, texts));
    const struct ak_call *call = ak_broker_call_get(job->call);
    AK_TRY(ak_call_put_path_of(call, "", ak_span(job->body, job->body_len), false, &buf));
    for (size_t i = 0; i < AK_NONCES; i++) relayed[i] = ak_span_str(texts[i]);
    const struct ak_dpop_expect expect = {.method = ak_span_str(call->method),
        .origins = &origin,
        .origin_count = 1,
        .path = ak_buf_span(&buf),
        .token = ak_span(job->token, job->token_len),
        .now_s = ak_clock_wall_ms() / 1000,
        .relayed = relayed,
        .relayed_count = AK_NONCES};
    enum ak_err err = ak_dpop_verify(ak_span(job->proof, job->proof_len), &expect, NULL, out, fault);
    return err && *fault == AK_DPOP_FINE ? AK_E_STATE : AK_OK;
}

/* The keeper checks it again, and its word counts; ours keeps strangers from costing it anything. */
static bool check_proof(struct ak_hand *hand, struct ak_job *job, struct ak_dpop_proof *out_proof)
{
    enum ak_dpop_fault fault = AK_DPOP_FINE;
    enum ak_err err = verify(hand, job, false, out_proof, &fault);
    if (!err && fault == AK_DPOP_NONCE) err = verify(hand, job, true, out_proof, &fault);
    if (err) return ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, NULL);
    if (fault != AK_DPOP_FINE) return refuse_proof(job, fault);
    err = ak_signin_db_use_proof(hand->db, out_proof->jti_hash, ak_clock_wall_ms() / 1000 + PROOF_KEPT_S);
    if (err == AK_E_REPLAY) return ak_job_refuse(job, AK_CODE_PROOF_REPLAYED, NULL);
    return err ? ak_job_failed(job, err) : true;
}

/* A mail server that does not answer keeps no wallet from signing in: it is told, and the broker is ready. */
static struct ak_span mail_state(const struct ak_broker *broker)
{
    if (!broker->mail.url[0]) return AK_SPAN_LIT("off");
    return atomic_load(&broker->mail_failing) ? AK_SPAN_LIT("failing") : AK_SPAN_LIT("on");
}

/* At most once a second, however often it is asked. */
static bool state_is_writable(struct ak_hand *hand)
{
    struct ak_broker *broker = hand->broker;
    uint64_t now_ms = ak_clock_mono_ms(), tried_ms = atomic_load(&broker->tried_ms);
    if (tried_ms && now_ms - tried_ms < TRY_WRITE_MS) return !atomic_load(&broker->state_failed);
    atomic_store(&broker->tried_ms, now_ms);
    bool failed = ak_signin_db_sweep(hand->db, ak_clock_wall_ms() / 1000) != AK_OK ||
                  ak_signin_db_try_write(hand->db) != AK_OK;
    if (atomic_exchange(&broker->state_failed, failed) != failed)
        ak_log_event(AK_LOG_WARN, failed ? "state_not_writable" : "state_writable_again");
    return !failed;
}

/* /readyz: the state can be written, and the worker answers. */
static void check_ready(struct ak_hand *hand, struct ak_job *job)
{
    char texts[AK_NONCES][AK_FETCH_NONCE_MAX + 1];
    struct ak_buf body = AK_BUF_ARR(job->answer);
    struct ak_json_writer w = ak_json_writer(&body);
    bool state = state_is_writable(hand);
    bool worker = ak_upstream_nonces(hand, true, texts) == AK_OK;
    bool ready = state && worker && !hand->broker->stopping;
    ak_json_open_object(&w);
    ak_json_key(&w, "status");
    ak_json_put_string(&w, ready ? AK_SPAN_LIT("ready") : AK_SPAN_LIT("not_ready"));
    ak_json_key(&w, "checks");
    ak_json_open_object(&w);
    ak_json_key(&w, "state");
    ak_json_put_string(&w, state ? AK_SPAN_LIT("ok") : AK_SPAN_LIT("failing"));
    ak_json_key(&w, "worker");
    ak_json_put_string(&w, worker ? AK_SPAN_LIT("ok") : AK_SPAN_LIT("silent"));
    ak_json_key(&w, "mail");
    ak_json_put_string(&w, mail_state(hand->broker));
    ak_json_key(&w, "oauth2");
    ak_json_put_string(&w, hand->broker->providers_count ? AK_SPAN_LIT("on") : AK_SPAN_LIT("off"));
    ak_json_close_object(&w);
    ak_json_close_object(&w);
    job->answer_len = body.len;
    job->code = ready ? AK_CODE_OK : AK_CODE_NOT_READY;
}

/* A call after its proof was checked; false where a provider's threads go on with it. */
static bool dispatch(struct ak_hand *hand, struct ak_job *job)
{
    switch ((enum ak_broker_call_id)job->call) {
    case AK_BROKER_CALL_EMAIL_REQUEST: ak_email_request(hand, job, job->jkt); break;
    case AK_BROKER_CALL_EMAIL_VERIFY: ak_confirm(hand, job, AK_SIGNIN_MAIL); break;
    case AK_BROKER_CALL_EMAIL_STATUS: ak_status(hand, job, AK_SIGNIN_MAIL, job->jkt); break;
    case AK_BROKER_CALL_WALLET_START: ak_wallet_start(hand, job, job->jkt); break;
    case AK_BROKER_CALL_WALLET_VERIFY: ak_wallet_verify(hand, job, job->jkt); break;
    case AK_BROKER_CALL_LINK: ak_link(hand, job, job->jkt); break;
    case AK_BROKER_CALL_UNLINK: ak_unlink(hand, job); break;
    case AK_BROKER_CALL_LINK_LIST: ak_link_list(hand, job); break;
    case AK_BROKER_CALL_OAUTH2_START: return ak_oauth2_start(hand, job);
    case AK_BROKER_CALL_OAUTH2_CONFIRM: ak_confirm(hand, job, AK_SIGNIN_OAUTH2); break;
    case AK_BROKER_CALL_OAUTH2_STATUS: ak_status(hand, job, AK_SIGNIN_OAUTH2, job->jkt); break;
    case AK_BROKER_CALL_OAUTH2_IDENTITY: ak_oauth2_identity(hand, job, job->jkt); break;
    case AK_BROKER_CALL_COUNT: check_ready(hand, job); break;
    }
    return true;
}

bool ak_handle(struct ak_hand *hand, struct ak_job *job)
{
    struct ak_dpop_proof proof = {0};
    const struct ak_call *call = ak_broker_call_get(job->call);
    job->code = AK_CODE_INTERNAL;
    if (job->form == AK_JOB_CALLBACK) return ak_oauth2_callback(hand, job);
    if (call && call->auth != AK_AUTH_PUBLIC && !check_proof(hand, job, &proof)) return true;
    memcpy(job->jkt, proof.jkt, sizeof job->jkt);
    return dispatch(hand, job);
}
