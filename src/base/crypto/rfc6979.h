/* The nonce of RFC 6979 for a curve with a 256-bit order, with HMAC-SHA256. Internal to base/crypto.
 * spec: RFC 6979 3.2 */
#ifndef AK_BASE_CRYPTO_RFC6979_H
#define AK_BASE_CRYPTO_RFC6979_H

#include <stdint.h>

/* The `attempt`-th candidate, from 0; that it lies in [1, order) is the caller's check. `order` is above
 * 2^255, `digest` the message's SHA-256. Secret: `key`, `out_nonce`. */
void ak_rfc6979_nonce(const uint8_t order[32], const uint8_t digest[32], const uint8_t key[32],
    unsigned int attempt, uint8_t out_nonce[32]);

#endif
