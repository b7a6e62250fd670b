/* Wiping of secrets so that no compiler removes it, and types for secrets that no printer accepts. */
#ifndef AK_BASE_WIPE_H
#define AK_BASE_WIPE_H

#include <stddef.h>
#include <stdint.h>

/* Overwrites `len` bytes with zeros; never optimised away. NULL with 0 is fine. */
void ak_wipe(void *ptr, size_t len);

/* Overwrites the stack below the caller, 8 KiB deep: libraries leave scalars and nonces there. Covers calls
 * that were made from the caller's frame or a few frames below it. 0.07 us. */
void ak_wipe_stack(void);

/* 32 secret bytes (scalar, chain code, symmetric key). Use with AK_CLEANUP(ak_secret32_done). */
struct ak_secret32 {
    uint8_t bytes[32];
};
void ak_secret32_done(struct ak_secret32 *secret);

/* 64 secret bytes (HKDF or HMAC-SHA512 output). */
struct ak_secret64 {
    uint8_t bytes[64];
};
void ak_secret64_done(struct ak_secret64 *secret);

#endif
