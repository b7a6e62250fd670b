/* Signing a message and showing the signature; shared by agentkeys and agentkeys-daemon. */
#ifndef AK_PROGRAMS_COMMAND_SIGNING_H
#define AK_PROGRAMS_COMMAND_SIGNING_H

#include "programs/command/cli.h"

/* Exactly one of --message, --message-hex, --message-file. 0 or the exit status. */
int ak_cli_read_message(struct ak_cli *cli, struct ak_buf *out_message);
/* --path, or nothing. */
int ak_cli_read_path(struct ak_cli *cli, struct ak_buf *out_path);
/* Signs for the account of cli->saved and checks the signature. `path` may be empty. The connection has its
 * token already. Errors as ak_client_call, with cli->error. */
struct ak_msg_sign_reply;
AK_MUST_USE enum ak_err ak_cli_try_sign(
    struct ak_cli *cli, struct ak_span message, struct ak_span path, struct ak_msg_sign_reply *out_reply);
/* Prints what came of it; the exit status. */
int ak_cli_finish_sign(struct ak_cli *cli, enum ak_err err, struct ak_msg_sign_reply *reply);

/* Options that all commands with a message have. */
#define AK_CLI_MESSAGE_TEXT                                                                                  \
    {                                                                                                        \
        "message", "TEXT", "The message as text."                                                            \
    }
#define AK_CLI_MESSAGE_HEX                                                                                   \
    {                                                                                                        \
        "message-hex", "HEX", "The message as bytes in hex."                                                 \
    }
#define AK_CLI_MESSAGE_FILE                                                                                  \
    {                                                                                                        \
        "message-file", "FILE", "The message from a file, byte for byte; - is standard input."               \
    }

#endif
