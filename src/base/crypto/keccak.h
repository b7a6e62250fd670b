/* Keccak-256 as Ethereum uses it (original padding 0x01, not SHA3-256). Input is public or a public key.
 * spec: The Keccak reference 3.0; FIPS 202 with the domain byte 0x01 */
#ifndef AK_BASE_CRYPTO_KECCAK_H
#define AK_BASE_CRYPTO_KECCAK_H

#include "base/span.h"

void ak_keccak256(struct ak_span in, uint8_t out_digest[32]);
void ak_keccak256_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[32]);

#endif
