/* A hash index from keys to item numbers, open addressing, growing on an arena. It holds numbers only; the
 * caller's function says whether an item has the key. The seed is random at each start, so nobody can aim at
 * one place; it does not reach any stored byte (I16). One thread at a time. */
#ifndef AK_CORE_STATE_INDEX_H
#define AK_CORE_STATE_INDEX_H

#include <stdbool.h>

#include "base/arena.h"

#define AK_INDEX_NONE UINT32_MAX
enum { AK_INDEX_ITEMS_MAX = 0xffffff };

struct ak_index {
    struct ak_arena *arena;
    uint32_t *places; /* 8 bits of the hash, then item + 1 in 24; 0: free */
    uint32_t mask;
    uint32_t used;
    uint64_t seed[2];
};

struct ak_index_ops {
    /* Whether item `number` has the key that is looked for. */
    bool (*same)(const void *ctx, uint32_t number);
    /* The hash of the item, for growing. */
    uint64_t (*hash)(const struct ak_index *index, const void *ctx, uint32_t number);
    const void *ctx;
};

void ak_index_init(struct ak_index *index, struct ak_arena *arena, const uint64_t seed[2]);
/* Keyed hash of `number` and bytes. */
uint64_t ak_index_hash(const struct ak_index *index, uint64_t number, struct ak_span bytes);
/* The item with the key, or AK_INDEX_NONE. */
uint32_t ak_index_find(const struct ak_index *index, uint64_t hash, const struct ak_index_ops *ops);
/* Places for `count` items in an index that is still empty, so that it need not grow on the way. AK_E_FULL.
 */
AK_MUST_USE enum ak_err ak_index_expect(struct ak_index *index, uint32_t count);
/* Says that this hash will be looked for soon. */
void ak_index_soon(const struct ak_index *index, uint64_t hash);
/* Makes sure that the next ak_index_add succeeds. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_index_reserve(struct ak_index *index, const struct ak_index_ops *ops);
/* Enters an item that is not there yet. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_index_add(
    struct ak_index *index, uint64_t hash, uint32_t number, const struct ak_index_ops *ops);
/* The same, after looking whether an item with the key of `ops` is there: AK_E_EXISTS. */
AK_MUST_USE enum ak_err ak_index_claim(
    struct ak_index *index, uint64_t hash, uint32_t number, const struct ak_index_ops *ops);

#endif
