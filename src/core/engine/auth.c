/* Who calls: token, device proof, connection. A token alone is never enough; a proof holds for a connection
 * only where the gateway itself ends it, and for a change of policy only for that one change (I9, I10, I15,
 * I20). With a connection's proof goes the key to which credentials may be sealed on it (I1). */
#include "core/engine/sign_in.h"

#include "base/crypto/sha256.h"

/* ---- connections whose proof is remembered ---- */

static struct ak_conn *conn_place(struct ak_engine *engine, uint64_t conn)
{
    return &engine->conns[conn % AK_ENGINE_CONNS];
}

static bool conn_may_hold(uint8_t transport)
{
    return transport == AK_TRANSPORT_UNIX || transport == AK_TRANSPORT_LOOPBACK ||
           transport == AK_TRANSPORT_TLS || transport == AK_TRANSPORT_OPERATOR;
}

/* The newest proof counts alone: one without a reader's key leaves none. */
static void conn_remember(struct ak_step *step)
{
    const struct ak_frame_request *request = step->request;
    if (!conn_may_hold(request->transport) || request->conn == 0) return;
    struct ak_conn *place = conn_place(step->engine, request->conn);
    *place = (struct ak_conn){.conn = request->conn,
        .proved_ms = step->engine->time.logic_ms,
        .has_reader_key = step->caller.has_reader_key};
    memcpy(place->jkt, step->caller.jkt, 32);
    memcpy(place->reader_key, step->caller.reader_key, 32);
}

static bool conn_proved(const struct ak_step *step)
{
    const struct ak_conn *place = conn_place(step->engine, step->request->conn);
    return conn_may_hold(step->request->transport) && step->request->conn != 0 &&
           place->conn == step->request->conn && memcmp(place->jkt, step->caller.claims.jkt, 32) == 0 &&
           step->engine->time.logic_ms - place->proved_ms < AK_ENGINE_CONN_MS;
}

static enum ak_code use_conn(struct ak_step *step)
{
    const struct ak_conn *place = conn_place(step->engine, step->request->conn);
    if (!conn_proved(step)) return AK_CODE_PROOF_REQUIRED;
    step->caller.has_reader_key = place->has_reader_key;
    memcpy(step->caller.reader_key, place->reader_key, 32);
    return AK_CODE_OK;
}

void ak_engine_closed(struct ak_engine *engine, uint64_t conn)
{
    struct ak_conn *place = conn_place(engine, conn);
    if (place->conn == conn) memset(place, 0, sizeof *place);
}

/* ---- proofs ---- */

static enum ak_code proof_code(enum ak_dpop_fault fault, enum ak_err err)
{
    switch (fault) {
    case AK_DPOP_MISSING: return AK_CODE_PROOF_REQUIRED;
    case AK_DPOP_NONCE: return AK_CODE_USE_DPOP_NONCE;
    case AK_DPOP_TIME: return AK_CODE_NONCE_EXPIRED;
    case AK_DPOP_FINE:
    case AK_DPOP_FORM:
    case AK_DPOP_HEADER:
    case AK_DPOP_SIGNATURE:
    case AK_DPOP_METHOD:
    case AK_DPOP_URL:
    case AK_DPOP_TOKEN: break;
    }
    return err == AK_E_CRYPTO ? AK_CODE_INTERNAL : AK_CODE_BAD_SIGNATURE;
}

static const char *proof_message(enum ak_dpop_fault fault)
{
    switch (fault) {
    case AK_DPOP_METHOD: return "the proof is for another method (htm)";
    case AK_DPOP_URL: return "the proof is for another URL (htu)";
    case AK_DPOP_TOKEN: return "the proof is for another token (ath)";
    case AK_DPOP_HEADER: return "the proof's header is not typ dpop+jwt, alg ES256 and a public P-256 jwk";
    case AK_DPOP_FORM: return "the proof is not a compact JWS with the claims jti, htm, htu, iat, nonce";
    case AK_DPOP_SIGNATURE: return "the proof's signature does not verify";
    case AK_DPOP_FINE:
    case AK_DPOP_MISSING:
    case AK_DPOP_NONCE:
    case AK_DPOP_TIME: break;
    }
    return NULL;
}

static enum ak_code verify_proof(
    struct ak_step *step, const struct ak_dpop_expect *expect, struct ak_dpop_proof *out_proof)
{
    enum ak_dpop_fault fault = AK_DPOP_FINE;
    enum ak_err err = ak_dpop_verify(step->request->proof, expect, &step->engine->nonce, out_proof, &fault);
    if (err) return ak_step_fail(step, proof_code(fault, err), proof_message(fault));
    if (out_proof->has_rk && step->call->auth != AK_AUTH_USE)
        return ak_step_fail(
            step, AK_CODE_BAD_SIGNATURE, "this call takes no proof with a reader's key (ak_rk)");
    return AK_CODE_OK;
}

/* Calls with a session that the broker passes on, too: the proof is for where the device asked. */
static const char *broker_path(unsigned call)
{
    switch (call) {
    case AK_CALL_LINK: return "/v1/wallet/link";
    case AK_CALL_UNLINK: return "/v1/wallet/unlink";
    case AK_CALL_LINK_LIST: return "/v1/wallet/links";
    default: return NULL;
    }
}

static enum ak_code check_broker_proof(struct ak_step *step, struct ak_dpop_proof *out_proof)
{
    const char *path = broker_path(step->request->call);
    *out_proof = (struct ak_dpop_proof){.has_bh = false};
    if (!path || step->engine->conf.broker_url.len == 0)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "nobody asks by a broker here (broker_url)");
    const struct ak_dpop_expect expect = {.method = ak_span_str(step->call->method),
        .origins = &step->engine->conf.broker_url,
        .origin_count = 1,
        .path = ak_span_str(path),
        .token = step->request->token,
        .now_s = ak_engine_now_s(step->engine)};
    return verify_proof(step, &expect, out_proof);
}

/* Checks everything but single use. */
static enum ak_code check_proof(struct ak_step *step, struct ak_dpop_proof *out_proof)
{
    struct ak_engine *engine = step->engine;
    uint8_t path[AK_DPOP_URL_MAX];
    struct ak_buf buf = AK_BUF_ARR(path);
    const char *prefix = engine->conf.dev ? "/dev" : "/tee";
    if (step->call->flags & AK_CALL_INTERNAL) return check_broker_proof(step, out_proof);
    if (ak_call_put_path(step->request->call, prefix, step->request->body, false, &buf) != AK_OK)
        return AK_CODE_INVALID_REQUEST;
    const struct ak_dpop_expect expect = {.method = ak_span_str(step->call->method),
        .origins = engine->conf.origins,
        .origin_count = engine->conf.origin_count,
        .path = ak_buf_span(&buf),
        .token = step->request->token,
        .now_s = ak_engine_now_s(engine)};
    return verify_proof(step, &expect, out_proof);
}

static enum ak_code use_proof(struct ak_step *step, const struct ak_dpop_proof *proof)
{
    struct ak_engine *engine = step->engine;
    enum ak_err err = ak_replay_use(&engine->replay, proof->jti_hash, proof->nonce_slot, engine->nonce.slot);
    if (err == AK_E_REPLAY) return AK_CODE_PROOF_REPLAYED;
    if (err == AK_E_FULL) {
        step->retry_after_secs = 60;
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "too many proofs in this minute");
    }
    return err ? AK_CODE_USE_DPOP_NONCE : AK_CODE_OK;
}

/* ---- tokens ---- */

static enum ak_code token_code(enum ak_err err)
{
    return err == AK_E_EXPIRED ? AK_CODE_TOKEN_EXPIRED : AK_CODE_INVALID_TOKEN;
}

static enum ak_code read_token(struct ak_step *step)
{
    struct ak_engine *engine = step->engine;
    struct ak_token_claims *claims = &step->caller.claims;
    uint8_t hash[32];
    if (step->request->token.len == 0) return AK_CODE_UNAUTHORIZED;
    ak_token_cache_hash(step->request->token, hash);
    const struct ak_token_claims *known = ak_token_cache_find(&engine->cache, hash, ak_engine_now_s(engine));
    if (known) {
        *claims = *known;
        enum ak_err err = ak_token_check_times(claims, ak_engine_now_s(engine));
        return err ? token_code(err) : AK_CODE_OK;
    }
    struct ak_token_key keys[2] = {engine->session_key, engine->agent_key};
    enum ak_token_kind kind = ak_token_peek_kind(step->request->token, keys, 2);
    if (kind == AK_TOKEN_NONE) return AK_CODE_INVALID_TOKEN;
    struct ak_buf memory = AK_BUF_ARR(engine->token_memory);
    enum ak_err err = ak_token_verify(step->request->token, kind == AK_TOKEN_SESSION ? &keys[0] : &keys[1], 1,
        &engine->issuer, ak_engine_now_s(engine), &memory, claims);
    if (err) return token_code(err);
    claims->scope = AK_SPAN_EMPTY;
    ak_token_cache_put(&engine->cache, hash, claims);
    return AK_CODE_OK;
}

static enum ak_code check_session(struct ak_step *step)
{
    const struct ak_token_claims *claims = &step->caller.claims;
    const struct ak_device *device = ak_state_device(&step->engine->state, step->caller.account, claims->jkt);
    if (!device) return AK_CODE_DEVICE_NOT_ENROLLED;
    if (claims->iat * 1000 <= device->sessions_after_ms)
        return ak_step_fail(step, AK_CODE_INVALID_TOKEN, "this session has ended (logout); sign in again");
    return AK_CODE_OK;
}

static enum ak_code find_caller(struct ak_step *step)
{
    struct ak_caller *caller = &step->caller;
    enum ak_code code = read_token(step);
    if (code) return code;
    caller->account = ak_state_account(&step->engine->state, caller->claims.anchor, &caller->account_number);
    if (!caller->account) return AK_CODE_INVALID_TOKEN;
    caller->kind = caller->claims.kind == AK_TOKEN_SESSION ? AK_CALLER_SESSION : AK_CALLER_AGENT;
    if (caller->kind == AK_CALLER_SESSION) return check_session(step);
    if (step->call->auth == AK_AUTH_CHANGE || (step->call->flags & AK_CALL_SESSION))
        return ak_step_fail(step, AK_CODE_INVALID_TOKEN, "this call takes a session, not an agent's token");
    return AK_CODE_OK;
}

static enum ak_code prove_use(struct ak_step *step)
{
    struct ak_dpop_proof proof;
    enum ak_code code = find_caller(step);
    if (code) return code;
    memcpy(step->caller.jkt, step->caller.claims.jkt, 32);
    if (step->request->proof.len == 0) return use_conn(step);
    code = check_proof(step, &proof);
    if (code) return code;
    if (memcmp(proof.jkt, step->caller.claims.jkt, 32) != 0)
        return ak_step_fail(
            step, AK_CODE_BAD_SIGNATURE, "the proof is by another key than the token is bound to");
    code = use_proof(step, &proof);
    if (code) return code;
    step->caller.has_reader_key = proof.has_rk;
    memcpy(step->caller.reader_key, proof.rk, 32);
    conn_remember(step);
    return AK_CODE_OK;
}

static enum ak_code prove_change(struct ak_step *step)
{
    struct ak_dpop_proof proof;
    uint8_t meaning[32];
    enum ak_code code = find_caller(step);
    if (code) return code;
    memcpy(step->caller.jkt, step->caller.claims.jkt, 32);
    if (step->request->proof.len == 0) return AK_CODE_PROOF_REQUIRED;
    code = check_proof(step, &proof);
    if (code) return code;
    if (memcmp(proof.jkt, step->caller.claims.jkt, 32) != 0)
        return ak_step_fail(
            step, AK_CODE_BAD_SIGNATURE, "the proof is by another key than the token is bound to");
    if (ak_msg_meaning(step->call->request, step->call->name, step->request->body, meaning) != AK_OK)
        return AK_CODE_INVALID_REQUEST;
    if (!proof.has_bh || memcmp(proof.bh, meaning, 32) != 0)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the proof is not for this change (ak_bh)");
    return use_proof(step, &proof);
}

static enum ak_code prove_device(struct ak_step *step)
{
    struct ak_dpop_proof proof;
    if (step->request->token.len)
        return ak_step_fail(step, AK_CODE_INVALID_TOKEN, "this call takes no token");
    if (step->request->proof.len == 0) return AK_CODE_PROOF_REQUIRED;
    enum ak_code code = check_proof(step, &proof);
    if (code) return code;
    code = use_proof(step, &proof);
    if (code) return code;
    step->caller.kind = AK_CALLER_DEVICE;
    memcpy(step->caller.jkt, proof.jkt, 32);
    return AK_CODE_OK;
}

/* ---- proofs that the broker passes on ---- */

/* Where at the broker the device asked: the path that it polls stands in the request. */
static enum ak_code broker_place(struct ak_step *step, struct ak_span *out_method, struct ak_span *out_path)
{
    struct ak_msg_identity_answered_request request;
    *out_method = AK_SPAN_LIT("POST");
    *out_path = AK_SPAN_LIT("/v1/auth/wallet/start");
    if (step->request->call == AK_CALL_WALLET_ANSWERED) *out_path = AK_SPAN_LIT("/v1/auth/wallet/verify");
    if (step->request->call != AK_CALL_IDENTITY_ANSWERED) return AK_CODE_OK;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    *out_method = AK_SPAN_LIT("GET");
    *out_path = request.poll_path;
    return ak_span_starts(*out_path, AK_SPAN_LIT("/v1/auth/")) ? AK_CODE_OK : AK_CODE_INVALID_REQUEST;
}

static enum ak_code prove_sign_in(struct ak_step *step)
{
    struct ak_dpop_proof proof;
    struct ak_dpop_expect expect = {
        .origins = &step->engine->conf.broker_url, .origin_count = 1, .now_s = ak_engine_now_s(step->engine)};
    if (step->engine->conf.broker_url.len == 0)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "nobody signs in by a broker here (broker_url)");
    if (step->request->token.len)
        return ak_step_fail(step, AK_CODE_INVALID_TOKEN, "this call takes no token");
    if (step->request->proof.len == 0) return AK_CODE_PROOF_REQUIRED;
    enum ak_code code = broker_place(step, &expect.method, &expect.path);
    if (!code) code = verify_proof(step, &expect, &proof);
    if (!code) code = ak_sign_in_check_meaning(step, &proof);
    if (!code) code = use_proof(step, &proof);
    if (code) return code;
    step->caller.kind = AK_CALLER_DEVICE;
    memcpy(step->caller.jkt, proof.jkt, 32);
    return AK_CODE_OK;
}

enum ak_code ak_step_authenticate(struct ak_step *step)
{
    switch (step->call->auth) {
    case AK_AUTH_PUBLIC: return AK_CODE_OK;
    case AK_AUTH_PROOF: return prove_device(step);
    case AK_AUTH_USE: return prove_use(step);
    case AK_AUTH_CHANGE: return prove_change(step);
    case AK_AUTH_SIGN_IN: return prove_sign_in(step);
    }
    return AK_CODE_UNAUTHORIZED;
}
