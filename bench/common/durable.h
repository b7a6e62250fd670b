/* What a durable entry costs with nothing around it: encoded, its leaf hashed, appended with others of its
 * kind to a ledger of its own in one batch, synced. One thread. */
#ifndef AK_BENCH_COMMON_DURABLE_H
#define AK_BENCH_COMMON_DURABLE_H

#include "core/ledger/entry.h"

enum { BENCH_DURABLE_BATCH_MAX = 64 };

/* Makes the ledger in the folder. */
void bench_durable_init(const char *folder);
/* Microseconds of CPU an entry, in batches of `count`. */
double bench_durable_us(const struct ak_entry *entry, unsigned count);

#endif
