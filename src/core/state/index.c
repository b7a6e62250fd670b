/* Open addressing with linear probing, at most three quarters full. A place keeps some bits of the hash, so
 * that an item is looked at only where they are alike: each look is a cache miss. */
#include "core/state/index.h"

#include "base/assert.h"

enum { FIRST_PLACES = 1024 };

void ak_index_init(struct ak_index *index, struct ak_arena *arena, const uint64_t seed[2])
{
    *index = (struct ak_index){.arena = arena, .seed = {seed[0] | 1, seed[1] | 1}};
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t ak_index_hash(const struct ak_index *index, uint64_t number, struct ak_span bytes)
{
    uint64_t hash = mix(number ^ index->seed[0], index->seed[1] ^ bytes.len);
    for (size_t at = 0; at < bytes.len; at += 8) {
        uint64_t word = 0;
        size_t len = bytes.len - at < 8 ? bytes.len - at : 8;
        memcpy(&word, bytes.ptr + at, len);
        hash = mix(hash ^ word ^ index->seed[0], index->seed[1]);
    }
    return hash;
}

static uint32_t place_of(uint64_t hash, uint32_t number)
{
    return (uint32_t)(hash >> 56) << 24 | (number + 1);
}

uint32_t ak_index_find(const struct ak_index *index, uint64_t hash, const struct ak_index_ops *ops)
{
    uint32_t tag = (uint32_t)(hash >> 56);
    if (!index->places) return AK_INDEX_NONE;
    for (uint32_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        uint32_t place = index->places[at];
        if (place == 0) return AK_INDEX_NONE;
        uint32_t number = (place & AK_INDEX_ITEMS_MAX) - 1;
        if (place >> 24 == tag && ops->same(ops->ctx, number)) return number;
    }
}

static void enter(struct ak_index *index, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->places[at]) at = (at + 1) & index->mask;
    index->places[at] = place_of(hash, number);
    index->used++;
}

static enum ak_err make_places(struct ak_index *index, uint32_t count)
{
    uint32_t *fresh = ak_arena_alloc(index->arena, (size_t)count * sizeof *fresh);
    if (!fresh) return AK_E_FULL;
    index->places = fresh;
    index->mask = count - 1;
    index->used = 0;
    return AK_OK;
}

static enum ak_err grow(struct ak_index *index, const struct ak_index_ops *ops)
{
    uint32_t *old = index->places;
    uint32_t old_mask = index->mask;
    AK_TRY(make_places(index, old ? (old_mask + 1) * 2 : FIRST_PLACES));
    for (uint32_t at = 0; old && at <= old_mask; at++) {
        uint32_t number = (old[at] & AK_INDEX_ITEMS_MAX) - 1;
        if (old[at]) enter(index, ops->hash(index, ops->ctx, number), number);
    }
    return AK_OK;
}

void ak_index_soon(const struct ak_index *index, uint64_t hash)
{
    if (index->places) __builtin_prefetch(&index->places[(uint32_t)hash & index->mask], 1);
}

enum ak_err ak_index_expect(struct ak_index *index, uint32_t count)
{
    uint32_t places = FIRST_PLACES;
    ak_assert(index->used == 0);
    if (count > AK_INDEX_ITEMS_MAX) return AK_E_FULL;
    while (places / 4 * 3 < count) places *= 2;
    return index->places && places <= index->mask + 1 ? AK_OK : make_places(index, places);
}

enum ak_err ak_index_reserve(struct ak_index *index, const struct ak_index_ops *ops)
{
    bool full = !index->places || index->used + 1 > (index->mask + 1) / 4 * 3;
    return full ? grow(index, ops) : AK_OK;
}

enum ak_err ak_index_add(
    struct ak_index *index, uint64_t hash, uint32_t number, const struct ak_index_ops *ops)
{
    ak_assert(number < AK_INDEX_ITEMS_MAX);
    AK_TRY(ak_index_reserve(index, ops));
    enter(index, hash, number);
    return AK_OK;
}

enum ak_err ak_index_claim(
    struct ak_index *index, uint64_t hash, uint32_t number, const struct ak_index_ops *ops)
{
    if (ak_index_find(index, hash, ops) != AK_INDEX_NONE) return AK_E_EXISTS;
    return ak_index_add(index, hash, number, ops);
}
