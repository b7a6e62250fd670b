/* What the keeper shares with a reader: X25519 of the delivery key and the reader's. An answer is sealed
 * under it, so that nobody between can make one up. It is the same for as long as a reader keeps its key, so
 * the newest are remembered: working it out is one X25519 more for a read that has two. Secret: all of it; in
 * locked memory, wiped at close. Threads: any. spec: docs/formats/vault.md, Delivery */
#ifndef AK_IO_VAULT_READERS_H
#define AK_IO_VAULT_READERS_H

#include "base/err.h"
#include "base/wipe.h"
#include "core/keys/derive.h"

enum { AK_VAULT_READERS = 512 };

struct ak_vault_readers;

/* NULL: no memory. */
struct ak_vault_readers *ak_vault_readers_new(void);
/* NULL is fine. */
void ak_vault_readers_free(struct ak_vault_readers *readers);
/* The secret shared with `key`, and the delivery key's public half, which names it. AK_E_AUTH for a key of
 * small order, AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_vault_reader_secret(struct ak_vault_readers *readers, const struct ak_root *root,
    const uint8_t key[32], struct ak_secret32 *out_secret, uint8_t out_delivery[32]);

#endif
