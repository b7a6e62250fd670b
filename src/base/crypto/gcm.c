/* AES-256-GCM by OpenSSL. A context a call: freeing it wipes the key schedule, and keeping one keyed would
 * save a fifth of a KiB's time only. */
#include "base/crypto/gcm.h"

#include <limits.h>
#include <pthread.h>

#include "base/assert.h"
#include "base/crypto/ossl.h"

static EVP_CIPHER *the_cipher;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    the_cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

/* A context keyed for one direction with the additional data taken in; NULL where the library fails. */
static EVP_CIPHER_CTX *start(
    const struct ak_secret32 *key, const uint8_t nonce[12], struct ak_span aad, bool seal)
{
    ak_assert(pthread_once(&once, fetch) == 0);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    if (ctx != NULL && the_cipher != NULL &&
        EVP_CipherInit_ex2(ctx, the_cipher, key->bytes, nonce, seal ? 1 : 0, NULL) == 1 &&
        (aad.len == 0 || EVP_CipherUpdate(ctx, NULL, &len, aad.ptr, (int)aad.len) == 1))
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

static bool fits(struct ak_span a, struct ak_span b)
{
    return a.len <= INT_MAX - AK_GCM_TAG_LEN && b.len <= INT_MAX - AK_GCM_TAG_LEN;
}

enum ak_err ak_gcm_seal(const struct ak_secret32 *key, const uint8_t nonce[12], struct ak_span aad,
    struct ak_span plain, uint8_t *out_sealed)
{
    if (!fits(aad, plain)) return AK_E_LIMIT;
    AK_CLEANUP(ak_ossl_cipher_ctx_free) EVP_CIPHER_CTX *ctx = start(key, nonce, aad, true);
    uint8_t *tag = out_sealed + plain.len;
    int len = 0;
    if (ctx != NULL &&
        (plain.len == 0 || EVP_EncryptUpdate(ctx, out_sealed, &len, plain.ptr, (int)plain.len) == 1) &&
        EVP_EncryptFinal_ex(ctx, tag, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AK_GCM_TAG_LEN, tag) == 1)
        return AK_OK;
    ak_wipe(out_sealed, plain.len + AK_GCM_TAG_LEN);
    return ak_ossl_failed(AK_E_CRYPTO);
}

enum ak_err ak_gcm_open(const struct ak_secret32 *key, const uint8_t nonce[12], struct ak_span aad,
    struct ak_span sealed, uint8_t *out_plain)
{
    if (sealed.len < AK_GCM_TAG_LEN) return AK_E_FORMAT;
    size_t plain_len = sealed.len - AK_GCM_TAG_LEN;
    if (!fits(aad, sealed)) {
        ak_wipe(out_plain, plain_len);
        return AK_E_LIMIT;
    }
    uint8_t tag[AK_GCM_TAG_LEN];
    memcpy(tag, sealed.ptr + plain_len, sizeof tag);
    AK_CLEANUP(ak_ossl_cipher_ctx_free) EVP_CIPHER_CTX *ctx = start(key, nonce, aad, false);
    enum ak_err err = AK_E_CRYPTO;
    int len = 0;
    if (ctx != NULL &&
        (plain_len == 0 || EVP_DecryptUpdate(ctx, out_plain, &len, sealed.ptr, (int)plain_len) == 1) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AK_GCM_TAG_LEN, tag) == 1)
        err = EVP_DecryptFinal_ex(ctx, tag, &len) == 1 ? AK_OK : AK_E_AUTH;
    if (err == AK_OK) return AK_OK;
    ak_wipe(out_plain, plain_len);
    return ak_ossl_failed(err);
}
