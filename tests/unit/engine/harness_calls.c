/* Calls as a client makes them, and the common ways of people and agents. */
#include "base/crypto/sha256.h"
#include "core/identity/identity.h"
#include "core/wire/msg_vault.h"
#include "unit/engine/harness.h"

#include "core/token/sealed_code.h"

/* Where at the broker a device asks for what becomes this call. */
static const char *broker_path(unsigned call, struct ak_span body, char *out_path, size_t cap)
{
    struct ak_msg_identity_answered_request request;
    if (call == AK_CALL_LINK) return "/v1/wallet/link";
    if (call == AK_CALL_UNLINK) return "/v1/wallet/unlink";
    if (call == AK_CALL_LINK_LIST) return "/v1/wallet/links";
    if (call == AK_CALL_WALLET_STARTED) return "/v1/auth/wallet/start";
    if (call == AK_CALL_WALLET_ANSWERED) return "/v1/auth/wallet/verify";
    if (ak_msg_decode(&ak_identity_answered_request_msg, body, &request, NULL) != AK_OK) return "/nowhere";
    (void)snprintf(out_path, cap, "%.*s", (int)request.poll_path.len, (const char *)request.poll_path.ptr);
    return out_path;
}

static struct ak_span url_of(struct ak_buf *buf, unsigned call, const char *path, struct ak_span body)
{
    char at_broker[256];
    bool broker = ak_call_get(call)->flags & AK_CALL_INTERNAL;
    if (broker && !path) path = broker_path(call, body, at_broker, sizeof at_broker);
    ak_buf_put_str(buf, broker ? H_BROKER : H_ISSUER);
    if (path)
        ak_buf_put_str(buf, path);
    else if (ak_call_put_path(call, "/tee", body, false, buf) != AK_OK)
        ak_buf_put_str(buf, "/nowhere");
    return ak_buf_span(buf);
}

/* The key that a read asks for. */
static bool read_key(unsigned id, struct ak_span body, uint8_t out_key[32])
{
    struct ak_msg_credential_read_request request;
    if (id != AK_CALL_CREDENTIAL_READ ||
        ak_msg_decode(&ak_credential_read_request_msg, body, &request, NULL) != AK_OK)
        return false;
    memcpy(out_key, request.key, 32);
    return true;
}

static bool sign_in_meaning(const struct ak_msg_sign_in *device, uint8_t out_meaning[32])
{
    static const struct ak_msg_sign_in nothing;
    uint8_t memory[256];
    struct ak_buf body = AK_BUF_ARR(memory);
    return ak_msg_encode(&ak_sign_in_msg, device ? device : &nothing, &body) == AK_OK &&
           ak_msg_meaning(&ak_sign_in_msg, AK_SIGN_IN_CALL, ak_buf_span(&body), out_meaning) == AK_OK;
}

static struct ak_span make_proof(struct h *h, struct h_device *device, struct ak_span token,
    const struct ak_call *call, unsigned id, struct ak_span body, const struct h_how *how)
{
    uint8_t url[AK_DPOP_URL_MAX], meaning[32], key[32];
    struct ak_buf url_buf = AK_BUF_ARR(url);
    struct ak_frame_status status;
    ak_engine_status(h->engine, &status);
    bool has_bh =
        call->auth == AK_AUTH_CHANGE && ak_msg_meaning(call->request, call->name, body, meaning) == AK_OK;
    if (call->auth == AK_AUTH_SIGN_IN && id != AK_CALL_WALLET_STARTED)
        has_bh = sign_in_meaning(how->device, meaning);
    bool has_key = read_key(id, body, key);
    struct h_device *by = how->proof_by ? how->proof_by : device;
    struct ak_dpop_make make = {.method = ak_span_str(how->method                       ? how->method
                                                      : id == AK_CALL_IDENTITY_ANSWERED ? "GET"
                                                                                        : call->method),
        .url = url_of(&url_buf, id, how->path, body),
        .nonce = how->nonce.len ? how->nonce : AK_SPAN_ARR(status.nonce),
        .token = how->wrong_token ? how->proof_token : token,
        .bh = how->no_bh ? NULL
              : how->bh  ? how->bh
              : has_bh   ? meaning
                         : NULL,
        .rk = how->no_rk ? NULL
              : how->rk  ? how->rk
              : has_key  ? key
                         : NULL};
    if (!how->reuse_jti) h->jti++;
    memcpy(make.jti, &h->jti, sizeof h->jti);
    make.iat = (uint64_t)((int64_t)(h->wall_ms / 1000) + how->iat_shift);
    struct ak_buf proof = AK_BUF_ARR(h->proof);
    H_CHECK(ak_dpop_make(&proof, &by->signer, &by->pub, &make) == AK_OK);
    h->proof_len = proof.len;
    return ak_buf_span(&proof);
}

static void check_outcome(struct h *h, uint64_t size_before)
{
    const struct ak_outcome *out = &h->out;
    bool wrote = h_size(h) != size_before;
    if (wrote) H_CHECK((out->wait & AK_WAIT_DURABLE) && out->size == h_size(h)); /* I3 */
    if (out->wait & (AK_WAIT_DURABLE | AK_WAIT_SEALED)) H_CHECK(out->size == h_size(h));
    bool job = out->job.kind != AK_JOB_NONE || out->vault.kind == AK_VAULT_READ;
    H_CHECK(((out->wait & AK_WAIT_JOB) != 0) == job);
    H_CHECK(!(out->wait & AK_WAIT_VAULT) ==
            (out->vault.kind == AK_VAULT_NONE || out->vault.kind == AK_VAULT_READ));
    if (out->code == AK_CODE_OK || out->code == AK_CODE_PENDING) return;
    struct ak_msg_error_reply error;
    h_error(h, &error);
    H_CHECK(ak_span_eq(error.error, ak_span_str(ak_code_name(out->code))));
    H_CHECK(error.message.len > 0 && !(out->wait & (AK_WAIT_JOB | AK_WAIT_READ)));
}

enum ak_code h_step(struct h *h, struct h_device *device, struct ak_span token, unsigned id,
    const void *message, const struct h_how *how)
{
    static const struct h_how plain;
    const struct ak_call *call = ak_call_get(id);
    static const uint64_t none[64];
    if (!how) how = &plain;
    struct ak_buf body = AK_BUF_ARR(h->request_body);
    if (how->raw_body)
        ak_buf_put(&body, how->body);
    else
        H_CHECK(ak_msg_encode(call->request, message ? message : none, &body) == AK_OK);
    struct ak_frame_request request = {.call = (uint16_t)id,
        .conn = how->conn,
        .source = how->source,
        .transport = how->transport                   ? how->transport
                     : call->flags & AK_CALL_LOCAL    ? AK_TRANSPORT_OPERATOR
                     : call->flags & AK_CALL_INTERNAL ? AK_TRANSPORT_BROKER
                                                      : AK_TRANSPORT_LOOPBACK,
        .token = token,
        .idempotency_key = ak_span_str(how->key),
        .body = ak_buf_span(&body)};
    h->request++;
    memcpy(request.request_id, &h->request, sizeof h->request);
    if (how->raw_proof)
        request.proof = how->proof;
    else if (device && !how->no_proof)
        request.proof = make_proof(h, device, token, call, id, request.body, how);
    h->calls[id]++;
    h->out.body = AK_BUF_ARR(h->body);
    uint64_t size_before = h_size(h);
    ak_engine_step(h->engine, &request, &h->out);
    check_outcome(h, size_before);
    return h->out.code;
}

void h_vault(struct h *h)
{
    while (h->vault && h->out.vault.kind != AK_VAULT_NONE) {
        struct ak_vault_result result = {.code = AK_VAULT_UNAVAILABLE};
        struct ak_vault_work work = h->out.vault;
        uint64_t size_before = h_size(h);
        h->vault(h->vault_ctx, &work, &h->out.body, &result);
        h->out.vault.kind = AK_VAULT_NONE;
        if (work.kind == AK_VAULT_READ && result.code == AK_VAULT_DONE) return;
        ak_engine_vault_done(h->engine, &work, &result, &h->out);
        check_outcome(h, size_before);
    }
}

enum ak_err h_job(struct h *h)
{
    if (!(h->out.wait & AK_WAIT_JOB) || h->out.job.kind == AK_JOB_NONE) return AK_OK;
    struct ak_job_keys keys = {0};
    ak_job_run(&h->out.job, &keys);
    ak_job_keys_done(&keys);
    return ak_job_patch(&h->out.job, &h->out.body);
}

enum ak_code h_call_how(struct h *h, struct h_device *device, struct ak_span token, unsigned call,
    const void *message, const struct h_how *how)
{
    enum ak_code code = h_step(h, device, token, call, message, how);
    if (h->manual) return code;
    h_vault(h);
    H_CHECK(h_job(h) == AK_OK);
    h_settle(h);
    ak_engine_late(h->engine, call, &h->out);
    return h->out.code;
}

enum ak_code h_call(
    struct h *h, struct h_device *device, struct ak_span token, unsigned call, const void *message)
{
    return h_call_how(h, device, token, call, message, NULL);
}

void h_reply(struct h *h, const struct ak_msg *msg, void *out_message)
{
    size_t field = 0;
    H_CHECK(ak_msg_decode(msg, ak_buf_span(&h->out.body), out_message, &field) == AK_OK);
}

void h_error(struct h *h, struct ak_msg_error_reply *out_error)
{
    h_reply(h, &ak_error_reply_msg, out_error);
}

const char *h_rule(struct h *h)
{
    static char rule[33];
    struct ak_msg_error_reply error;
    h_error(h, &error);
    memset(rule, 0, sizeof rule);
    if (error.rule.len) memcpy(rule, error.rule.ptr, error.rule.len);
    return rule;
}

/* ---- people ---- */

void h_seal_code(struct h *h, const struct h_device *device, const uint8_t code[32], uint8_t *out_sealed)
{
    static struct ak_secret32 ephemeral;
    uint8_t delivery[32];
    ephemeral.bytes[1]++; /* a fresh one each time */
    ephemeral.bytes[2] = 7;
    ak_engine_delivery_pub(h->engine, delivery);
    H_CHECK(ak_sealed_code_make(delivery, &ephemeral, device->jkt, code, out_sealed) == AK_OK);
}

static enum ak_code local_session(struct h *h, struct h_person *person, const char *name, bool recovery)
{
    char identity[128];
    struct ak_msg_local_session_request request = {0};
    int len = snprintf(identity, sizeof identity, "email:%s@demo.example", name);
    request.identity = ak_span(identity, (size_t)len);
    request.device_name = AK_SPAN_LIT("laptop");
    request.present = 1u << AK_LOCAL_SESSION_REQUEST_DEVICE_NAME;
    if (recovery) {
        ak_sha256(AK_SPAN_ARR(person->recovery_code), request.recovery_hash);
        request.present |= 1u << AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH;
    }
    enum ak_code code = h_call(h, &person->device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request);
    if (code) return code;
    struct ak_msg_session_reply reply;
    h_reply(h, &ak_session_reply_msg, &reply);
    memcpy(person->anchor, reply.anchor, 32);
    memcpy(person->wallet, reply.wallet_address, 20);
    memcpy(person->token, reply.session_jwt.ptr, reply.session_jwt.len);
    person->token_len = reply.session_jwt.len;
    return AK_CODE_OK;
}

void h_person(struct h *h, struct h_person *person, const char *name, unsigned number)
{
    memset(person, 0, sizeof *person);
    h_device(&person->device, number);
    memset(person->recovery_code, (int)(number + 1), 32);
    H_CHECK(local_session(h, person, name, true) == AK_CODE_OK);
}

enum ak_code h_sign_in(struct h *h, struct h_person *person, const char *name)
{
    return local_session(h, person, name, false);
}

static void approve(struct h *h, struct h_person *owner, const struct ak_msg_pair_reply *asked,
    struct ak_msg_pair_approve_request *request)
{
    memcpy(request->request_id, asked->request_id, 16);
    H_CHECK(h_call(h, &owner->device, h_token(owner), AK_CALL_PAIR_APPROVE, request) == AK_CODE_OK);
}

static void fetch(
    struct h *h, struct h_device *device, const uint8_t id[16], struct ak_msg_pair_status_reply *out_reply)
{
    struct ak_msg_pair_status_request request = {0};
    memcpy(request.id, id, 16);
    H_CHECK(h_call(h, device, AK_SPAN_EMPTY, AK_CALL_PAIR_STATUS, &request) == AK_CODE_OK);
    h_reply(h, &ak_pair_status_reply_msg, out_reply);
    H_CHECK(ak_span_eq(out_reply->status, AK_SPAN_LIT("approved")));
}

void h_agent(struct h *h, struct h_person *owner, struct h_agent *agent, unsigned number, const char *label,
    const char *scope, uint64_t rate)
{
    struct ak_msg_pair_request request = {.label = ak_span_str(label)};
    struct ak_msg_pair_reply asked;
    memset(agent, 0, sizeof *agent);
    h_device(&agent->device, number);
    H_CHECK(h_call(h, &agent->device, AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, &request) == AK_CODE_OK);
    h_reply(h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request grant = {.kind = AK_SPAN_LIT("agent"),
        .label = ak_span_str(label),
        .scope = ak_span_str(scope),
        .rate = rate,
        .present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE};
    if (rate) grant.present |= 1u << AK_PAIR_APPROVE_REQUEST_RATE;
    memcpy(grant.device, agent->device.jkt, 32);
    approve(h, owner, &asked, &grant);
    struct ak_msg_pair_status_reply reply;
    fetch(h, &agent->device, asked.request_id, &reply);
    memcpy(agent->anchor, reply.anchor, 32);
    memcpy(agent->address, reply.address, 20);
    memcpy(agent->label, label, strlen(label));
    agent->generation = reply.generation;
    memcpy(agent->token, reply.agent_token.ptr, reply.agent_token.len);
    agent->token_len = reply.agent_token.len;
}

enum ak_code h_agent_renew(struct h *h, struct h_agent *agent)
{
    H_CHECK(agent);
    struct ak_msg_token_request request = {.label = ak_span_str(agent->label)};
    memcpy(request.account, agent->anchor, 32);
    enum ak_code code = h_call(h, &agent->device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &request);
    if (code) return code;
    struct ak_msg_token_reply reply;
    h_reply(h, &ak_token_reply_msg, &reply);
    memcpy(agent->token, reply.agent_token.ptr, reply.agent_token.len);
    agent->token_len = reply.agent_token.len;
    memcpy(agent->address, reply.address, 20);
    agent->generation = reply.generation;
    return code;
}

void h_second(struct h *h, struct h_person *person, struct h_person *out_person, unsigned number)
{
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("phone")};
    struct ak_msg_pair_reply asked;
    *out_person = *person;
    h_device(&out_person->device, number);
    memcpy(request.account, person->anchor, 32);
    H_CHECK(h_call(h, &out_person->device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request) == AK_CODE_OK);
    h_reply(h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request grant = {.kind = AK_SPAN_LIT("device"), .label = AK_SPAN_LIT("phone")};
    memcpy(grant.device, out_person->device.jkt, 32);
    approve(h, person, &asked, &grant);
    struct ak_msg_pair_status_reply reply;
    fetch(h, &out_person->device, asked.request_id, &reply);
    memcpy(out_person->token, reply.session_jwt.ptr, reply.session_jwt.len);
    out_person->token_len = reply.session_jwt.len;
}

static enum ak_code sign(
    struct h *h, struct h_device *device, struct ak_span token, const uint8_t anchor[32], const char *text)
{
    struct ak_msg_sign_request request = {.message = ak_span_str(text)};
    memcpy(request.omni_account, anchor, 32);
    return h_call(h, device, token, AK_CALL_SIGN_MESSAGE, &request);
}

enum ak_code h_agent_sign(struct h *h, struct h_agent *agent, const char *text)
{
    return sign(h, &agent->device, h_agent_token(agent), agent->anchor, text);
}

enum ak_code h_person_sign(struct h *h, struct h_person *person, const char *text)
{
    return sign(h, &person->device, h_token(person), person->anchor, text);
}

enum ak_code h_change(struct h *h, struct h_person *person, unsigned call, const char *label)
{
    struct ak_msg_agent_change_request request = {.label = ak_span_str(label)};
    return h_call(h, &person->device, h_token(person), call, &request);
}
