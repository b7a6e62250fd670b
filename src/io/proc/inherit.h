/* What a program gets from whoever starts it, before anything else: standard descriptors, umask, signals. One
 * thread, at the start and at the end of main. */
#ifndef AK_IO_PROC_INHERIT_H
#define AK_IO_PROC_INHERIT_H

#include "base/attr.h"
#include "base/err.h"

/* Closed standard descriptors are opened on /dev/null the wrong way round: reading and writing fail as
 * before, and no file or connection of ours can get their number; standard error, where nobody listens, takes
 * all. A umask that takes rights from the owner himself is lifted by these, so that what is written can be
 * read again. SIGPIPE and SIGXFSZ become errors of the call. AK_E_IO: there is no /dev/null. */
AK_MUST_USE enum ak_err ak_inherit_mend(void);

/* Signals and umask as they were, for a program that takes our place. */
void ak_inherit_give_back(void);

/* Flushes standard output at the end. 0, or the errno for which it did not take all. */
AK_MUST_USE int ak_inherit_flush(void);

#endif
