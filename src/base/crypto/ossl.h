/* Small things every file over OpenSSL's EVP needs: cleanup by scope, and errors that leave no trace in the
 * thread's error queue, where a TLS library of the same thread would take them for its own. Internal. */
#ifndef AK_BASE_CRYPTO_OSSL_H
#define AK_BASE_CRYPTO_OSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/err.h"

static inline void ak_ossl_pkey_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static inline void ak_ossl_pkey_ctx_free(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static inline void ak_ossl_md_ctx_free(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static inline void ak_ossl_cipher_ctx_free(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

struct ak_pubkey;
/* Takes over an EVP_PKEY, which may be NULL. AK_E_UNSUPPORTED where it is none of pubkey.h. */
AK_MUST_USE enum ak_err ak_pubkey_from_evp(void *evp_pkey, struct ak_pubkey *out_key);

/* Forgets what the library noted about its failure and gives ours back. */
AK_MUST_USE static inline enum ak_err ak_ossl_failed(enum ak_err err)
{
    ERR_clear_error();
    return err;
}

#endif
