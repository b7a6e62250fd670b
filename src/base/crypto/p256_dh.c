/* The library's derivation between a signer's key pair and a public key. */
#include "base/crypto/p256_dh.h"

#include <openssl/core_names.h>

#include "base/crypto/ossl.h"

enum ak_err ak_p256_pub_of(const struct ak_pubkey *key, struct ak_p256_pub *out_pub)
{
    uint8_t point[65];
    size_t len = 0;
    memset(out_pub, 0, sizeof *out_pub);
    if (key->type != AK_PUBKEY_P256) return AK_E_UNSUPPORTED;
    if (EVP_PKEY_get_octet_string_param(key->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 ||
        len != sizeof point || point[0] != 4)
        return ak_ossl_failed(AK_E_CRYPTO);
    memcpy(out_pub->xy, point + 1, sizeof out_pub->xy);
    return AK_OK;
}

static enum ak_err derive(EVP_PKEY *own, EVP_PKEY *peer, struct ak_secret32 *out_x)
{
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    size_t len = sizeof out_x->bytes;
    if (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
        EVP_PKEY_derive(ctx, out_x->bytes, &len) == 1 && len == sizeof out_x->bytes)
        return AK_OK;
    return ak_ossl_failed(AK_E_CRYPTO);
}

enum ak_err ak_p256_dh(
    const struct ak_secret32 *scalar, const struct ak_pubkey *peer, struct ak_secret32 *out_x)
{
    struct ak_p256_signer own;
    memset(out_x, 0, sizeof *out_x);
    if (peer->type != AK_PUBKEY_P256) return AK_E_UNSUPPORTED;
    AK_TRY(ak_p256_signer_open(&own, scalar));
    enum ak_err err = derive(own.key, peer->key, out_x);
    ak_p256_signer_close(&own);
    if (err) ak_wipe(out_x, sizeof *out_x);
    ak_wipe_stack();
    return err;
}
