/* How to sign in again: what a person typed the last time, for remedies. It stands in the profile's folder;
 * not secret, but personal: no worker or broker is told. One thread. */
#ifndef AK_PROGRAMS_COMMAND_AGAIN_H
#define AK_PROGRAMS_COMMAND_AGAIN_H

#include "programs/command/cli.h"

#define AK_PAIR_PENDING_FILE     "pending"  /* of an agent: its request that waits for an approval */
#define AK_RECOVERY_WAITING_FILE "recovery" /* of a person: the recovery that this device has begun */

/* Keeps "--local email:alice@demo.example" and its like; a failure loses the remedy alone. */
void ak_cli_keep_way(struct ak_cli *cli, const char *option, const char *value);
/* The command that gets a token here: of a recovery that waits, the way of the last time, else one that the
 * settings allow; for an agent that of the request that waits, else of a new one. Lives until the next call.
 */
const char *ak_cli_sign_in(const struct ak_cli *cli);

#endif
