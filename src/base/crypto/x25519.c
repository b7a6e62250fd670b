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
