/* What every test file includes: cmocka and the headers it needs before itself. */
#ifndef AK_TESTS_UNIT_CHECK_H
#define AK_TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang's analyzer does not see that a failed assertion never returns. */
#ifdef __clang_analyzer__
#undef assert_int_equal
#undef assert_true
#undef assert_non_null
#define assert_int_equal(a, b)                                                                               \
    (cast_to_largest_integral_type(a) == cast_to_largest_integral_type(b) ? (void)0 : abort())
#define assert_true(a)     ((a) ? (void)0 : abort())
#define assert_non_null(a) ((a) ? (void)0 : abort())
#endif

/* Each byte of something costly is altered where the result matters; the sanitizers need not see all of them.
 */
#ifdef __SANITIZE_ADDRESS__
enum { AK_EACH_BYTE = 5 };
#else
enum { AK_EACH_BYTE = 1 };
#endif

#endif
