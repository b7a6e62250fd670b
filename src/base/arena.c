/* Bump allocation from blocks that a hook supplies. */
#include "base/arena.h"

#include "base/assert.h"

enum {
    ALIGN = 16,
    BLOCK_LEN = 64 * 1024,
    LARGE_BLOCK_LEN = 2 * 1024 * 1024, /* a huge page: fewer faults and misses */
    LARGE_FROM = 64 * 1024 * 1024,     /* bytes held from which blocks are large */
};

struct ak_arena_block {
    struct ak_arena_block *before;
    size_t len;
    size_t used;
    size_t unused_;
};
_Static_assert(sizeof(struct ak_arena_block) % ALIGN == 0, "block header keeps the alignment");

void ak_arena_init(struct ak_arena *arena, struct ak_arena_hooks hooks, size_t cap)
{
    *arena = (struct ak_arena){.hooks = hooks, .cap = cap};
}

void ak_arena_done(struct ak_arena *arena)
{
    struct ak_arena_block *block = arena->last;
    while (block) {
        struct ak_arena_block *before = block->before;
        arena->hooks.release(arena->hooks.ctx, block, block->len);
        block = before;
    }
    *arena = (struct ak_arena){0};
}

static struct ak_arena_block *add_block(struct ak_arena *arena, size_t need)
{
    size_t len = arena->held < LARGE_FROM ? BLOCK_LEN : LARGE_BLOCK_LEN;
    if (need > len - sizeof(struct ak_arena_block)) {
        if (__builtin_add_overflow(need, sizeof(struct ak_arena_block), &len)) return NULL;
        if (arena->held >= LARGE_FROM && len < SIZE_MAX - LARGE_BLOCK_LEN)
            len += (LARGE_BLOCK_LEN - len % LARGE_BLOCK_LEN) % LARGE_BLOCK_LEN;
    }
    if (len > arena->cap - arena->held) return NULL;
    struct ak_arena_block *block = arena->hooks.grow(arena->hooks.ctx, len);
    if (!block) return NULL;
    *block = (struct ak_arena_block){.before = arena->last, .len = len, .used = sizeof *block};
    arena->last = block;
    arena->held += len;
    return block;
}

void *ak_arena_alloc(struct ak_arena *arena, size_t len)
{
    size_t need = 0;
    if (__builtin_add_overflow(len, (size_t)(ALIGN - 1), &need)) return NULL;
    need &= ~(size_t)(ALIGN - 1);
    struct ak_arena_block *block = arena->last;
    if (!block || need > block->len - block->used) block = add_block(arena, need);
    if (!block) return NULL;
    void *at = (uint8_t *)block + block->used;
    block->used += need;
    arena->used += need;
    return at;
}

enum ak_err ak_arena_reserve(struct ak_arena *arena, size_t len)
{
    struct ak_arena_block *block = arena->last;
    if (block && len <= block->len - block->used) return AK_OK;
    return add_block(arena, len) ? AK_OK : AK_E_FULL;
}

enum ak_err ak_arena_copy(struct ak_arena *arena, struct ak_span bytes, struct ak_span *out_copy)
{
    *out_copy = AK_SPAN_EMPTY;
    if (bytes.len == 0) return AK_OK;
    uint8_t *at = ak_arena_alloc(arena, bytes.len);
    if (!at) return AK_E_FULL;
    memcpy(at, bytes.ptr, bytes.len);
    *out_copy = ak_span(at, bytes.len);
    return AK_OK;
}
