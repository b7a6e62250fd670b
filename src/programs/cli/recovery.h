/* The recovery code's file, as a person kept it, and changes that wait. */
#ifndef AK_PROGRAMS_CLI_RECOVERY_H
#define AK_PROGRAMS_CLI_RECOVERY_H

#include "programs/cli/cli.h"

/* Reads --recovery-code-file, where it was given (*out_there). 0 or the exit status. Secret: out_code. */
int ak_cli_read_recovery(struct ak_cli *cli, uint8_t out_code[32], bool *out_there);
/* Prints what a change that may have to wait came to. */
int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply);
/* The same of an answer whose JSON is `raw`. */
int ak_cli_print_done_of(const struct ak_cli *cli, const void *done_reply, struct ak_span raw);

/* Whether what waits is a device that signs in: "sign-in", "sign-in-by-code", "sign-in-by-two". */
bool ak_cli_is_recovery(struct ak_span what);
/* Cancels the one change that waits (AK_CALL_RECOVERY_CANCEL), or says that it was seen
 * (AK_CALL_RECOVERY_SEEN); `recoveries`: only devices that sign in are meant. Which, --what and --device say.
 * The exit status. */
int ak_cli_about_waiting(struct ak_cli *cli, unsigned call, bool recoveries, const char *problem);

#endif
