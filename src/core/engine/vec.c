/* Arrays in pieces. */
#include "core/engine/vec.h"

#include "base/assert.h"

void ak_vec_init(struct ak_vec *vec, struct ak_arena *arena, size_t item_size)
{
    *vec = (struct ak_vec){.arena = arena, .item_size = item_size};
}

void *ak_vec_add(struct ak_vec *vec)
{
    uint32_t piece = vec->count / AK_VEC_PIECE;
    if (piece >= AK_VEC_PIECES) return NULL;
    if (!vec->pieces) vec->pieces = ak_arena_alloc(vec->arena, AK_VEC_PIECES * sizeof(void *));
    if (!vec->pieces) return NULL;
    if (!vec->pieces[piece]) vec->pieces[piece] = ak_arena_alloc(vec->arena, AK_VEC_PIECE * vec->item_size);
    if (!vec->pieces[piece]) return NULL;
    return (uint8_t *)vec->pieces[piece] + (size_t)(vec->count++ % AK_VEC_PIECE) * vec->item_size;
}

void *ak_vec_at(const struct ak_vec *vec, uint32_t index)
{
    ak_assert(index < vec->count);
    return (uint8_t *)vec->pieces[index / AK_VEC_PIECE] + (size_t)(index % AK_VEC_PIECE) * vec->item_size;
}
