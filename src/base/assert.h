/* Invariants that abort when broken, in release builds too. For conditions the code itself guarantees,
 * never for input. */
#ifndef AK_BASE_ASSERT_H
#define AK_BASE_ASSERT_H

#include "base/attr.h"

/* Ends the process by SIGABRT without output, so that nothing secret can leave by a message. */
AK_NORETURN void ak_abort(void);

#define ak_assert(cond)                                                                                      \
    do {                                                                                                     \
        if (__builtin_expect(!(cond), 0)) ak_abort();                                                        \
    } while (0)

#endif
