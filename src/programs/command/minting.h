/* Minting a token for a cloud and showing it: what `agentkeys oidc` and the daemon's commands share. The
 * token is checked here to be what was asked for: issuer's form, audience, times. Secret: the token. */
#ifndef AK_PROGRAMS_COMMAND_MINTING_H
#define AK_PROGRAMS_COMMAND_MINTING_H

#include "core/wire/msg_oidc.h"
#include "programs/command/cli.h"

#define AK_CLI_AUD                                                                                           \
    {                                                                                                        \
        "aud", "AUDIENCE", "Who shall take the token; default: the worker's, sts.amazonaws.com."             \
    }

/* Asks for one with the session or agent's token of `cli`. `aud` NULL: the worker's default. Errors as
 * ak_client_call; AK_E_FORMAT for an answer with another audience than the one asked for. */
AK_MUST_USE enum ak_err ak_cli_try_mint(
    struct ak_cli *cli, const char *aud, struct ak_msg_mint_reply *out_reply);
/* Prints the token alone, or the wire's answer with --json; or the failure `err`. The exit status. */
int ak_cli_finish_mint(struct ak_cli *cli, enum ak_err err, const struct ak_msg_mint_reply *reply);

#endif
