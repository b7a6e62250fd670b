/* HMAC-SHA256 and HMAC-SHA512, one call a value. Keys are secret; nothing keyed outlives a call except
 * `struct ak_hmac_key`, which lives where the caller puts it (the keeper: locked pages) and must be closed.
 * The library may leave message words on the stack; a job on secrets ends by ak_wipe_stack, as the calls of
 * k256.h, p256.h and ed25519.h do. Nothing is allocated. Time depends on lengths only. Threads: any. spec:
 * RFC 2104, FIPS 198-1 */
#ifndef AK_BASE_CRYPTO_HMAC_H
#define AK_BASE_CRYPTO_HMAC_H

#include "base/crypto/sha256.h"
#include "base/err.h"
#include "base/span.h"

/* MAC of the concatenation of `count` parts; a key of any length. `out_mac` may overlap a part or the key. */
void ak_hmac_sha256(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[32]);
void ak_hmac_sha512(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[64]);

/* A kept HMAC-SHA256 key, for one that is used at every request: the two hash states after the key's block.
 * They are as secret as the key. Plain memory: may be copied, each copy is to be closed. */
struct ak_hmac_key {
    struct ak_sha256_state inner;
    struct ak_sha256_state outer;
};
/* Always AK_OK with the present library. */
AK_MUST_USE enum ak_err ak_hmac_key_open(struct ak_hmac_key *key, struct ak_span secret);
/* Does not change the key: several threads may use one. */
void ak_hmac_key_mac(
    const struct ak_hmac_key *key, const struct ak_span *parts, size_t count, uint8_t out_mac[32]);
/* Wipes; fine on a zeroed or closed one. */
void ak_hmac_key_close(struct ak_hmac_key *key);

#endif
