/* A folder each of whose system calls can fail, once or from then on, and that knows what was not synced. */
#ifndef AK_TESTS_UNIT_IO_BLOB_FAULT_H
#define AK_TESTS_UNIT_IO_BLOB_FAULT_H

#include "folder.h"

#include <errno.h>

enum { TRACKED = 64 };

/* What was not synced yet, by inode; and the call that fails. */
struct world {
    struct ak_blob_file_ops system;
    unsigned calls, fail_at;
    bool dead; /* a crash: all later calls fail, too */
    int error;
    struct {
        ino_t inode; /* 0: free */
    } dirty[TRACKED];
};
static struct world world;

static inline bool fails(void)
{
    world.calls++;
    bool now = world.fail_at && (world.dead ? world.calls >= world.fail_at : world.calls == world.fail_at);
    if (now) errno = world.error;
    return now;
}

static inline ino_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

static inline void mark(int fd)
{
    ino_t inode = inode_of(fd);
    size_t free_at = TRACKED;
    for (size_t i = 0; i < TRACKED; i++) {
        if (world.dirty[i].inode == inode) return;
        if (!world.dirty[i].inode) free_at = i;
    }
    assert_true(free_at < TRACKED);
    world.dirty[free_at].inode = inode;
}

static inline bool is_dirty(ino_t inode)
{
    for (size_t i = 0; i < TRACKED; i++)
        if (world.dirty[i].inode == inode) return true;
    return false;
}

static inline int w_open(void *ctx, int dir_fd, const char *name, int flags, mode_t mode)
{
    if (fails()) return -1;
    int fd = world.system.file.open(ctx, dir_fd, name, flags, mode);
    if (fd >= 0 && (flags & O_CREAT)) mark(dir_fd);
    return fd;
}
static inline ssize_t w_read(void *ctx, int fd, void *buf, size_t len)
{
    return fails() ? -1 : world.system.file.read(ctx, fd, buf, len);
}
static inline ssize_t w_write(void *ctx, int fd, const void *buf, size_t len)
{
    if (fails()) return -1;
    mark(fd);
    return world.system.file.write(ctx, fd, buf, len > 3 ? 3 : len); /* short writes */
}
static inline int w_fsync(void *ctx, int fd)
{
    if (fails()) return -1;
    (void)ctx;
    for (size_t i = 0; i < TRACKED; i++)
        if (world.dirty[i].inode == inode_of(fd)) world.dirty[i].inode = 0;
    return 0;
}
static inline int w_rename(void *ctx, int dir_fd, const char *from, const char *to)
{
    struct stat st;
    if (fails()) return -1;
    assert_int_equal(fstatat(dir_fd, from, &st, 0), 0);
    assert_false(is_dirty(st.st_ino)); /* the content before the name */
    mark(dir_fd);
    return world.system.file.rename(ctx, dir_fd, from, to);
}
static inline int w_unlink(void *ctx, int dir_fd, const char *name)
{
    if (fails()) return -1;
    mark(dir_fd);
    return world.system.file.unlink(ctx, dir_fd, name);
}
static inline int w_close(void *ctx, int fd)
{
    bool failed = fails();
    int result = world.system.file.close(ctx, fd); /* closed all the same */
    if (failed) errno = world.error;
    return failed ? -1 : result;
}
static inline int w_mkdir(void *ctx, int dir_fd, const char *name, mode_t mode)
{
    if (fails()) return -1;
    mark(dir_fd);
    return world.system.mkdir(ctx, dir_fd, name, mode);
}
static inline int w_rmdir(void *ctx, int dir_fd, const char *name)
{
    if (fails()) return -1;
    int result = world.system.rmdir(ctx, dir_fd, name);
    if (result == 0) mark(dir_fd);
    return result;
}
static inline int w_syncfs(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    if (fails()) return -1;
    memset(world.dirty, 0, sizeof world.dirty);
    return 0;
}

static inline int w_open_below(void *ctx, int dir_fd, const char *path, int flags)
{
    if (fails()) return -1;
    int fd = world.system.open_below(ctx, dir_fd, path, flags);
    if (fd < 0 || !(flags & O_CREAT)) return fd;
    char folder_path[AK_BLOB_NAME_MAX + 1];
    (void)snprintf(folder_path, sizeof folder_path, "%s", path);
    *strrchr(folder_path, '/') = '\0';
    int folder_fd = openat(dir_fd, folder_path, O_PATH | O_CLOEXEC);
    mark(folder_fd);
    close(folder_fd);
    return fd;
}

static bool one_sync_for_all;
static inline bool w_syncs_all(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return one_sync_for_all;
}

static const struct ak_blob_file_ops faulty = {
    {w_open, w_read, w_write, w_fsync, w_rename, w_unlink, w_close, NULL}, w_mkdir, w_rmdir, w_open_below,
    w_syncfs, w_syncs_all};

static struct folder folder;

static inline int setup(void **state)
{
    (void)state;
    folder_make(&folder);
    world = (struct world){.system = ak_blob_file_ops_system(), .error = EIO};
    one_sync_for_all = false;
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static inline void arm(unsigned at, bool dead, int error)
{
    world.calls = 0;
    world.fail_at = at;
    world.dead = dead;
    world.error = error;
}

static inline struct ak_blob_store open_store(void)
{
    struct ak_blob_store store;
    arm(0, false, EIO);
    assert_int_equal(ak_blob_directory_open(folder.fd, &faulty, &store), AK_OK);
    return store;
}

static inline enum ak_err put(struct ak_blob_store *store, const struct ak_blob_name *name)
{
    return store->ops->write(store->impl, name, AK_SPAN_LIT("a whole blob"));
}

/* `there`: it must be whole; else absent or whole. */
static inline bool check(struct ak_blob_store *store, const struct ak_blob_name *name)
{
    uint8_t bytes[32];
    size_t len = 0;
    enum ak_err err = store->ops->read(store->impl, name, bytes, sizeof bytes, &len);
    if (err == AK_E_NOT_FOUND) return false;
    assert_int_equal(err, AK_OK);
    assert_int_equal(len, 12);
    assert_memory_equal(bytes, "a whole blob", 12);
    return true;
}

static inline int open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The folders from the blob up: none has a change that is not synced. */
static inline void assert_synced(const struct ak_blob_name *name)
{
    char path[256];
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_blob_name_put(&buf, name);
    (void)snprintf(path, sizeof path, "blobs/%.*s", (int)buf.len, (const char *)text);
    for (char *slash = path + strlen(path); slash; slash = strrchr(path, '/')) {
        struct stat st;
        *slash = '\0';
        assert_int_equal(fstatat(folder.fd, path, &st, 0), 0);
        assert_false(is_dirty(st.st_ino));
    }
    assert_false(is_dirty(inode_of(folder.fd)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
