#include "io/proc/landlock.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* spec: Linux include/uapi/linux/landlock.h */
enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum {
    FS_EXECUTE_TO_SYM = (1 << 13) - 1, /* ABI 1: execute … make_sym */
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_REFER = 1 << 13,     /* ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
    NET_BIND_CONNECT = 3,   /* ABI 4 */
    SCOPE_SOCKET_SIGNAL = 3 /* ABI 6 */
};

struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct path_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

int ak_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static struct ruleset_attr handled(const struct ak_landlock *rules, int abi)
{
    struct ruleset_attr attr = {.fs = FS_EXECUTE_TO_SYM};
    if (abi >= 2) attr.fs |= FS_REFER;
    if (abi >= 3) attr.fs |= FS_TRUNCATE;
    if (abi >= 5) attr.fs |= FS_IOCTL_DEV;
    if (abi >= 4 && rules->no_network) attr.net = NET_BIND_CONNECT;
    if (abi >= 6 && rules->no_signals) attr.scoped = SCOPE_SOCKET_SIGNAL;
    return attr;
}

static enum ak_err allow(int ruleset, const char *dir, uint64_t allowed)
{
    struct path_attr path = {.allowed = allowed};
    path.parent_fd = open(dir, O_PATH | O_CLOEXEC);
    if (path.parent_fd < 0) return AK_E_IO;
    long failed = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &path, 0);
    (void)close(path.parent_fd);
    return failed ? AK_E_IO : AK_OK;
}

static enum ak_err allow_dir(int ruleset, const char *dir, int abi)
{
    uint64_t allowed = FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE | FS_REMOVE_DIR |
                       FS_MAKE_REG | FS_MAKE_DIR;
    if (abi >= 3) allowed |= FS_TRUNCATE;
    return allow(ruleset, dir, allowed);
}

/* Of a file only what a file has may be allowed. */
static enum ak_err allow_reading(int ruleset, const char *path)
{
    struct stat info;
    if (stat(path, &info)) return AK_OK;
    return allow(ruleset, path, S_ISDIR(info.st_mode) ? FS_READ_FILE | FS_READ_DIR : FS_READ_FILE);
}

enum ak_err ak_landlock_apply(const struct ak_landlock *rules, int abi)
{
    if (abi <= 0) return AK_E_UNSUPPORTED;
    struct ruleset_attr attr = handled(rules, abi);
    size_t attr_len = abi >= 6 ? 24 : abi >= 4 ? 16 : 8; /* older kernels refuse fields they do not know */
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_len, 0);
    if (ruleset < 0) return AK_E_IO;
    enum ak_err err = AK_OK;
    for (size_t i = 0; !err && i < AK_COUNT(rules->writable_dirs); i++)
        if (rules->writable_dirs[i]) err = allow_dir(ruleset, rules->writable_dirs[i], abi);
    for (size_t i = 0; !err && rules->readable_dirs && rules->readable_dirs[i]; i++)
        err = allow_reading(ruleset, rules->readable_dirs[i]);
    if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) err = AK_E_IO;
    if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0)) err = AK_E_IO;
    (void)close(ruleset);
    return err;
}
