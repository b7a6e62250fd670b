/* A growing array in pieces on an arena: items never move, so pointers to them stay good. One thread at a
 * time. */
#ifndef AK_CORE_STATE_VEC_H
#define AK_CORE_STATE_VEC_H

#include "base/arena.h"

enum { AK_VEC_PIECE = 1024, AK_VEC_PIECES = 8192 };

struct ak_vec {
    struct ak_arena *arena;
    void **pieces;
    size_t item_size;
    uint32_t count;
};

void ak_vec_init(struct ak_vec *vec, struct ak_arena *arena, size_t item_size);
/* A zeroed new item; NULL where memory or the 8 million places are used up. */
void *ak_vec_add(struct ak_vec *vec);
/* Makes sure that the next ak_vec_add succeeds. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_vec_reserve(struct ak_vec *vec);
/* The item; index must be under count (aborts otherwise). */
void *ak_vec_at(const struct ak_vec *vec, uint32_t index);

#endif
