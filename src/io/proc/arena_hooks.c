#include "io/proc/arena_hooks.h"

#include <sys/mman.h>

static void *grow(void *ctx, size_t len)
{
    (void)ctx;
    void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static void release(void *ctx, void *ptr, size_t len)
{
    (void)ctx;
    (void)munmap(ptr, len);
}

struct ak_arena_hooks ak_arena_hooks_mmap(void)
{
    return (struct ak_arena_hooks){grow, release, NULL};
}
