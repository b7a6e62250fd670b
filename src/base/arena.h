/* Memory that only grows and is given back whole. Pages come from a hook, so base and core need no allocator:
 * the program gives mmap, tests give malloc or a hook that fails. Not for secrets. One thread at a time. */
#ifndef AK_BASE_ARENA_H
#define AK_BASE_ARENA_H

#include "base/err.h"
#include "base/span.h"

struct ak_arena_hooks {
    /* `len` zeroed bytes, aligned to 16, or NULL. */
    void *(*grow)(void *ctx, size_t len);
    void (*release)(void *ctx, void *ptr, size_t len);
    void *ctx;
};

struct ak_arena_block;
struct ak_arena {
    struct ak_arena_hooks hooks;
    struct ak_arena_block *last;
    size_t used; /* bytes handed out */
    size_t held; /* bytes taken from the hook */
    size_t cap;  /* held never exceeds this */
};

/* Blocks of at least 64 KiB are taken as needed, `cap` bytes in all at the most. */
void ak_arena_init(struct ak_arena *arena, struct ak_arena_hooks hooks, size_t cap);
/* Gives all blocks back; everything handed out is invalid afterwards. Fine on a zeroed arena. */
void ak_arena_done(struct ak_arena *arena);
/* `len` zeroed bytes aligned to 16; NULL where the cap or the hook says no. */
void *ak_arena_alloc(struct ak_arena *arena, size_t len);
/* Makes sure that allocations of `len` bytes in all, rounding included, come from what is held: the next ones
 * up to that cannot fail. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_arena_reserve(struct ak_arena *arena, size_t len);
/* A copy of `bytes` in the arena; AK_E_FULL. The copy of an empty span is empty. */
AK_MUST_USE enum ak_err ak_arena_copy(struct ak_arena *arena, struct ak_span bytes, struct ak_span *out_copy);

#endif
