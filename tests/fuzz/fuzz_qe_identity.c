/* QE identity: a report that has what the identity names fits it, and one with another signer never does. */
#include "fuzz/fuzz.h"

#include "core/attest/intel_qe.h"

static bool is_consistent(const uint8_t *value, const uint8_t *mask, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((value[i] & mask[i]) != value[i]) return false;
    return true;
}

static void check_report(const struct ak_intel_qe_identity *identity)
{
    uint8_t bytes[AK_SGX_REPORT_LEN] = {0};
    struct ak_sgx_report report;
    memcpy(bytes + 16, identity->misc_select, 4);
    memcpy(bytes + 48, identity->attributes, 16);
    memcpy(bytes + 128, identity->mrsigner, 32);
    bytes[256] = (uint8_t)identity->isv_prod_id;
    bytes[257] = (uint8_t)(identity->isv_prod_id >> 8);
    ak_sgx_report_read(ak_span(bytes, sizeof bytes), &report);
    bool consistent = is_consistent(identity->misc_select, identity->misc_mask, 4) &&
                      is_consistent(identity->attributes, identity->attributes_mask, 16);
    AK_FUZZ_CHECK((ak_intel_qe_mismatch(identity, &report) == NULL) == consistent);
    bytes[128] ^= 1;
    AK_FUZZ_CHECK(ak_intel_qe_mismatch(identity, &report) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint32_t tees[] = {AK_INTEL_TDX, AK_INTEL_SGX};
    struct ak_intel_qe_identity identity;
    for (size_t i = 0; i < 2; i++) {
        if (ak_intel_qe_identity_parse(ak_span(data, len < 4096 ? len : 4096), tees[i], &identity) != AK_OK) {
            AK_FUZZ_CHECK(fuzz_is_empty(&identity, sizeof identity));
            continue;
        }
        AK_FUZZ_CHECK(identity.level_count >= 1 && identity.level_count <= AK_INTEL_MODULE_LEVELS_MAX);
        AK_FUZZ_CHECK(ak_intel_isv_status(identity.levels, identity.level_count, UINT16_MAX) ==
                      identity.levels[0].status);
        check_report(&identity);
    }
    return 0;
}
