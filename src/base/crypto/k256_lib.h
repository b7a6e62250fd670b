/* The process-wide context of libsecp256k1, and points as the library has them. Internal to base/crypto. The
 * context is blinded where ak_k256_init made it; it is never freed. Threads: any. */
#ifndef AK_BASE_CRYPTO_K256_LIB_H
#define AK_BASE_CRYPTO_K256_LIB_H

#include <secp256k1.h>

#include "base/crypto/k256.h"

/* Never NULL: made, without blinding, on the first call where ak_k256_init was not called; aborts where there
 * is no memory for it. */
const secp256k1_context *ak_k256_lib(void);

_Static_assert(sizeof(struct ak_k256_point) == sizeof(secp256k1_pubkey), "point must hold the library's");

static inline secp256k1_pubkey *ak_k256_lib_point(struct ak_k256_point *point)
{
    return (secp256k1_pubkey *)point;
}

static inline const secp256k1_pubkey *ak_k256_lib_point_const(const struct ak_k256_point *point)
{
    return (const secp256k1_pubkey *)point;
}

#endif
