/* Issuing sessions and agents' tokens: the entry first, then the token. */
#include "core/engine/internal.h"

static void fill_claims(
    struct ak_step *step, struct ak_token_claims *claims, uint64_t iat, uint64_t lifetime_secs)
{
    struct ak_engine *engine = step->engine;
    memcpy(claims->anchor, step->caller.account->anchor, 32);
    memcpy(claims->jkt, step->caller.jkt, 32);
    claims->iat = iat;
    claims->exp = iat + lifetime_secs;
    engine->hooks.random(engine->hooks.ctx, claims->jti, sizeof claims->jti);
}

enum ak_code ak_step_issue_session(
    struct ak_step *step, const char *how, struct ak_buf *token, uint64_t *out_expires_at)
{
    struct ak_engine *engine = step->engine;
    struct ak_token_claims claims = {.kind = AK_TOKEN_SESSION};
    const struct ak_device *device = ak_state_device(&engine->state, step->caller.account, step->caller.jkt);
    uint64_t iat = ak_engine_now_s(engine);
    if (!device) return AK_CODE_DEVICE_NOT_ENROLLED;
    if (iat * 1000 <= device->sessions_after_ms)
        iat = device->sessions_after_ms / 1000 + 1; /* just logged out */
    fill_claims(step, &claims, iat, engine->conf.session_secs);
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_SESSION_ISSUED);
    memcpy(entry.device, step->caller.jkt, 32);
    entry.expires_at_ms = claims.exp * 1000;
    entry.how = ak_span_str(how);
    enum ak_code code = ak_step_emit(step, &entry);
    if (code) return code;
    *out_expires_at = claims.exp;
    return ak_token_mint(token, &engine->session_key, &engine->session_signer, &engine->issuer, &claims) ==
                   AK_OK
               ? AK_CODE_OK
               : AK_CODE_INTERNAL;
}

enum ak_code ak_step_issue_agent(
    struct ak_step *step, struct ak_path_state *path, struct ak_buf *token, uint64_t *out_expires_at)
{
    struct ak_engine *engine = step->engine;
    struct ak_token_claims claims = {.kind = AK_TOKEN_AGENT,
        .generation = path->generation,
        .label_len = path->label_len,
        .scope = ak_span(path->scope, path->scope_len)};
    memcpy(claims.label, path->label, path->label_len);
    fill_claims(step, &claims, ak_engine_now_s(engine), engine->conf.agent_token_secs);
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_AGENT_TOKEN_ISSUED);
    entry.label = ak_span(path->label, path->label_len);
    entry.generation = path->generation;
    memcpy(entry.device, step->caller.jkt, 32);
    entry.expires_at_ms = claims.exp * 1000;
    entry.tat_us = step->decision.tat_us;
    ak_entry_mark(&entry, AK_F_TAT_US);
    enum ak_code code = ak_step_emit(step, &entry);
    if (code) return code;
    *out_expires_at = claims.exp;
    return ak_token_mint(token, &engine->agent_key, &engine->agent_signer, &engine->issuer, &claims) == AK_OK
               ? AK_CODE_OK
               : AK_CODE_INTERNAL;
}
