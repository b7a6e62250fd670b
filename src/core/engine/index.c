/* Open addressing with linear probing, at most three quarters full. */
#include "core/engine/index.h"

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

uint32_t ak_index_find(const struct ak_index *index, uint64_t hash, const struct ak_index_ops *ops)
{
    if (!index->places) return AK_INDEX_NONE;
    for (uint32_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        if (index->places[at] == 0) return AK_INDEX_NONE;
        if (ops->same(ops->ctx, index->places[at] - 1)) return index->places[at] - 1;
    }
}

static void enter(struct ak_index *index, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->places[at]) at = (at + 1) & index->mask;
    index->places[at] = number + 1;
    index->used++;
}

static enum ak_err grow(struct ak_index *index, const struct ak_index_ops *ops)
{
    uint32_t places = index->places ? (index->mask + 1) * 2 : FIRST_PLACES;
    uint32_t *old = index->places;
    uint32_t old_mask = index->mask;
    uint32_t *fresh = ak_arena_alloc(index->arena, (size_t)places * sizeof *fresh);
    if (!fresh) return AK_E_FULL;
    index->places = fresh;
    index->mask = places - 1;
    index->used = 0;
    for (uint32_t at = 0; old && at <= old_mask; at++)
        if (old[at]) enter(index, ops->hash(index, ops->ctx, old[at] - 1), old[at] - 1);
    return AK_OK;
}

enum ak_err ak_index_reserve(struct ak_index *index, const struct ak_index_ops *ops)
{
    bool full = !index->places || index->used + 1 > (index->mask + 1) / 4 * 3;
    return full ? grow(index, ops) : AK_OK;
}

enum ak_err ak_index_add(
    struct ak_index *index, uint64_t hash, uint32_t number, const struct ak_index_ops *ops)
{
    ak_assert(number != AK_INDEX_NONE);
    AK_TRY(ak_index_reserve(index, ops));
    enter(index, hash, number);
    return AK_OK;
}
