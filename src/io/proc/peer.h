/* Who is at the other end of a Unix socket, by the kernel's word at connect time. */
#ifndef AK_IO_PROC_PEER_H
#define AK_IO_PROC_PEER_H

#include <sys/types.h>

#include "base/err.h"

struct ak_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid; /* may be reused after the peer's end: for logs only */
};
/* spec: unix(7) SO_PEERCRED. AK_E_IO for anything but a connected Unix socket. */
AK_MUST_USE enum ak_err ak_peer_read(int fd, struct ak_peer *out_peer);
/* AK_OK where the peer has `uid` or is root, AK_E_AUTH else, AK_E_IO as above. */
AK_MUST_USE enum ak_err ak_peer_require_uid(int fd, uid_t uid);

#endif
