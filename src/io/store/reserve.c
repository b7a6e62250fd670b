/* Disk space set aside in a file, so that a person can still suspend when the disk is full. */
#include "io/store/db.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum ak_err ak_reserve_open(struct ak_store *store, const char *path)
{
    char name[PATH_MAX];
    struct ak_buf buf = AK_BUF_ARR(name);
    ak_buf_put_str(&buf, path);
    ak_buf_put_str(&buf, "-reserve");
    AK_TRY(ak_buf_terminate(&buf));
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

bool ak_store_reserve_whole(struct ak_store *store)
{
    return store->reserve_whole;
}
