/* The code for the id_token, and whose that is: at most once a sign-in (I10). One thread becomes its owner,
 * for longer than all of this can take, and its word alone counts; everything that can be asked before, is.
 */
#include "core/rp/flow.h"
#include "core/rp/id_token.h"
#include "core/rp/token_answer.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

enum { BASIC_MAX = 2304, LEASE_FETCHES = 3, LEASE_BESIDE_S = 5 };

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* ---- the owner ---- */
static enum ak_code step_begin(void *ctx, struct ak_signin_row *row)
{
    const struct ak_oauth2_owner *owner = ctx;
    return ak_signin_begin(&row->signin, owner->bytes, owner->lease_s, now_s());
}

static enum ak_code step_confirm(void *ctx, struct ak_signin_row *row)
{
    const struct ak_oauth2_owner *owner = ctx;
    enum ak_code code = ak_signin_confirm(&row->signin, owner->bytes, owner->token_hash, now_s());
    if (code) return code;
    memcpy(row->sealed, owner->row.sealed, owner->row.sealed_len);
    row->sealed_len = owner->row.sealed_len;
    return AK_CODE_OK;
}

static enum ak_code step_fail(void *ctx, struct ak_signin_row *row)
{
    const struct ak_oauth2_owner *owner = ctx;
    return ak_signin_fail(&row->signin, owner->bytes, owner->failure, now_s());
}

static bool step(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16],
    struct ak_oauth2_owner *owner, ak_signin_step how, struct ak_signin_row *out_row)
{
    enum ak_code code = AK_CODE_INTERNAL;
    enum ak_err err = ak_signin_db_step(hand->db, id, how, owner, out_row, &code);
    if (err == AK_E_NOT_FOUND) return ak_oauth2_not_begun(job, AK_CODE_NOT_FOUND);
    if (err) return ak_job_failed(job, err);
    return code ? ak_oauth2_not_begun(job, code) : true;
}

bool ak_oauth2_begin(
    struct ak_hand *hand, struct ak_job *job, const uint8_t id[16], struct ak_oauth2_owner *owner)
{
    ak_random_bytes(owner->bytes, sizeof owner->bytes);
    return step(hand, job, id, owner, step_begin, &owner->row);
}

void ak_oauth2_fail(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16],
    struct ak_oauth2_owner *owner, enum ak_signin_failure failure)
{
    struct ak_signin_row row;
    owner->failure = failure;
    if (!step(hand, job, id, owner, step_fail, &row)) return;
    (void)ak_job_refuse(job, AK_CODE_EXPIRED_REQUEST,
        failure == AK_SIGNIN_USER_DENIED ? "the provider says that you declined"
                                         : "the provider's answer cannot be used");
}

/* ---- asking ---- */
struct exchange {
    struct ak_hand *hand;
    struct ak_job *job;
    struct ak_provider *provider;
    struct ak_rp_discovery discovery;
    struct ak_rp_jwks jwks;
    uint64_t generation;
    struct ak_span code;
    uint8_t id[AK_RP_ID_LEN];
    uint8_t id_token[AK_RP_ID_TOKEN_MAX];
};

static void said(const struct exchange *exchange, const char *what, enum ak_err err, const char *why)
{
    ak_log(AK_LOG_WARN, "provider_answer_refused", ak_log_str("provider", exchange->provider->name),
        ak_log_str("what", what), ak_log_err(err), ak_log_str("why", why));
}

/* How this client says who it is, as the provider wants it. spec: RFC 6749 2.3.1 */
static enum ak_err put_form(const struct exchange *exchange, struct ak_buf *form, struct ak_buf *basic)
{
    char verifier[AK_RP_TEXT_LEN];
    const struct ak_provider *provider = exchange->provider;
    struct ak_span secret = ak_span_str(provider->secret), client_id = ak_span_str(provider->client_id);
    bool in_form = exchange->discovery.auth == AK_RP_AUTH_POST;
    ak_rp_verifier(&exchange->hand->broker->keys.file_key, exchange->id, verifier);
    const struct ak_rp_exchange what = {.client_id = client_id,
        .redirect_uri = ak_span_str(provider->redirect_uri),
        .code = exchange->code,
        .verifier = AK_SPAN_ARR(verifier),
        .secret = in_form ? secret : AK_SPAN_EMPTY};
    enum ak_err err = ak_rp_exchange_form(form, &what);
    if (!err && secret.len && !in_form) err = ak_rp_basic(basic, client_id, secret);
    ak_wipe(verifier, sizeof verifier);
    return err;
}

static enum ak_err ask_token(struct exchange *exchange, struct ak_buf *id_token)
{
    uint8_t memory[AK_RP_FORM_MAX], header[BASIC_MAX];
    char error[AK_RP_ERROR_MAX + 1] = "";
    struct ak_buf form = AK_BUF_ARR(memory), basic = AK_BUF_ARR(header);
    struct ak_span body;
    enum ak_err err = put_form(exchange, &form, &basic);
    const struct ak_provider_ask ask = {.what = "token",
        .url = ak_rp_text(&exchange->discovery.token),
        .form = ak_buf_span(&form),
        .authorization = ak_buf_span(&basic),
        .max = AK_RP_ANSWER_MAX,
        .errors = true};
    if (!err) err = ak_provider_ask(exchange->hand, exchange->provider, &ask, &body);
    ak_wipe(memory, sizeof memory);
    ak_wipe(header, sizeof header);
    if (err) return err;
    err = ak_rp_token_answer_parse(body, id_token, error);
    ak_wipe(exchange->hand->page, body.len);
    if (err) said(exchange, "token", err, error);
    return err;
}

static enum ak_err verify(struct exchange *exchange, struct ak_span id_token, const struct ak_signin *signin,
    struct ak_rp_subject *out_subject)
{
    char nonce[AK_RP_TEXT_LEN];
    const char *rule = "";
    const struct ak_provider *provider = exchange->provider;
    ak_rp_nonce(&exchange->hand->broker->keys.file_key, exchange->id, ak_span_str(provider->name),
        signin->jkt, nonce);
    const struct ak_rp_expected expected = {.issuer = ak_span_str(provider->issuer),
        .client_id = ak_span_str(provider->client_id),
        .nonce = AK_SPAN_ARR(nonce),
        .now_s = now_s()};
    enum ak_err err = ak_rp_id_token_verify(id_token, &exchange->jwks, &expected, out_subject, &rule);
    if (err == AK_E_NOT_FOUND &&
        ak_provider_jwks(exchange->hand, exchange->provider, &exchange->generation, &exchange->jwks) == AK_OK)
        err = ak_rp_id_token_verify(id_token, &exchange->jwks, &expected, out_subject, &rule);
    if (err) said(exchange, "id_token", err, rule);
    return err;
}

/* ---- one callback ---- */
static void confirm(
    struct exchange *exchange, struct ak_oauth2_owner *owner, const struct ak_rp_subject *subject)
{
    uint8_t memory[AK_SIGNIN_SEALED_MAX], token[AK_LINK_TOKEN_LEN];
    struct ak_buf plain = AK_BUF_ARR(memory);
    struct ak_span before, request;
    struct ak_signin_row row;
    struct ak_hand *hand = exchange->hand;
    enum ak_err err = ak_oauth2_unseal(hand, &owner->row, &plain, &before, &request);
    if (!err) err = ak_oauth2_seal(hand, &owner->row, ak_span(subject->sub, subject->len), request);
    ak_wipe(memory, sizeof memory);
    ak_oauth2_page_token(hand, exchange->id, exchange->code, token, owner->token_hash);
    if (err)
        (void)ak_job_failed(exchange->job, err);
    else if (step(hand, exchange->job, exchange->id, owner, step_confirm, &row))
        ak_oauth2_page(exchange->job, exchange->id, token);
    ak_wipe(token, sizeof token);
}

static void run(struct exchange *exchange)
{
    struct ak_oauth2_owner owner = {
        .lease_s = LEASE_FETCHES * exchange->provider->timeout_s + LEASE_BESIDE_S};
    struct ak_buf id_token = AK_BUF_ARR(exchange->id_token);
    struct ak_rp_subject subject;
    if (!ak_oauth2_begin(exchange->hand, exchange->job, exchange->id, &owner)) return;
    if (ask_token(exchange, &id_token) != AK_OK)
        ak_oauth2_fail(exchange->hand, exchange->job, exchange->id, &owner, AK_SIGNIN_CODE_EXCHANGE_FAILED);
    else if (verify(exchange, ak_buf_span(&id_token), &owner.row.signin, &subject) != AK_OK)
        ak_oauth2_fail(exchange->hand, exchange->job, exchange->id, &owner, AK_SIGNIN_ID_TOKEN_INVALID);
    else
        confirm(exchange, &owner, &subject);
    ak_wipe(&owner, sizeof owner);
}

void ak_oauth2_exchange(struct ak_hand *hand, struct ak_job *job)
{
    struct exchange exchange = {.hand = hand, .job = job, .provider = job->provider};
    struct ak_msg_oauth2_callback callback = {0};
    struct ak_span name;
    if (ak_msg_decode(&ak_oauth2_callback_msg, ak_span(job->body, job->body_len), &callback, NULL) != AK_OK ||
        ak_rp_state_read(&hand->broker->keys.file_key, callback.state, exchange.id, &name) != AK_OK)
        return;
    exchange.code = callback.code;
    if (ak_provider_discovery(hand, job->provider, &exchange.discovery) != AK_OK ||
        ak_provider_jwks(hand, job->provider, &exchange.generation, &exchange.jwks) != AK_OK)
        (void)ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, "the provider does not answer as it should");
    else if (!ak_rp_callback_iss_fits(
                 &exchange.discovery, ak_span_str(job->provider->issuer), callback.iss)) /* RFC 9207 2.4 */
        (void)ak_job_refuse(job, AK_CODE_INVALID_REQUEST, "this is the answer of another provider");
    else
        run(&exchange);
    ak_wipe(exchange.id_token, sizeof exchange.id_token);
}
