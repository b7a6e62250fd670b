/* The sign-in text of our own site: the one that the keeper composes itself from issuer, address, nonce and
 * the device that signs in. Nobody else's text for this domain is signed or taken. spec: docs/policy.md, What
 * may be signed; docs/wire.md, Sign-in */
#ifndef AK_CORE_ENGINE_OWN_SIWE_H
#define AK_CORE_ENGINE_OWN_SIWE_H

#include "core/engine/internal.h"
#include "core/evm/siwe.h"

enum { AK_OWN_SIWE_MAX = 2048, AK_OWN_SIWE_LIFETIME_MS = 45 * 60 * 1000 };

/* The host part of our own issuer: the domain whose sign-ins only the keeper composes. */
struct ak_span ak_own_siwe_domain(const struct ak_engine *engine);
/* Appends the text for `jkt`; address, chain id, nonce and the two times are those of `siwe`. */
void ak_own_siwe_put(
    const struct ak_engine *engine, const struct ak_siwe *siwe, const uint8_t jkt[32], struct ak_buf *buf);
/* Whether `text`, which was parsed into `siwe`, is byte for byte that text, and valid for 45 minutes. */
bool ak_own_siwe_is(
    const struct ak_engine *engine, const struct ak_siwe *siwe, struct ak_span text, const uint8_t jkt[32]);

#endif
