/* Where blobs are kept: one interface, of which the folder (directory.c) is one; an object store may be
 * another. Guarantees: a blob that was written is whole and survives a crash from then on; one that was not
 * (an error, a crash) is absent or whole, never partly there. Not guaranteed: that what is read is what was
 * written: the caller compares it with its pointer (I11). Blobs are ciphertext, their names public: nothing
 * here is secret. Threads: read from several at once; write, remove and list from one at a time.
 * spec: docs/formats/vault.md, Names */
#ifndef AK_IO_BLOB_BLOB_H
#define AK_IO_BLOB_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "core/vault/name.h"
#include "io/proc/durable.h"

/* False ends the list. It may remove what it is shown. */
typedef bool ak_blob_visit(void *ctx, const struct ak_blob_name *name);

struct ak_blob_store_ops {
    /* Durable when it returns; replaces a blob of the same name. AK_E_FULL (no space), AK_E_IO. */
    enum ak_err (*write)(void *impl, const struct ak_blob_name *name, struct ak_span blob);
    /* AK_E_NOT_FOUND; AK_E_LIMIT (longer than cap); AK_E_IO (also where the whole store is gone: that says
     * nothing about one blob). *out_len is 0 then. */
    enum ak_err (*read)(
        void *impl, const struct ak_blob_name *name, uint8_t *out_blob, size_t cap, size_t *out_len);
    /* AK_OK also where it is gone already. AK_E_IO. */
    enum ak_err (*remove)(void *impl, const struct ak_blob_name *name);
    /* Shows every blob once, in no order. What has no name of ours is passed over; leftovers of a write that
     * was cut off are removed. AK_E_IO: not all were shown. */
    enum ak_err (*list)(void *impl, ak_blob_visit *visit, void *ctx);
    void (*close)(void *impl);
};

struct ak_blob_store {
    const struct ak_blob_store_ops *ops;
    void *impl;
};
/* Fine on a zeroed one. */
void ak_blob_store_close(struct ak_blob_store *store);

/* System calls on folders, as a table for tests; -1 and errno. */
struct ak_blob_file_ops {
    struct ak_file_ops file;
    int (*mkdir)(void *ctx, int dir_fd, const char *name, mode_t mode);
    int (*rmdir)(void *ctx, int dir_fd, const char *name);
    int (*syncfs)(void *ctx, int fd);
};
/* The system's. */
struct ak_blob_file_ops ak_blob_file_ops_system(void);

#define AK_BLOB_DIRECTORY "blobs"
/* The folder `blobs` in the data folder, made where it is missing; folders 0700, files 0600, links are not
 * followed. The descriptor stays the caller's; `ops` NULL: the system's. To be opened before power is dropped
 * (syncfs). AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_blob_directory_open(
    int data_dir_fd, const struct ak_blob_file_ops *ops, struct ak_blob_store *out_store);

#endif
