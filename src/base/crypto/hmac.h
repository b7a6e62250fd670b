/* HMAC-SHA256 and HMAC-SHA512, one call a value. Keys are secret; nothing keyed outlives the call except
 * where a `struct ak_hmac_key` is opened: its memory comes from the library's allocator, which the keeper
 * puts into locked pages. spec: RFC 2104, FIPS 198-1 */
#ifndef AK_BASE_CRYPTO_HMAC_H
#define AK_BASE_CRYPTO_HMAC_H

#include "base/err.h"
#include "base/span.h"

void ak_hmac_sha256(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[32]);
void ak_hmac_sha512(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[64]);

/* A kept HMAC-SHA256 key, for one that is used at every request. One thread at a time. */
struct ak_hmac_key {
    void *ctx;
};
AK_MUST_USE enum ak_err ak_hmac_key_open(struct ak_hmac_key *key, struct ak_span secret);
void ak_hmac_key_mac(struct ak_hmac_key *key, const struct ak_span *parts, size_t count, uint8_t out_mac[32]);
void ak_hmac_key_close(struct ak_hmac_key *key);

#endif
