/* The failing VFS: wraps each file, remembers what was synced and what was written since. */
#include "unit/check.h"

#include "unit/io/store/fault_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 8, IMAGE_MAX = 1 << 21, PENDING_MAX = 4096, SECTOR = 512 };

/* One write since the last sync; data NULL: truncated to `at`. */
struct pending {
    uint64_t at;
    uint8_t *data;
    size_t len;
};

struct image {
    char path[512];
    uint8_t *synced;
    size_t synced_len;
    struct pending pending[PENDING_MAX];
    size_t pending_count;
};

struct wrapped {
    sqlite3_file base;
    struct image *image; /* NULL: a file that is not followed */
    sqlite3_file *real;
};

struct fault fault;
static struct image images[FILES_MAX];
static size_t image_count;
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static bool dead(void)
{
    fault.op++;
    return fault.crash_at && fault.op >= fault.crash_at;
}

static bool is_dead(void)
{
    return fault.crash_at && fault.op >= fault.crash_at;
}

/* ---- images ---- */
static void forget_pending(struct image *image)
{
    for (size_t i = 0; i < image->pending_count; i++) free(image->pending[i].data);
    image->pending_count = 0;
}

static size_t read_whole(const char *path, uint8_t *bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t len = pread(fd, bytes, IMAGE_MAX, 0);
    assert_true(len >= 0 && len < IMAGE_MAX);
    assert_int_equal(close(fd), 0);
    return (size_t)len;
}

static struct image *follow(const char *path)
{
    for (size_t i = 0; i < image_count; i++)
        if (strcmp(images[i].path, path) == 0) return &images[i];
    assert_true(image_count < FILES_MAX);
    struct image *image = &images[image_count++];
    (void)snprintf(image->path, sizeof image->path, "%s", path);
    image->synced = (uint8_t *)calloc(1, IMAGE_MAX);
    assert_non_null(image->synced);
    image->synced_len = read_whole(path, image->synced);
    image->pending_count = 0;
    return image;
}

static void remember(struct image *image, uint64_t at, const void *data, size_t len)
{
    if (!image) return;
    assert_true(image->pending_count < PENDING_MAX);
    struct pending *p = &image->pending[image->pending_count++];
    *p = (struct pending){.at = at, .len = len};
    if (!data) return;
    p->data = (uint8_t *)malloc(len ? len : 1);
    assert_non_null(p->data);
    memcpy(p->data, data, len);
}

static void apply_part(uint8_t *bytes, size_t *len, const struct pending *p, size_t from, size_t count)
{
    assert_true(p->at + from + count <= IMAGE_MAX);
    if (*len < p->at + from) memset(bytes + *len, 0, p->at + from - *len);
    memcpy(bytes + p->at + from, p->data + from, count);
    if (*len < p->at + from + count) *len = p->at + from + count;
}

static void apply(uint8_t *bytes, size_t *len, const struct pending *p)
{
    if (p->data)
        apply_part(bytes, len, p, 0, p->len);
    else if (p->at < *len)
        *len = p->at;
}

static void settle(struct image *image)
{
    for (size_t i = 0; i < image->pending_count; i++)
        apply(image->synced, &image->synced_len, &image->pending[i]);
    forget_pending(image);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Each sector of each write is kept or not on its own. */
static void keep_some(struct image *image, uint64_t *seed)
{
    for (size_t i = 0; i < image->pending_count; i++) {
        const struct pending *p = &image->pending[i];
        if (!p->data) {
            if (next_random(seed) % 2) apply(image->synced, &image->synced_len, p);
            continue;
        }
        for (size_t from = 0; from < p->len; from += SECTOR) {
            size_t count = p->len - from < SECTOR ? p->len - from : SECTOR;
            if (next_random(seed) % 2) apply_part(image->synced, &image->synced_len, p, from, count);
        }
    }
    forget_pending(image);
}

void fault_power_cut(enum fault_keep keep, uint64_t seed)
{
    for (size_t i = 0; i < image_count; i++) {
        struct image *image = &images[i];
        if (keep == FAULT_KEEP_ALL) settle(image);
        if (keep == FAULT_KEEP_SOME) keep_some(image, &seed);
        forget_pending(image);
        int fd = open(image->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, image->synced, image->synced_len, 0), (ssize_t)image->synced_len);
        assert_int_equal(close(fd), 0);
    }
}

void fault_reset(void)
{
    fault = (struct fault){0};
    for (size_t i = 0; i < image_count; i++) {
        forget_pending(&images[i]);
        free(images[i].synced);
    }
    image_count = 0;
}

/* ---- the disk is full ---- */
static bool no_room(struct wrapped *file, sqlite3_int64 end)
{
    if (!fault.quota || !file->image) return false;
    struct stat st;
    uint64_t total = 0;
    for (size_t i = 0; i < image_count; i++) {
        uint64_t size = stat(images[i].path, &st) == 0 ? (uint64_t)st.st_size : 0;
        if (&images[i] == file->image && (uint64_t)end > size) size = (uint64_t)end;
        total += size;
    }
    if (fault.reserve && stat(fault.reserve, &st) == 0) total += (uint64_t)st.st_size;
    return total > fault.quota;
}

/* ---- file methods ---- */
static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct wrapped *)file)->real;
}
static struct image *image_of(sqlite3_file *file)
{
    return ((struct wrapped *)file)->image;
}

static int f_close(sqlite3_file *file)
{
    int rc = real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
    free(((struct wrapped *)file)->real);
    return rc;
}

static int f_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    if (is_dead()) return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), bytes, len, at);
}

static int f_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    if (dead()) return SQLITE_IOERR_WRITE;
    if (no_room((struct wrapped *)file, at + len)) return SQLITE_FULL;
    remember(image_of(file), (uint64_t)at, bytes, (size_t)len);
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, len, at);
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (dead()) return SQLITE_IOERR_TRUNCATE;
    remember(image_of(file), (uint64_t)size, NULL, 0);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int f_sync(sqlite3_file *file, int flags)
{
    (void)flags; /* a real one would only slow the test down: the images are what counts */
    if (dead()) return SQLITE_IOERR_FSYNC;
    if (++fault.syncs == fault.sync_fail) return SQLITE_IOERR_FSYNC;
    if (image_of(file)) settle(image_of(file));
    return SQLITE_OK;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out_size);
}
static int f_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int f_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int f_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int f_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}
static int f_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int f_traits(sqlite3_file *file)
{
    (void)file;
    return fault.torn ? 0 : SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}
static int f_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}
static int f_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), at, n, flags);
}
static void f_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int f_shm_unmap(sqlite3_file *file, int del)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), del);
}

static const sqlite3_io_methods methods = {2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock,
    f_unlock, f_reserved, f_control, f_sector, f_traits, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap,
    NULL, NULL};

/* ---- VFS methods ---- */
static int v_open(sqlite3_vfs *v, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)v;
    struct wrapped *w = (struct wrapped *)file;
    memset(w, 0, sizeof *w);
    if (is_dead()) return SQLITE_IOERR;
    w->real = (sqlite3_file *)calloc(1, (size_t)real_vfs->szOsFile);
    if (!w->real) return SQLITE_NOMEM;
    if (path && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) w->image = follow(path);
    int rc = real_vfs->xOpen(real_vfs, path, w->real, flags, out_flags);
    if (rc != SQLITE_OK) {
        free(w->real);
        return rc;
    }
    w->base.pMethods = &methods;
    return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *path, int sync)
{
    (void)v;
    if (dead()) return SQLITE_IOERR_DELETE;
    return real_vfs->xDelete(real_vfs, path, sync);
}

void fault_register(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(real_vfs);
    vfs = *real_vfs;
    vfs.zName = "ak-fault";
    vfs.szOsFile = sizeof(struct wrapped);
    vfs.pNext = NULL;
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    assert_int_equal(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
}
