/* RSA-OAEP encryption with SHA-256 to somebody else's key, and AES-128-CFB: what a TPM's credentials need,
 * and nothing else here. Secret: plaintext, seed, AES key; the caller wipes its own. The seed is the caller's
 * randomness, so that a result can be made again. Threads: any, each key by one at a time. spec: RFC
 * 8017 7.1.1, NIST SP 800-38A 6.3 */
#ifndef AK_BASE_CRYPTO_OAEP_H
#define AK_BASE_CRYPTO_OAEP_H

#include "base/buf.h"
#include "base/crypto/pubkey.h"

enum { AK_OAEP_SEED_LEN = 32, AK_OAEP_MAX = 512 };

/* Appends the ciphertext, as long as the modulus. `label` counts with every byte, a NUL too. AK_E_UNSUPPORTED
 * (no RSA key), AK_E_LIMIT (plain longer than modulus - 66), AK_E_FULL, AK_E_CRYPTO; nothing is appended
 * then. */
AK_MUST_USE enum ak_err ak_rsa_oaep_encrypt(const struct ak_pubkey *key, struct ak_span label,
    const uint8_t seed[AK_OAEP_SEED_LEN], struct ak_span plain, struct ak_buf *out_bytes);

/* AES-128 in CFB mode with an IV of zeros, as TPMs protect credentials: a key encrypts once. `out` is as long
 * as `plain` and may be the same. AK_E_LIMIT, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_aes128_cfb_encrypt(const uint8_t key[16], struct ak_span plain, uint8_t *out);

#endif
