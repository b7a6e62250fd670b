/* ECDSA signatures of P-256 from the r || s of JOSE into DER, as X.509 and OpenSSL have them. Public bytes.
 * Internal to base/crypto. spec: RFC 3279 2.2.3, X.690 8.3, RFC 7518 3.4 */
#ifndef AK_BASE_CRYPTO_P256_DER_H
#define AK_BASE_CRYPTO_P256_DER_H

#include "base/err.h"
#include "base/span.h"

enum { AK_P256_DER_MAX = 72 };

/* Gives the length written, 8 to 72. */
size_t ak_p256_der_encode(const uint8_t sig[64], uint8_t out_der[AK_P256_DER_MAX]);

#endif
