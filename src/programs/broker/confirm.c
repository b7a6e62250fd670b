/* What a page sends: the token that only it has, and the match code that the person reads from the terminal.
 */
#include "base/codec/base64.h"
#include "io/proc/clock.h"
#include "programs/broker/broker.h"

struct brought {
    enum ak_signin_kind kind;
    uint8_t token_hash[32], match_hash[32];
    uint64_t now_s;
};

static enum ak_code step_answer(void *ctx, struct ak_signin_row *row)
{
    const struct brought *brought = ctx;
    if (row->signin.kind != brought->kind) return AK_CODE_NOT_FOUND;
    return ak_signin_answer(&row->signin, brought->token_hash, brought->match_hash, brought->now_s);
}

static const char *unknown(enum ak_signin_kind kind)
{
    return kind == AK_SIGNIN_MAIL ? "this link is none of ours, or has expired"
                                  : "this page is none of ours, or has expired";
}

static const char *why_not(
    struct ak_job *job, enum ak_signin_kind kind, enum ak_code code, const struct ak_signin *signin)
{
    bool mail = kind == AK_SIGNIN_MAIL;
    if (code == AK_CODE_INVALID_REQUEST) job->tries_left = AK_SIGNIN_TRIES - signin->tries;
    if (code == AK_CODE_INVALID_REQUEST) return "the code is not the one that the terminal shows";
    if (code == AK_CODE_NOT_FOUND) return unknown(kind);
    if (code == AK_CODE_ALREADY_CONSUMED)
        return mail ? "this link was used already" : "this sign-in was answered already";
    if (signin->state == AK_SIGNIN_BLOCKED) return "three wrong codes: this sign-in is over; start again";
    return mail ? "this link has expired; start again" : "this sign-in has expired; start again";
}

static void read_match(
    const struct ak_secret32 *key, const struct ak_msg_email_verify_request *request, uint8_t out_hash[32])
{
    char match[AK_MATCH_CODE_LEN];
    /* A code that cannot be one counts as a wrong one: it hashes to what no code does. */
    struct ak_span typed =
        ak_match_code_read(request->match_code, match) == AK_OK ? AK_SPAN_ARR(match) : AK_SPAN_EMPTY;
    ak_broker_hash(key, "match", AK_SPAN_ARR(request->request_id), typed, out_hash);
}

void ak_confirm(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind)
{
    struct ak_msg_email_verify_request request;
    struct brought brought = {.kind = kind, .now_s = ak_clock_wall_ms() / 1000};
    struct ak_signin_row row;
    uint8_t token[AK_LINK_TOKEN_LEN];
    enum ak_code code = AK_CODE_INTERNAL;
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    const struct ak_msg_email_verify_reply reply = {.ok = true};
    if (ak_msg_decode(&ak_email_verify_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (ak_base64url_decode_fixed(request.token, token, sizeof token) != AK_OK) {
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, unknown(kind));
        return;
    }
    ak_broker_hash(key, "token", AK_SPAN_ARR(request.request_id), AK_SPAN_ARR(token), brought.token_hash);
    read_match(key, &request, brought.match_hash);
    ak_wipe(token, sizeof token);
    enum ak_err err = ak_signin_db_step(hand->db, request.request_id, step_answer, &brought, &row, &code);
    if (err == AK_E_NOT_FOUND)
        (void)ak_job_refuse(job, AK_CODE_NOT_FOUND, unknown(kind));
    else if (err)
        (void)ak_job_failed(job, err);
    else if (code)
        (void)ak_job_refuse(job, code, why_not(job, kind, code, &row.signin));
    else
        (void)ak_job_answer(hand, job, &ak_email_verify_reply_msg, &reply);
}
