/* A file system in memory that forgets like a real one: content not synced and folder changes not synced may
 * be lost at a crash, content half of it, folder changes from any point of their order. One system call can
 * be told to fail. */
#ifndef AK_TESTS_UNIT_IO_TEE_MEMFS_H
#define AK_TESTS_UNIT_IO_TEE_MEMFS_H

#include <stdbool.h>
#include <stdint.h>

#include "io/proc/durable.h"

enum {
    MEMFS_DIRS = 3,
    MEMFS_DIR_FD = 100,
    MEMFS_INODES = 96,
    MEMFS_NAMES = 8,
    MEMFS_LOG = 32,
    MEMFS_FDS = 8,
    MEMFS_FILE_MAX = 6200
};

struct memfs_inode {
    uint8_t bytes[MEMFS_FILE_MAX], synced[MEMFS_FILE_MAX];
    size_t len, synced_len;
};
struct memfs_map { /* name -> inode; inode -1: free */
    struct {
        char name[32];
        int inode;
    } entries[MEMFS_NAMES];
};
enum memfs_change { MEMFS_LINK, MEMFS_RENAME, MEMFS_UNLINK };
struct memfs_dir {
    struct memfs_map now, synced;
    struct {
        enum memfs_change what;
        char name[32], to[32];
        int inode;
    } log[MEMFS_LOG];
    size_t log_len;
};
struct memfs {
    struct memfs_inode inodes[MEMFS_INODES];
    int inode_count;
    struct memfs_dir dirs[MEMFS_DIRS]; /* descriptors MEMFS_DIR_FD + index */
    struct {
        int inode; /* -1: closed */
        size_t at;
    } fds[MEMFS_FDS];
    unsigned calls;   /* so far */
    unsigned fail_at; /* this call and all later ones fail: the process is as good as dead; 0: never */
    bool fail_once;   /* only this call, and the process lives on */
    int fail_errno;
    bool short_writes; /* a write takes at most 40 bytes */
    /* Called with every content that was ever written, as soon as its file is closed; may be NULL. */
    void (*seen)(void *ctx, const char *name, const uint8_t *bytes, size_t len);
    void *ctx;
};

void memfs_init(struct memfs *fs);
struct ak_file_ops memfs_ops(struct memfs *fs);

enum memfs_data { MEMFS_DATA_LOST, MEMFS_DATA_KEPT, MEMFS_DATA_TORN };
/* Power goes: unsynced content by `data`; of each folder's unsynced changes the first `changes_kept` survive.
 * All descriptors are closed and calls work again. */
void memfs_crash(struct memfs *fs, enum memfs_data data, size_t changes_kept);
/* Direct access for tests: content of a name, or NULL. */
struct memfs_inode *memfs_find(struct memfs *fs, int dir, const char *name);
/* Makes or replaces a file, synced. */
void memfs_put(struct memfs *fs, int dir, const char *name, const uint8_t *bytes, size_t len);
void memfs_remove(struct memfs *fs, int dir, const char *name);

#endif
