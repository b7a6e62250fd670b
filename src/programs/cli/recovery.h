/* The recovery code's file, as a person kept it. */
#ifndef AK_PROGRAMS_CLI_RECOVERY_H
#define AK_PROGRAMS_CLI_RECOVERY_H

#include "programs/cli/cli.h"

/* Reads --recovery-code-file, where it was given (*out_there). 0 or the exit status. Secret: out_code. */
int ak_cli_read_recovery(struct ak_cli *cli, uint8_t out_code[32], bool *out_there);
/* Prints what a change that may have to wait came to. */
int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply);

#endif
