/* Names of the account's identities, as far as this device has seen them: the worker keeps hashes only. They
 * stand in the profile's folder, one a line; a hash without a name is shown as it is. Not secret, but
 * personal: no worker or broker is told. One thread. */
#ifndef AK_PROGRAMS_CLI_IDENTITIES_H
#define AK_PROGRAMS_CLI_IDENTITIES_H

#include "core/wire/msg_link.h"
#include "programs/command/cli.h"

enum { AK_IDENTITIES_FILE_MAX = 8 * 1024 };

/* Adds "type:value" where it is not there yet; a failure loses the name alone. */
void ak_cli_remember(struct ak_cli *cli, const char *identity);
/* How a person knows the identity: its name where this device knows it, its address, or "". */
void ak_cli_identity_name(
    struct ak_cli *cli, const struct ak_msg_link_item *item, char *out_name, size_t cap);

#endif
