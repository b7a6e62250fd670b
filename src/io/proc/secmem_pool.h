/* A buddy allocator over memory the caller mapped: blocks are powers of two from 64 bytes, halves that are
 * both free join again, so the pool does not wear out. Freed blocks are wiped. Bookkeeping lies outside of
 * the pool except for the links of free blocks. Not thread-safe: io/proc/secmem.c locks around it, but for
 * what is said below to touch one block only. */
#ifndef AK_IO_PROC_SECMEM_POOL_H
#define AK_IO_PROC_SECMEM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AK_POOL_UNIT = 64, AK_POOL_ORDERS = 19 }; /* 64 bytes to 16 MiB */

struct ak_pool_link {
    struct ak_pool_link *next, *prev;
};
struct ak_pool {
    uint8_t *base;
    size_t size;    /* power of two, a multiple of AK_POOL_UNIT */
    uint8_t *state; /* one byte a unit: order of the block that starts there, with flags */
    unsigned top;   /* order of the whole pool */
    struct ak_pool_link *free[AK_POOL_ORDERS];
    size_t used, peak;
};

/* `state` has size / AK_POOL_UNIT bytes, zeroed by the caller. */
void ak_pool_init(struct ak_pool *pool, void *base, size_t size, uint8_t *state);
/* The order of the blocks that hold `len` bytes: AK_POOL_UNIT << order; AK_POOL_ORDERS: none does. */
static inline unsigned ak_pool_order(size_t len)
{
    if (len <= AK_POOL_UNIT) return 0;
    unsigned order = 8 * sizeof(unsigned long long) - (unsigned)__builtin_clzll((len - 1) / AK_POOL_UNIT);
    return order < AK_POOL_ORDERS ? order : AK_POOL_ORDERS;
}
/* Zeroed block, or NULL. len > 0. */
void *ak_pool_alloc(struct ak_pool *pool, size_t len);
/* Wipes; aborts where ptr is not the start of a live block. */
void ak_pool_free(struct ak_pool *pool, void *ptr);
/* The order of the live block at ptr; aborts as above. Without the lock where the block is the caller's. */
unsigned ak_pool_block_order(const struct ak_pool *pool, const void *ptr);
/* A live block is put aside, for whoever takes it again: wiped, no longer live, still taken from the pool.
 * Neither needs the lock where the block is the caller's; both abort where it is not live, or not aside. */
void ak_pool_put_aside(struct ak_pool *pool, void *ptr);
void ak_pool_take_again(struct ak_pool *pool, void *ptr);
bool ak_pool_owns(const struct ak_pool *pool, const void *ptr);

#endif
