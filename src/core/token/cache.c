/* Verified tokens by their hash: sets of four, the least recently used of a set gives way. */
#include "core/token/cache.h"

#include "base/crypto/sha256.h"
#include "base/ct.h"

enum ak_err ak_token_cache_init(
    struct ak_token_cache *cache, struct ak_token_cache_slot *slots, uint32_t count)
{
    *cache = (struct ak_token_cache){0};
    uint32_t sets = count / AK_TOKEN_CACHE_WAYS;
    if (sets == 0 || count % AK_TOKEN_CACHE_WAYS != 0 || (sets & (sets - 1)) != 0) return AK_E_ARG;
    memset(slots, 0, count * sizeof *slots);
    *cache = (struct ak_token_cache){slots, sets, 0};
    return AK_OK;
}

void ak_token_cache_hash(struct ak_span text, uint8_t out_hash[32])
{
    ak_sha256(text, out_hash);
}

static struct ak_token_cache_slot *set_of(struct ak_token_cache *cache, const uint8_t hash[32])
{
    uint32_t number = 0;
    memcpy(&number, hash, sizeof number);
    return &cache->slots[(size_t)(number & (cache->sets - 1)) * AK_TOKEN_CACHE_WAYS];
}

static struct ak_token_cache_slot *slot_of(struct ak_token_cache *cache, const uint8_t hash[32])
{
    struct ak_token_cache_slot *set = set_of(cache, hash);
    for (size_t i = 0; i < AK_TOKEN_CACHE_WAYS; i++) {
        if (set[i].age != 0 && ak_ct_eq(AK_SPAN_ARR(set[i].hash), ak_span(hash, 32))) return &set[i];
    }
    return NULL;
}

const struct ak_token_claims *ak_token_cache_find(
    struct ak_token_cache *cache, const uint8_t hash[32], uint64_t now_s)
{
    struct ak_token_cache_slot *slot = slot_of(cache, hash);
    if (!slot) return NULL;
    if (now_s >= slot->claims.exp) {
        memset(slot, 0, sizeof *slot);
        return NULL;
    }
    slot->age = ++cache->clock;
    return &slot->claims;
}

static struct ak_token_cache_slot *oldest_of(struct ak_token_cache *cache, const uint8_t hash[32])
{
    struct ak_token_cache_slot *set = set_of(cache, hash), *oldest = set;
    for (size_t i = 1; i < AK_TOKEN_CACHE_WAYS; i++) {
        if (set[i].age < oldest->age) oldest = &set[i];
    }
    return oldest;
}

void ak_token_cache_put(
    struct ak_token_cache *cache, const uint8_t hash[32], const struct ak_token_claims *claims)
{
    struct ak_token_cache_slot *slot = slot_of(cache, hash);
    if (!slot) slot = oldest_of(cache, hash);
    memcpy(slot->hash, hash, sizeof slot->hash);
    slot->age = ++cache->clock;
    slot->claims = *claims;
    slot->claims.scope = AK_SPAN_EMPTY; /* its text lives in the caller's memory */
}
