/* Making a worker: folders, roots from the TEE, an empty ledger, recovery shares where they are wanted, and
 * last the sealed state, without which the folder is no worker yet. Roots are only ever in locked memory. One
 * thread. */
#ifndef AK_PROGRAMS_WORKER_INIT_H
#define AK_PROGRAMS_WORKER_INIT_H

#include <stdbool.h>

#include "io/conf/conf.h"
#include "programs/worker/shares.h"

struct ak_init_how {
    bool dev;  /* for the development signer */
    bool json; /* what was made, for machines */
    bool warn; /* say what the backend does not protect; a start says it, too */
};
/* `shares` were taken from the arguments and are read here. Prints what was made, for people or as JSON, and
 * returns 0; ends the process with a BOOT_FAIL line on failure. */
int ak_init_run(const struct ak_conf *conf, const struct ak_init_how *how, struct ak_worker_shares *shares);

#endif
