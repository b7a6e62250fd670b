/* Who was answered for by a mail or at a provider: what lies sealed of it, the broker's word about it, and
 * the polls of the device that asked, which carry it to the keeper. */
#include "base/reader.h"
#include "core/token/identity_answer.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* ---- what lies sealed ---- */
enum ak_err ak_oauth2_seal(
    struct ak_hand *hand, struct ak_signin_row *row, struct ak_span subject, struct ak_span request)
{
    uint8_t memory[AK_SIGNIN_SEALED_MAX];
    struct ak_buf plain = AK_BUF_ARR(memory), sealed = AK_BUF_ARR(row->sealed);
    if (subject.len > AK_LIMIT_IDENTITY_VALUE) return AK_E_LIMIT;
    ak_buf_put_u16(&plain, (uint16_t)subject.len);
    ak_buf_put(&plain, subject);
    ak_buf_put(&plain, request);
    enum ak_err err = ak_buf_check(&plain);
    if (!err)
        err = ak_signin_seal(
            &hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id), ak_buf_span(&plain), &sealed);
    row->sealed_len = sealed.len;
    ak_wipe(memory, sizeof memory);
    return err;
}

enum ak_err ak_oauth2_unseal(struct ak_hand *hand, const struct ak_signin_row *row, struct ak_buf *memory,
    struct ak_span *out_subject, struct ak_span *out_request)
{
    AK_TRY(ak_signin_unseal(&hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id),
        ak_span(row->sealed, row->sealed_len), memory));
    struct ak_reader reader = ak_reader(ak_buf_span(memory));
    size_t len = ak_reader_u16(&reader);
    *out_subject = ak_reader_take(&reader, len);
    *out_request = ak_reader_take(&reader, reader.len);
    return ak_reader_finish(&reader);
}

static enum ak_err open_mail(struct ak_span plain, struct ak_answered *answered)
{
    struct ak_msg_email_request asked;
    AK_TRY(ak_msg_decode(&ak_email_request_msg, plain, &asked, NULL));
    memcpy(answered->type, "email", sizeof "email");
    answered->value = asked.email;
    answered->says = (struct ak_msg_sign_in){
        .present = asked.present >> AK_EMAIL_REQUEST_DEVICE_NAME, .device_name = asked.device_name};
    memcpy(answered->says.recovery_hash, asked.recovery_hash, sizeof asked.recovery_hash);
    memcpy(answered->says.recovery_code, asked.recovery_code, sizeof asked.recovery_code);
    answered->says.recover = asked.recover;
    ak_wipe(&asked, sizeof asked);
    return AK_OK;
}

static enum ak_err open_oauth2(struct ak_hand *hand, struct ak_span request, struct ak_answered *answered)
{
    struct ak_msg_oauth2_start_request asked;
    struct ak_buf type = AK_BUF_ARR(answered->type);
    AK_TRY(ak_msg_decode(&ak_oauth2_start_request_msg, request, &asked, NULL));
    const struct ak_provider *provider = ak_provider_find(hand->broker, asked.provider);
    if (!provider) return AK_E_STATE;
    ak_buf_put_str(&type, "oauth2_");
    ak_buf_put(&type, asked.provider);
    AK_TRY(ak_buf_terminate(&type));
    answered->issuer = provider->issuer;
    answered->says = (struct ak_msg_sign_in){
        .present = asked.present >> AK_OAUTH2_START_REQUEST_DEVICE_NAME, .device_name = asked.device_name};
    memcpy(answered->says.recovery_hash, asked.recovery_hash, sizeof asked.recovery_hash);
    memcpy(answered->says.recovery_code, asked.recovery_code, sizeof asked.recovery_code);
    answered->says.recover = asked.recover;
    ak_wipe(&asked, sizeof asked);
    return AK_OK;
}

enum ak_err ak_answered_open(
    struct ak_hand *hand, const struct ak_signin_row *row, struct ak_answered *out_answered)
{
    struct ak_buf memory = AK_BUF_ARR(out_answered->memory);
    struct ak_span request;
    memset(out_answered, 0, sizeof *out_answered);
    if (row->signin.kind == AK_SIGNIN_OAUTH2) {
        AK_TRY(ak_oauth2_unseal(hand, row, &memory, &out_answered->value, &request));
        return open_oauth2(hand, request, out_answered);
    }
    AK_TRY(ak_signin_unseal(&hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id),
        ak_span(row->sealed, row->sealed_len), &memory));
    return open_mail(ak_buf_span(&memory), out_answered);
}

void ak_answered_done(struct ak_answered *answered)
{
    ak_wipe(answered, sizeof *answered);
}

/* ---- the broker's word ---- */
enum ak_err ak_answered_word(struct ak_hand *hand, const struct ak_signin_row *row,
    const struct ak_answered *answered, struct ak_buf *jws)
{
    uint64_t now = now_s();
    struct ak_span issuer = ak_span_str(answered->issuer);
    struct ak_identity_answer answer = {.type_len = (uint8_t)strlen(answered->type),
        .value_len = (uint16_t)answered->value.len,
        .iat = now,
        .exp = now + AK_IDENTITY_ANSWER_SECS};
    if (answered->value.len > sizeof answer.value || issuer.len > sizeof answer.iss) return AK_E_LIMIT;
    memcpy(answer.type, answered->type, answer.type_len);
    memcpy(answer.value, answered->value.ptr, answered->value.len);
    if (issuer.len) memcpy(answer.iss, issuer.ptr, issuer.len);
    answer.iss_len = (uint8_t)issuer.len;
    memcpy(answer.jkt, row->signin.jkt, sizeof answer.jkt);
    ak_random_bytes(answer.jti, sizeof answer.jti);
    return ak_identity_answer_make(jws, &hand->signer, ak_span_str(hand->broker->origin),
        ak_span_str(ak_conf_text(&hand->broker->conf, AK_BROKER_ISSUER)), &answer);
}

/* ---- the polls ---- */
static void put_text(struct ak_json_writer *w, const char *name, struct ak_span text)
{
    ak_json_key(w, name);
    ak_json_put_string(w, text);
}

static void put_hash(struct ak_json_writer *w, bool there, const char *name, struct ak_span bytes)
{
    if (!there) return;
    ak_json_key(w, name);
    ak_json_put_hex(w, "", bytes);
}

/* The broker's word, and what the device said of itself. */
static enum ak_err put_answer(struct ak_hand *hand, const struct ak_job *job, const struct ak_signin_row *row,
    const struct ak_answered *answered, struct ak_buf *json)
{
    uint8_t jws[AK_IDENTITY_ANSWER_MAX], path[128];
    struct ak_buf word = AK_BUF_ARR(jws), poll = AK_BUF_ARR(path);
    const struct ak_msg_sign_in *says = &answered->says;
    struct ak_json_writer w = ak_json_writer(json);
    AK_TRY(ak_answered_word(hand, row, answered, &word));
    AK_TRY(ak_call_put_path_of(
        ak_broker_call_get(job->call), "", ak_span(job->body, job->body_len), false, &poll));
    ak_json_open_object(&w);
    put_text(&w, "answer", ak_buf_span(&word));
    put_text(&w, "poll_path", ak_buf_span(&poll));
    if (ak_msg_has(says, AK_SIGN_IN_DEVICE_NAME)) put_text(&w, "device_name", says->device_name);
    put_hash(
        &w, ak_msg_has(says, AK_SIGN_IN_RECOVERY_HASH), "recovery_hash", AK_SPAN_ARR(says->recovery_hash));
    put_hash(
        &w, ak_msg_has(says, AK_SIGN_IN_RECOVERY_CODE), "recovery_code", AK_SPAN_ARR(says->recovery_code));
    if (ak_msg_has(says, AK_SIGN_IN_RECOVER)) {
        ak_json_key(&w, "recover");
        ak_json_put_bool(&w, says->recover);
    }
    ak_json_close_object(&w);
    return ak_buf_check(json);
}

static void ask_keeper(struct ak_hand *hand, struct ak_job *job, const struct ak_signin_row *row)
{
    uint8_t memory[AK_IDENTITY_ANSWER_MAX + 1024], anchor[32];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_answered answered;
    struct ak_span reply;
    bool session = false;
    enum ak_err err = ak_answered_open(hand, row, &answered);
    if (!err) err = put_answer(hand, job, row, &answered, &json);
    if (err)
        (void)ak_job_refuse(job, AK_CODE_INTERNAL, NULL);
    else if (ak_upstream_call(
                 hand, job, "POST", "/internal/v1/identity-answered", ak_buf_span(&json), &reply))
        (void)ak_upstream_signed_in(hand, job, reply, &session, anchor);
    /* whoever has a session by an address is told there of recoveries */
    if (session && row->signin.kind == AK_SIGNIN_MAIL) ak_link_know(hand, anchor, answered.value);
    ak_taken_over(hand, job, row->signin.id, session);
    ak_answered_done(&answered);
    ak_wipe(memory, sizeof memory);
}

void ak_status(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t jkt[32])
{
    struct ak_msg_email_status_request request;
    struct ak_signin_row row;
    if (ak_msg_decode(&ak_email_status_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (ak_take(hand, job, kind, request.id, jkt, &row)) ask_keeper(hand, job, &row);
}

/* ---- who it was ---- */
void ak_oauth2_identity(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    struct ak_msg_email_status_request request;
    struct ak_signin_row row;
    struct ak_answered answered;
    if (ak_msg_decode(&ak_email_status_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
            AK_OK ||
        !ak_look(hand, job, AK_SIGNIN_OAUTH2, request.id, jkt, &row))
        return;
    if (ak_answered_open(hand, &row, &answered) == AK_OK) {
        const struct ak_msg_signed_in_reply reply = {.state = AK_SPAN_LIT("answered"),
            .identity_type = ak_span_str(answered.type),
            .identity_value = answered.value,
            .present = 1u << AK_SIGNED_IN_REPLY_IDENTITY_TYPE | 1u << AK_SIGNED_IN_REPLY_IDENTITY_VALUE};
        (void)ak_job_answer(hand, job, &ak_signed_in_reply_msg, &reply);
    }
    ak_answered_done(&answered);
}
