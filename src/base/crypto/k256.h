/* secp256k1 through libsecp256k1: keys, additive tweaks, recoverable ECDSA with RFC 6979 nonces and low s.
 * Scalars and tweaks are secret; points are public. The calls that multiply (points, signing) wipe the stack
 * below them; after ak_k256_scalar_add alone the caller does (ak_wipe_stack). Threads: any, after
 * ak_k256_init. */
#ifndef AK_BASE_CRYPTO_K256_H
#define AK_BASE_CRYPTO_K256_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

/* The library's own 64-byte form of a point: cheap to use, not portable, never stored or sent. */
struct ak_k256_point {
    uint8_t opaque[64];
};

/* Makes the process-wide context and blinds it with `blind32` (secret, random); once, before any other call,
 * before threads. Without it the other calls make an unblinded context themselves (tests, clients).
 * AK_E_STATE where there is a context already. */
AK_MUST_USE enum ak_err ak_k256_init(const uint8_t blind32[32]);

/* 1 <= scalar < n; in constant time but for the answer itself. */
bool ak_k256_scalar_valid(const struct ak_secret32 *scalar);
/* scalar + tweak mod n, in place. AK_E_MEANING where the tweak is >= n or the result 0 (scalar is wiped
 * then). */
AK_MUST_USE enum ak_err ak_k256_scalar_add(struct ak_secret32 *scalar, const uint8_t tweak[32]);
/* scalar * G. AK_E_MEANING for an invalid scalar. */
AK_MUST_USE enum ak_err ak_k256_point_from_scalar(
    const struct ak_secret32 *scalar, struct ak_k256_point *out_point);
/* point + tweak * G, in place. AK_E_MEANING where the tweak is >= n or the result is infinity (the point is
 * zeroed then and must not be used). The tweak is secret. */
AK_MUST_USE enum ak_err ak_k256_point_add(struct ak_k256_point *point, const uint8_t tweak[32]);
/* 33 compressed or 65 uncompressed bytes; the hybrid form is refused. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_k256_point_parse(struct ak_span bytes, struct ak_k256_point *out_point);
void ak_k256_point_compress(const struct ak_k256_point *point, uint8_t out_bytes[33]);
void ak_k256_point_uncompress(const struct ak_k256_point *point, uint8_t out_bytes[65]);

/* r || s || v, v 0 or 1, s low, RFC 6979 nonce (byte-equal to the library's own). AK_E_MEANING for an invalid
 * scalar, AK_E_CRYPTO where v would be 2 or 3 (2^-127). */
AK_MUST_USE enum ak_err ak_k256_sign(
    const uint8_t digest[32], const struct ak_secret32 *scalar, uint8_t out_sig[65]);
/* `sig` is r || s; high s is refused (AK_E_MEANING); AK_E_AUTH for a wrong signature, r or s out of range. */
AK_MUST_USE enum ak_err ak_k256_verify(
    const uint8_t digest[32], const uint8_t sig[64], const struct ak_k256_point *point);
/* The signer's point from r || s || v. AK_E_FORMAT for another v than 0, 1, 27, 28 and for r or s >= n,
 * AK_E_MEANING for high s, AK_E_AUTH where no point fits. A point is no proof: compare it with the expected.
 */
AK_MUST_USE enum ak_err ak_k256_recover(
    const uint8_t digest[32], const uint8_t sig[65], struct ak_k256_point *out_point);

#endif
