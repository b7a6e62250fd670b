/* Tokens whose signature was verified once, found again by their SHA-256: about 0.5 us instead of 43. Holds
 * claims without the scope text; it says only "this text was signed by us and says this", so times, device
 * and record are still checked at each use. Fixed memory of the caller; a full set forgets its oldest, which
 * only costs a verification. Holds no token, only hashes. One thread. */
#ifndef AK_CORE_TOKEN_CACHE_H
#define AK_CORE_TOKEN_CACHE_H

#include "core/token/token.h"

enum { AK_TOKEN_CACHE_WAYS = 4 };

struct ak_token_cache_slot {
    uint8_t hash[32]; /* SHA-256 of the compact text */
    uint64_t age;     /* 0: free */
    struct ak_token_claims claims;
};
struct ak_token_cache {
    struct ak_token_cache_slot *slots;
    uint32_t sets; /* power of two; slots = sets * AK_TOKEN_CACHE_WAYS */
    uint64_t clock;
};

/* `count` slots of the caller's memory: AK_TOKEN_CACHE_WAYS times a power of two. AK_E_ARG. */
AK_MUST_USE enum ak_err ak_token_cache_init(
    struct ak_token_cache *cache, struct ak_token_cache_slot *slots, uint32_t count);
void ak_token_cache_hash(struct ak_span text, uint8_t out_hash[32]);
/* Claims of a verified token that has not expired at `now_s`, valid until the next put; NULL where unknown or
 * expired (an expired one is forgotten). */
const struct ak_token_claims *ak_token_cache_find(
    struct ak_token_cache *cache, const uint8_t hash[32], uint64_t now_s);
/* Only after ak_token_verify succeeded for the text of this hash. */
void ak_token_cache_put(
    struct ak_token_cache *cache, const uint8_t hash[32], const struct ak_token_claims *claims);

#endif
