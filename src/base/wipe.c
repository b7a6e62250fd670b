/* Wiping through explicit_bzero, which the C library promises to keep. */
#include "base/wipe.h"

#include <string.h>

void ak_wipe(void *ptr, size_t len)
{
    if (len > 0) explicit_bzero(ptr, len);
}

/* The deepest call of base/crypto, adding to a point, uses 5 KiB. */
enum { STACK_REACH = 8 * 1024 };

__attribute__((noinline)) void ak_wipe_stack(void)
{
    uint8_t reach[STACK_REACH];
    ak_wipe(reach, sizeof reach);
}

void ak_secret32_done(struct ak_secret32 *secret)
{
    ak_wipe(secret, sizeof *secret);
}

void ak_secret64_done(struct ak_secret64 *secret)
{
    ak_wipe(secret, sizeof *secret);
}
