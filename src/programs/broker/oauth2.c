/* Signing in at a provider: the start, and the browser that comes back. What needs the provider goes to its
 * own threads; what needs only our state does not. The callback's code is exchanged in exchange.c. */
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/ct.h"
#include "core/rp/flow.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

enum { MINUTE = 60, URL_MAX = 2048 };

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* ---- start ---- */
/* What leaves this function besides hashes: the code for the answer. */
struct fresh {
    struct ak_signin_row row;
    char match[AK_MATCH_CODE_LEN];
};

static enum ak_err draw(struct ak_hand *hand, const struct ak_job *job, struct fresh *fresh)
{
    uint8_t random[AK_MATCH_CODE_LEN];
    struct ak_signin *signin = &fresh->row.signin;
    *signin = (struct ak_signin){
        .kind = AK_SIGNIN_OAUTH2, .state = AK_SIGNIN_PENDING, .expires_s = now_s() + AK_SIGNIN_MAIL_S};
    fresh->row.from = ak_job_from(hand, job);
    ak_random_bytes(signin->id, sizeof signin->id);
    ak_random_bytes(random, sizeof random);
    ak_match_code_make(random, fresh->match);
    memcpy(signin->jkt, job->jkt, sizeof signin->jkt);
    ak_broker_hash(&hand->broker->keys.file_key, "match", AK_SPAN_ARR(signin->id), AK_SPAN_ARR(fresh->match),
        signin->match_hash);
    ak_wipe(random, sizeof random);
    return ak_oauth2_seal(hand, &fresh->row, AK_SPAN_EMPTY, ak_span(job->body, job->body_len));
}

static enum ak_err put_authorization(const struct ak_secret32 *key, const struct ak_provider *provider,
    const struct ak_rp_discovery *discovery, const struct ak_signin *signin, struct ak_buf *url)
{
    uint8_t memory[AK_RP_STATE_MAX];
    char verifier[AK_RP_TEXT_LEN], challenge[AK_RP_TEXT_LEN], nonce[AK_RP_TEXT_LEN];
    struct ak_buf state = AK_BUF_ARR(memory);
    struct ak_span name = ak_span_str(provider->name);
    ak_rp_state_put(key, signin->id, name, &state);
    ak_rp_verifier(key, signin->id, verifier);
    ak_rp_challenge(AK_SPAN_ARR(verifier), challenge);
    ak_rp_nonce(key, signin->id, name, signin->jkt, nonce);
    ak_wipe(verifier, sizeof verifier);
    const struct ak_rp_authorize authorize = {.endpoint = ak_rp_text(&discovery->authorization),
        .client_id = ak_span_str(provider->client_id),
        .redirect_uri = ak_span_str(provider->redirect_uri),
        .scope = ak_span_str(provider->scope),
        .state = ak_buf_span(&state),
        .nonce = AK_SPAN_ARR(nonce),
        .challenge = AK_SPAN_ARR(challenge)};
    return ak_rp_authorize_url(url, &authorize);
}

static bool answer_start(
    struct ak_hand *hand, struct ak_job *job, const struct fresh *fresh, struct ak_span authorization)
{
    char url[AK_CONF_TEXT_MAX + 64];
    struct ak_buf poll = AK_BUF_ARR(url);
    struct ak_msg_oauth2_start_reply reply = {.authorization_url = authorization,
        .expires_in_seconds = AK_SIGNIN_MAIL_S,
        .match_code = AK_SPAN_ARR(fresh->match)};
    memcpy(reply.request_id, fresh->row.signin.id, sizeof reply.request_id);
    ak_buf_put_str(&poll, hand->broker->origin);
    ak_buf_put_str(&poll, "/v1/auth/oauth2/status/");
    ak_hex_encode(&poll, AK_SPAN_ARR(reply.request_id));
    reply.poll_url = ak_buf_span(&poll);
    return ak_job_answer(hand, job, &ak_oauth2_start_reply_msg, &reply);
}

static void begin(struct ak_hand *hand, struct ak_job *job, const struct ak_rp_discovery *discovery)
{
    uint8_t memory[URL_MAX];
    struct ak_buf url = AK_BUF_ARR(memory);
    struct fresh fresh = {0};
    enum ak_err err = draw(hand, job, &fresh);
    if (!err)
        err = put_authorization(
            &hand->broker->keys.file_key, job->provider, discovery, &fresh.row.signin, &url);
    if (err) {
        (void)ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, "the provider's address cannot be used");
        return;
    }
    err = ak_signin_db_add(hand->db, &fresh.row, AK_SPAN_EMPTY, now_s());
    if (err == AK_E_LIMIT)
        (void)ak_job_refuse(job, AK_CODE_NOT_READY, "too many sign-ins are under way; try again in a minute");
    else if (err)
        (void)ak_job_failed(job, err);
    else
        (void)answer_start(hand, job, &fresh, ak_buf_span(&url));
    ak_wipe(&fresh, sizeof fresh);
}

bool ak_oauth2_start(struct ak_hand *hand, struct ak_job *job)
{
    struct ak_msg_oauth2_start_request request;
    struct ak_rp_discovery discovery;
    if (ak_msg_decode(&ak_oauth2_start_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return true;
    job->provider = ak_provider_find(hand->broker, request.provider);
    ak_wipe(&request, sizeof request);
    if (!job->provider) {
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, "this broker has no such provider (oauth2.providers)");
        return true;
    }
    if (!ak_job_count(
            hand, job, "start", AK_SPAN_ARR(job->source.address), MINUTE, AK_BROKER_STARTS_PER_MINUTE))
        return true;
    if (!ak_provider_knows(job->provider, &discovery)) return !ak_provider_submit(job->provider, job);
    begin(hand, job, &discovery);
    return true;
}

/* ---- the browser that comes back ---- */
/* The same for the same address: who loads it again sees the same page. Nobody else has the code. */
void ak_oauth2_page_token(const struct ak_hand *hand, const uint8_t id[16], struct ak_span code,
    uint8_t out_token[AK_LINK_TOKEN_LEN], uint8_t out_hash[32])
{
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    ak_broker_hash(key, "page", ak_span(id, 16), code, out_token);
    ak_broker_hash(key, "token", ak_span(id, 16), ak_span(out_token, AK_LINK_TOKEN_LEN), out_hash);
}

void ak_oauth2_page(struct ak_job *job, const uint8_t id[16], const uint8_t token[AK_LINK_TOKEN_LEN])
{
    struct ak_buf out = AK_BUF_ARR(job->answer);
    ak_buf_put(&out, ak_span(id, AK_LINK_ID_LEN));
    ak_base64url_encode(&out, ak_span(token, AK_LINK_TOKEN_LEN));
    job->answer_len = out.len;
    job->code = AK_CODE_OK;
}

static enum ak_code step_look(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    return row->signin.kind == AK_SIGNIN_OAUTH2 ? AK_CODE_OK : AK_CODE_NOT_FOUND;
}

/* A replay changes nothing: the page again, to whoever has its address; else what came of it. */
static void show_again(struct ak_hand *hand, struct ak_job *job,
    const struct ak_msg_oauth2_callback *callback, const struct ak_signin *signin)
{
    uint8_t token[AK_LINK_TOKEN_LEN], hash[32];
    ak_oauth2_page_token(hand, signin->id, callback->code, token, hash);
    bool same = ak_ct_eq(AK_SPAN_ARR(hash), AK_SPAN_ARR(signin->token_hash));
    if (now_s() >= signin->expires_s)
        (void)ak_job_refuse(job, AK_CODE_EXPIRED_REQUEST, "this sign-in has expired");
    else if (signin->state == AK_SIGNIN_CONFIRMED && same)
        ak_oauth2_page(job, signin->id, token);
    else
        (void)ak_oauth2_not_begun(
            job, signin->state == AK_SIGNIN_PROCESSING ? AK_CODE_PENDING : AK_CODE_ALREADY_CONSUMED);
    ak_wipe(token, sizeof token);
}

bool ak_oauth2_not_begun(struct ak_job *job, enum ak_code code)
{
    if (code == AK_CODE_PENDING)
        return ak_job_refuse(job, AK_CODE_NOT_READY, "this sign-in is being completed");
    if (code == AK_CODE_EXPIRED_REQUEST) return ak_job_refuse(job, code, "this sign-in has expired");
    if (code == AK_CODE_NOT_FOUND)
        return ak_job_refuse(job, code, "this sign-in is none of ours, or has expired");
    return ak_job_refuse(job, code, "this sign-in was answered already");
}

/* The state's MAC is ours, for the provider whose address this is: only then is anything looked up. */
static bool read_state(struct ak_hand *hand, struct ak_job *job, struct ak_msg_oauth2_callback *callback,
    uint8_t out_id[AK_RP_ID_LEN])
{
    struct ak_span name;
    if (job->body_len == 0 ||
        ak_msg_decode(&ak_oauth2_callback_msg, ak_span(job->body, job->body_len), callback, NULL) != AK_OK)
        return ak_job_refuse(job, AK_CODE_INVALID_REQUEST, "this is no answer of a provider");
    if (ak_rp_state_read(&hand->broker->keys.file_key, callback->state, out_id, &name) != AK_OK ||
        !ak_span_eq(name, ak_span_str(job->provider->name)))
        return ak_oauth2_not_begun(job, AK_CODE_NOT_FOUND);
    bool code = ak_msg_has(callback, AK_OAUTH2_CALLBACK_CODE);
    if (code == ak_msg_has(callback, AK_OAUTH2_CALLBACK_ERROR))
        return ak_job_refuse(job, AK_CODE_INVALID_REQUEST, "this is no answer of a provider");
    return true;
}

/* Who it is that says no is looked at where we know how; spec: RFC 9207 2.4 */
static bool is_other_issuer(struct ak_provider *provider, struct ak_span iss)
{
    struct ak_rp_discovery discovery;
    return ak_provider_knows(provider, &discovery) &&
           !ak_rp_callback_iss_fits(&discovery, ak_span_str(provider->issuer), iss);
}

/* spec: RFC 6749 4.1.2.1 */
static void provider_said_no(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16],
    const struct ak_msg_oauth2_callback *callback)
{
    struct ak_oauth2_owner owner = {.lease_s = 1};
    bool denied = ak_span_eq(callback->error, AK_SPAN_LIT("access_denied"));
    if (is_other_issuer(job->provider, callback->iss)) {
        (void)ak_job_refuse(job, AK_CODE_INVALID_REQUEST, "this is the answer of another provider");
        return;
    }
    ak_log(AK_LOG_INFO, "provider_refused", ak_log_str("provider", job->provider->name),
        ak_log_str("what", denied ? "access_denied" : "another error"));
    if (ak_oauth2_begin(hand, job, id, &owner))
        ak_oauth2_fail(
            hand, job, id, &owner, denied ? AK_SIGNIN_USER_DENIED : AK_SIGNIN_CODE_EXCHANGE_FAILED);
}

bool ak_oauth2_callback(struct ak_hand *hand, struct ak_job *job)
{
    uint8_t id[AK_RP_ID_LEN];
    struct ak_msg_oauth2_callback callback = {0};
    struct ak_signin_row row;
    enum ak_code code = AK_CODE_INTERNAL;
    if (!read_state(hand, job, &callback, id)) return true;
    enum ak_err err = ak_signin_db_step(hand->db, id, step_look, NULL, &row, &code);
    if (err == AK_E_NOT_FOUND || (!err && code))
        (void)ak_oauth2_not_begun(job, AK_CODE_NOT_FOUND);
    else if (err)
        (void)ak_job_failed(job, err);
    else if (row.signin.state != AK_SIGNIN_PENDING)
        show_again(hand, job, &callback, &row.signin);
    else if (ak_msg_has(&callback, AK_OAUTH2_CALLBACK_ERROR))
        provider_said_no(hand, job, id, &callback);
    else
        return !ak_provider_submit(job->provider, job);
    return true;
}

void ak_oauth2_go_on(struct ak_hand *hand, struct ak_job *job)
{
    struct ak_rp_discovery discovery;
    if (job->form == AK_JOB_CALLBACK)
        ak_oauth2_exchange(hand, job);
    else if (ak_provider_discovery(hand, job->provider, &discovery) == AK_OK)
        begin(hand, job, &discovery);
    else
        (void)ak_job_refuse(
            job, AK_CODE_UPSTREAM_ERROR, "the provider does not answer as it should; try again");
}
