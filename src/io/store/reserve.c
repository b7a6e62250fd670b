/* Disk space set aside in a file, so that a person can still suspend when the disk is full. */
#include "io/store/db.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"

enum { START_ROOM = 1024 * 1024 };

static enum ak_err put_name(const char *path, char out_name[PATH_MAX])
{
    struct ak_buf buf = ak_buf(out_name, PATH_MAX);
    ak_buf_put_str(&buf, path);
    ak_buf_put_str(&buf, "-reserve");
    return ak_buf_terminate(&buf);
}

/* Room on the file's disk; where the system does not tell, there is enough. */
static uint64_t room(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 ? (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize : UINT64_MAX;
}

enum ak_err ak_reserve_open(struct ak_store *store, const char *path)
{
    char name[PATH_MAX];
    AK_TRY(put_name(path, name));
    store->reserve_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->reserve_fd < 0) return AK_E_IO;
    (void)ak_reserve_fill(store);
    return AK_OK;
}

void ak_reserve_close(struct ak_store *store)
{
    if (store->reserve_fd >= 0) (void)close(store->reserve_fd);
    store->reserve_fd = -1;
}

bool ak_reserve_fill(struct ak_store *store)
{
    if (store->reserve_whole) return true;
    if (store->reserve_fd < 0) return false;
    /* room for sealing and the like must be left beside it; what the file holds already counts as free */
    struct stat st;
    uint64_t held = fstat(store->reserve_fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
    if (held < store->reserve_len &&
        room(store->reserve_fd) < store->reserve_len - held + store->reserve_len / 4)
        return false;
    if (posix_fallocate(store->reserve_fd, 0, (off_t)store->reserve_len) != 0) {
        /* half a reserve would only take room from control entries */
        if (ftruncate(store->reserve_fd, 0) != 0) return false;
        return false;
    }
    store->reserve_whole = true;
    return true;
}

enum ak_err ak_reserve_release(struct ak_store *store)
{
    if (!store->reserve_whole) return AK_E_FULL;
    store->reserve_whole = false;
    return ftruncate(store->reserve_fd, 0) == 0 ? AK_OK : AK_E_IO;
}

bool ak_store_low(struct ak_store *store)
{
    return !ak_reserve_fill(store) || room(store->reserve_fd) < store->reserve_len / 8;
}

void ak_store_make_room(const char *path)
{
    char name[PATH_MAX];
    if (put_name(path, name) != AK_OK) return;
    int fd = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return;
    if (room(fd) < START_ROOM) (void)!ftruncate(fd, 0); /* what fails here fails again where it is told */
    (void)close(fd);
}

bool ak_store_reserve_whole(struct ak_store *store)
{
    return store->reserve_whole;
}
