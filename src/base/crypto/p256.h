/* ECDSA on P-256 with SHA-256 (JOSE's ES256) through OpenSSL. Scalars are secret; while a call runs, and
 * while a signer is open, they are in the library's heap too, which the keeper puts into locked pages
 * (CRYPTO_set_mem_functions); freed blocks are wiped. Signatures are r || s, 64 bytes (spec: RFC 7518 3.4);
 * both s and n - s verify, as JOSE has it. Threads: any, but one at a time for a signer. */
#ifndef AK_BASE_CRYPTO_P256_H
#define AK_BASE_CRYPTO_P256_H

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

/* x || y, big-endian. */
struct ak_p256_pub {
    uint8_t xy[64];
};

/* 48 bytes reduced mod (n-1), plus 1; in constant time. Always AK_OK. spec: FIPS 186-5 A.2.1 */
AK_MUST_USE enum ak_err ak_p256_scalar_from_48(const uint8_t okm[48], struct ak_secret32 *out_scalar);
/* AK_E_MEANING for a scalar out of [1, n-1], AK_E_CRYPTO; out is zeroed then. */
AK_MUST_USE enum ak_err ak_p256_pub_from_scalar(
    const struct ak_secret32 *scalar, struct ak_p256_pub *out_pub);
/* AK_E_MEANING where the point is not on the curve. */
AK_MUST_USE enum ak_err ak_p256_pub_validate(const struct ak_p256_pub *pub);

/* A key kept ready to sign. One thread at a time. */
struct ak_p256_signer {
    void *key;  /* EVP_PKEY */
    void *pair; /* EC_KEY, the same key */
};
/* AK_E_MEANING for a scalar out of [1, n-1], AK_E_CRYPTO; the signer is zeroed then. */
AK_MUST_USE enum ak_err ak_p256_signer_open(struct ak_p256_signer *signer, const struct ak_secret32 *scalar);
/* Fine on a zeroed or closed one. */
void ak_p256_signer_close(struct ak_p256_signer *signer);
/* Signs SHA-256(message) with a random nonce of the library. AK_E_CRYPTO; out is zeroed then. */
AK_MUST_USE enum ak_err ak_p256_sign(
    struct ak_p256_signer *signer, struct ak_span message, uint8_t out_sig[64]);
/* The same over a digest that is there already. */
AK_MUST_USE enum ak_err ak_p256_sign_digest(
    struct ak_p256_signer *signer, const uint8_t digest[32], uint8_t out_sig[64]);
/* Signs SHA-256(message) with the nonce of RFC 6979: the same key and message give the same bytes. For few
 * and fixed messages: slower, and the arithmetic with the nonce is the library's big numbers. AK_E_MEANING
 * for a scalar out of [1, n-1], AK_E_CRYPTO; out is zeroed then. spec: RFC 6979 3.2 */
AK_MUST_USE enum ak_err ak_p256_sign_fixed(
    const struct ak_secret32 *scalar, struct ak_span message, uint8_t out_sig[64]);
/* AK_E_AUTH, AK_E_MEANING for a point off the curve, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_p256_verify(
    const struct ak_p256_pub *pub, struct ak_span message, const uint8_t sig[64]);
/* DER SubjectPublicKeyInfo of a public key, 91 bytes. spec: RFC 5480 */
void ak_p256_pub_spki(const struct ak_p256_pub *pub, uint8_t out_der[91]);

#endif
