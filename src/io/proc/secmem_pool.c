#include "io/proc/secmem_pool.h"

#include "base/assert.h"
#include "base/wipe.h"

/* State of a unit: 0 inside of a block, else LIVE, FREE or ASIDE with the block's order. */
enum { LIVE = 0x80, FREE = 0x40, ASIDE = 0x20, ORDER_MASK = 0x1f };

static size_t order_len(unsigned order)
{
    return (size_t)AK_POOL_UNIT << order;
}

static size_t unit_of(const struct ak_pool *pool, const void *ptr)
{
    return (size_t)((const uint8_t *)ptr - pool->base) / AK_POOL_UNIT;
}

/* Whoever joins buddies looks at states that other threads change from LIVE to ASIDE and back: never FREE. */
static uint8_t state_at(const struct ak_pool *pool, const void *ptr)
{
    return __atomic_load_n(&pool->state[unit_of(pool, ptr)], __ATOMIC_RELAXED);
}

static void set_state(struct ak_pool *pool, const void *ptr, unsigned state)
{
    __atomic_store_n(&pool->state[unit_of(pool, ptr)], (uint8_t)state, __ATOMIC_RELAXED);
}

static void push(struct ak_pool *pool, void *block, unsigned order)
{
    struct ak_pool_link *link = block;
    link->prev = NULL;
    link->next = pool->free[order];
    if (link->next) link->next->prev = link;
    pool->free[order] = link;
    set_state(pool, block, FREE | order);
}

static void unlink_block(struct ak_pool *pool, struct ak_pool_link *link, unsigned order)
{
    if (link->prev)
        link->prev->next = link->next;
    else
        pool->free[order] = link->next;
    if (link->next) link->next->prev = link->prev;
    link->next = link->prev = NULL; /* blocks are handed out zeroed */
    set_state(pool, link, 0);
}

void ak_pool_init(struct ak_pool *pool, void *base, size_t size, uint8_t *state)
{
    *pool = (struct ak_pool){.base = base, .size = size, .state = state, .top = ak_pool_order(size)};
    ak_assert(pool->top < AK_POOL_ORDERS && order_len(pool->top) == size);
    push(pool, base, pool->top);
}

void *ak_pool_alloc(struct ak_pool *pool, size_t len)
{
    if (len == 0 || len > pool->size) return NULL;
    unsigned want = ak_pool_order(len);
    unsigned order = want;
    while (order <= pool->top && !pool->free[order]) order++;
    if (order > pool->top) return NULL;
    uint8_t *block = (uint8_t *)pool->free[order];
    unlink_block(pool, pool->free[order], order);
    while (order > want) {
        order--;
        push(pool, block + order_len(order), order);
    }
    set_state(pool, block, LIVE | want);
    pool->used += order_len(want);
    if (pool->used > pool->peak) pool->peak = pool->used;
    return block;
}

bool ak_pool_owns(const struct ak_pool *pool, const void *ptr)
{
    uintptr_t at = (uintptr_t)ptr, base = (uintptr_t)pool->base;
    return pool->base && at >= base && at - base < pool->size;
}

static unsigned order_as(const struct ak_pool *pool, const void *ptr, unsigned flag)
{
    ak_assert(ak_pool_owns(pool, ptr));
    ak_assert(((uintptr_t)ptr - (uintptr_t)pool->base) % AK_POOL_UNIT == 0);
    unsigned state = state_at(pool, ptr);
    ak_assert(state & flag);
    return state & ORDER_MASK;
}

unsigned ak_pool_block_order(const struct ak_pool *pool, const void *ptr)
{
    return order_as(pool, ptr, LIVE);
}

void ak_pool_put_aside(struct ak_pool *pool, void *ptr)
{
    unsigned order = ak_pool_block_order(pool, ptr);
    ak_wipe(ptr, order_len(order));
    set_state(pool, ptr, ASIDE | order);
}

void ak_pool_take_again(struct ak_pool *pool, void *ptr)
{
    set_state(pool, ptr, LIVE | order_as(pool, ptr, ASIDE));
}

void ak_pool_free(struct ak_pool *pool, void *ptr)
{
    unsigned order = ak_pool_block_order(pool, ptr);
    uint8_t *block = ptr;
    ak_wipe(block, order_len(order));
    pool->used -= order_len(order);
    set_state(pool, block, 0);
    while (order < pool->top) {
        uint8_t *buddy = pool->base + ((size_t)(block - pool->base) ^ order_len(order));
        if (state_at(pool, buddy) != (FREE | order)) break;
        unlink_block(pool, (struct ak_pool_link *)(void *)buddy, order);
        if (buddy < block) block = buddy;
        order++;
    }
    push(pool, block, order);
}
