/* Shamir's secret sharing over GF(256): a secret of any length, byte by byte, in up to 16 shares of which any
 * m give it back and m - 1 tell nothing of it. Guarantees: time and addresses depend on lengths, m, n and the
 * shares' numbers only (I17). Not guaranteed: that what was combined is what was shared; shares have no
 * check here: core/recovery/share.h. Secret: secrets, coefficients, shares' bytes. Threads: any.
 * spec: Shamir, How to share a secret, 1979; the field of FIPS 197 4.2 */
#ifndef AK_BASE_CRYPTO_SHAMIR_H
#define AK_BASE_CRYPTO_SHAMIR_H

#include "base/err.h"
#include "base/span.h"

enum { AK_SHAMIR_SHARES_MAX = 16, AK_SHAMIR_LEN_MAX = 1024 };

/* Product and inverse (of 0: 0) modulo x^8 + x^4 + x^3 + x + 1. */
uint8_t ak_gf256_mul(uint8_t a, uint8_t b);
uint8_t ak_gf256_inv(uint8_t a);

/* Writes n shares of secret.len bytes each to `out_shares`, one after the other; the i-th has number i + 1.
 * `coefficients`: (m - 1) * secret.len fresh random bytes, the caller's to wipe. AK_E_LIMIT: not
 * 2 <= m <= n <= 16, an empty secret or one over AK_SHAMIR_LEN_MAX; AK_E_ARG: another number of
 * coefficients. */
AK_MUST_USE enum ak_err ak_shamir_split(
    struct ak_span secret, unsigned m, unsigned n, struct ak_span coefficients, uint8_t *out_shares);
/* The secret from `count` shares of `len` bytes with numbers `x`: right where these are at least the m of the
 * split. AK_E_LIMIT: fewer than 2, more than 16, a length as above; AK_E_ARG: a number 0 or twice. Nothing is
 * written then. */
AK_MUST_USE enum ak_err ak_shamir_combine(
    const uint8_t *x, const uint8_t *const *shares, size_t count, size_t len, uint8_t *out_secret);

#endif
