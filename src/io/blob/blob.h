/* Where blobs are kept: one interface, of which the folder (directory.c) is one; an object store may be
 * another. Guarantees: a blob that was written is whole and survives a crash from then on; one that was not
 * (an error, a crash) is absent or whole, never partly there (but see stage). Not guaranteed: that what is
 * read is what was written: the caller compares it with its pointer (I11). Blobs are ciphertext, their names
 * public: nothing here is secret. Threads: read from several at once; write, remove and list from one at a
 * time. spec: docs/formats/vault.md, Names */
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
struct ak_blob_walk;

struct ak_blob_store_ops {
    /* Durable when it returns; replaces a blob of the same name. AK_E_FULL (no space), AK_E_IO. */
    enum ak_err (*write)(void *impl, const struct ak_blob_name *name, struct ak_span blob);
    /* For many at once: each is staged, then all that were staged are committed together, and are there and
     * durable from then on; before that, one may be partly there after a crash, under its name, which nobody
     * may have named. After an error of commit none may be taken for stored; they are removed as far as the
     * disk lets us. Names must be new ones. AK_E_FULL, AK_E_IO. */
    enum ak_err (*stage)(void *impl, const struct ak_blob_name *name, struct ak_span blob);
    enum ak_err (*commit)(void *impl, const struct ak_blob_name *names, size_t count);
    /* AK_E_NOT_FOUND; AK_E_LIMIT (longer than cap); AK_E_IO (also where the whole store is gone: that says
     * nothing about one blob). *out_len is 0 then. */
    enum ak_err (*read)(
        void *impl, const struct ak_blob_name *name, uint8_t *out_blob, size_t cap, size_t *out_len);
    /* AK_OK also where it is gone already. AK_E_IO. */
    enum ak_err (*remove)(void *impl, const struct ak_blob_name *name);
    /* The same for many, with one sync. AK_E_IO: some may be there still. */
    enum ak_err (*remove_all)(void *impl, const struct ak_blob_name *names, size_t count);
    /* Shows every blob once, in no order. What has no name of ours is passed over; leftovers of a write that
     * was cut off are removed. AK_E_IO: not all were shown. */
    enum ak_err (*list)(void *impl, ak_blob_visit *visit, void *ctx);
    /* The same in pieces, between which blobs may be written and removed: those that are there all the while
     * are shown once, the others once or not. `next` gives AK_E_NOT_FOUND at the end. Begin and next:
     * AK_E_IO, AK_E_FULL (no memory). A walk is ended before its store is closed. */
    enum ak_err (*walk)(void *impl, struct ak_blob_walk **out_walk);
    enum ak_err (*walk_next)(struct ak_blob_walk *walk, struct ak_blob_name *out_name);
    void (*walk_end)(struct ak_blob_walk *walk); /* fine on NULL */
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
    /* A file or folder some levels below: no link on the way to it is followed. What is made is 0600. */
    int (*open_below)(void *ctx, int dir_fd, const char *path, int flags);
    int (*syncfs)(void *ctx, int fd);
    /* Whether syncfs makes all of the descriptor's file system durable and reports what failed. */
    bool (*syncs_all)(void *ctx, int fd);
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
