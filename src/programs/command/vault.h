/* Values of the vault at a client: sealed to the keeper's delivery key before they leave, opened with a key
 * made for one run; the gateway and whatever lies between sees ciphertext. Shared by agentkeys and
 * agentkeys-daemon. Guarantees: a value is in struct ak_value and nowhere else, wiped by its owner; the
 * delivery key is the one that was first met (a file of the profile). Not guaranteed: that the first one met
 * was the keeper's, without a pinned connection or evidence. One thread.
 * spec: docs/formats/vault.md, Delivery; RFC 9180 */
#ifndef AK_PROGRAMS_COMMAND_VAULT_H
#define AK_PROGRAMS_COMMAND_VAULT_H

#include "core/wire/msg_vault.h"
#include "programs/command/cli.h"

/* Secret. */
struct ak_value {
    size_t len;
    uint8_t bytes[AK_LIMIT_VALUE];
};
/* Wipes. */
void ak_value_done(struct ak_value *value);
/* A page-locked one where the system lets it be; NULL: no memory. Free with ak_value_free, which wipes. */
struct ak_value *ak_value_new(void);
void ak_value_free(struct ak_value *value);

/* Which credential. */
struct ak_vault_name {
    struct ak_span service;
    char path_text[AK_LIMIT_LABEL + 2];
    struct ak_span path; /* "/label", or empty: account-wide */
};
/* `service` as typed; --path where the command has it. 0 or the exit status. */
int ak_cli_read_vault_name(struct ak_cli *cli, const char *service, struct ak_vault_name *out_name);

/* Reads a value: --file FILE, else a prompt without echo where standard input is a terminal, else standard
 * input, byte for byte. 0 or the exit status. */
int ak_cli_read_secret(struct ak_cli *cli, const char *question, struct ak_value *out_value);
/* A line from the terminal `fd`, not shown; ended by Enter. `question` is asked on standard error once
 * nothing is shown any more, so that whoever answers at once is not seen, nor lost; NULL for none. AK_E_STATE
 * where it was broken off (Ctrl-C, Ctrl-D), AK_E_LIMIT, AK_E_IO; empty then. The terminal's settings are put
 * back. */
AK_MUST_USE enum ak_err ak_secret_prompt(int fd, const char *question, struct ak_value *out_value);

/* The keeper's delivery key: the one in its evidence where that is demanded, else held to the one this
 * profile met first. 0 or the exit status. */
int ak_cli_delivery_key(struct ak_cli *cli, uint8_t out_key[32]);
/* Seals and stores. Where the worker says that changes come too fast, waits as long as it says, and says so
 * on standard error: an import may be long. 0 or the exit status. */
int ak_cli_put_value(struct ak_cli *cli, const uint8_t delivery_key[32], const struct ak_vault_name *name,
    const struct ak_value *value, struct ak_msg_credential_reply *out_reply);
/* Before values are read: gets the delivery key, by which an answer is known to be the keeper's. 0 or the
 * exit status. */
int ak_cli_meet_keeper(struct ak_cli *cli);
/* Reads and opens: `version` 0 is the current one. Errors as ak_client_call, in cli->error. */
AK_MUST_USE enum ak_err ak_cli_get_value(struct ak_cli *cli, const struct ak_vault_name *name,
    uint64_t version, struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply);

/* Prints a value that was asked for: its bytes, or with --json an object with it as base64url. */
int ak_cli_print_value(
    struct ak_cli *cli, const struct ak_msg_credential_read_reply *reply, const struct ak_value *value);
/* agentkeys credentials list, agentkeys-daemon credentials; the connection has its token. */
int ak_cli_list_credentials(struct ak_cli *cli);

/* ---- run ---- */
/* How values are read: agents may need a new token in between. As ak_cli_get_value. */
typedef enum ak_err ak_cli_get_fn(struct ak_cli *cli, void *ctx, const struct ak_vault_name *name,
    struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply);
/* Checks --env and the command before anything is asked of the worker. 0 or the exit status. */
int ak_cli_check_run(struct ak_cli *cli);
/* Reads each value of --env into an environment and becomes the command. Returns only where that fails; what
 * was read is wiped then, and goes with this program's memory otherwise. */
int ak_cli_run(struct ak_cli *cli, ak_cli_get_fn *get, void *ctx);

#define AK_CLI_ENV                                                                                           \
    {                                                                                                        \
        "env", "VAR=SERVICE", "A variable of the command and the credential it gets; may be repeated.",      \
            .many = true                                                                                     \
    }
#define AK_CLI_VAULT_PATH                                                                                    \
    {                                                                                                        \
        "path", "PATH", "The agent whose credential it is; default: account-wide."                           \
    }

#endif
