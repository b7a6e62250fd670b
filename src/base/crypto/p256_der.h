/* ECDSA signatures of P-256 between OpenSSL's DER and the r || s of JOSE. Bounded; the reader takes minimal
 * DER only. Public bytes. Internal to base/crypto. spec: RFC 3279 2.2.3, X.690 8.3, RFC 7518 3.4 */
#ifndef AK_BASE_CRYPTO_P256_DER_H
#define AK_BASE_CRYPTO_P256_DER_H

#include "base/err.h"
#include "base/span.h"

enum { AK_P256_DER_MAX = 72 };

/* Gives the length written, 8 to 72. */
size_t ak_p256_der_encode(const uint8_t sig[64], uint8_t out_der[AK_P256_DER_MAX]);
/* AK_E_FORMAT, out is zeroed then: not minimal, negative, over 32 bytes, rest behind. */
AK_MUST_USE enum ak_err ak_p256_der_decode(struct ak_span der, uint8_t out_sig[64]);

#endif
