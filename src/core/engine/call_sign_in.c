/* What the broker passes on: the keeper composes and checks sign-in texts, and takes the broker's word for
 * what it cannot check itself. Nobody is believed because of the socket that a call came by. */
#include "base/codec/hex.h"
#include "base/crypto/hmac.h"
#include "base/ct.h"
#include "base/num.h"
#include "core/engine/own_siwe.h"
#include "core/engine/sign_in.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/evm/rfc3339.h"
#include "core/state/vault_state.h"
#include "core/token/identity_answer.h"

enum {
    SALT_BYTES = 8,
    MAC_BYTES = 16,
    NONCE_TEXT_LEN = 2 * (SALT_BYTES + MAC_BYTES),
    ANSWER_SLOT_SECS = 300
};

enum ak_code ak_call_sign_in_nonce(struct ak_step *step)
{
    struct ak_msg_sign_in_nonce_reply reply = {.nonce = ak_nonce_text(&step->engine->nonce)};
    return ak_step_reply(step, &ak_sign_in_nonce_reply_msg, &reply);
}

/* ---- what the device says of itself ---- */

/* Bits and members of the part that stands in the messages of two calls, from bit `first` on. */
static void take_device(
    const struct ak_msg_sign_in *part, uint32_t present, unsigned first, struct ak_msg_sign_in *out_device)
{
    *out_device = *part;
    out_device->present = (present >> first) & ((1u << (AK_SIGN_IN_RECOVER + 1)) - 1);
}

static enum ak_code read_device(struct ak_step *step, struct ak_msg_sign_in *out_device)
{
    struct ak_msg_wallet_answered_request wallet;
    struct ak_msg_identity_answered_request identity;
    enum ak_code code;
    if (step->request->call == AK_CALL_WALLET_ANSWERED) {
        code = ak_step_read(step, &wallet);
        if (!code)
            take_device(&wallet.device, wallet.present, AK_WALLET_ANSWERED_REQUEST_DEVICE_NAME, out_device);
        return code;
    }
    code = ak_step_read(step, &identity);
    if (!code)
        take_device(&identity.device, identity.present, AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME, out_device);
    return code;
}

enum ak_code ak_sign_in_check_meaning(struct ak_step *step, const struct ak_dpop_proof *proof)
{
    struct ak_msg_sign_in device;
    uint8_t memory[256], meaning[32];
    struct ak_buf body = AK_BUF_ARR(memory);
    if (step->request->call == AK_CALL_WALLET_STARTED) return AK_CODE_OK;
    enum ak_code code = read_device(step, &device);
    if (code) return code;
    bool made = ak_msg_encode(&ak_sign_in_msg, &device, &body) == AK_OK &&
                ak_msg_meaning(&ak_sign_in_msg, AK_SIGN_IN_CALL, ak_buf_span(&body), meaning) == AK_OK;
    ak_wipe(memory, sizeof memory);
    if (!made) return AK_CODE_INVALID_REQUEST;
    if (proof->has_bh && memcmp(proof->bh, meaning, 32) == 0) return AK_CODE_OK;
    return ak_step_fail(
        step, AK_CODE_BAD_SIGNATURE, "the proof is not for what is said of the device (ak_bh of sign-in)");
}

/* ---- wallets ---- */

/* Salt and MAC: a text was composed here, in this run, for this device. Nothing is kept until it is used. */
static void put_nonce(const struct ak_step *step, const struct ak_siwe *siwe, uint64_t issued_at_ms,
    const uint8_t salt[SALT_BYTES], struct ak_buf *out)
{
    uint8_t numbers[16], mac[32];
    struct ak_buf buf = AK_BUF_ARR(numbers);
    ak_buf_put_u64(&buf, siwe->chain_id);
    ak_buf_put_u64(&buf, issued_at_ms);
    const struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-siwe-nonce-v1"), AK_SPAN_ARR(step->caller.jkt),
        AK_SPAN_ARR(siwe->address), ak_buf_span(&buf), ak_span(salt, SALT_BYTES)};
    ak_hmac_sha256(AK_SPAN_ARR(step->engine->challenge_key.bytes), parts, AK_COUNT(parts), mac);
    ak_hex_encode(out, ak_span(salt, SALT_BYTES));
    ak_hex_encode(out, ak_span(mac, MAC_BYTES));
}

static bool is_own_nonce(const struct ak_step *step, const struct ak_siwe *siwe)
{
    uint8_t text[NONCE_TEXT_LEN], salt[SALT_BYTES];
    struct ak_buf nonce = AK_BUF_ARR(text);
    if (siwe->nonce.len != NONCE_TEXT_LEN) return false;
    if (ak_hex_decode_fixed(ak_span_sub(siwe->nonce, 0, 2 * SALT_BYTES), salt, SALT_BYTES) != AK_OK)
        return false;
    put_nonce(step, siwe, siwe->issued_at_ms, salt, &nonce);
    return ak_ct_eq(siwe->nonce, ak_buf_span(&nonce));
}

enum ak_code ak_call_wallet_started(struct ak_step *step)
{
    struct ak_msg_wallet_started_request request;
    uint8_t nonce_text[NONCE_TEXT_LEN], from_text[32], to_text[32], text[AK_OWN_SIWE_MAX], salt[SALT_BYTES];
    struct ak_buf nonce = AK_BUF_ARR(nonce_text), from = AK_BUF_ARR(from_text), to = AK_BUF_ARR(to_text);
    struct ak_buf message = AK_BUF_ARR(text);
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    uint64_t issued_at_ms = ak_engine_now_s(step->engine) * 1000;
    uint64_t expires_at_ms = issued_at_ms + AK_OWN_SIWE_LIFETIME_MS;
    ak_rfc3339_put(&from, issued_at_ms);
    ak_rfc3339_put(&to, expires_at_ms);
    struct ak_siwe siwe = {
        .chain_id = request.chain_id, .issued_at = ak_buf_span(&from), .expiration_time = ak_buf_span(&to)};
    memcpy(siwe.address, request.address, 20);
    step->engine->hooks.random(step->engine->hooks.ctx, salt, sizeof salt);
    put_nonce(step, &siwe, issued_at_ms, salt, &nonce);
    siwe.nonce = ak_buf_span(&nonce);
    ak_own_siwe_put(step->engine, &siwe, step->caller.jkt, &message);
    /* an issuer that makes no good text is the operator's mistake: it would be refused when it comes back */
    if (ak_buf_check(&message) != AK_OK || ak_siwe_parse(ak_buf_span(&message), &siwe) != AK_OK)
        return ak_step_fail(step, AK_CODE_INTERNAL, "the issuer's URL makes no sign-in text (EIP-4361)");
    struct ak_msg_wallet_started_reply reply = {.siwe_message = ak_buf_span(&message),
        .nonce = ak_buf_span(&nonce),
        .expires_at = expires_at_ms / 1000};
    return ak_step_reply(step, &ak_wallet_started_reply_msg, &reply);
}

static enum ak_code check_text(struct ak_step *step, struct ak_span text, struct ak_siwe *out_siwe)
{
    const char *reason = "";
    if (ak_siwe_read(text, out_siwe, &reason) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_SIWE, reason);
    if (!ak_own_siwe_is(step->engine, out_siwe, text, step->caller.jkt) || !is_own_nonce(step, out_siwe))
        return ak_step_fail(step, AK_CODE_INVALID_SIWE,
            "not the text that this worker composed for this device; start again");
    if (ak_siwe_check_time(out_siwe, step->engine->time.logic_ms) != AK_OK) return AK_CODE_EXPIRED_REQUEST;
    return AK_CODE_OK;
}

/* Once, in its lifetime: as slots of that length, of which the current and the one before are live. */
static enum ak_code use_text(struct ak_step *step, const struct ak_siwe *siwe)
{
    uint8_t hash[32];
    ak_sha256(siwe->nonce, hash);
    uint64_t slot = siwe->issued_at_ms / AK_OWN_SIWE_LIFETIME_MS;
    uint64_t now = step->engine->time.logic_ms / AK_OWN_SIWE_LIFETIME_MS;
    enum ak_err err = ak_replay_use(&step->engine->challenges, hash, slot, now);
    if (err == AK_E_REPLAY) return AK_CODE_ALREADY_CONSUMED;
    if (err == AK_E_FULL) return AK_CODE_RATE_LIMIT_EXCEEDED;
    return err ? AK_CODE_EXPIRED_REQUEST : AK_CODE_OK;
}

static enum ak_code check_signer(
    struct ak_step *step, struct ak_span text, const uint8_t signature[65], const struct ak_siwe *siwe)
{
    uint8_t digest[32];
    ak_eip191_digest(text, digest);
    enum ak_err err = ak_evm_verify(digest, signature, siwe->address);
    if (err == AK_OK) return AK_CODE_OK;
    return ak_step_fail(step, AK_CODE_BAD_SIGNATURE,
        err == AK_E_MEANING ? "the signature has a high s; take the low one"
                            : "the signature is not by the address in the text");
}

enum ak_code ak_step_check_wallet(
    struct ak_step *step, struct ak_span text, const uint8_t signature[65], struct ak_siwe *out_siwe)
{
    enum ak_code code = check_text(step, text, out_siwe);
    if (!code) code = check_signer(step, text, signature, out_siwe);
    return code ? code : use_text(step, out_siwe);
}

static enum ak_code sign_in_wallet(struct ak_step *step, const uint8_t address[20], struct ak_sign_in *in)
{
    uint8_t text[AK_EVM_ADDRESS_TEXT_LEN];
    struct ak_buf value = AK_BUF_ARR(text);
    uint32_t number = AK_INDEX_NONE;
    ak_evm_address_put(&value, address);
    if (ak_identity_validate(AK_SPAN_LIT("evm"), ak_buf_span(&value), &in->identity) != AK_OK ||
        ak_identity_omni(in->identity.type_text, in->identity.value, in->omni) != AK_OK)
        return AK_CODE_INTERNAL;
    struct ak_account *derived = ak_state_account_by_wallet(&step->engine->state, address, &number);
    if (derived) return ak_step_sign_in_derived(step, in, derived, number);
    return ak_step_sign_in(step, in);
}

enum ak_code ak_call_wallet_answered(struct ak_step *step)
{
    struct ak_msg_wallet_answered_request request;
    struct ak_siwe siwe = {0};
    struct ak_sign_in in = {.how = "wallet", .checked = true};
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_check_wallet(step, request.siwe_message, request.signature, &siwe);
    if (code) return code;
    take_device(&request.device, request.present, AK_WALLET_ANSWERED_REQUEST_DEVICE_NAME, &in.device);
    return sign_in_wallet(step, siwe.address, &in);
}

/* ---- the broker's word ---- */

static enum ak_code check_answer(
    struct ak_step *step, struct ak_span text, struct ak_identity_answer *out_answer)
{
    const struct ak_engine_conf *conf = &step->engine->conf;
    if (!conf->has_broker_key)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "no broker's word counts here (broker_key)");
    enum ak_err err = ak_identity_answer_verify(
        text, &conf->broker_key, conf->broker_url, conf->issuer, ak_engine_now_s(step->engine), out_answer);
    if (err == AK_E_EXPIRED) return AK_CODE_EXPIRED_REQUEST;
    if (err)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE,
            "the answer is not by the broker's key (broker_key), for this issuer and broker_url");
    if (memcmp(out_answer->jkt, step->caller.jkt, 32) != 0)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the answer is for another device");
    return AK_CODE_OK;
}

static enum ak_code use_answer(struct ak_step *step, const struct ak_identity_answer *answer)
{
    uint8_t hash[32];
    const struct ak_span parts[] = {AK_SPAN_ARR(answer->jkt), AK_SPAN_ARR(answer->jti)};
    ak_sha256_parts(parts, AK_COUNT(parts), hash);
    uint64_t now = ak_engine_now_s(step->engine) / ANSWER_SLOT_SECS;
    /* the slot is the answer's own, whenever it is used, and has begun: an `iat` may be ahead by so much */
    uint64_t slot = ak_num_sub_sat(answer->iat, AK_IDENTITY_ANSWER_EARLY_SECS) / ANSWER_SLOT_SECS;
    enum ak_err err = ak_replay_use(&step->engine->answers, hash, slot, now);
    if (err == AK_E_REPLAY) return AK_CODE_ALREADY_CONSUMED;
    if (err == AK_E_FULL) return AK_CODE_RATE_LIMIT_EXCEEDED;
    return err ? AK_CODE_EXPIRED_REQUEST : AK_CODE_OK;
}

/* What the trust configuration says of it: a provider by that name, in use, with that issuer. */
static enum ak_code check_provider(
    struct ak_step *step, const struct ak_identity_answer *answer, const struct ak_identity *identity)
{
    struct ak_trust trust;
    const struct ak_trust_provider *provider = NULL;
    if (ak_trust_parse(step->engine->conf.trust, &trust) == AK_OK)
        provider = ak_trust_provider(&trust, identity->provider);
    if (!provider || provider->client_id.len == 0)
        return ak_step_fail(step, AK_CODE_DENIED,
            "no identity provider of that name is in use here (identity_providers); an operator adds it by "
            "agentkeys trust change --identity-providers");
    if (!ak_span_eq(provider->iss, ak_span(answer->iss, answer->iss_len)))
        return ak_step_fail(step, AK_CODE_DENIED,
            "the broker signs in at another issuer than the trust configuration has for that name "
            "(identity_providers); its own settings must say the same");
    return AK_CODE_OK;
}

/* Mail and providers are what a broker can answer for; a wallet signs for itself. */
static enum ak_code read_identity(
    struct ak_step *step, const struct ak_identity_answer *answer, struct ak_sign_in *in)
{
    struct ak_span type = ak_span(answer->type, answer->type_len);
    struct ak_span value = ak_span(answer->value, answer->value_len);
    if (ak_identity_validate(type, value, &in->identity) != AK_OK || in->identity.type == AK_IDENTITY_EVM ||
        ak_identity_omni(in->identity.type_text, in->identity.value, in->omni) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "the broker's word counts for a lower-case e-mail address or a provider's subject only");
    in->how = in->identity.type == AK_IDENTITY_OAUTH2 ? "oauth2" : "email";
    return in->identity.type == AK_IDENTITY_OAUTH2 ? check_provider(step, answer, &in->identity) : AK_CODE_OK;
}

enum ak_code ak_step_check_answer(
    struct ak_step *step, struct ak_span text, struct ak_identity_answer *out_answer, struct ak_sign_in *in)
{
    enum ak_code code = check_answer(step, text, out_answer);
    if (!code) code = read_identity(step, out_answer, in);
    return code ? code : use_answer(step, out_answer);
}

enum ak_code ak_call_identity_answered(struct ak_step *step)
{
    struct ak_msg_identity_answered_request request;
    struct ak_identity_answer answer = {0};
    struct ak_sign_in in = {0};
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_check_answer(step, request.answer, &answer, &in);
    if (code) return code;
    take_device(&request.device, request.present, AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME, &in.device);
    return ak_step_sign_in(step, &in);
}
