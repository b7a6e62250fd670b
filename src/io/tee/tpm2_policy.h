/* The sealing policy of the tpm2 backend, computed without a TPM: PolicyPCR over the measured registers, then
 * PolicyNV(counter <= n, unsigned). Pure. No secrets. spec: TPM 2.0 Library Part 3, 23.7, 23.9 */
#ifndef AK_IO_TEE_TPM2_POLICY_H
#define AK_IO_TEE_TPM2_POLICY_H

#include "base/err.h"
#include "base/span.h"

enum {
    AK_TPM2_PCRS = 5,        /* 0 firmware, 2 option ROMs, 4 boot loader, 7 Secure Boot, 23 the worker */
    AK_TPM2_PCR_WORKER = 23, /* resettable by its user; reset and extended at each start */
    AK_TPM2_NAME_LEN = 34,   /* algorithm and SHA-256 */
    AK_TPM2_SELECTION_LEN = 10
};
extern const uint8_t ak_tpm2_pcrs[AK_TPM2_PCRS]; /* rising */
const char *ak_tpm2_pcr_meaning(size_t i);

struct ak_tpm2_pcr_values {
    uint8_t digests[AK_TPM2_PCRS][32];
};

/* TPML_PCR_SELECTION of the registers in the SHA-256 bank, marshalled. */
void ak_tpm2_selection(uint8_t out_selection[AK_TPM2_SELECTION_LEN]);
/* The policy that opens in this state while the counter named so is at most n. */
void ak_tpm2_policy(const struct ak_tpm2_pcr_values *pcrs, const uint8_t counter_name[AK_TPM2_NAME_LEN],
    uint64_t n, uint8_t out_policy[32]);

#endif
