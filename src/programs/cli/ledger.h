/* The ledger from a client's side: its key is fixed at enrolment, every checkpoint is held against it and
 * against the newest one seen before, so that neither a fork nor a rollback passes unnoticed. */
#ifndef AK_PROGRAMS_CLI_LEDGER_H
#define AK_PROGRAMS_CLI_LEDGER_H

#include "core/ledger/merkle.h"
#include "core/ledger/note.h"
#include "programs/command/cli.h"

struct ak_cli_checkpoint {
    uint8_t note[AK_NOTE_LEN_MAX];
    size_t note_len;
    struct ak_checkpoint checkpoint;
    uint8_t key[32];
};

/* Keeps the ledger's key and log id in the profile, if there are none yet; refuses others. Gets the newest
 * checkpoint for it. 0 or the exit status. */
int ak_cli_pin_ledger(struct ak_cli *cli);
/* The newest checkpoint; sealed now where `seal`. Checked against key, log and the newest one seen before,
 * with a consistency proof, and kept as such. */
int ak_cli_checkpoint(struct ak_cli *cli, bool seal, struct ak_cli_checkpoint *out);
/* The ledger's key: setting over what is kept. *out_known is false where there is none. 0 or the exit status.
 */
int ak_cli_ledger_key(struct ak_cli *cli, uint8_t out_key[32], bool *out_known);

/* Hashes in hex joined by commas. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_cli_read_proof(struct ak_span joined, struct ak_merkle_proof *out_proof);

#endif
