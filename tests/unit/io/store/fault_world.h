/* One sample store over the VFS of faults, new for each test. */
#ifndef AK_TESTS_UNIT_IO_STORE_FAULT_WORLD_H
#define AK_TESTS_UNIT_IO_STORE_FAULT_WORLD_H

#include "unit/check.h"

#include "unit/io/store/fault_vfs.h"
#include "unit/io/store/sample.h"

static struct sample s;

static inline int setup(void **state)
{
    (void)state;
    fault_register();
    sample_open(&s);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fault_reset();
    sample_close(&s);
    return 0;
}

#endif
