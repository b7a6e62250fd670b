#include "io/proc/peer.h"

#include <sys/socket.h>

enum ak_err ak_peer_read(int fd, struct ak_peer *out_peer)
{
    *out_peer = (struct ak_peer){(uid_t)-1, (gid_t)-1, 0};
    struct ucred cred = {0, (uid_t)-1, (gid_t)-1};
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) || len != sizeof cred) return AK_E_IO;
    if (cred.pid == 0 || cred.uid == (uid_t)-1) return AK_E_IO; /* not connected, or of another family */
    *out_peer = (struct ak_peer){cred.uid, cred.gid, cred.pid};
    return AK_OK;
}

enum ak_err ak_peer_require_uid(int fd, uid_t uid)
{
    struct ak_peer peer;
    AK_TRY(ak_peer_read(fd, &peer));
    return peer.uid == uid || peer.uid == 0 ? AK_OK : AK_E_AUTH;
}
