/* ECDH on P-256 with somebody else's public key, for credentials of TPMs. Secret: the scalar and what comes
 * out; the library's heap holds them while the call runs and wipes freed blocks. Threads: any, each key by
 * one at a time. spec: SEC 1 3.3.1, RFC 5903 */
#ifndef AK_BASE_CRYPTO_P256_DH_H
#define AK_BASE_CRYPTO_P256_DH_H

#include "base/crypto/p256.h"
#include "base/crypto/pubkey.h"

/* x || y of such a key. AK_E_UNSUPPORTED (of another kind), AK_E_CRYPTO; zeroed then. */
AK_MUST_USE enum ak_err ak_p256_pub_of(const struct ak_pubkey *key, struct ak_p256_pub *out_pub);
/* x of the shared point. AK_E_UNSUPPORTED (the peer's key is of another kind), AK_E_MEANING (scalar out of
 * [1, n-1]), AK_E_CRYPTO; zeroed then. */
AK_MUST_USE enum ak_err ak_p256_dh(
    const struct ak_secret32 *scalar, const struct ak_pubkey *peer, struct ak_secret32 *out_x);

#endif
