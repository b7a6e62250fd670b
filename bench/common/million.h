/* A worker's data folder with a large ledger, made without the worker: entries go through the ledger's writer
 * into the store, in batches of 1024, signed by the folder's own keys. Addresses of paths are not real. */
#ifndef AK_BENCH_COMMON_MILLION_H
#define AK_BENCH_COMMON_MILLION_H

#include <stdint.h>

/* Fills the folder that `agentkeys-worker init` made: `paths` agents in accounts of 1000, and uses of them up
 * to `entries` in all. In a process of its own, which has ended when this returns. */
void bench_million_fill(const char *data_dir, uint64_t paths, uint64_t entries);

#endif
