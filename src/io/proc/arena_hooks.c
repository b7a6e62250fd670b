#include "io/proc/arena_hooks.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_LEN = 2 * 1024 * 1024 };

static uint8_t *map(size_t len)
{
    void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Aligned, so that the kernel can use huge pages; what was mapped too much goes back. */
static void *map_huge(size_t len)
{
    uint8_t *pages = map(len + HUGE_LEN);
    if (!pages) return NULL;
    size_t before = (HUGE_LEN - (uintptr_t)pages % HUGE_LEN) % HUGE_LEN;
    if (before) (void)munmap(pages, before);
    if (before < HUGE_LEN) (void)munmap(pages + before + len, HUGE_LEN - before);
    (void)madvise(pages + before, len, MADV_HUGEPAGE); /* refused where there are none: small ones do */
    return pages + before;
}

static void *grow(void *ctx, size_t len)
{
    (void)ctx;
    return len >= HUGE_LEN && len % HUGE_LEN == 0 ? map_huge(len) : map(len);
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
