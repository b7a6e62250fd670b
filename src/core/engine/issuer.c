/* The worker as OIDC issuer: which key signs, which are published, and the limits of minting. */
#include "base/codec/hex.h"
#include "core/engine/internal.h"
#include "core/keys/service.h"
#include "core/policy/bucket.h"

static enum ak_err open_key(const struct ak_engine *engine, uint32_t version, struct ak_oidc_key *out_key)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(ak_service_oidc(engine->service_root, version, &scalar));
    return ak_oidc_key_init(out_key, version, &scalar);
}

enum ak_err ak_engine_issuer_open(struct ak_engine *engine)
{
    uint32_t version = engine->state.issuer_version;
    engine->oidc_previous_key = (struct ak_oidc_key){0};
    AK_TRY(open_key(engine, version, &engine->oidc_key));
    return version > 1 ? open_key(engine, version - 1, &engine->oidc_previous_key) : AK_OK;
}

bool ak_engine_issuer_has_previous(const struct ak_engine *engine)
{
    return engine->oidc_previous_key.version != 0 &&
           engine->time.logic_ms < engine->state.issuer_previous_until_ms;
}

enum ak_err ak_engine_issuer_rotate(struct ak_engine *engine, bool revoke)
{
    struct ak_entry_ref ref;
    const struct ak_state *state = &engine->state;
    if (!engine->started || state->issuer_version == UINT32_MAX) return AK_E_STATE;
    if (!revoke && ak_engine_issuer_has_previous(engine)) return AK_E_STATE;
    struct ak_entry entry = {.type = AK_ENTRY_ISSUER_KEY_ROTATED,
        .from = state->issuer_version,
        .to = (uint64_t)state->issuer_version + 1,
        .expires_at_ms = revoke ? 0 : state->minted_until_ms};
    AK_TRY(ak_engine_emit(engine, &entry, &ref));
    return ak_engine_issuer_open(engine);
}

/* ---- what minting is held to ---- */

enum ak_code ak_step_audience(
    struct ak_step *step, bool given, struct ak_span aud, struct ak_policy_request *ask)
{
    const struct ak_engine_conf *conf = &step->engine->conf;
    ask->facts.aud = given ? aud : conf->oidc_audience;
    if (!ak_oidc_audience_valid(ask->facts.aud))
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "aud is 1 to 200 characters of A-Z a-z 0-9 . _ : / -");
    if (ak_oidc_audience_own(ask->facts.aud, conf->issuer)) ask->facts.content = AK_CONTENT_OWN_AUDIENCE;
    return AK_CODE_OK;
}

static void put_text(struct ak_policy_text *text, uint64_t number, const char *before, const char *after)
{
    struct ak_buf buf = ak_buf(text->text, AK_POLICY_TEXT_CAP);
    ak_buf_put_str(&buf, before);
    ak_buf_put_dec(&buf, number);
    ak_buf_put_str(&buf, after);
    text->len = (uint16_t)buf.len;
    text->text[buf.len] = 0;
}

bool ak_step_hour_allows(struct ak_step *step, uint64_t *out_tat_us)
{
    const struct ak_engine *engine = step->engine;
    const struct ak_account *account = step->caller.account;
    struct ak_decision *decision = &step->decision;
    struct ak_policy_now now = ak_engine_now(engine);
    struct ak_bucket_result taken =
        ak_bucket_take_hour(account->mint_tat_us, now.floor_us, engine->conf.mints_per_hour, now.seen_us);
    *out_tat_us = taken.tat_us;
    if (taken.allowed) return true;
    decision->allowed = decision->counted = false;
    decision->rule = AK_RULE_RATE;
    decision->retry_after_secs = taken.retry_after_secs;
    put_text(
        &decision->seen, engine->conf.mints_per_hour, "the account's ", " tokens of the last hour are taken");
    put_text(&decision->limit, engine->conf.mints_per_hour, "", " tokens an hour an account");
    put_text(&decision->remedy, taken.retry_after_secs, "wait ", " s, or use a token until it ends");
    return false;
}

uint64_t ak_engine_cloud_until(const struct ak_engine *engine, uint64_t until_ms)
{
    return until_ms > engine->time.logic_ms ? until_ms / 1000 + (until_ms % 1000 != 0) : 0;
}
