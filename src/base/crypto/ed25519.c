/* Ed25519 by OpenSSL's one-shot signature calls. The key object lives for one call; freeing it wipes; the
 * stack is wiped behind the calls on a seed. */
#include "base/crypto/ed25519.h"

#include "base/crypto/ossl.h"

static EVP_PKEY *private_key(const struct ak_secret32 *seed)
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->bytes, sizeof seed->bytes);
}

static enum ak_err make_pub(const struct ak_secret32 *seed, uint8_t out_pub[32])
{
    AK_CLEANUP(ak_ossl_pkey_free) EVP_PKEY *key = private_key(seed);
    size_t len = 32;
    if (key != NULL && EVP_PKEY_get_raw_public_key(key, out_pub, &len) == 1 && len == 32) return AK_OK;
    memset(out_pub, 0, 32);
    return ak_ossl_failed(AK_E_CRYPTO);
}

enum ak_err ak_ed25519_pub(const struct ak_secret32 *seed, uint8_t out_pub[32])
{
    enum ak_err err = make_pub(seed, out_pub);
    ak_wipe_stack();
    return err;
}

/* The library takes no NULL for an empty message. */
static const uint8_t *bytes_of(struct ak_span message)
{
    static const uint8_t none[1] = {0};
    return message.len > 0 ? message.ptr : none;
}

static enum ak_err make_sig(const struct ak_secret32 *seed, struct ak_span message, uint8_t out_sig[64])
{
    AK_CLEANUP(ak_ossl_pkey_free) EVP_PKEY *key = private_key(seed);
    AK_CLEANUP(ak_ossl_md_ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = 64;
    if (key != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(ctx, out_sig, &len, bytes_of(message), message.len) == 1 && len == 64)
        return AK_OK;
    memset(out_sig, 0, 64);
    return ak_ossl_failed(AK_E_CRYPTO);
}

enum ak_err ak_ed25519_sign(const struct ak_secret32 *seed, struct ak_span message, uint8_t out_sig[64])
{
    enum ak_err err = make_sig(seed, message, out_sig);
    ak_wipe_stack();
    return err;
}

enum ak_err ak_ed25519_verify(const uint8_t pub[32], struct ak_span message, const uint8_t sig[64])
{
    AK_CLEANUP(ak_ossl_pkey_free)
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
    AK_CLEANUP(ak_ossl_md_ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (key == NULL || ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) != 1)
        return ak_ossl_failed(AK_E_CRYPTO);
    bool good = EVP_DigestVerify(ctx, sig, 64, bytes_of(message), message.len) == 1;
    return good ? AK_OK : ak_ossl_failed(AK_E_AUTH);
}
