/* A worker's data folder with a large ledger, or a large vault, made without the worker: entries go through
 * the ledger's writer into the store, in batches of 1024, signed by the folder's own keys. Addresses of paths
 * are not real. */
#ifndef AK_BENCH_COMMON_MILLION_H
#define AK_BENCH_COMMON_MILLION_H

#include <stddef.h>
#include <stdint.h>

/* Fills the folder that `agentkeys-worker init` made: `paths` agents in accounts of 1000, and uses of them up
 * to `entries` in all. In a process of its own, which has ended when this returns. */
void bench_million_fill(const char *data_dir, uint64_t paths, uint64_t entries);

/* The same with credentials: `accounts` accounts of `each` blobs of `len` bytes, in epochs that began
 * `age_ms` ago; real files, real data keys. Each account's services have the same names. */
struct bench_blobs {
    uint64_t accounts, each;
    size_t len;
};
void bench_million_fill_blobs(const char *data_dir, const struct bench_blobs *blobs);
/* Adds to such a folder what makes the worker rotate every account's epoch at its next start. */
void bench_million_ask_epochs(const char *data_dir);

#endif
