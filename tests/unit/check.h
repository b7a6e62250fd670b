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

#endif
