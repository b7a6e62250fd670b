#include "core/broker/retry.h"

uint64_t ak_retry_pause_s(unsigned failures)
{
    if (failures == 0) return 0;
    return failures > 6 ? AK_RETRY_PAUSE_MAX_S : (uint64_t)1 << (failures - 1);
}

struct ak_retry ak_retry_after(
    enum ak_err err, unsigned status, unsigned tries, uint64_t now_s, unsigned *failures)
{
    struct ak_retry after = {.tries = tries < UINT32_MAX ? tries + 1 : tries};
    bool never = err == AK_E_EXPIRED || err == AK_E_MEANING || err == AK_E_ARG;
    bool answered = err == AK_E_IO && status >= AK_RETRY_TEMPORARY;
    if (err == AK_OK || never) {
        after.end = err ? AK_RETRY_GIVEN_UP : AK_RETRY_GONE;
        *failures = 0;
        return after;
    }
    after.end = AK_RETRY_LATER;
    after.next_s = now_s + ak_retry_pause_s(after.tries);
    *failures = answered ? 0 : *failures < UINT32_MAX ? *failures + 1 : *failures;
    return after;
}
