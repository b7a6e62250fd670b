/* What signing a message would mean: a sign-in, a text, a digest approval, or something that nobody may sign.
 */
#include "core/engine/own_siwe.h"
#include "core/evm/eip191.h"

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

static enum ak_code sign_in(struct ak_step *step, const struct ak_siwe *siwe, struct ak_span message,
    struct ak_span path, struct ak_policy_request *request, struct ak_span *out_nonce)
{
    const uint8_t *address = signer_address(step, path);
    if (siwe->domain.len > AK_ENTRY_DOMAIN_MAX)
        return ak_step_fail(
            step, AK_CODE_INVALID_SIWE, "line 1 has a domain of over 255 bytes, more than the ledger keeps");
    if (siwe->nonce.len > AK_ENTRY_NONCE_MAX)
        return ak_step_fail(step, AK_CODE_INVALID_SIWE,
            "the line \"Nonce: \" has over 128 letters and digits, more than the ledger keeps");
    if (address && memcmp(siwe->address, address, 20) != 0)
        return ak_step_fail(
            step, AK_CODE_INVALID_SIWE, "the text names another address than the one that would sign");
    if (ak_siwe_check_time(siwe, step->engine->time.logic_ms) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_SIWE, "the sign-in text is over, or not valid yet");
    request->operation = AK_OP_SIGN_SIWE;
    request->facts.domain = siwe->domain;
    bool own = ak_siwe_same_site(siwe->domain, ak_own_siwe_domain(step->engine));
    if (own && step->caller.kind == AK_CALLER_SESSION && path.len == 0 &&
        !ak_own_siwe_is(step->engine, siwe, message, step->caller.jkt))
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
    const char *reason = "";
    *out_nonce = AK_SPAN_EMPTY;
    request->operation = AK_OP_SIGN_MESSAGE;
    unsigned reasons = ak_eip191_check_plain(message);
    if (reasons & AK_EIP191_NEAR_SIWE) {
        if (ak_siwe_read(message, &siwe, &reason) == AK_OK)
            return sign_in(step, &siwe, message, path, request, out_nonce);
        return ak_step_fail(step, AK_CODE_INVALID_SIWE, reason);
    }
    if (reasons & AK_EIP191_OWN_STATEMENT)
        request->facts.content = AK_CONTENT_OWN_STATEMENT;
    else if (reasons & AK_EIP191_ONLY_BYTES)
        request->facts.content = AK_CONTENT_BYTES;
    return AK_CODE_OK;
}
