/* What signing a message would mean: a sign-in, a text, a digest approval, or something that nobody may sign.
 */
#include "base/codec/base64.h"
#include "core/engine/internal.h"
#include "core/evm/eip191.h"
#include "core/evm/siwe.h"

/* The host part of our own issuer: the domain whose sign-ins only the keeper composes. */
static struct ak_span own_domain(const struct ak_engine *engine)
{
    struct ak_span issuer = engine->conf.issuer;
    for (size_t i = 0; i + 3 <= issuer.len; i++)
        if (memcmp(issuer.ptr + i, "://", 3) == 0) {
            struct ak_span rest = ak_span_sub(issuer, i + 3, issuer.len);
            return ak_span_sub(rest, 0, ak_span_find(rest, 0, '/'));
        }
    return issuer;
}

/* The address that would sign, for the check of a sign-in text; NULL where the path is not known. */
static const uint8_t *signer_address(struct ak_step *step, struct ak_span path_text)
{
    struct ak_path path;
    if (step->caller.kind == AK_CALLER_SESSION && path_text.len == 0)
        return step->caller.account->home_wallet;
    struct ak_span label = ak_span(step->caller.claims.label, step->caller.claims.label_len);
    if (path_text.len && ak_path_parse(path_text, &path) == AK_OK) label = ak_path_label(&path);
    const struct ak_path_state *state =
        ak_state_path(&step->engine->state, step->caller.account_number, label, NULL);
    return state ? state->address : NULL;
}

/* Sign-ins to our own site: the text that the keeper itself composes from issuer, address, nonce and the
 * caller's device, with the times that the asker chose, 45 minutes apart. spec: docs/policy.md, What may be
 * signed
 */
static bool is_our_own_text(struct ak_step *step, const struct ak_siwe *siwe, struct ak_span message)
{
    enum { LIFETIME_MS = 45 * 60 * 1000 };
    uint8_t text[2048], device[64];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_buf urn = AK_BUF_ARR(device);
    ak_buf_put_str(&urn, "urn:agentkeys:device:");
    ak_base64url_encode(&urn, AK_SPAN_ARR(step->caller.jkt));
    struct ak_siwe own = {.domain = own_domain(step->engine),
        .uri = step->engine->conf.issuer,
        .chain_id = siwe->chain_id,
        .nonce = siwe->nonce,
        .issued_at = siwe->issued_at,
        .expiration_time = siwe->expiration_time,
        .has_resources = true,
        .resource_count = 2,
        .resources = {AK_SPAN_LIT("urn:agentkeys:client:agentkeys"), ak_buf_span(&urn)}};
    memcpy(own.address, siwe->address, 20);
    ak_siwe_put(&buf, &own);
    return ak_buf_check(&buf) == AK_OK && ak_span_eq(ak_buf_span(&buf), message) &&
           siwe->expiration_ms - siwe->issued_at_ms == LIFETIME_MS;
}

static enum ak_code sign_in(struct ak_step *step, const struct ak_siwe *siwe, struct ak_span message,
    struct ak_span path, struct ak_policy_request *request, struct ak_span *out_nonce)
{
    const uint8_t *address = signer_address(step, path);
    if (address && memcmp(siwe->address, address, 20) != 0)
        return ak_step_fail(
            step, AK_CODE_INVALID_SIWE, "the text names another address than the one that would sign");
    if (ak_siwe_check_time(siwe, step->engine->time.logic_ms) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_SIWE, "the sign-in text is over, or not valid yet");
    request->operation = AK_OP_SIGN_SIWE;
    request->facts.domain = siwe->domain;
    bool own = ak_siwe_same_site(siwe->domain, own_domain(step->engine));
    if (own && step->caller.kind == AK_CALLER_SESSION && path.len == 0 &&
        !is_our_own_text(step, siwe, message))
        return ak_step_fail(step, AK_CODE_INVALID_SIWE,
            "a sign-in here must be the text this worker composes for this device");
    request->facts.content = own ? AK_CONTENT_OWN_SITE : AK_CONTENT_PLAIN;
    *out_nonce = siwe->nonce;
    return AK_CODE_OK;
}

enum ak_code ak_step_classify(struct ak_step *step, struct ak_span message, struct ak_span path,
    struct ak_policy_request *request, struct ak_span *out_nonce)
{
    struct ak_siwe siwe;
    *out_nonce = AK_SPAN_EMPTY;
    request->operation = AK_OP_SIGN_MESSAGE;
    unsigned reasons = ak_eip191_check_plain(message);
    if (reasons & AK_EIP191_NEAR_SIWE) {
        if (ak_siwe_parse(message, &siwe) == AK_OK)
            return sign_in(step, &siwe, message, path, request, out_nonce);
        return AK_CODE_INVALID_SIWE;
    }
    if (reasons & AK_EIP191_OWN_STATEMENT)
        request->facts.content = AK_CONTENT_OWN_STATEMENT;
    else if (reasons & AK_EIP191_ONLY_BYTES)
        request->facts.content = AK_CONTENT_BYTES;
    return AK_CODE_OK;
}
