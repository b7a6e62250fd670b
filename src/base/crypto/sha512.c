/* SHA-512 by the library's plain state. */
#include "base/crypto/sha512.h"

#include "base/crypto/sha2_lib.h"
#include "base/wipe.h"

void ak_sha512_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[64])
{
    SHA512_CTX ctx;
    ak_sha2_512_start(&ctx);
    for (size_t i = 0; i < count; i++) ak_sha2_512_add(&ctx, parts[i]);
    ak_sha2_512_end(&ctx, out_digest);
    ak_wipe(&ctx, sizeof ctx);
}
