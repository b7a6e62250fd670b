/* Inside io/store: an SQLite VFS over another one that joins writes to the WAL. SQLite writes a frame's
 * header and its page apart; what follows on is gathered here and leaves with one write, at the latest before
 * the sync of the commit. Guaranteed: before a sync, a read, a look at the size or a close everything
 * gathered was handed on, in order; what that write says is said by the call that caused it, so that a full
 * disk or a failed write fails the commit as before; and no sync succeeds before something was written at
 * that place again, or in front of it. Other connections see nothing less than before, because of the WAL
 * they read only what a commit has synced: a connection of this VFS has synchronous = FULL, and where the VFS
 * below is not safe against power loss beside a write (SQLITE_IOCAP_POWERSAFE_OVERWRITE), so that SQLite ends
 * a commit with a write behind its sync, nothing is gathered. Nor is it of the database itself: a checkpoint
 * that a reader keeps from going to the end is not synced, and yet the others read from the file what it
 * wrote. */
#ifndef AK_IO_STORE_JOINED_H
#define AK_IO_STORE_JOINED_H

#include "base/err.h"

/* The name under which the VFS over `below` (a registered name, NULL: the default) is registered, which it is
 * once a process. AK_E_NOT_FOUND: there is no such VFS; AK_E_FULL: there are too many, or the name is too
 * long. Any thread. */
AK_MUST_USE enum ak_err ak_joined_vfs(const char *below, const char **out_name);

#endif
