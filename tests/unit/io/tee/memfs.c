#include "unit/io/tee/memfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_name(char *out, size_t cap, const char *name)
{
    if ((size_t)snprintf(out, cap, "%s", name) >= cap) abort();
}

static int *map_find(struct memfs_map *map, const char *name)
{
    for (size_t i = 0; i < MEMFS_NAMES; i++)
        if (map->entries[i].inode >= 0 && strcmp(map->entries[i].name, name) == 0)
            return &map->entries[i].inode;
    return NULL;
}

static void map_set(struct memfs_map *map, const char *name, int inode)
{
    int *slot = map_find(map, name);
    if (slot) {
        *slot = inode;
        return;
    }
    for (size_t i = 0; i < MEMFS_NAMES && inode >= 0; i++) {
        if (map->entries[i].inode >= 0) continue;
        set_name(map->entries[i].name, sizeof map->entries[i].name, name);
        map->entries[i].inode = inode;
        return;
    }
    if (inode >= 0) abort();
}

static void map_apply(
    struct memfs_map *map, enum memfs_change what, const char *name, const char *to, int inode)
{
    if (what == MEMFS_RENAME) {
        int *from = map_find(map, name);
        if (!from) return;
        int moved = *from;
        *from = -1;
        map_set(map, to, moved);
    } else {
        map_set(map, name, what == MEMFS_LINK ? inode : -1);
    }
}

static void change(struct memfs_dir *dir, enum memfs_change what, const char *name, const char *to, int inode)
{
    if (dir->log_len == MEMFS_LOG) abort();
    dir->log[dir->log_len].what = what;
    set_name(dir->log[dir->log_len].name, sizeof dir->log[0].name, name);
    set_name(dir->log[dir->log_len].to, sizeof dir->log[0].to, to);
    dir->log[dir->log_len].inode = inode;
    dir->log_len++;
    map_apply(&dir->now, what, name, to, inode);
}

static bool fails(struct memfs *fs)
{
    fs->calls++;
    if (!fs->fail_at || fs->calls < fs->fail_at) return false;
    if (fs->fail_once && fs->calls > fs->fail_at) return false;
    errno = fs->fail_errno;
    return true;
}

static int new_inode(struct memfs *fs)
{
    if (fs->inode_count == MEMFS_INODES) abort();
    memset(&fs->inodes[fs->inode_count], 0, sizeof fs->inodes[0]);
    return fs->inode_count++;
}

static int fs_open(void *ctx, int dir_fd, const char *name, int flags, mode_t mode)
{
    struct memfs *fs = ctx;
    (void)mode;
    if (fails(fs)) return -1;
    struct memfs_dir *dir = &fs->dirs[dir_fd - MEMFS_DIR_FD];
    int *found = map_find(&dir->now, name);
    int inode = found ? *found : -1;
    if (inode < 0) {
        if (!(flags & O_CREAT)) {
            errno = ENOENT;
            return -1;
        }
        inode = new_inode(fs);
        change(dir, MEMFS_LINK, name, "", inode);
    } else if (flags & O_TRUNC) {
        fs->inodes[inode].len = 0;
    }
    for (int fd = 0; fd < MEMFS_FDS; fd++) {
        if (fs->fds[fd].inode >= 0) continue;
        fs->fds[fd].inode = inode;
        fs->fds[fd].at = 0;
        return fd;
    }
    abort();
}

static ssize_t fs_read(void *ctx, int fd, void *buf, size_t len)
{
    struct memfs *fs = ctx;
    if (fails(fs)) return -1;
    struct memfs_inode *inode = &fs->inodes[fs->fds[fd].inode];
    size_t left = inode->len - fs->fds[fd].at;
    if (len > left) len = left;
    memcpy(buf, inode->bytes + fs->fds[fd].at, len);
    fs->fds[fd].at += len;
    return (ssize_t)len;
}

static ssize_t fs_write(void *ctx, int fd, const void *buf, size_t len)
{
    struct memfs *fs = ctx;
    if (fails(fs)) return -1;
    if (fs->short_writes && len > 40) len = 40;
    struct memfs_inode *inode = &fs->inodes[fs->fds[fd].inode];
    size_t at = fs->fds[fd].at;
    if (at + len > MEMFS_FILE_MAX) abort();
    memcpy(inode->bytes + at, buf, len);
    fs->fds[fd].at = at + len;
    if (inode->len < at + len) inode->len = at + len;
    return (ssize_t)len;
}

static int fs_fsync(void *ctx, int fd)
{
    struct memfs *fs = ctx;
    if (fails(fs)) return -1;
    if (fd >= MEMFS_DIR_FD) {
        struct memfs_dir *dir = &fs->dirs[fd - MEMFS_DIR_FD];
        dir->synced = dir->now;
        dir->log_len = 0;
        return 0;
    }
    struct memfs_inode *inode = &fs->inodes[fs->fds[fd].inode];
    memcpy(inode->synced, inode->bytes, sizeof inode->bytes);
    inode->synced_len = inode->len;
    return 0;
}

static int fs_rename(void *ctx, int dir_fd, const char *from, const char *to)
{
    struct memfs *fs = ctx;
    if (fails(fs)) return -1;
    struct memfs_dir *dir = &fs->dirs[dir_fd - MEMFS_DIR_FD];
    if (!map_find(&dir->now, from)) {
        errno = ENOENT;
        return -1;
    }
    change(dir, MEMFS_RENAME, from, to, -1);
    return 0;
}

static int fs_unlink(void *ctx, int dir_fd, const char *name)
{
    struct memfs *fs = ctx;
    if (fails(fs)) return -1;
    change(&fs->dirs[dir_fd - MEMFS_DIR_FD], MEMFS_UNLINK, name, "", -1);
    return 0;
}

static int fs_close(void *ctx, int fd)
{
    struct memfs *fs = ctx;
    int inode = fs->fds[fd].inode;
    fs->fds[fd].inode = -1;
    for (int d = 0; fs->seen && d < MEMFS_DIRS; d++)
        for (size_t i = 0; i < MEMFS_NAMES; i++)
            if (fs->dirs[d].now.entries[i].inode == inode)
                fs->seen(
                    fs->ctx, fs->dirs[d].now.entries[i].name, fs->inodes[inode].bytes, fs->inodes[inode].len);
    return fails(fs) ? -1 : 0;
}

void memfs_init(struct memfs *fs)
{
    memset(fs, 0, sizeof *fs);
    for (size_t d = 0; d < MEMFS_DIRS; d++)
        for (size_t i = 0; i < MEMFS_NAMES; i++)
            fs->dirs[d].now.entries[i].inode = fs->dirs[d].synced.entries[i].inode = -1;
    for (size_t i = 0; i < MEMFS_FDS; i++) fs->fds[i].inode = -1;
    fs->fail_errno = EIO;
}

struct ak_file_ops memfs_ops(struct memfs *fs)
{
    return (struct ak_file_ops){fs_open, fs_read, fs_write, fs_fsync, fs_rename, fs_unlink, fs_close, fs};
}

static void crash_inode(struct memfs_inode *inode, enum memfs_data data)
{
    if (data == MEMFS_DATA_LOST) {
        memcpy(inode->bytes, inode->synced, sizeof inode->bytes);
        inode->len = inode->synced_len;
    } else if (data == MEMFS_DATA_TORN &&
               (inode->len != inode->synced_len || memcmp(inode->bytes, inode->synced, inode->len) != 0)) {
        inode->len /= 2;
    }
    memcpy(inode->synced, inode->bytes, sizeof inode->bytes);
    inode->synced_len = inode->len;
}

void memfs_crash(struct memfs *fs, enum memfs_data data, size_t changes_kept)
{
    for (int i = 0; i < fs->inode_count; i++) crash_inode(&fs->inodes[i], data);
    for (size_t d = 0; d < MEMFS_DIRS; d++) {
        struct memfs_dir *dir = &fs->dirs[d];
        for (size_t i = 0; i < dir->log_len && i < changes_kept; i++)
            map_apply(&dir->synced, dir->log[i].what, dir->log[i].name, dir->log[i].to, dir->log[i].inode);
        dir->now = dir->synced;
        dir->log_len = 0;
    }
    for (size_t i = 0; i < MEMFS_FDS; i++) fs->fds[i].inode = -1;
    fs->fail_at = 0;
    fs->calls = 0;
}

struct memfs_inode *memfs_find(struct memfs *fs, int dir, const char *name)
{
    const int *inode = map_find(&fs->dirs[dir].now, name);
    return inode ? &fs->inodes[*inode] : NULL;
}

void memfs_put(struct memfs *fs, int dir, const char *name, const uint8_t *bytes, size_t len)
{
    int number = new_inode(fs);
    struct memfs_inode *inode = &fs->inodes[number];
    memcpy(inode->bytes, bytes, len);
    memcpy(inode->synced, bytes, len);
    inode->len = inode->synced_len = len;
    map_set(&fs->dirs[dir].now, name, number);
    map_set(&fs->dirs[dir].synced, name, number);
}

void memfs_remove(struct memfs *fs, int dir, const char *name)
{
    map_set(&fs->dirs[dir].now, name, -1);
    map_set(&fs->dirs[dir].synced, name, -1);
}
