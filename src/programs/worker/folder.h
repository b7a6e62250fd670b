/* What lies in a worker's data folder and what its settings amount to as trust configuration. Used by init,
 * by the keeper and by `agentkeys-worker ledger`. */
#ifndef AK_PROGRAMS_WORKER_FOLDER_H
#define AK_PROGRAMS_WORKER_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/conf/conf.h"

/* Opens the data folder (its part `dev` for the development signer) and the TEE's part `tee` in it; `create`
 * makes them. AK_E_NOT_FOUND, AK_E_MEANING (mode or owner), AK_E_IO. */
AK_MUST_USE enum ak_err ak_folder_open(
    const char *data_dir, bool dev, bool create, int *out_data_fd, int *out_tee_fd);
/* Opens the folder of erasure slots (its part `dev` for the development signer); `create` makes it. Errors as
 * above, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_folder_open_slots(const struct ak_conf *conf, bool dev, bool create, int *out_fd);
/* Slots are one worker's: two that share them would overwrite each other's keys. The folder's file `worker`
 * has its id; where there is none it is made. AK_E_CONFLICT: another worker's. AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_folder_claim_slots(int slot_fd, const uint8_t worker_id[16]);
/* The epoch store's file in the data folder: there once a credential was stored. */
#define AK_FOLDER_EPOCHS "epochs.bin"
/* Path of the ledger's file. */
void ak_folder_store_path(const char *data_dir, bool dev, char *out_path, size_t cap);
/* `config` of a sealed state of format 1: SHA-256 over issuer and waiting times as they are written. New
 * states have the hash of a whole trust configuration: core/trust/trust.h. */
void ak_folder_config_hash(const struct ak_conf *conf, uint8_t out_hash[32]);

#endif
