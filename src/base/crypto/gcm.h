/* AES-256-GCM with a 12-byte nonce and a 16-byte tag. Key and plaintext are secret. The caller never repeats
 * a nonce under one key. While a call runs the key schedule is in the library's heap; it is wiped before the
 * call returns. Threads: any. spec: NIST SP 800-38D */
#ifndef AK_BASE_CRYPTO_GCM_H
#define AK_BASE_CRYPTO_GCM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

enum { AK_GCM_NONCE_LEN = 12, AK_GCM_TAG_LEN = 16 };

/* Writes plain.len bytes of ciphertext and then the tag to `out` (plain.len + 16 bytes; may be equal to
 * plain.ptr, may not overlap it otherwise). AK_E_LIMIT (2 GiB), AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_gcm_seal(const struct ak_secret32 *key, const uint8_t nonce[12],
    struct ak_span aad, struct ak_span plain, uint8_t *out_sealed);
/* `sealed` is ciphertext and tag; writes sealed.len - 16 bytes (may be equal to sealed.ptr). AK_E_FORMAT (too
 * short), AK_E_LIMIT, AK_E_AUTH, AK_E_CRYPTO; out is zeroed then. */
AK_MUST_USE enum ak_err ak_gcm_open(const struct ak_secret32 *key, const uint8_t nonce[12],
    struct ak_span aad, struct ak_span sealed, uint8_t *out_plain);

#endif
