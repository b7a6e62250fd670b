/* A self-signed X.509 certificate over a P-256 key, for formats that carry a key only as a certificate (`x5c`
 * of a JWK). Guaranteed: the same key, name and serial give the same bytes at every start, so that what a
 * cloud pinned stays. It says nothing but the key: no extension, valid from 2020 without end. Secret: the
 * scalar. Threads: any. spec: RFC 5280 4.1, RFC 7517 4.7 */
#ifndef AK_BASE_CRYPTO_P256_CERT_H
#define AK_BASE_CRYPTO_P256_CERT_H

#include "base/buf.h"
#include "base/crypto/p256.h"

enum { AK_P256_CERT_MAX = 352, AK_P256_CERT_NAME_MAX = 32 };

/* Appends the DER. `name` is the common name, 1 to 32 bytes of ASCII. AK_E_ARG, AK_E_MEANING for a scalar out
 * of [1, n-1], AK_E_FULL, AK_E_CRYPTO; nothing is appended then. */
AK_MUST_USE enum ak_err ak_p256_cert_put(
    struct ak_buf *buf, const struct ak_secret32 *scalar, const char *name, uint32_t serial);

#endif
