/* A TEE whose counter and key are not on the disk, as hardware has them: what a test puts back on the disk
 * does not turn it back. Several handles are one machine. It can be told to fail, and to move by itself. */
#ifndef AK_TESTS_ROLLBACK_FAKE_TEE_H
#define AK_TESTS_ROLLBACK_FAKE_TEE_H

#include "io/tee/tee.h"

struct fake_tee {
    uint8_t id[AK_TEE_COUNTER_ID_LEN];
    uint64_t counter;
    struct ak_secret32 key;
    uint32_t caps;
    unsigned calls, fail_at; /* this call and all later ones give AK_E_IO; 0: never */
    unsigned reads;
};

extern const struct ak_tee_ops fake_tee_ops;
void fake_tee_init(struct fake_tee *fake, uint8_t number);

#endif
