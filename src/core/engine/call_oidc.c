/* What the issuer publishes, and minting a token for a cloud: decided as a use, on record before it leaves,
 * signed by a job (I3, I5). */
#include "base/codec/base64.h"
#include "base/crypto/sha256.h"
#include "core/engine/internal.h"
#include "core/wire/msg_oidc.h"

/* One token on its way. */
struct mint {
    struct ak_policy_request ask;
    struct ak_path_state *path; /* NULL: of a person */
    uint32_t path_number;
    uint64_t hour_tat_us;
    struct ak_oidc_claims claims;
    uint8_t text[AK_OIDC_TEXT_MAX]; /* the token; its signature is blank */
    size_t text_len;
};

enum ak_code ak_call_oidc_configuration(struct ak_step *step)
{
    uint8_t memory[AK_TOKEN_ISS_MAX + 64];
    struct ak_buf uri = AK_BUF_ARR(memory);
    ak_buf_put(&uri, step->engine->conf.issuer);
    ak_buf_put_str(&uri, "/.well-known/jwks.json");
    if (ak_buf_check(&uri) != AK_OK) return AK_CODE_INTERNAL;
    struct ak_msg_oidc_configuration_reply reply = {.issuer = step->engine->conf.issuer,
        .jwks_uri = ak_buf_span(&uri),
        .response_types = AK_SPAN_LIT("id_token"),
        .subject_types = AK_SPAN_LIT("public"),
        .algorithms = AK_SPAN_LIT("ES256"),
        .claims = AK_SPAN_LIT("iss,sub,aud,iat,exp,jti,agentkeys_user_wallet,agentkeys_anchor,agentkeys_path,"
                              "agentkeys_generation")};
    return ak_step_reply(step, &ak_oidc_configuration_reply_msg, &reply);
}

static enum ak_err add_key(struct ak_buf *items, const struct ak_oidc_key *key)
{
    uint8_t text[(AK_P256_CERT_MAX + 2) / 3 * 4];
    struct ak_buf x5c = AK_BUF_ARR(text);
    ak_base64_encode(&x5c, ak_span(key->cert, key->cert_len));
    struct ak_msg_jwk jwk = {.kty = AK_SPAN_LIT("EC"),
        .crv = AK_SPAN_LIT("P-256"),
        .kid = ak_span_str(key->kid),
        .use = AK_SPAN_LIT("sig"),
        .alg = AK_SPAN_LIT("ES256"),
        .x5c = ak_buf_span(&x5c)};
    memcpy(jwk.x, key->pub.xy, 32);
    memcpy(jwk.y, key->pub.xy + 32, 32);
    return ak_list_add(items, &ak_jwk_msg, &jwk);
}

enum ak_code ak_call_jwks(struct ak_step *step)
{
    uint8_t memory[2048];
    struct ak_buf items = AK_BUF_ARR(memory);
    enum ak_err err = add_key(&items, &step->engine->oidc_key);
    if (!err && ak_engine_issuer_has_previous(step->engine))
        err = add_key(&items, &step->engine->oidc_previous_key);
    struct ak_msg_jwks_reply reply = {.keys = {ak_buf_span(&items)}};
    return err ? AK_CODE_INTERNAL : ak_step_reply(step, &ak_jwks_reply_msg, &reply);
}

/* ---- mint ---- */

static enum ak_code decide(struct ak_step *step, struct mint *mint)
{
    enum ak_code code = ak_step_decide(step, &mint->ask, AK_SPAN_EMPTY, false, &mint->path);
    if (code || ak_step_hour_allows(step, &mint->hour_tat_us)) return code;
    struct ak_span label = mint->path ? ak_span(mint->path->label, mint->path->label_len) : AK_SPAN_EMPTY;
    uint32_t number = AK_INDEX_NONE;
    if (mint->path) ak_state_path(&step->engine->state, step->caller.account_number, label, &number);
    return ak_step_refuse(step, number, label, ak_operation_name(AK_OP_OIDC));
}

/* Header and claims, and the place of the signature. */
static enum ak_code write_token(struct ak_step *step, struct mint *mint)
{
    struct ak_engine *engine = step->engine;
    const struct ak_account *account = step->caller.account;
    struct ak_oidc_claims *claims = &mint->claims;
    struct ak_buf text = AK_BUF_ARR(mint->text);
    *claims = (struct ak_oidc_claims){.iss = engine->conf.issuer,
        .aud = mint->ask.facts.aud,
        .iat = ak_engine_now_s(engine),
        .exp = ak_engine_now_s(engine) + engine->conf.oidc_token_secs};
    memcpy(claims->home_wallet, account->home_wallet, 20);
    memcpy(claims->anchor, account->anchor, 32);
    if (mint->path) {
        claims->label = ak_span(mint->path->label, mint->path->label_len);
        claims->generation = mint->path->generation;
    }
    engine->hooks.random(engine->hooks.ctx, claims->jti, sizeof claims->jti);
    if (ak_oidc_put(&text, &engine->oidc_key, claims) != AK_OK) return AK_CODE_INTERNAL;
    ak_sha256(ak_span(text.ptr, text.len - 1), step->out->job.digest);
    uint8_t *signature = ak_buf_grow(&text, AK_OIDC_SIGNATURE_LEN);
    if (!signature) return AK_CODE_INTERNAL;
    memset(signature, '-', AK_OIDC_SIGNATURE_LEN);
    mint->text_len = text.len;
    return AK_CODE_OK;
}

static enum ak_code record(struct ak_step *step, const struct mint *mint)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_OIDC_MINTED);
    uint8_t jti_text[22];
    struct ak_buf jti = AK_BUF_ARR(jti_text);
    ak_base64url_encode(&jti, AK_SPAN_ARR(mint->claims.jti));
    entry.audience = mint->claims.aud;
    entry.nonce = ak_buf_span(&jti);
    entry.expires_at_ms = mint->claims.exp * 1000;
    entry.valid_until_ms = (mint->claims.exp + step->engine->conf.sts_secs) * 1000;
    entry.tat_us = step->decision.tat_us;
    entry.mint_tat_us = mint->hour_tat_us;
    if (mint->path) {
        entry.label = mint->claims.label;
        entry.generation = mint->path->generation;
        ak_entry_mark(&entry, AK_F_LABEL);
        ak_entry_mark(&entry, AK_F_GENERATION);
    }
    return ak_step_emit(step, &entry);
}

static void prepare_job(struct ak_step *step, const struct mint *mint)
{
    enum { HEAD_LEN = 4 }; /* the token is the body's first field: its length, then its text */
    struct ak_job *job = &step->out->job;
    job->kind = AK_JOB_MINT;
    job->root = step->engine->service_root;
    job->issuer_version = step->engine->oidc_key.version;
    job->patch_at = HEAD_LEN + mint->text_len - AK_OIDC_SIGNATURE_LEN;
    step->out->wait |= AK_WAIT_JOB;
}

enum ak_code ak_call_mint_oidc_jwt(struct ak_step *step)
{
    struct ak_msg_mint_request request;
    struct mint mint;
    mint.ask = (struct ak_policy_request){.operation = AK_OP_OIDC};
    enum ak_code code = ak_step_read(step, &request);
    if (!code)
        code = ak_step_audience(step, ak_msg_has(&request, AK_MINT_REQUEST_AUD), request.aud, &mint.ask);
    if (!code) code = decide(step, &mint);
    if (!code) code = write_token(step, &mint);
    if (!code) code = record(step, &mint);
    if (code) return code;
    prepare_job(step, &mint);
    step->engine->figures[AK_FIGURE_MINTED]++;
    struct ak_msg_mint_reply reply = {.jwt = ak_span(mint.text, mint.text_len),
        .expires_at = mint.claims.exp,
        .aud = mint.claims.aud,
        .entry_index = step->ref.index};
    memcpy(reply.entry_leaf_hash, step->ref.leaf, 32);
    return ak_step_reply(step, &ak_mint_reply_msg, &reply);
}
