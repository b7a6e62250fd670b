/* ES256 with the nonce of RFC 6979, for what must come out the same at every start: s = (z + r d) / k mod n.
 * OpenSSL 3.0 draws its nonces only, so the last step is done here. */
#include "base/crypto/p256.h"

#include <openssl/bn.h>

#include "base/crypto/ossl.h"
#include "base/crypto/p256_scalar.h"
#include "base/crypto/rfc6979.h"
#include "base/crypto/sha256.h"

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc,
    0x63, 0x25, 0x51};

static void ctx_free(BN_CTX **ctx)
{
    if (*ctx) BN_CTX_end(*ctx);
    BN_CTX_free(*ctx);
}

/* The numbers live in a context of the secure kind, which clears them. */
static BIGNUM *number(BN_CTX *ctx, const uint8_t bytes[32])
{
    BIGNUM *bn = BN_CTX_get(ctx);
    if (!bn || (bytes && !BN_bin2bn(bytes, 32, bn))) return NULL;
    BN_set_flags(bn, BN_FLG_CONSTTIME);
    return bn;
}

static bool solve(BN_CTX *ctx, const struct ak_secret32 *d_bytes, const struct ak_secret32 *k_bytes,
    const uint8_t digest[32], const uint8_t r_bytes[32], uint8_t out_sig[64])
{
    BIGNUM *n = number(ctx, order), *d = number(ctx, d_bytes->bytes), *k = number(ctx, k_bytes->bytes);
    BIGNUM *z = number(ctx, digest), *r = number(ctx, r_bytes), *s = number(ctx, NULL);
    if (!n || !d || !k || !z || !r || !s) return false;
    return BN_nnmod(r, r, n, ctx) && BN_nnmod(z, z, n, ctx) && BN_mod_mul(s, r, d, n, ctx) &&
           BN_mod_add(s, s, z, n, ctx) && BN_mod_inverse(k, k, n, ctx) && BN_mod_mul(s, s, k, n, ctx) &&
           !BN_is_zero(r) && !BN_is_zero(s) && BN_bn2binpad(r, out_sig, 32) == 32 &&
           BN_bn2binpad(s, out_sig + 32, 32) == 32;
}

enum ak_err ak_p256_sign_fixed(const struct ak_secret32 *scalar, struct ak_span message, uint8_t out_sig[64])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 k = {{0}};
    struct ak_p256_pub point; /* k G: r is its x */
    uint8_t digest[AK_SHA256_LEN];
    memset(out_sig, 0, 64);
    if (!ak_p256_scalar_valid(scalar)) return AK_E_MEANING;
    ak_sha256(message, digest);
    for (unsigned int attempt = 0; !ak_p256_scalar_valid(&k); attempt++)
        ak_rfc6979_nonce(order, digest, scalar->bytes, attempt, k.bytes);
    AK_TRY(ak_p256_pub_from_scalar(&k, &point));
    AK_CLEANUP(ctx_free) BN_CTX *ctx = BN_CTX_secure_new();
    if (!ctx) return ak_ossl_failed(AK_E_CRYPTO);
    BN_CTX_start(ctx);
    bool done = solve(ctx, scalar, &k, digest, point.xy, out_sig);
    ak_wipe_stack();
    if (done) return AK_OK;
    memset(out_sig, 0, 64);
    return ak_ossl_failed(AK_E_CRYPTO);
}
