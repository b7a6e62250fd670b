/* The padding is written here, as the library draws its seed itself; the exponentiation is the library's. */
#include "base/crypto/oaep.h"

#include <limits.h>
#include <openssl/rsa.h>

#include "base/crypto/ossl.h"
#include "base/crypto/sha256.h"
#include "base/wipe.h"

enum { HASH = 32 };

/* mask ^= MGF1(seed). spec: RFC 8017 B.2.1 */
static void mask_with(struct ak_span seed, uint8_t *mask, size_t len)
{
    for (size_t at = 0, counter = 0; at < len; at += HASH, counter++) {
        const uint8_t number[4] = {0, 0, 0, (uint8_t)counter}; /* never more than 16 blocks */
        const struct ak_span parts[] = {seed, AK_SPAN_ARR(number)};
        uint8_t block[HASH];
        ak_sha256_parts(parts, AK_COUNT(parts), block);
        for (size_t i = 0; i < HASH && at + i < len; i++) mask[at + i] ^= block[i];
        ak_wipe(block, sizeof block);
    }
}

/* 00 || masked seed || masked (hash of the label || 00 … 00 01 || plain) */
static void pad(struct ak_span label, const uint8_t seed[HASH], struct ak_span plain, uint8_t *em, size_t len)
{
    uint8_t *block = em + 1 + HASH;
    size_t block_len = len - 1 - HASH;
    memset(em, 0, len);
    memcpy(em + 1, seed, HASH);
    ak_sha256(label, block);
    block[block_len - plain.len - 1] = 1;
    if (plain.len) memcpy(block + block_len - plain.len, plain.ptr, plain.len);
    mask_with(ak_span(seed, HASH), block, block_len);
    mask_with(ak_span(block, block_len), em + 1, HASH);
}

static enum ak_err raw_encrypt(EVP_PKEY *key, const uint8_t *em, size_t len, uint8_t *out)
{
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t out_len = len;
    if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
        EVP_PKEY_encrypt(ctx, out, &out_len, em, len) != 1 || out_len != len)
        return ak_ossl_failed(AK_E_CRYPTO);
    return AK_OK;
}

enum ak_err ak_rsa_oaep_encrypt(const struct ak_pubkey *key, struct ak_span label,
    const uint8_t seed[AK_OAEP_SEED_LEN], struct ak_span plain, struct ak_buf *out_bytes)
{
    uint8_t em[AK_OAEP_MAX], cipher[AK_OAEP_MAX];
    if (key->type != AK_PUBKEY_RSA) return AK_E_UNSUPPORTED;
    size_t len = (size_t)EVP_PKEY_get_size(key->key);
    if (len > sizeof em || plain.len > len - 2 * HASH - 2) return AK_E_LIMIT;
    pad(label, seed, plain, em, len);
    enum ak_err err = raw_encrypt(key->key, em, len, cipher);
    ak_wipe(em, sizeof em);
    if (err) return err;
    uint8_t *at = ak_buf_grow(out_bytes, len);
    if (!at) return AK_E_FULL;
    memcpy(at, cipher, len);
    return AK_OK;
}

enum ak_err ak_aes128_cfb_encrypt(const uint8_t key[16], struct ak_span plain, uint8_t *out)
{
    static const uint8_t zeros[16];
    AK_CLEANUP(ak_ossl_cipher_ctx_free) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    if (plain.len > INT_MAX) return AK_E_LIMIT;
    if (ctx == NULL || EVP_EncryptInit_ex2(ctx, EVP_aes_128_cfb128(), key, zeros, NULL) != 1 ||
        EVP_EncryptUpdate(ctx, out, &len, plain.ptr, (int)plain.len) != 1 || (size_t)len != plain.len)
        return ak_ossl_failed(AK_E_CRYPTO);
    return AK_OK;
}
