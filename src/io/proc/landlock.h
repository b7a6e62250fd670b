/* Landlock by system call, as the C library has no wrapper and the distribution's header knows ABI 2 only. */
#ifndef AK_IO_PROC_LANDLOCK_H
#define AK_IO_PROC_LANDLOCK_H

#include <stdbool.h>

#include "base/err.h"

/* 0: the kernel has none, or it is switched off. */
int ak_landlock_abi(void);

struct ak_landlock {
    const char *writable_dirs[2];     /* below them files and folders may be read, written, made and removed;
                                         both NULL: no file at all */
    const char *const *readable_dirs; /* NULL-ended: below them files may be read; one that is not there is
                                         passed over; NULL: none */
    bool no_network;                  /* no TCP bind and connect (ABI 4) */
    bool no_signals;                  /* no signal to and no abstract socket of processes outside (ABI 6) */
};
/* Restricts the calling thread and all it starts later. AK_E_UNSUPPORTED: no Landlock. AK_E_IO. */
AK_MUST_USE enum ak_err ak_landlock_apply(const struct ak_landlock *rules, int abi);

#endif
