/* The one door to libcrypto's SHA-2. Its plain-state calls are used, not EVP: the state lives in the caller's
 * memory, so no key lingers in the heap and no thread keeps a context, and each call is 1.3 to 3 times
 * cheaper than with a kept EVP context. They are marked deprecated for new designs, hence the switch below.
 * Include this before any other OpenSSL header. Internal to base/crypto. */
#ifndef AK_BASE_CRYPTO_SHA2_LIB_H
#define AK_BASE_CRYPTO_SHA2_LIB_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/assert.h"
#include "base/span.h"

/* These calls fail only for a length overflow of 2^61 bytes, which no span reaches. */
static inline void ak_sha2_256_start(SHA256_CTX *ctx)
{
    ak_assert(SHA256_Init(ctx) == 1);
}

static inline void ak_sha2_256_add(SHA256_CTX *ctx, struct ak_span in)
{
    if (in.len > 0) ak_assert(SHA256_Update(ctx, in.ptr, in.len) == 1);
}

static inline void ak_sha2_256_end(SHA256_CTX *ctx, uint8_t out_digest[32])
{
    ak_assert(SHA256_Final(out_digest, ctx) == 1);
}

static inline void ak_sha2_512_start(SHA512_CTX *ctx)
{
    ak_assert(SHA512_Init(ctx) == 1);
}

static inline void ak_sha2_512_add(SHA512_CTX *ctx, struct ak_span in)
{
    if (in.len > 0) ak_assert(SHA512_Update(ctx, in.ptr, in.len) == 1);
}

static inline void ak_sha2_512_end(SHA512_CTX *ctx, uint8_t out_digest[64])
{
    ak_assert(SHA512_Final(out_digest, ctx) == 1);
}

#endif
