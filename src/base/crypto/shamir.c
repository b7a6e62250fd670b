/* No tables: a table indexed by a secret byte would show it to the cache. */
#include "base/crypto/shamir.h"

#include <stdbool.h>

uint8_t ak_gf256_mul(uint8_t a, uint8_t b)
{
    unsigned product = 0, shifted = a;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= shifted & (0u - (((unsigned)b >> bit) & 1u));
        shifted = (shifted << 1) ^ (0x11bu & (0u - (shifted >> 7)));
    }
    return (uint8_t)product;
}

/* a^254, as all powers but 0 repeat after 255. */
uint8_t ak_gf256_inv(uint8_t a)
{
    uint8_t square = a, inverse = 1;
    for (unsigned bit = 1; bit < 8; bit++) {
        square = ak_gf256_mul(square, square);
        inverse = ak_gf256_mul(inverse, square);
    }
    return inverse;
}

/* Horner: the polynomial whose value at 0 is the secret's byte. */
static uint8_t value_at(
    uint8_t x, uint8_t secret, const uint8_t *coefficients, size_t stride, unsigned degree)
{
    uint8_t value = 0;
    for (unsigned i = degree; i > 0; i--)
        value = ak_gf256_mul((uint8_t)(value ^ coefficients[(i - 1) * stride]), x);
    return value ^ secret;
}

enum ak_err ak_shamir_split(
    struct ak_span secret, unsigned m, unsigned n, struct ak_span coefficients, uint8_t *out_shares)
{
    if (m < 2 || m > n || n > AK_SHAMIR_SHARES_MAX) return AK_E_LIMIT;
    if (secret.len == 0 || secret.len > AK_SHAMIR_LEN_MAX) return AK_E_LIMIT;
    if (coefficients.len != (m - 1) * secret.len) return AK_E_ARG;
    for (unsigned x = 1; x <= n; x++)
        for (size_t i = 0; i < secret.len; i++)
            out_shares[(x - 1) * secret.len + i] =
                value_at((uint8_t)x, secret.ptr[i], coefficients.ptr + i, secret.len, m - 1);
    return AK_OK;
}

static bool numbers_good(const uint8_t *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (x[i] == 0) return false;
        for (size_t j = 0; j < i; j++)
            if (x[j] == x[i]) return false;
    }
    return true;
}

/* Lagrange: what the i-th share counts for at 0. */
static uint8_t weight(const uint8_t *x, size_t count, size_t i)
{
    uint8_t above = 1, below = 1;
    for (size_t j = 0; j < count; j++) {
        if (j == i) continue;
        above = ak_gf256_mul(above, x[j]);
        below = ak_gf256_mul(below, x[j] ^ x[i]);
    }
    return ak_gf256_mul(above, ak_gf256_inv(below));
}

enum ak_err ak_shamir_combine(
    const uint8_t *x, const uint8_t *const *shares, size_t count, size_t len, uint8_t *out_secret)
{
    if (count < 2 || count > AK_SHAMIR_SHARES_MAX || len == 0 || len > AK_SHAMIR_LEN_MAX) return AK_E_LIMIT;
    if (!numbers_good(x, count)) return AK_E_ARG;
    for (size_t i = 0; i < count; i++) {
        uint8_t counts_for = weight(x, count, i);
        for (size_t at = 0; at < len; at++) {
            uint8_t part = ak_gf256_mul(shares[i][at], counts_for);
            out_secret[at] = i == 0 ? part : (uint8_t)(out_secret[at] ^ part);
        }
    }
    return AK_OK;
}
