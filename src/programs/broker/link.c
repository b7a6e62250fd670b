/* The identities of an account: linking one that a person answered for just now, ending a link, the list. The
 * session and the device's proof are handed on; the keeper decides. */
#include "core/broker/code.h"
#include "core/identity/identity.h"
#include "core/token/identity_answer.h"
#include "io/log/log.h"
#include "programs/broker/broker.h"

enum { JSON_MAX = 8192 };

/* What is added to the device's words: a wallet's text and signature, or the broker's own word. */
static enum ak_err put_shown(struct ak_hand *hand, const struct ak_signin_row *row,
    const struct ak_msg_wallet_link_request *request, struct ak_json_writer *w)
{
    uint8_t memory[AK_SIGNIN_SEALED_MAX], jws[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf plain = AK_BUF_ARR(memory), text = AK_BUF_ARR(jws);
    struct ak_answered answered;
    if (row->signin.kind != AK_SIGNIN_WALLET) {
        enum ak_err err = ak_answered_open(hand, row, &answered);
        if (!err) err = ak_answered_word(hand, row, &answered, &text);
        ak_answered_done(&answered);
        AK_TRY(err);
        ak_json_key(w, "answer");
        ak_json_put_string(w, ak_buf_span(&text));
        return AK_OK;
    }
    AK_TRY(ak_signin_unseal(&hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id),
        ak_span(row->sealed, row->sealed_len), &plain));
    ak_json_key(w, "siwe_message");
    ak_json_put_string(w, ak_buf_span(&plain));
    ak_json_key(w, "signature");
    ak_json_put_hex(w, "0x", AK_SPAN_ARR(request->signature));
    return AK_OK;
}

/* `row` NULL: the account's own address. */
static enum ak_err put_link(struct ak_hand *hand, const struct ak_signin_row *row,
    const struct ak_msg_wallet_link_request *request, struct ak_buf *json)
{
    struct ak_json_writer w = ak_json_writer(json);
    ak_json_open_object(&w);
    ak_json_key(&w, "identity_type");
    ak_json_put_string(&w, request->identity_type);
    ak_json_key(&w, "identity_value");
    ak_json_put_string(&w, request->identity_value);
    if (row) AK_TRY(put_shown(hand, row, request, &w));
    ak_json_close_object(&w);
    return ak_buf_check(json);
}

static bool pass_link(struct ak_hand *hand, struct ak_job *job, const struct ak_signin_row *row,
    const struct ak_msg_wallet_link_request *request)
{
    uint8_t memory[JSON_MAX];
    struct ak_buf json = AK_BUF_ARR(memory);
    if (put_link(hand, row, request, &json) != AK_OK) return ak_job_refuse(job, AK_CODE_INTERNAL, NULL);
    return ak_upstream_pass(hand, job, "POST", "/internal/v1/link", ak_buf_span(&json), &ak_link_reply_msg);
}

static void know_linked(
    struct ak_hand *hand, const struct ak_job *job, const struct ak_msg_wallet_link_request *request)
{
    struct ak_buf body = AK_BUF_ARR(hand->decoded);
    struct ak_msg_link_reply reply;
    struct ak_msg_fault fault;
    const struct ak_msg_input input = {.json = ak_span(job->answer, job->answer_len)};
    if (!ak_span_eq(request->identity_type, AK_SPAN_LIT("email"))) return;
    if (ak_msg_from_json(&ak_link_reply_msg, &input, &body, &fault) != AK_OK ||
        ak_msg_decode(&ak_link_reply_msg, ak_buf_span(&body), &reply, NULL) != AK_OK)
        return;
    ak_link_know(hand, reply.anchor, request->identity_value);
}

static enum ak_signin_kind kind_of(const struct ak_msg_wallet_link_request *request)
{
    if (ak_msg_has(request, AK_WALLET_LINK_REQUEST_SIGNATURE)) return AK_SIGNIN_WALLET;
    return ak_span_starts(request->identity_type, AK_SPAN_LIT("oauth2_")) ? AK_SIGNIN_OAUTH2 : AK_SIGNIN_MAIL;
}

/* The sign-in cannot be taken; a refusal of ak_take stays as it is. */
static void refuse_untaken(struct ak_job *job, const struct ak_signin *signin)
{
    bool failed = signin->state == AK_SIGNIN_FAILED;
    if (job->answer_len == 0) return;
    job->answer_len = 0;
    if (!failed)
        (void)ak_job_refuse(job, AK_CODE_NOT_READY, "nobody has answered yet; open the link first");
    else if (signin->failure == AK_SIGNIN_USER_DENIED)
        (void)ak_job_refuse(job, AK_CODE_DENIED, "the provider says that its person declined; start again");
    else
        (void)ak_job_refuse(
            job, AK_CODE_DENIED, "the provider's word does not hold, or it gave none; start again");
}

void ak_link(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    struct ak_msg_wallet_link_request request;
    struct ak_signin_row row = {.signin = {.state = AK_SIGNIN_PENDING}};
    if (ak_msg_decode(&ak_wallet_link_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (!ak_msg_has(&request, AK_WALLET_LINK_REQUEST_REQUEST_ID)) {
        (void)pass_link(hand, job, NULL, &request);
        return;
    }
    if (!ak_take(hand, job, kind_of(&request), request.request_id, jkt, &row)) {
        refuse_untaken(job, &row.signin);
        return;
    }
    bool linked = pass_link(hand, job, &row, &request);
    if (linked) know_linked(hand, job, &request);
    ak_taken_over(hand, job, row.signin.id, linked);
}

void ak_unlink(struct ak_hand *hand, struct ak_job *job)
{
    uint8_t memory[512], hash[32];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_msg_unlink_request request;
    struct ak_span body = ak_span(job->body, job->body_len);
    if (ak_msg_decode(&ak_unlink_request_msg, body, &request, NULL) != AK_OK ||
        ak_msg_to_json(&ak_unlink_request_msg, body, true, &json) != AK_OK)
        return;
    bool passed =
        ak_upstream_pass(hand, job, "POST", "/internal/v1/unlink", ak_buf_span(&json), &ak_done_reply_msg);
    ak_wipe(memory, sizeof memory);
    if (!passed || job->code != AK_CODE_OK) return;
    ak_broker_hash(
        &hand->broker->keys.file_key, "known", AK_SPAN_EMPTY, AK_SPAN_ARR(request.omni_account), hash);
    if (ak_signin_db_forget(hand->db, hash) != AK_OK) ak_log_event(AK_LOG_WARN, "address_not_forgotten");
}

void ak_link_list(struct ak_hand *hand, struct ak_job *job)
{
    (void)ak_upstream_pass(hand, job, "GET", "/internal/v1/links", AK_SPAN_EMPTY, &ak_link_list_reply_msg);
}

void ak_link_know(struct ak_hand *hand, const uint8_t anchor[32], struct ak_span address)
{
    uint8_t omni[32], hash[32], memory[AK_LIMIT_IDENTITY_VALUE + AK_SIGNIN_SEAL_MORE];
    struct ak_buf sealed = AK_BUF_ARR(memory);
    const struct ak_secret32 *key = &hand->broker->keys.file_key;
    enum ak_err err = ak_identity_omni(AK_SPAN_LIT("email"), address, omni);
    ak_broker_hash(key, "known", AK_SPAN_EMPTY, AK_SPAN_ARR(omni), hash);
    if (!err) err = ak_signin_seal(key, ak_span(anchor, 32), address, &sealed);
    if (!err) err = ak_signin_db_know(hand->db, anchor, hash, ak_buf_span(&sealed));
    if (err) ak_log(AK_LOG_WARN, "address_not_kept", ak_log_err(err));
}
