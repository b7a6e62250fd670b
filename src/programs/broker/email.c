/* Signing in by a mail: the request. */
#include "base/codec/hex.h"
#include "core/broker/code.h"
#include "core/identity/identity.h"
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
    fresh.row.from = ak_job_from(hand, job);
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
