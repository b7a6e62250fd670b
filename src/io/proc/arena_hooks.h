/* Pages for `struct ak_arena` by mmap. Not for secrets: those live in io/proc/secmem.h. */
#ifndef AK_IO_PROC_ARENA_HOOKS_H
#define AK_IO_PROC_ARENA_HOOKS_H

#include "base/arena.h"

struct ak_arena_hooks ak_arena_hooks_mmap(void);

#endif
