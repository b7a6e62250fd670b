/* Arrays in pieces. */
#include "core/state/vec.h"

#include "base/assert.h"

void ak_vec_init(struct ak_vec *vec, struct ak_arena *arena, size_t item_size)
{
    *vec = (struct ak_vec){.arena = arena, .item_size = item_size};
}

enum ak_err ak_vec_reserve(struct ak_vec *vec)
{
    uint32_t piece = vec->count / AK_VEC_PIECE;
    if (piece >= AK_VEC_PIECES) return AK_E_FULL;
    if (!vec->pieces) vec->pieces = ak_arena_alloc(vec->arena, AK_VEC_PIECES * sizeof(void *));
    if (!vec->pieces) return AK_E_FULL;
    if (!vec->pieces[piece]) vec->pieces[piece] = ak_arena_alloc(vec->arena, AK_VEC_PIECE * vec->item_size);
    return vec->pieces[piece] ? AK_OK : AK_E_FULL;
}

void *ak_vec_add(struct ak_vec *vec)
{
    if (ak_vec_reserve(vec) != AK_OK) return NULL;
    uint32_t piece = vec->count / AK_VEC_PIECE;
    return (uint8_t *)vec->pieces[piece] + (size_t)(vec->count++ % AK_VEC_PIECE) * vec->item_size;
}

void *ak_vec_at(const struct ak_vec *vec, uint32_t index)
{
    ak_assert(index < vec->count);
    return (uint8_t *)vec->pieces[index / AK_VEC_PIECE] + (size_t)(index % AK_VEC_PIECE) * vec->item_size;
}
