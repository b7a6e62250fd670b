/* Inside io/store: an SQLite VFS over another one that joins writes. SQLite writes a WAL frame's header and
 * its page apart, and the pages of a checkpoint one by one; what follows on is gathered here and leaves with
 * one write, at the latest before the sync of the commit or of the checkpoint. Guaranteed: before a sync, a
 * read, a look at the size or a close everything gathered was handed on, in order; what that write says is
 * said by the call that caused it, so that a full disk or a failed write fails the commit as before; and no
 * sync succeeds before something was written at that place again, or in front of it. Other
 * connections see nothing less than before, because they read only what a commit or a checkpoint has synced:
 * a connection of this VFS has synchronous = FULL, and where the VFS below is not safe against power loss
 * beside a write (SQLITE_IOCAP_POWERSAFE_OVERWRITE), so that SQLite ends a commit with a write behind its
 * sync, nothing is gathered. */
#ifndef AK_IO_STORE_JOINED_H
#define AK_IO_STORE_JOINED_H

#include "base/err.h"

/* The name under which the VFS over `below` (a registered name, NULL: the default) is registered, which it is
 * once a process. AK_E_NOT_FOUND: there is no such VFS; AK_E_FULL: there are too many, or the name is too
 * long. Any thread. */
AK_MUST_USE enum ak_err ak_joined_vfs(const char *below, const char **out_name);

#endif
