/* SHA-512 over several spans, one call a digest, in the caller's memory. Digests are public; the state is
 * wiped, so that parts may be secret. Threads: any. spec: FIPS 180-4 */
#ifndef AK_BASE_CRYPTO_SHA512_H
#define AK_BASE_CRYPTO_SHA512_H

#include "base/span.h"

enum { AK_SHA512_LEN = 64 };

/* Hash of the concatenation of `count` parts. */
void ak_sha512_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[64]);

#endif
