/* Composing the text, and holding another one against it. */
#include "core/engine/own_siwe.h"

#include "base/codec/base64.h"

struct ak_span ak_own_siwe_domain(const struct ak_engine *engine)
{
    struct ak_span issuer = engine->conf.issuer;
    for (size_t i = 0; i + 3 <= issuer.len; i++)
        if (memcmp(issuer.ptr + i, "://", 3) == 0) {
            struct ak_span rest = ak_span_sub(issuer, i + 3, issuer.len);
            return ak_span_sub(rest, 0, ak_span_find(rest, 0, '/'));
        }
    return issuer;
}

void ak_own_siwe_put(
    const struct ak_engine *engine, const struct ak_siwe *siwe, const uint8_t jkt[32], struct ak_buf *buf)
{
    uint8_t device[64];
    struct ak_buf urn = AK_BUF_ARR(device);
    ak_buf_put_str(&urn, "urn:agentkeys:device:");
    ak_base64url_encode(&urn, ak_span(jkt, 32));
    struct ak_siwe own = {.domain = ak_own_siwe_domain(engine),
        .uri = engine->conf.issuer,
        .chain_id = siwe->chain_id,
        .nonce = siwe->nonce,
        .issued_at = siwe->issued_at,
        .expiration_time = siwe->expiration_time,
        .has_resources = true,
        .resource_count = 2,
        .resources = {AK_SPAN_LIT("urn:agentkeys:client:agentkeys"), ak_buf_span(&urn)}};
    memcpy(own.address, siwe->address, 20);
    ak_siwe_put(buf, &own);
}

bool ak_own_siwe_is(
    const struct ak_engine *engine, const struct ak_siwe *siwe, struct ak_span text, const uint8_t jkt[32])
{
    uint8_t memory[AK_OWN_SIWE_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_own_siwe_put(engine, siwe, jkt, &buf);
    return ak_buf_check(&buf) == AK_OK && ak_span_eq(ak_buf_span(&buf), text) &&
           siwe->expiration_ms - siwe->issued_at_ms == AK_OWN_SIWE_LIFETIME_MS;
}
