/* HKDF with SHA-256. Input key, output key and the pseudo-random key are secret. spec: RFC 5869 */
#ifndef AK_BASE_CRYPTO_HKDF_H
#define AK_BASE_CRYPTO_HKDF_H

#include "base/crypto/hmac.h"
#include "base/err.h"
#include "base/span.h"

/* AK_E_LIMIT where out_len > 255*32 (out is zeroed then). */
AK_MUST_USE enum ak_err ak_hkdf_sha256(
    struct ak_span ikm, struct ak_span salt, struct ak_span info, uint8_t *out_okm, size_t out_len);

/* A kept extract step: expanding from it costs one HMAC a block. `struct ak_hmac_key` holds the PRK. */
AK_MUST_USE enum ak_err ak_hkdf_sha256_extract(
    struct ak_hmac_key *out_prk, struct ak_span ikm, struct ak_span salt);
AK_MUST_USE enum ak_err ak_hkdf_sha256_expand(
    struct ak_hmac_key *prk, struct ak_span info, uint8_t *out_okm, size_t out_len);

#endif
