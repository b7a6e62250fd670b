/* X25519 through OpenSSL. The scalar and the shared secret are secret; while a call runs they are in the
 * library's heap, wiped before it returns. A scalar is any 32 bytes; the library clamps it. Threads: any.
 * spec: RFC 7748 5, 6.1 */
#ifndef AK_BASE_CRYPTO_X25519_H
#define AK_BASE_CRYPTO_X25519_H

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

/* AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_x25519_pub(const struct ak_secret32 *scalar, uint8_t out_pub[32]);
/* AK_E_AUTH for a peer of small order, whose secret would be the same for everybody (RFC 7748 6.1);
 * AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_x25519_shared(
    const struct ak_secret32 *scalar, const uint8_t peer[32], struct ak_secret32 *out_shared);
/* Whether a public key is one of those whose shared secret is zero whoever asks, in any of its encodings.
 * spec: RFC 7748 6.1, 7 */
bool ak_x25519_is_small_order(const uint8_t pub[32]);

#endif
