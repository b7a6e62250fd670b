#include "io/proc/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/assert.h"

void ak_random_bytes(void *out_bytes, size_t len)
{
    uint8_t *at = out_bytes;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        ak_assert(got > 0);
        at += got;
        len -= (size_t)got;
    }
}
