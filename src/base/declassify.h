/* The mark for secret-derived bytes that may be known from here on (I17). The build for tests/constant-time
 * (AK_CT_CHECK) tells memcheck; every other build does nothing. Each use has a comment that says why. */
#ifndef AK_BASE_DECLASSIFY_H
#define AK_BASE_DECLASSIFY_H

#include <stddef.h>

#ifdef AK_CT_CHECK
#include <valgrind/memcheck.h>
#define AK_DECLASSIFY(ptr, len) ((void)VALGRIND_MAKE_MEM_DEFINED(ptr, len))
#else
#define AK_DECLASSIFY(ptr, len) ((void)(ptr), (void)(len))
#endif

#endif
