/* The system's calls on folders. Opening some levels below is one call, openat2, where the kernel has it and
 * lets us; else a folder after the other. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/blob/directory.h"

static int system_mkdir(void *ctx, int dir_fd, const char *name, mode_t mode)
{
    (void)ctx;
    return mkdirat(dir_fd, name, mode);
}
static int system_rmdir(void *ctx, int dir_fd, const char *name)
{
    (void)ctx;
    return unlinkat(dir_fd, name, AT_REMOVEDIR);
}
static int system_syncfs(void *ctx, int fd)
{
    (void)ctx;
    return syncfs(fd);
}

int ak_blob_open_by_steps(void *ctx, int dir_fd, const char *path, int flags)
{
    char part[AK_BLOB_NAME_MAX + 1];
    int at = dir_fd;
    (void)ctx;
    for (const char *slash; (slash = strchr(path, '/')) != NULL && at >= 0; path = slash + 1) {
        size_t len = (size_t)(slash - path);
        ak_assert(len < sizeof part);
        memcpy(part, path, len);
        part[len] = '\0';
        int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        if (at != dir_fd) (void)close(at);
        errno = error;
        at = next;
    }
    if (at < 0) return -1;
    int fd = openat(at, path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    int error = errno;
    if (at != dir_fd) (void)close(at);
    errno = error;
    return fd;
}

static int system_open_below(void *ctx, int dir_fd, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? 0600 : 0, /* any other call is refused with one */
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
    return ak_blob_open_by_steps(ctx, dir_fd, path, flags);
}

/* Since Linux 5.8 syncfs says when something could not be written. File systems of which it is known that all
 * of it is durable afterwards; a stacked or remote one may pass on less. */
static bool system_syncs_all(void *ctx, int fd)
{
    static const unsigned long good[] = {0xef53 /* ext4 */, 0x58465342 /* XFS */, 0x9123683e /* Btrfs */,
        0xf2f52010 /* F2FS */, 0x01021994 /* tmpfs, which keeps nothing anyway */};
    struct utsname kernel;
    struct statfs found;
    (void)ctx;
    if (uname(&kernel) || fstatfs(fd, &found)) return false;
    char *rest = NULL;
    unsigned long major = strtoul(kernel.release, &rest, 10);
    unsigned long minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
    bool reports = major > 5 || (major == 5 && minor >= 8);
    for (size_t i = 0; reports && i < AK_COUNT(good); i++)
        if ((unsigned long)found.f_type == good[i]) return true;
    return false;
}

struct ak_blob_file_ops ak_blob_file_ops_system(void)
{
    return (struct ak_blob_file_ops){
        ak_file_ops_system(), system_mkdir, system_rmdir, system_open_below, system_syncfs, system_syncs_all};
}
