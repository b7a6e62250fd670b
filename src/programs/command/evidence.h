/* What a profile demands of its worker: nothing, or evidence on each connection, held to what was fixed at
 * the first meeting, when a person compared it. A profile that demanded it once never goes without. Files:
 * evidence.json (a policy), config.pin, ledger.pin, counter.pin (the latest counter seen: the least that is
 * taken). spec: docs/operations.md,
 * Evidence of a worker */
#ifndef AK_PROGRAMS_COMMAND_EVIDENCE_H
#define AK_PROGRAMS_COMMAND_EVIDENCE_H

#include "io/client/evidence.h"
#include "programs/command/cli.h"

bool ak_cli_wants_evidence(const struct ak_cli *cli);
/* Makes cli->client demand what the profile has; at the first meeting, if `enrol`, asks for evidence, shows
 * it and keeps it once a person says yes. 0 or the exit status. */
int ak_cli_demand_evidence(struct ak_cli *cli, bool enrol);
/* The same demands for a further client. */
int ak_cli_demand_same(struct ak_cli *cli, struct ak_client *client);
/* Forgets what was fixed, so that the next meeting is a first one; key and ledger stay. */
int ak_cli_forget_evidence(struct ak_cli *cli);
/* The delivery key out of the evidence of the present connection. */
int ak_cli_attested_delivery_key(struct ak_cli *cli, uint8_t out_key[32]);

#endif
