/* HKDF with SHA-256. Input key, output key and the pseudo-random key are secret; salt, info and lengths are
 * not. Threads: any. spec: RFC 5869 */
#ifndef AK_BASE_CRYPTO_HKDF_H
#define AK_BASE_CRYPTO_HKDF_H

#include "base/crypto/hmac.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_HKDF_OKM_MAX = 255 * 32 };

/* Extract and expand. AK_E_LIMIT where out_len > AK_HKDF_OKM_MAX (out is zeroed then). */
AK_MUST_USE enum ak_err ak_hkdf_sha256(
    struct ak_span ikm, struct ak_span salt, struct ak_span info, uint8_t *out_okm, size_t out_len);

/* A kept extract step: expanding from it costs one HMAC a block. `out_prk` is the PRK as an HMAC key; the
 * caller closes it by ak_hmac_key_close. */
AK_MUST_USE enum ak_err ak_hkdf_sha256_extract(
    struct ak_hmac_key *out_prk, struct ak_span ikm, struct ak_span salt);
/* AK_E_LIMIT as above. `prk` is not changed. */
AK_MUST_USE enum ak_err ak_hkdf_sha256_expand(
    const struct ak_hmac_key *prk, struct ak_span info, uint8_t *out_okm, size_t out_len);

#endif
