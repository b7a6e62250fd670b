/* What signing a message would mean: a sign-in, a text, a digest approval, or something that nobody may sign.
 */
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

static enum ak_code sign_in(struct ak_step *step, const struct ak_siwe *siwe, const uint8_t *address,
    struct ak_policy_request *request, struct ak_span *out_nonce)
{
    if (address && memcmp(siwe->address, address, 20) != 0)
        return ak_step_fail(
            step, AK_CODE_INVALID_SIWE, "the text names another address than the one that would sign");
    if (ak_siwe_check_time(siwe, step->engine->time.logic_ms) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_SIWE, "the sign-in text is over, or not valid yet");
    request->operation = AK_OP_SIGN_SIWE;
    request->facts.domain = siwe->domain;
    request->facts.content =
        ak_siwe_same_site(siwe->domain, own_domain(step->engine)) ? AK_CONTENT_OWN_SITE : AK_CONTENT_PLAIN;
    *out_nonce = siwe->nonce;
    return AK_CODE_OK;
}

enum ak_code ak_step_classify(struct ak_step *step, struct ak_span message, const uint8_t *address,
    struct ak_policy_request *request, struct ak_span *out_nonce)
{
    struct ak_siwe siwe;
    *out_nonce = AK_SPAN_EMPTY;
    request->operation = AK_OP_SIGN_MESSAGE;
    unsigned reasons = ak_eip191_check_plain(message);
    if (reasons & AK_EIP191_NEAR_SIWE) {
        if (ak_siwe_parse(message, &siwe) == AK_OK) return sign_in(step, &siwe, address, request, out_nonce);
        return AK_CODE_INVALID_SIWE;
    }
    if (reasons & AK_EIP191_OWN_STATEMENT)
        request->facts.content = AK_CONTENT_OWN_STATEMENT;
    else if (reasons & AK_EIP191_ONLY_BYTES)
        request->facts.content = AK_CONTENT_BYTES;
    return AK_CODE_OK;
}
