/* Signing in by a person's own wallet. The keeper writes the text and checks the signature; the broker keeps
 * the text between the two calls and hands everything on. And taking a sign-in for its one delivery, which
 * mails share. */
#include "base/codec/hex.h"
#include "core/broker/code.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

enum { MINUTE = 60, HOUR = 3600, TEXT_MAX = AK_SIGNIN_SEALED_MAX - AK_SIGNIN_SEAL_MORE };

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* ---- the one delivery ---- */
struct taker {
    const uint8_t *jkt;
    enum ak_signin_kind kind;
    uint64_t now_s;
    enum ak_code (*step)(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s);
};

static enum ak_code step_take(void *ctx, struct ak_signin_row *row)
{
    const struct taker *taker = ctx;
    if (row->signin.kind != taker->kind) return AK_CODE_NOT_FOUND;
    return taker->step(&row->signin, taker->jkt, taker->now_s);
}

static bool answer_pending(struct ak_hand *hand, struct ak_job *job)
{
    const struct ak_msg_signed_in_reply reply = {.state = AK_SPAN_LIT("pending")};
    (void)ak_job_answer(hand, job, &ak_signed_in_reply_msg, &reply);
    return false;
}

static bool answer_failed(struct ak_hand *hand, struct ak_job *job, const struct ak_signin *signin)
{
    const char *reason = ak_signin_failure_name(signin->failure);
    const struct ak_msg_signed_in_reply reply = {.present = 1u << AK_SIGNED_IN_REPLY_REASON,
        .state = AK_SPAN_LIT("failed"),
        .reason = ak_span_str(reason ? reason : "")};
    (void)ak_job_answer(hand, job, &ak_signed_in_reply_msg, &reply);
    return false;
}

static bool take(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16], struct taker *taker,
    struct ak_signin_row *out_row)
{
    enum ak_code code = AK_CODE_INTERNAL;
    enum ak_err err = ak_signin_db_step(hand->db, id, step_take, taker, out_row, &code);
    if (err == AK_E_NOT_FOUND) code = AK_CODE_NOT_FOUND;
    if (err && err != AK_E_NOT_FOUND) return ak_job_failed(job, err);
    if (code == AK_CODE_PENDING) return answer_pending(hand, job);
    if (code == AK_CODE_DENIED) return answer_failed(hand, job, &out_row->signin);
    if (code == AK_CODE_NOT_FOUND)
        return ak_job_refuse(job, code, "this device has no such sign-in, or it has expired");
    return code ? ak_job_refuse(job, code, NULL) : true;
}

bool ak_take(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t id[16],
    const uint8_t jkt[32], struct ak_signin_row *out_row)
{
    struct taker taker = {jkt, kind, now_s(), ak_signin_take};
    return take(hand, job, id, &taker, out_row);
}

bool ak_look(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t id[16],
    const uint8_t jkt[32], struct ak_signin_row *out_row)
{
    struct taker taker = {jkt, kind, now_s(), ak_signin_look};
    return take(hand, job, id, &taker, out_row);
}

static enum ak_code step_deliver(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    if (row->signin.state != AK_SIGNIN_TAKEN) return AK_CODE_ALREADY_CONSUMED;
    ak_signin_deliver(&row->signin);
    return AK_CODE_OK;
}

static enum ak_code step_give_back(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    if (row->signin.state == AK_SIGNIN_TAKEN) ak_signin_give_back(&row->signin);
    return AK_CODE_OK;
}

/* A session leaves only once this is written: whoever comes later gets none. */
void ak_taken_over(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16], bool session)
{
    struct ak_signin_row row;
    enum ak_code code = AK_CODE_INTERNAL;
    enum ak_err err =
        ak_signin_db_step(hand->db, id, session ? step_deliver : step_give_back, NULL, &row, &code);
    if (!session) return;
    if (!err && code == AK_CODE_OK) {
        static const char *const kinds[] = {
            [AK_SIGNIN_MAIL] = "email", [AK_SIGNIN_WALLET] = "wallet", [AK_SIGNIN_OAUTH2] = "oauth2"};
        ak_log(AK_LOG_INFO, "signed_in", ak_log_str("kind", kinds[row.signin.kind]));
        return;
    }
    ak_wipe(job->answer, sizeof job->answer);
    job->answer_len = 0;
    if (err)
        (void)ak_job_failed(job, err);
    else
        (void)ak_job_refuse(job, code, NULL);
}

/* ---- start ---- */
static bool count(struct ak_hand *hand, struct ak_job *job)
{
    struct ak_span source = AK_SPAN_ARR(job->source.address);
    return ak_job_count(hand, job, "start", source, MINUTE, AK_BROKER_STARTS_PER_MINUTE) &&
           ak_job_count(hand, job, "challenge", source, HOUR, AK_BROKER_CHALLENGES_PER_HOUR);
}

static bool read_started(struct ak_span json, struct ak_json *doc, struct ak_msg_wallet_start_reply *reply)
{
    if (ak_json_parse(json, AK_LIMIT_BODY, doc) != AK_OK) return false;
    struct ak_json_value root = ak_json_root(doc);
    if (ak_json_string(ak_json_get(root, "siwe_message"), &reply->siwe_message) != AK_OK ||
        ak_json_string(ak_json_get(root, "nonce"), &reply->nonce) != AK_OK ||
        ak_json_u64(ak_json_get(root, "expires_at"), &reply->expires_at) != AK_OK)
        return false;
    return reply->siwe_message.len <= TEXT_MAX;
}

static bool store(
    struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32], struct ak_msg_wallet_start_reply *reply)
{
    struct ak_signin_row row = {
        .signin = {.kind = AK_SIGNIN_WALLET, .state = AK_SIGNIN_PENDING}, .from = ak_job_from(hand, job)};
    struct ak_buf sealed = AK_BUF_ARR(row.sealed);
    uint64_t now = now_s();
    uint64_t most = now + AK_SIGNIN_WALLET_S;
    row.signin.expires_s = reply->expires_at < most ? reply->expires_at : most;
    reply->expires_in_seconds = row.signin.expires_s > now ? row.signin.expires_s - now : 0;
    ak_random_bytes(row.signin.id, sizeof row.signin.id);
    memcpy(row.signin.jkt, jkt, sizeof row.signin.jkt);
    memcpy(reply->request_id, row.signin.id, sizeof reply->request_id);
    enum ak_err err = ak_signin_seal(
        &hand->broker->keys.file_key, AK_SPAN_ARR(row.signin.id), reply->siwe_message, &sealed);
    row.sealed_len = sealed.len;
    if (!err) err = ak_signin_db_add(hand->db, &row, AK_SPAN_EMPTY, now);
    if (err == AK_E_LIMIT)
        return ak_job_refuse(
            job, AK_CODE_NOT_READY, "too many sign-ins are under way; try again in a minute");
    return err ? ak_job_failed(job, err) : true;
}

void ak_wallet_start(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    uint8_t memory[256];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_span started;
    AK_CLEANUP(ak_json_done) struct ak_json doc = {0};
    struct ak_msg_wallet_start_reply reply = {0};
    if (ak_msg_to_json(&ak_wallet_start_request_msg, ak_span(job->body, job->body_len), true, &json) != AK_OK)
        return;
    if (!count(hand, job) ||
        !ak_upstream_call(hand, job, "POST", "/internal/v1/wallet-started", ak_buf_span(&json), &started))
        return;
    if (!read_started(started, &doc, &reply))
        (void)ak_job_refuse(job, AK_CODE_UPSTREAM_ERROR, "the worker's answer cannot be read");
    else if (store(hand, job, jkt, &reply))
        (void)ak_job_answer(hand, job, &ak_wallet_start_reply_msg, &reply);
}

/* ---- verify ---- */
static void put_device(struct ak_json_writer *w, const struct ak_msg_wallet_verify_request *request)
{
    if (ak_msg_has(request, AK_WALLET_VERIFY_REQUEST_DEVICE_NAME)) {
        ak_json_key(w, "device_name");
        ak_json_put_string(w, request->device_name);
    }
    if (ak_msg_has(request, AK_WALLET_VERIFY_REQUEST_RECOVERY_HASH)) {
        ak_json_key(w, "recovery_hash");
        ak_json_put_hex(w, "", AK_SPAN_ARR(request->recovery_hash));
    }
    if (ak_msg_has(request, AK_WALLET_VERIFY_REQUEST_RECOVERY_CODE)) {
        ak_json_key(w, "recovery_code");
        ak_json_put_hex(w, "", AK_SPAN_ARR(request->recovery_code));
    }
    if (ak_msg_has(request, AK_WALLET_VERIFY_REQUEST_RECOVER)) {
        ak_json_key(w, "recover");
        ak_json_put_bool(w, request->recover);
    }
}

static bool put_answered(struct ak_hand *hand, const struct ak_signin_row *row,
    const struct ak_msg_wallet_verify_request *request, struct ak_buf *json)
{
    uint8_t memory[TEXT_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(json);
    if (ak_signin_unseal(&hand->broker->keys.file_key, AK_SPAN_ARR(row->signin.id),
            ak_span(row->sealed, row->sealed_len), &text) != AK_OK)
        return false;
    ak_json_open_object(&w);
    ak_json_key(&w, "siwe_message");
    ak_json_put_string(&w, ak_buf_span(&text));
    ak_json_key(&w, "signature");
    ak_json_put_hex(&w, "0x", AK_SPAN_ARR(request->signature));
    put_device(&w, request);
    ak_json_close_object(&w);
    return ak_buf_check(json) == AK_OK;
}

void ak_wallet_verify(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32])
{
    uint8_t memory[2 * TEXT_MAX];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_msg_wallet_verify_request request;
    struct ak_signin_row row;
    struct ak_span reply;
    bool session = false;
    uint8_t anchor[32];
    if (ak_msg_decode(&ak_wallet_verify_request_msg, ak_span(job->body, job->body_len), &request, NULL) !=
        AK_OK)
        return;
    if (!ak_take(hand, job, AK_SIGNIN_WALLET, request.request_id, jkt, &row)) return;
    if (!put_answered(hand, &row, &request, &json))
        (void)ak_job_refuse(job, AK_CODE_INTERNAL, NULL);
    else if (ak_upstream_call(hand, job, "POST", "/internal/v1/wallet-answered", ak_buf_span(&json), &reply))
        (void)ak_upstream_signed_in(hand, job, reply, &session, anchor);
    ak_taken_over(hand, job, row.signin.id, session);
    ak_wipe(memory, sizeof memory); /* the recovery code may stand there */
    ak_wipe(&request, sizeof request);
}
