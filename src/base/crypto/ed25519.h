/* Ed25519 through OpenSSL. The 32-byte seed is secret; while a call runs the key is in the library's heap,
 * wiped before it returns. Threads: any. spec: RFC 8032 5.1 */
#ifndef AK_BASE_CRYPTO_ED25519_H
#define AK_BASE_CRYPTO_ED25519_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

/* AK_E_CRYPTO in all three where the library fails; outputs are zeroed then. */
AK_MUST_USE enum ak_err ak_ed25519_pub(const struct ak_secret32 *seed, uint8_t out_pub[32]);
/* Deterministic. About 50 us, half of it for the public key. */
AK_MUST_USE enum ak_err ak_ed25519_sign(
    const struct ak_secret32 *seed, struct ak_span message, uint8_t out_sig[64]);
/* AK_E_AUTH; so too for bytes that are no point and for s >= the group's order. */
AK_MUST_USE enum ak_err ak_ed25519_verify(
    const uint8_t pub[32], struct ak_span message, const uint8_t sig[64]);

#endif
