/* Opening sockets, with a reason a person understands where it fails. */
#include "programs/worker/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/span.h"
#include "io/conf/conf.h"

enum { BACKLOG = 512 };

#define SEE "docs/operations.md#sockets"

static enum ak_err fail(struct ak_boot_fail *out_fail, const char *code, const char *setting,
    const char *value, const char *reason)
{
    ak_boot_fail_set(out_fail, code, setting, value, reason, SEE);
    return AK_E_IO;
}

union any_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static socklen_t parse_address(const char *host, uint16_t port, union any_address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &out->in.sin_addr) == 1) {
        out->in.sin_family = AF_INET;
        out->in.sin_port = htons(port);
        return sizeof out->in;
    }
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET6, host, &out->in6.sin6_addr) == 1) {
        out->in6.sin6_family = AF_INET6;
        out->in6.sin6_port = htons(port);
        return sizeof out->in6;
    }
    return 0;
}

static uint16_t real_port(int fd)
{
    union any_address address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len)) return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
}

enum ak_err ak_listen_tcp(const char *text, int *out_fd, uint16_t *out_port, struct ak_boot_fail *out_fail)
{
    char host[64];
    union any_address address;
    const int on = 1;
    *out_fd = -1;
    *out_port = 0;
    if (ak_conf_split_listen(text, host, out_port) != AK_OK)
        return fail(out_fail, "bad_value", "listen", text, "not an address and port");
    if (host[0] == 0) return AK_OK;
    socklen_t len = parse_address(host, *out_port, &address);
    if (len == 0) return fail(out_fail, "bad_value", "listen", text, "not an IPv4 or IPv6 address");
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(out_fail, "listen_failed", "listen", text, strerror(errno));
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
              bind(fd, &address.any, len) == 0 && listen(fd, BACKLOG) == 0;
    if (!ok) {
        int err = errno;
        (void)close(fd);
        return fail(out_fail, err == EADDRINUSE ? "listen_busy" : "listen_failed", "listen", text,
            err == EADDRINUSE ? "another program listens there" : strerror(err));
    }
    *out_port = real_port(fd);
    *out_fd = fd;
    return AK_OK;
}

enum ak_err ak_listen_make_parent(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)NULL)->sun_path + 256];
    size_t len = strlen(path);
    if (len >= sizeof folder || path[0] != '/') return AK_E_ARG;
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') continue;
        memcpy(folder, path, i);
        folder[i] = 0;
        if (mkdir(folder, 0700) && errno != EEXIST) return AK_E_IO;
    }
    return AK_OK;
}

/* True where somebody answers at the socket. */
static bool somebody_listens(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return true;
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    bool refused = rc != 0 && (errno == ECONNREFUSED || errno == ENOENT);
    (void)close(fd);
    return !refused;
}

static enum ak_err clear_way(
    const char *setting, const struct sockaddr_un *address, struct ak_boot_fail *out_fail)
{
    struct stat info;
    const char *path = address->sun_path;
    if (lstat(path, &info)) return AK_OK;
    if (!S_ISSOCK(info.st_mode))
        return fail(out_fail, "socket_in_the_way", setting, path, "a file that is not a socket is there");
    if (somebody_listens(address))
        return fail(out_fail, "socket_busy", setting, path, "another worker listens there");
    if (unlink(path)) return fail(out_fail, "listen_failed", setting, path, strerror(errno));
    return AK_OK;
}

enum ak_err ak_listen_unix(const char *setting, const char *path, mode_t mode,
    const struct ak_listen_owner *owner, int *out_fd, struct ak_boot_fail *out_fail)
{
    union any_address address = {.un.sun_family = AF_UNIX};
    *out_fd = -1;
    if (path[0] == 0) return AK_OK;
    if (strlen(path) >= sizeof address.un.sun_path)
        return fail(out_fail, "bad_value", setting, path, "longer than a Unix socket's path can be");
    memcpy(address.un.sun_path, path, strlen(path) + 1);
    if (ak_listen_make_parent(path)) return fail(out_fail, "listen_failed", setting, path, strerror(errno));
    AK_TRY(clear_way(setting, &address.un, out_fail));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(out_fail, "listen_failed", setting, path, strerror(errno));
    mode_t old = umask(0777 & ~mode); /* never open to more, not even for a moment */
    bool ok = bind(fd, &address.any, sizeof address.un) == 0;
    (void)umask(old);
    ok = ok && (owner->uid == (uid_t)-1 || chown(path, owner->uid, owner->gid) == 0) &&
         listen(fd, BACKLOG) == 0;
    if (!ok) {
        int err = errno;
        (void)close(fd);
        return fail(out_fail, "listen_failed", setting, path, strerror(err));
    }
    *out_fd = fd;
    return AK_OK;
}
