/* X25519 by OpenSSL's key objects, each for one call; freeing one wipes it. */
#include "base/crypto/x25519.h"

#include "base/crypto/ossl.h"

static EVP_PKEY *private_key(const struct ak_secret32 *scalar)
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar->bytes, sizeof scalar->bytes);
}

static enum ak_err make_pub(const struct ak_secret32 *scalar, uint8_t out_pub[32])
{
    AK_CLEANUP(ak_ossl_pkey_free) EVP_PKEY *key = private_key(scalar);
    size_t len = 32;
    if (key != NULL && EVP_PKEY_get_raw_public_key(key, out_pub, &len) == 1 && len == 32) return AK_OK;
    memset(out_pub, 0, 32);
    return ak_ossl_failed(AK_E_CRYPTO);
}

/* All u-coordinates of points of order 1, 2, 4 and 8, on the curve or its twist, below 2^255. */
static const uint8_t small_order[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

bool ak_x25519_is_small_order(const uint8_t pub[32])
{
    uint8_t masked[32];
    memcpy(masked, pub, sizeof masked);
    masked[31] &= 0x7f; /* the highest bit does not count (RFC 7748 5) */
    for (size_t i = 0; i < AK_COUNT(small_order); i++)
        if (memcmp(masked, small_order[i], sizeof masked) == 0) return true;
    return false;
}

enum ak_err ak_x25519_pub(const struct ak_secret32 *scalar, uint8_t out_pub[32])
{
    enum ak_err err = make_pub(scalar, out_pub);
    ak_wipe_stack();
    return err;
}

/* The library refuses a secret of zeros by itself; whether it was that is not told apart by it. */
static enum ak_err make_shared(
    const struct ak_secret32 *scalar, const uint8_t peer[32], struct ak_secret32 *out_shared)
{
    AK_CLEANUP(ak_ossl_pkey_free) EVP_PKEY *key = private_key(scalar);
    AK_CLEANUP(ak_ossl_pkey_free)
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, 32);
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t len = 32;
    if (ctx == NULL || other == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer(ctx, other) != 1)
        return ak_ossl_failed(AK_E_CRYPTO);
    if (EVP_PKEY_derive(ctx, out_shared->bytes, &len) == 1 && len == 32) return AK_OK;
    return ak_ossl_failed(AK_E_AUTH);
}

enum ak_err ak_x25519_shared(
    const struct ak_secret32 *scalar, const uint8_t peer[32], struct ak_secret32 *out_shared)
{
    enum ak_err err = make_shared(scalar, peer, out_shared);
    if (err) ak_wipe(out_shared, sizeof *out_shared);
    ak_wipe_stack();
    return err;
}
