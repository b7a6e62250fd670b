/* Identity of Intel's quoting enclaves, of SGX ("QE") or TDX ("TD_QE"): who may have made an attestation key.
 * The caller has checked the signature over the same bytes. Internal to core/attest. spec: Intel SGX and TDX
 * Provisioning Certification Service API v4, EnclaveIdentityV2 */
#ifndef AK_CORE_ATTEST_INTEL_QE_H
#define AK_CORE_ATTEST_INTEL_QE_H

#include "core/attest/intel_tcb.h"

struct ak_intel_qe_identity {
    struct ak_intel_window window;
    uint32_t evaluation;
    uint8_t misc_select[4], misc_mask[4]; /* as they stand in a report */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isv_prod_id;
    struct ak_intel_isv_level levels[AK_INTEL_MODULE_LEVELS_MAX];
    size_t level_count;
};
/* AK_E_LIMIT, AK_E_FORMAT, AK_E_UNSUPPORTED (of another TEE or version), AK_E_FULL; zeroed then. */
AK_MUST_USE enum ak_err ak_intel_qe_identity_parse(
    struct ak_span body, uint32_t tee_type, struct ak_intel_qe_identity *out_identity);
/* NULL, or what of the report is not as Intel's enclave has it. */
const char *ak_intel_qe_mismatch(
    const struct ak_intel_qe_identity *identity, const struct ak_sgx_report *report);

#endif
