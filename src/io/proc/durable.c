/* The temp file's name is fixed (one writer a folder), so that a crash leaves at most one stray file, which
 * the next write truncates. */
#include "io/proc/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum { NAME_MAX_LEN = 64, PATH_LEN = 512 };

static int system_open(void *ctx, int dir_fd, const char *name, int flags, mode_t mode)
{
    (void)ctx;
    return openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}
static ssize_t system_read(void *ctx, int fd, void *buf, size_t len)
{
    (void)ctx;
    return read(fd, buf, len);
}
static ssize_t system_write(void *ctx, int fd, const void *buf, size_t len)
{
    (void)ctx;
    return write(fd, buf, len);
}
static int system_fsync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd);
}
static int system_rename(void *ctx, int dir_fd, const char *from, const char *to)
{
    (void)ctx;
    return renameat(dir_fd, from, dir_fd, to);
}
static int system_unlink(void *ctx, int dir_fd, const char *name)
{
    (void)ctx;
    return unlinkat(dir_fd, name, 0);
}
static int system_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd);
}

struct ak_file_ops ak_file_ops_system(void)
{
    return (struct ak_file_ops){system_open, system_read, system_write, system_fsync, system_rename,
        system_unlink, system_close, NULL};
}

static enum ak_err io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? AK_E_FULL : AK_E_IO;
}

static enum ak_err write_all(const struct ak_file_ops *ops, int fd, struct ak_span bytes)
{
    while (bytes.len > 0) {
        ssize_t done = ops->write(ops->ctx, fd, bytes.ptr, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return io_error();
        bytes = ak_span(bytes.ptr + done, bytes.len - (size_t)done);
    }
    return AK_OK;
}

static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < NAME_MAX_LEN - 4 && !strchr(name, '/') && name[0] != '.';
}

/* Whatever happens, it is closed. */
static enum ak_err write_and_close(const struct ak_file_ops *ops, int fd, struct ak_span bytes, bool sync)
{
    enum ak_err err = write_all(ops, fd, bytes);
    if (!err && sync && ops->fsync(ops->ctx, fd)) err = io_error();
    if (ops->close(ops->ctx, fd) && !err) err = io_error();
    return err;
}

enum ak_err ak_durable_write_open(const struct ak_file_ops *ops, int fd, struct ak_span bytes)
{
    return write_and_close(ops, fd, bytes, false);
}

/* A new file `name` with these bytes, synced and closed. */
static enum ak_err write_synced(
    const struct ak_file_ops *ops, int dir_fd, const char *name, int flags, struct ak_span bytes)
{
    int fd = ops->open(ops->ctx, dir_fd, name, O_WRONLY | flags, 0600);
    if (fd < 0) return errno == ENOENT ? AK_E_NOT_FOUND : io_error();
    return write_and_close(ops, fd, bytes, true);
}

enum ak_err ak_durable_write(
    const struct ak_file_ops *ops, int dir_fd, const char *name, struct ak_span bytes)
{
    if (!is_plain_name(name)) return AK_E_ARG;
    char temp[NAME_MAX_LEN];
    struct ak_buf temp_buf = AK_BUF_ARR(temp);
    ak_buf_put_str(&temp_buf, name);
    ak_buf_put_str(&temp_buf, ".tmp");
    AK_TRY(ak_buf_terminate(&temp_buf));
    AK_TRY(write_synced(ops, dir_fd, temp, O_CREAT | O_TRUNC, bytes));
    if (ops->rename(ops->ctx, dir_fd, temp, name)) return io_error();
    return ops->fsync(ops->ctx, dir_fd) ? io_error() : AK_OK;
}

enum ak_err ak_durable_read_open(
    const struct ak_file_ops *ops, int fd, uint8_t *out_bytes, size_t cap, size_t *out_len)
{
    size_t len = 0;
    *out_len = 0;
    for (;;) {
        uint8_t beyond;
        bool full = len == cap;
        ssize_t got = ops->read(ops->ctx, fd, full ? &beyond : out_bytes + len, full ? 1 : cap - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return AK_E_IO;
        if (got == 0) break;
        if (full) return AK_E_LIMIT;
        len += (size_t)got;
    }
    *out_len = len;
    return AK_OK;
}

enum ak_err ak_durable_read(const struct ak_file_ops *ops, int dir_fd, const char *name, uint8_t *out_bytes,
    size_t cap, size_t *out_len)
{
    *out_len = 0;
    if (!is_plain_name(name)) return AK_E_ARG;
    int fd = ops->open(ops->ctx, dir_fd, name, O_RDONLY, 0);
    if (fd < 0) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    enum ak_err err = ak_durable_read_open(ops, fd, out_bytes, cap, out_len);
    (void)ops->close(ops->ctx, fd);
    return err;
}

enum ak_err ak_durable_erase(const struct ak_file_ops *ops, int dir_fd, const char *name)
{
    static const uint8_t zeros[1024];
    if (!is_plain_name(name)) return AK_E_ARG;
    uint8_t probe[sizeof zeros];
    size_t len = 0;
    enum ak_err err = ak_durable_read(ops, dir_fd, name, probe, sizeof probe, &len);
    if (err) return err;
    AK_TRY(write_synced(ops, dir_fd, name, 0, ak_span(zeros, len)));
    if (ops->unlink(ops->ctx, dir_fd, name)) return io_error();
    return ops->fsync(ops->ctx, dir_fd) ? io_error() : AK_OK;
}

/* Makes each missing folder of the path. */
static enum ak_err make_parents(const char *path)
{
    char part[PATH_LEN];
    size_t len = strlen(path);
    if (len >= sizeof part) return AK_E_LIMIT;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) && errno != EEXIST) return io_error();
    }
    return AK_OK;
}

enum ak_err ak_durable_open_dir(const char *path, bool create, int *out_fd)
{
    *out_fd = -1;
    if (path[0] != '/') return AK_E_ARG;
    if (create) AK_TRY(make_parents(path));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? AK_E_NOT_FOUND : errno == ENOTDIR ? AK_E_MEANING : AK_E_IO;
    struct stat st;
    if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 0077)) {
        (void)close(fd);
        return AK_E_MEANING;
    }
    *out_fd = fd;
    return AK_OK;
}

enum ak_err ak_durable_lock(int dir_fd, int *out_fd)
{
    *out_fd = -1;
    int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return AK_E_IO;
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        enum ak_err err = errno == EWOULDBLOCK ? AK_E_CONFLICT : AK_E_IO;
        (void)close(fd);
        return err;
    }
    *out_fd = fd;
    return AK_OK;
}
