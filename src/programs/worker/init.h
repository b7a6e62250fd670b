/* Making a worker: see init.c. */
#ifndef AK_PROGRAMS_WORKER_INIT_H
#define AK_PROGRAMS_WORKER_INIT_H

#include <stdbool.h>

#include "io/conf/conf.h"
#include "programs/worker/shares.h"

/* `dev`: for the development signer. Prints what was made, for people or as JSON; ends the process with a
 * BOOT_FAIL line on failure.
 */
int ak_init_run(const struct ak_conf *conf, bool dev, bool json, struct ak_worker_shares *shares);

#endif
