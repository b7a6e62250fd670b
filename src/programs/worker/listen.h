/* The worker's listening sockets: opened by the supervisor, kept over restarts of the children, handed to the
 * gateway. A Unix socket's file is replaced only where it is a socket that nobody listens on. */
#ifndef AK_PROGRAMS_WORKER_LISTEN_H
#define AK_PROGRAMS_WORKER_LISTEN_H

#include <stdint.h>
#include <sys/types.h>

#include "io/conf/boot_fail.h"

struct ak_listen_owner {
    uid_t uid; /* (uid_t)-1: stay */
    gid_t gid;
};

/* `text` as in the setting `listen`; *out_fd is -1 for "none", *out_port the real port. Failures are filled
 * into `out_fail`: bad_value, listen_busy, listen_failed. */
AK_MUST_USE enum ak_err ak_listen_tcp(
    const char *text, int *out_fd, uint16_t *out_port, struct ak_boot_fail *out_fail);
/* `setting` is for the failure; an empty path gives -1. Missing folders are made with 0700. Failures:
 * socket_busy, socket_in_the_way, listen_failed. */
AK_MUST_USE enum ak_err ak_listen_unix(const char *setting, const char *path, mode_t mode,
    const struct ak_listen_owner *owner, int *out_fd, struct ak_boot_fail *out_fail);
/* Makes the folder of `path` and those above it, each with 0700. */
AK_MUST_USE enum ak_err ak_listen_make_parent(const char *path);

#endif
