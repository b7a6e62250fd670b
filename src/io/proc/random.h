/* Random bytes of the system (getrandom, after its pool is ready). A failing generator is a broken invariant
 * and aborts. The bytes may be used as secrets; nothing is kept. */
#ifndef AK_IO_PROC_RANDOM_H
#define AK_IO_PROC_RANDOM_H

#include <stddef.h>

void ak_random_bytes(void *out_bytes, size_t len);

#endif
