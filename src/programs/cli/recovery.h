/* The recovery code's file, as a person kept it, and changes that wait. */
#ifndef AK_PROGRAMS_CLI_RECOVERY_H
#define AK_PROGRAMS_CLI_RECOVERY_H

#include "core/wire/msg_sign_in.h"
#include "programs/command/cli.h"

/* Seals the code of --recovery-code-file for the worker's keeper, where it was given (*out_there); worker,
 * device and connection are open. 0 or the exit status. */
int ak_cli_seal_recovery(struct ak_cli *cli, uint8_t out_sealed[AK_SEALED_CODE_LEN], bool *out_there);

/* A code that a change takes, and the one that follows it, as it is used once. Secret: next. */
struct ak_cli_code {
    bool there;
    bool alone; /* no second device confirms what waits */
    uint8_t sealed[AK_SEALED_CODE_LEN];
    uint8_t next_hash[32];
    struct ak_secret32 next;
};
/* Wipes. Use with AK_CLEANUP. */
void ak_cli_code_done(struct ak_cli_code *code);
/* The code where --recovery-code-file gave one, sealed, and a new one for after it; `there` is false
 * otherwise. Worker, device and connection are open. 0 or the exit status. */
int ak_cli_take_code(struct ak_cli *cli, struct ak_cli_code *out_code);
/* Puts another code in the place of the account's, which --recovery-code-file gives or nobody has any more.
 * The exit status. */
int ak_cli_renew_code(struct ak_cli *cli);
/* Prints what a change that may take a code came to, and the new code where the one that was given is spent.
 * `status` of the call: where it failed without an answer, the code is shown, too. The exit status. */
int ak_cli_print_changed(const struct ak_cli *cli, int status, const void *done_reply, struct ak_span raw,
    const struct ak_cli_code *code);
/* After `code`, which is shown once, was printed: where standard output did not take it, standard error does.
 * False where neither did. */
bool ak_cli_code_is_shown(const struct ak_cli *cli, const char *code);
/* Prints what a change that may have to wait came to. */
int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply);

/* Whether what waits is a device that signs in: "sign-in", "sign-in-by-code", "sign-in-by-two". */
bool ak_cli_is_recovery(struct ak_span what);
/* Cancels the one change that waits (AK_CALL_RECOVERY_CANCEL), or says that it was seen
 * (AK_CALL_RECOVERY_SEEN); `recoveries`: only devices that sign in are meant. Which, --what and --device say.
 * The exit status. */
int ak_cli_about_waiting(struct ak_cli *cli, unsigned call, bool recoveries, const char *problem);

#endif
