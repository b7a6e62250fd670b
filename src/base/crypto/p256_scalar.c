/* Scalars of P-256 in four 64-bit limbs, least significant first: reduction of 384 bits and the range check,
 * without branches or addresses that depend on the value (I17). */
#include "base/crypto/p256_scalar.h"

#include "base/declassify.h"

enum { LIMBS = 4 };

static const uint64_t order[LIMBS] = {
    0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000};

/* out = a - b, gives the borrow. */
static uint64_t sub(uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS])
{
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t x = a[i], y = b[i], difference = x - y - borrow;
        borrow = ((~x & y) | (~(x ^ y) & difference)) >> 63;
        out[i] = difference;
    }
    return borrow;
}

/* r = (2 r + bit) mod m, for r < m and m >= 2^255. */
static void double_add(uint64_t r[LIMBS], uint64_t bit, const uint64_t m[LIMBS])
{
    uint64_t less[LIMBS];
    uint64_t carry = bit;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t top = r[i] >> 63;
        r[i] = r[i] << 1 | carry;
        carry = top;
    }
    uint64_t keep = (uint64_t)0 - (sub(less, r, m) & (carry ^ 1));
    for (int i = 0; i < LIMBS; i++) r[i] = (r[i] & keep) | (less[i] & ~keep);
    ak_wipe(less, sizeof less);
}

static void store(const uint64_t r[LIMBS], struct ak_secret32 *out)
{
    for (int i = 0; i < 32; i++) out->bytes[31 - i] = (uint8_t)(r[i / 8] >> (8 * (i % 8)));
}

static void load(const struct ak_secret32 *in, uint64_t out[LIMBS])
{
    memset(out, 0, LIMBS * sizeof *out);
    for (int i = 0; i < 32; i++) out[i / 8] |= (uint64_t)in->bytes[31 - i] << (8 * (i % 8));
}

enum ak_err ak_p256_scalar_from_48(const uint8_t okm[48], struct ak_secret32 *out_scalar)
{
    const uint64_t order_minus_1[LIMBS] = {order[0] - 1, order[1], order[2], order[3]};
    uint64_t r[LIMBS] = {0};
    for (int i = 0; i < 384; i++) double_add(r, okm[i / 8] >> (7 - i % 8) & 1, order_minus_1);
    uint64_t carry = 1;
    for (int i = 0; i < LIMBS; i++) {
        r[i] += carry;
        carry &= ((r[i] | ((uint64_t)0 - r[i])) >> 63) ^ 1;
    }
    store(r, out_scalar);
    ak_wipe(r, sizeof r);
    return AK_OK;
}

bool ak_p256_scalar_valid(const struct ak_secret32 *scalar)
{
    uint64_t s[LIMBS], less[LIMBS];
    load(scalar, s);
    bool below_order = sub(less, s, order) == 1;
    bool not_zero = (s[0] | s[1] | s[2] | s[3]) != 0;
    bool valid = below_order & not_zero;
    ak_wipe(s, sizeof s);
    ak_wipe(less, sizeof less);
    /* An invalid scalar is 2^-32 of random ones, is never used, and the caller shows the refusal. */
    AK_DECLASSIFY(&valid, sizeof valid);
    return valid;
}
