/* The one place where the code ends itself. */
#include "base/assert.h"

#include <stdlib.h>

void ak_abort(void)
{
    abort();
}
