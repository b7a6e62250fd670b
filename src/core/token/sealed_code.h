/* A recovery code on its way to the keeper: sealed by HPKE to the delivery key, for one device. Guaranteed:
 * who passes it on learns nothing of it, and it opens for no other device's call. Not guaranteed: who sealed
 * it, nor that it comes once; the device's proof covers it, and a code is used once. Secret: the code, the
 * scalar, the ephemeral scalar. Threads: any. spec: docs/wire.md, Recovery codes; RFC 9180 */
#ifndef AK_CORE_TOKEN_SEALED_CODE_H
#define AK_CORE_TOKEN_SEALED_CODE_H

#include "base/err.h"
#include "base/limits.h"
#include "base/wipe.h"

/* `delivery`: the keeper's public key; `ephemeral`: 32 fresh random bytes; `jkt`: the thumbprint of the
 * device that makes the call. Encapsulated key, then the sealed code. AK_E_AUTH (no key), AK_E_CRYPTO; zeros
 * then. */
AK_MUST_USE enum ak_err ak_sealed_code_make(const uint8_t delivery[32], const struct ak_secret32 *ephemeral,
    const uint8_t jkt[32], const uint8_t code[32], uint8_t out_sealed[AK_LIMIT_SEALED_CODE]);
/* AK_E_AUTH (not sealed to this key for this device), AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_sealed_code_open(const struct ak_secret32 *delivery, const uint8_t jkt[32],
    const uint8_t sealed[AK_LIMIT_SEALED_CODE], struct ak_secret32 *out_code);

#endif
