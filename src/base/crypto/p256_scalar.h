/* The range check of P-256 scalars, in constant time but for the answer. Internal to base/crypto. */
#ifndef AK_BASE_CRYPTO_P256_SCALAR_H
#define AK_BASE_CRYPTO_P256_SCALAR_H

#include <stdbool.h>

#include "base/crypto/p256.h"

/* 1 <= scalar < n. */
bool ak_p256_scalar_valid(const struct ak_secret32 *scalar);

#endif
