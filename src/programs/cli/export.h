/* Copies of all credentials, sealed to a key of the person's own. They are outside forward secrecy: whoever
 * has file and key reads them, whatever is destroyed later. Secret: the key file.
 * spec: docs/formats/vault.md, Export */
#ifndef AK_PROGRAMS_CLI_EXPORT_H
#define AK_PROGRAMS_CLI_EXPORT_H

#include "programs/command/cli.h"

#define AK_EXPORT_FORMAT "agentkeys-export-v1"

/* import FILE --key-file KEY: what an export holds, stored again. */
int ak_cli_import_export(struct ak_cli *cli);

#endif
