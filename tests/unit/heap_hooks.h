/* Arena hooks over the C heap, so that sanitizers watch each block. */
#ifndef AK_TESTS_UNIT_HEAP_HOOKS_H
#define AK_TESTS_UNIT_HEAP_HOOKS_H

#include <stdlib.h>

#include "base/arena.h"

static inline void *ak_test_heap_grow(void *ctx, size_t len)
{
    (void)ctx;
    return calloc(1, len);
}

static inline void ak_test_heap_release(void *ctx, void *ptr, size_t len)
{
    (void)ctx;
    (void)len;
    free(ptr);
}

static inline struct ak_arena_hooks ak_test_heap_hooks(void)
{
    return (struct ak_arena_hooks){ak_test_heap_grow, ak_test_heap_release, NULL};
}

#endif
