/* Gathering writes that follow one another, and handing them on. */
#include "io/store/joined.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Below 128 KiB: SQLite's own VFS takes the length of one write modulo that. */
enum { CAP = 64 * 1024, VFS_MAX = 4, NAME_MAX_LEN = 64 };

/* The file of the VFS below lies right behind. Of a file that is not the WAL nothing is gathered. */
struct joined {
    sqlite3_file base;
    sqlite3_int64 at; /* where the gathered bytes belong */
    int len;
    bool gathers;
    bool lost; /* gathered bytes from lost_at on could not be written */
    sqlite3_int64 lost_at;
    uint8_t *bytes; /* CAP of them; NULL: nothing was written yet */
};

struct layer {
    sqlite3_vfs vfs; /* pAppData: the VFS below */
    char name[NAME_MAX_LEN];
};

static struct layer layers[VFS_MAX];
static size_t layer_count;
static pthread_mutex_t layers_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct joined *of(sqlite3_file *file)
{
    return (struct joined *)(void *)file;
}

static sqlite3_file *below(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)(of(file) + 1);
}

/* What could not be written is dropped: its commit fails, and the next one begins there or before. Until a
 * write has done so no sync succeeds, whatever SQLite made of the error. */
static int hand_on(sqlite3_file *file)
{
    struct joined *joined = of(file);
    int len = joined->len;
    if (len == 0) return SQLITE_OK;
    joined->len = 0;
    int rc = below(file)->pMethods->xWrite(below(file), joined->bytes, len, joined->at);
    if (rc != SQLITE_OK && !joined->lost) {
        joined->lost = true;
        joined->lost_at = joined->at;
    }
    return rc;
}

/* ---- file methods ---- */

static int j_close(sqlite3_file *file)
{
    int rc = hand_on(file);
    int closed = below(file)->pMethods->xClose(below(file));
    free(of(file)->bytes);
    return rc != SQLITE_OK ? rc : closed;
}

static int j_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    int rc = hand_on(file);
    return rc != SQLITE_OK ? rc : below(file)->pMethods->xRead(below(file), bytes, len, at);
}

static int j_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct joined *joined = of(file);
    if (joined->lost && at <= joined->lost_at) joined->lost = false;
    if (joined->gathers && !joined->bytes) joined->bytes = malloc(CAP);
    if (!joined->bytes || len > CAP) {
        int rc = hand_on(file);
        return rc != SQLITE_OK ? rc : below(file)->pMethods->xWrite(below(file), bytes, len, at);
    }
    if (joined->len && (at != joined->at + joined->len || len > CAP - joined->len)) {
        int rc = hand_on(file);
        if (rc != SQLITE_OK) return rc;
    }
    if (joined->len == 0) joined->at = at;
    memcpy(joined->bytes + joined->len, bytes, (size_t)len);
    joined->len += len;
    return SQLITE_OK;
}

static int j_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = hand_on(file);
    return rc != SQLITE_OK ? rc : below(file)->pMethods->xTruncate(below(file), size);
}

static int j_sync(sqlite3_file *file, int flags)
{
    int rc = hand_on(file);
    if (rc != SQLITE_OK) return rc;
    return of(file)->lost ? SQLITE_IOERR_FSYNC : below(file)->pMethods->xSync(below(file), flags);
}

static int j_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    int rc = hand_on(file);
    return rc != SQLITE_OK ? rc : below(file)->pMethods->xFileSize(below(file), out_size);
}

static int j_lock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xLock(below(file), level);
}

static int j_unlock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xUnlock(below(file), level);
}

static int j_reserved(sqlite3_file *file, int *out)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), out);
}

static int j_control(sqlite3_file *file, int op, void *arg)
{
    return below(file)->pMethods->xFileControl(below(file), op, arg);
}

static int j_sector(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int j_traits(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int j_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return below(file)->pMethods->xShmMap(below(file), page, size, extend, out);
}

static int j_shm_lock(sqlite3_file *file, int at, int count, int flags)
{
    return below(file)->pMethods->xShmLock(below(file), at, count, flags);
}

static void j_shm_barrier(sqlite3_file *file)
{
    below(file)->pMethods->xShmBarrier(below(file));
}

static int j_shm_unmap(sqlite3_file *file, int remove)
{
    return below(file)->pMethods->xShmUnmap(below(file), remove);
}

/* Version 2: no mapped pages. */
static const sqlite3_io_methods methods = {.iVersion = 2,
    .xClose = j_close,
    .xRead = j_read,
    .xWrite = j_write,
    .xTruncate = j_truncate,
    .xSync = j_sync,
    .xFileSize = j_size,
    .xLock = j_lock,
    .xUnlock = j_unlock,
    .xCheckReservedLock = j_reserved,
    .xFileControl = j_control,
    .xSectorSize = j_sector,
    .xDeviceCharacteristics = j_traits,
    .xShmMap = j_shm_map,
    .xShmLock = j_shm_lock,
    .xShmBarrier = j_shm_barrier,
    .xShmUnmap = j_shm_unmap};

/* ---- VFS methods ---- */

static int j_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    if (!(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)))
        return real->xOpen(real, path, file, flags, out_flags);
    memset(file, 0, (size_t)vfs->szOsFile);
    int rc = real->xOpen(real, path, below(file), flags, out_flags);
    if (!below(file)->pMethods) return rc;
    file->pMethods = &methods; /* then SQLite closes it, also after an error */
    of(file)->gathers = rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0 &&
                        (j_traits(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
    return rc;
}

static struct layer *find(const sqlite3_vfs *real)
{
    for (size_t i = 0; i < layer_count; i++)
        if (layers[i].vfs.pAppData == real) return &layers[i];
    return NULL;
}

/* All but opening is the VFS below's own: its methods take that one's data from their first argument only in
 * xOpen, which passes it. */
static struct layer *make(sqlite3_vfs *real)
{
    static const char ending[] = "-joined";
    size_t len = strlen(real->zName);
    if (layer_count == VFS_MAX || len + sizeof ending > NAME_MAX_LEN) return NULL;
    struct layer *layer = &layers[layer_count];
    memcpy(layer->name, real->zName, len);
    memcpy(layer->name + len, ending, sizeof ending);
    layer->vfs = *real;
    layer->vfs.pNext = NULL;
    layer->vfs.zName = layer->name;
    layer->vfs.szOsFile = (int)sizeof(struct joined) + real->szOsFile;
    layer->vfs.pAppData = real;
    layer->vfs.xOpen = j_open;
    if (sqlite3_vfs_register(&layer->vfs, 0) != SQLITE_OK) return NULL;
    layer_count++;
    return layer;
}

enum ak_err ak_joined_vfs(const char *below_name, const char **out_name)
{
    sqlite3_vfs *real = sqlite3_vfs_find(below_name);
    *out_name = NULL;
    if (!real) return AK_E_NOT_FOUND;
    pthread_mutex_lock(&layers_mutex);
    struct layer *layer = find(real);
    if (!layer) layer = make(real);
    pthread_mutex_unlock(&layers_mutex);
    if (!layer) return AK_E_FULL;
    *out_name = layer->name;
    return AK_OK;
}
