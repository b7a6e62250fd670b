/* Small files that are replaced whole and durably: temp, write, fsync, rename, fsync of the folder. After
 * AK_OK the new content survives a crash; after a crash in between the old or the new content is there,
 * whole. System calls go through a table so that tests put a crash between each two of them. Not for secrets
 * in clear. One writer a folder (the lock). */
#ifndef AK_IO_PROC_DURABLE_H
#define AK_IO_PROC_DURABLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"

/* Like the system calls of the same name: -1 and errno. Directory descriptors are the caller's own. */
struct ak_file_ops {
    int (*open)(void *ctx, int dir_fd, const char *name, int flags, mode_t mode);
    ssize_t (*read)(void *ctx, int fd, void *buf, size_t len);
    ssize_t (*write)(void *ctx, int fd, const void *buf, size_t len);
    int (*fsync)(void *ctx, int fd); /* a file's or a folder's descriptor */
    int (*rename)(void *ctx, int dir_fd, const char *from, const char *to);
    int (*unlink)(void *ctx, int dir_fd, const char *name);
    int (*close)(void *ctx, int fd);
    void *ctx;
};
/* The system's. */
struct ak_file_ops ak_file_ops_system(void);

/* Replaces `name` (no slash) by `bytes`, mode 0600. AK_E_FULL (no space), AK_E_IO. */
AK_MUST_USE enum ak_err ak_durable_write(
    const struct ak_file_ops *ops, int dir_fd, const char *name, struct ak_span bytes);
/* These bytes into a file that is open for writing, which is closed, too; not synced. AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_durable_write_open(const struct ak_file_ops *ops, int fd, struct ak_span bytes);
/* The whole file. AK_E_NOT_FOUND, AK_E_LIMIT (longer than cap), AK_E_IO. */
AK_MUST_USE enum ak_err ak_durable_read(const struct ak_file_ops *ops, int dir_fd, const char *name,
    uint8_t *out_bytes, size_t cap, size_t *out_len);
/* The same of one that is open already, from where it stands; it stays open. */
AK_MUST_USE enum ak_err ak_durable_read_open(
    const struct ak_file_ops *ops, int fd, uint8_t *out_bytes, size_t cap, size_t *out_len);
/* Overwrites with zeros, fsyncs, unlinks, fsyncs the folder. No more than that can be promised on flash. */
AK_MUST_USE enum ak_err ak_durable_erase(const struct ak_file_ops *ops, int dir_fd, const char *name);

/* Opens the folder, made with mode 0700 where it is missing (its parents too). AK_E_MEANING: not a folder,
 * not ours, or open to others. */
AK_MUST_USE enum ak_err ak_durable_open_dir(const char *path, bool create, int *out_fd);
/* Exclusive lock on `lock` in the folder, held while *out_fd is open. AK_E_CONFLICT: another process has it.
 */
AK_MUST_USE enum ak_err ak_durable_lock(int dir_fd, int *out_fd);

#endif
