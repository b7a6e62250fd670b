/* Constant-time comparison by OpenSSL's CRYPTO_memcmp. */
#include "base/ct.h"

#include <openssl/crypto.h>

bool ak_ct_eq(struct ak_span a, struct ak_span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool ak_ct_is_zero(struct ak_span a)
{
    uint8_t all = 0;
    for (size_t i = 0; i < a.len; i++) all |= a.ptr[i];
    return all == 0;
}
