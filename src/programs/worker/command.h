/* Inside the subcommands of `agentkeys-worker ledger`: the folder is open, every entry verified. */
#ifndef AK_PROGRAMS_WORKER_COMMAND_H
#define AK_PROGRAMS_WORKER_COMMAND_H

#include "programs/worker/keeper.h"

/* A checkpoint over all that was read and verified, as a start would seal it: after a kill, or a stop that
 * could not seal, the newest one covers less. It is sealed when the folder is closed. AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_command_cover_all(struct ak_keeper *keeper);
/* command_archive.c: entries before `before` into a file. The exit status; whatever fails ends the process by
 * a BOOT_FAIL line. */
int ak_command_archive(struct ak_keeper *keeper, uint64_t before, bool json);

#endif
