/* Signing in by a mail: the request, what the page brings, and the polls of the device that asked. */
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/broker/code.h"
#include "core/identity/identity.h"
#include "core/token/identity_answer.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

enum { MINUTE = 60, HOUR = 3600 };

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* One spelling a person: people type upper case, too. */
static enum ak_err read_address(
    struct ak_span typed, uint8_t out[AK_LIMIT_IDENTITY_VALUE], struct ak_span *out_address)
{
    struct ak_identity identity;
    if (typed.len > AK_LIMIT_IDENTITY_VALUE) return AK_E_LIMIT;
    for (size_t i = 0; i < typed.len; i++)
        out[i] = typed.ptr[i] >= 'A' && typed.ptr[i] <= 'Z' ? typed.ptr[i] | 0x20 : typed.ptr[i];
    *out_address = ak_span(out, typed.len);
    return ak_identity_validate(AK_SPAN_LIT("email"), *out_address, &identity);
}

static bool count(struct ak_hand *hand, struct ak_job *job, struct ak_span address)
{
    return ak_job_count(
               hand, job, "start", AK_SPAN_ARR(job->source.address), MINUTE, AK_BROKER_STARTS_PER_MINUTE) &&
           ak_job_count(hand, job, "mail", address, HOUR, AK_BROKER_MAILS_PER_HOUR);
}

/* What leaves this function besides hashes: the code for the answer, and the sealed mail. */
struct fresh {
    struct ak_signin_row row;
    uint8_t token[AK_LINK_TOKEN_LEN];
    char match[AK_MATCH_CODE_LEN];
    uint8_t mail[AK_SIGNIN_MAIL_MAX];
    struct ak_buf sealed_mail;
};

/* The request goes into the table as it came, with the address in its one spelling; the mail keeps the token
 * until it has left. */
static enum ak_err seal(struct ak_hand *hand, struct fresh *fresh, const struct ak_msg_email_request *request)
{
    uint8_t plain[AK_JOB_BODY_MAX];
    struct ak_signin_row *row = &fresh->row;
    struct ak_span id = AK_SPAN_ARR(row->signin.id);
    struct ak_buf text = AK_BUF_ARR(plain), sealed = AK_BUF_ARR(row->sealed);
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    fresh->sealed_mail = AK_BUF_ARR(fresh->mail);
    enum ak_err err = ak_msg_encode(&ak_email_request_msg, request, &text);
    if (!err) err = ak_signin_seal(key, id, ak_buf_span(&text), &sealed);
    row->sealed_len = sealed.len;
    text.len = 0;
    ak_buf_put_u8(&text, AK_MAIL_IS_LINK);
    ak_buf_put(&text, AK_SPAN_ARR(fresh->token));
    ak_buf_put(&text, request->email);
    if (!err) err = ak_signin_seal(key, id, ak_buf_span(&text), &fresh->sealed_mail);
    ak_wipe(plain, sizeof plain);
    return err;
}

static void draw(struct ak_hand *hand, struct fresh *fresh, const uint8_t jkt[32])
{
    uint8_t random[AK_MATCH_CODE_LEN];
    struct ak_signin *signin = &fresh->row.signin;
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    *signin = (struct ak_signin){
        .kind = AK_SIGNIN_MAIL, .state = AK_SIGNIN_PENDING, .expires_s = now_s() + AK_SIGNIN_MAIL_S};
    ak_random_bytes(signin->id, sizeof signin->id);
    ak_random_bytes(fresh->token, sizeof fresh->token);
    ak_random_bytes(random, sizeof random);
    ak_match_code_make(random, fresh->match);
    memcpy(signin->jkt, jkt, sizeof signin->jkt);
    ak_broker_hash(key, "token", AK_SPAN_ARR(signin->id), AK_SPAN_ARR(fresh->token), signin->token_hash);
    ak_broker_hash(key, "match", AK_SPAN_ARR(signin->id), AK_SPAN_ARR(fresh->match), signin->match_hash);
    ak_wipe(random, sizeof random);
}

static bool answer_request(struct ak_hand *hand, struct ak_job *job, const struct fresh *fresh)
{
    char url[AK_CONF_TEXT_MAX + 64];
    struct ak_buf poll = AK_BUF_ARR(url);
    struct ak_msg_email_reply reply = {
        .expires_in_seconds = AK_SIGNIN_MAIL_S, .match_code = AK_SPAN_ARR(fresh->match)};
    memcpy(reply.request_id, fresh->row.signin.id, sizeof reply.request_id);
    ak_buf_put_str(&poll, hand->broker->origin);
    ak_buf_put_str(&poll, "/v1/auth/email/status/");
    ak_hex_encode(&poll, AK_SPAN_ARR(reply.request_id));
    reply.poll_url = ak_buf_span(&poll);
    return ak_job_answer(hand, job, &ak_email_reply_msg, &reply);
}

void ak_email_request(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    struct fresh fresh = {0};
    struct ak_msg_email_request request;
    uint8_t memory[AK_LIMIT_IDENTITY_VALUE];
    struct ak_span address;
    if (ak_msg_decode(&ak_email_request_msg, ak_span(job->body, job->body_len), &request, NULL) != AK_OK)
        return;
    if (!hand->broker->mail.url[0]) {
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, "this broker sends no mail; sign in in another way");
        return;
    }
    if (read_address(request.email, memory, &address) != AK_OK) {
        (void)ak_job_refuse(job, AK_CODE_INVALID_REQUEST, "email is not a mail address");
        return;
    }
    if (!count(hand, job, address)) return;
    draw(hand, &fresh, jkt);
    request.email = address;
    enum ak_err err = seal(hand, &fresh, &request);
    if (!err) err = ak_signin_db_add(hand->db, &fresh.row, ak_buf_span(&fresh.sealed_mail), now_s());
    if (err == AK_E_LIMIT)
        (void)ak_job_refuse(job, AK_CODE_NOT_READY, "too many sign-ins are under way; try again in a minute");
    else if (err)
        (void)ak_job_failed(job, err);
    else if (answer_request(hand, job, &fresh))
        ak_mailer_wake(hand->broker);
    ak_wipe(&fresh, sizeof fresh);
}

/* ---- the page ---- */
struct brought {
    uint8_t token_hash[32], match_hash[32];
    uint64_t now_s;
};

static enum ak_code step_answer(void *ctx, struct ak_signin_row *row)
{
    const struct brought *brought = ctx;
    return ak_signin_answer(&row->signin, brought->token_hash, brought->match_hash, brought->now_s);
}

static const char *why_not(struct ak_job *job, enum ak_code code, const struct ak_signin *signin)
{
    if (code == AK_CODE_INVALID_REQUEST) job->tries_left = AK_SIGNIN_TRIES - signin->tries;
    if (code == AK_CODE_INVALID_REQUEST) return "the code is not the one that the terminal shows";
    if (code == AK_CODE_NOT_FOUND) return "this link is none of ours, or has expired";
    if (code == AK_CODE_ALREADY_CONSUMED) return "this link was used already";
    return signin->state == AK_SIGNIN_BLOCKED ? "three wrong codes: this sign-in is over; start again"
                                              : "this link has expired; start again";
}

void ak_email_verify(struct ak_hand *hand, struct ak_job *job)
{
    struct ak_msg_email_verify_request request;
    struct brought brought = {.now_s = now_s()};
    struct ak_signin_row row;
    uint8_t token[AK_LINK_TOKEN_LEN];
    char match[AK_MATCH_CODE_LEN];
    enum ak_code code = AK_CODE_INTERNAL;
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    if (ak_msg_decode(&ak_email_verify_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (ak_base64url_decode_fixed(request.token, token, sizeof token) != AK_OK) {
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, "this link is none of ours, or has expired");
        return;
    }
    /* A code that cannot be one counts as a wrong one: it hashes to what no code does. */
    struct ak_span typed =
        ak_match_code_read(request.match_code, match) == AK_OK ? AK_SPAN_ARR(match) : AK_SPAN_EMPTY;
    ak_broker_hash(key, "token", AK_SPAN_ARR(request.request_id), AK_SPAN_ARR(token), brought.token_hash);
    ak_broker_hash(key, "match", AK_SPAN_ARR(request.request_id), typed, brought.match_hash);
    ak_wipe(token, sizeof token);
    enum ak_err err = ak_signin_db_step(hand->db, request.request_id, step_answer, &brought, &row, &code);
    if (err == AK_E_NOT_FOUND) {
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, "this link is none of ours, or has expired");
    } else if (err) {
        (void)ak_job_failed(job, err);
    } else if (code) {
        (void)ak_job_refuse(job, code, why_not(job, code, &row.signin));
    } else {
        const struct ak_msg_email_verify_reply reply = {.ok = true};
        (void)ak_job_answer(hand, job, &ak_email_verify_reply_msg, &reply);
    }
}

/* ---- the polls ---- */
enum ak_err ak_email_answer(
    struct ak_hand *hand, const struct ak_signin_row *row, struct ak_span address, struct ak_buf *jws)
{
    static const char type[] = "email";
    uint64_t now = now_s();
    struct ak_identity_answer answer = {.type_len = sizeof type - 1,
        .value_len = (uint16_t)address.len,
        .iat = now,
        .exp = now + AK_IDENTITY_ANSWER_SECS};
    if (address.len > sizeof answer.value) return AK_E_LIMIT;
    memcpy(answer.type, type, sizeof type - 1);
    memcpy(answer.value, address.ptr, address.len);
    memcpy(answer.jkt, row->signin.jkt, sizeof answer.jkt);
    ak_random_bytes(answer.jti, sizeof answer.jti);
    return ak_identity_answer_make(jws, &hand->signer, ak_span_str(hand->broker->origin),
        ak_span_str(ak_conf_text(&hand->broker->conf, AK_BROKER_ISSUER)), &answer);
}

enum ak_err ak_email_asked(struct ak_hand *hand, const struct ak_signin_row *row, struct ak_buf *memory,
    struct ak_msg_email_request *out_asked)
{
    AK_TRY(ak_signin_unseal(&hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id),
        ak_span(row->sealed, row->sealed_len), memory));
    return ak_msg_decode(&ak_email_request_msg, ak_buf_span(memory), out_asked, NULL);
}

static void put_hash(struct ak_json_writer *w, bool there, const char *name, const uint8_t bytes[32])
{
    if (!there) return;
    ak_json_key(w, name);
    ak_json_put_hex(w, "", ak_span(bytes, 32));
}

/* The broker's word, and what the device said of itself. */
static enum ak_err make_answer(
    struct ak_hand *hand, const struct ak_job *job, const struct ak_signin_row *row, struct ak_buf *json)
{
    uint8_t memory[AK_SIGNIN_SEALED_MAX], jws[AK_IDENTITY_ANSWER_MAX], path[128];
    struct ak_buf plain = AK_BUF_ARR(memory), text = AK_BUF_ARR(jws), poll = AK_BUF_ARR(path);
    struct ak_msg_email_request asked;
    struct ak_json_writer w = ak_json_writer(json);
    AK_TRY(ak_email_asked(hand, row, &plain, &asked));
    AK_TRY(ak_email_answer(hand, row, asked.email, &text));
    AK_TRY(ak_call_put_path_of(
        ak_broker_call_get(job->call), "", ak_span(job->body, job->body_len), false, &poll));
    ak_json_open_object(&w);
    ak_json_key(&w, "answer");
    ak_json_put_string(&w, ak_buf_span(&text));
    ak_json_key(&w, "poll_path");
    ak_json_put_string(&w, ak_buf_span(&poll));
    if (ak_msg_has(&asked, AK_EMAIL_REQUEST_DEVICE_NAME)) {
        ak_json_key(&w, "device_name");
        ak_json_put_string(&w, asked.device_name);
    }
    put_hash(&w, ak_msg_has(&asked, AK_EMAIL_REQUEST_RECOVERY_HASH), "recovery_hash", asked.recovery_hash);
    put_hash(&w, ak_msg_has(&asked, AK_EMAIL_REQUEST_RECOVERY_CODE), "recovery_code", asked.recovery_code);
    ak_json_close_object(&w);
    ak_wipe(memory, sizeof memory);
    ak_wipe(&asked, sizeof asked);
    return ak_buf_check(json);
}

/* Whoever has a session by an address is told there of recoveries. */
static void know(struct ak_hand *hand, const struct ak_signin_row *row, const uint8_t anchor[32])
{
    uint8_t memory[AK_SIGNIN_SEALED_MAX];
    struct ak_buf plain = AK_BUF_ARR(memory);
    struct ak_msg_email_request asked;
    if (ak_email_asked(hand, row, &plain, &asked) == AK_OK) ak_link_know(hand, anchor, asked.email);
    ak_wipe(memory, sizeof memory);
}

static void ask_keeper(struct ak_hand *hand, struct ak_job *job, const struct ak_signin_row *row)
{
    uint8_t memory[AK_IDENTITY_ANSWER_MAX + 1024], anchor[32];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_span reply;
    bool session = false;
    if (make_answer(hand, job, row, &json) != AK_OK)
        (void)ak_job_refuse(job, AK_CODE_INTERNAL, NULL);
    else if (ak_upstream_call(
                 hand, job, "POST", "/internal/v1/identity-answered", ak_buf_span(&json), &reply))
        (void)ak_upstream_signed_in(hand, job, reply, &session, anchor);
    if (session) know(hand, row, anchor);
    ak_taken_over(hand, job, row->signin.id, session);
    ak_wipe(memory, sizeof memory);
}

void ak_email_status(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    struct ak_msg_email_status_request request;
    struct ak_signin_row row;
    if (ak_msg_decode(&ak_email_status_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (ak_take(hand, job, AK_SIGNIN_MAIL, request.id, jkt, &row)) ask_keeper(hand, job, &row);
}
