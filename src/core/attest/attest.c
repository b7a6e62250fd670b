/* The one door: sizes first, then the kind's verifier, then the conclusion, which accepts only what is
 * authentic and failed nowhere. */
#include "core/attest/attest.h"

#include "base/assert.h"
#include "core/attest/verdict.h"

enum { PART_MAX = 1024 * 1024 };

static ak_attest_verifier *const verifiers[AK_ATTEST_KIND_COUNT] = {
    [AK_ATTEST_SNP] = ak_attest_verify_snp,
    [AK_ATTEST_NITRO] = ak_attest_verify_nitro,
    [AK_ATTEST_TDX] = ak_attest_verify_intel,
    [AK_ATTEST_SGX] = ak_attest_verify_intel,
    [AK_ATTEST_TPM] = ak_attest_verify_tpm,
    [AK_ATTEST_TPM_CERTIFY] = ak_attest_verify_tpm,
};

static bool sizes_fit(const struct ak_attest_input *input)
{
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++)
        if (input->parts[i].len > PART_MAX) return false;
    return true;
}

enum ak_err ak_attest_verify(const struct ak_attest_input *input, struct ak_attest_verdict *out_verdict)
{
    ak_assert(input->kind < AK_ATTEST_KIND_COUNT && input->policy != NULL);
    ak_attest_verdict_init(out_verdict, input->kind);
    if (verifiers[input->kind] == NULL) return AK_E_UNSUPPORTED;
    if (sizes_fit(input)) {
        enum ak_err err = verifiers[input->kind](input, out_verdict);
        if (err != AK_OK) {
            ak_attest_verdict_init(out_verdict, input->kind);
            return err;
        }
    } else {
        ak_attest_fail(out_verdict, AK_ATTEST_CHECK_FORMAT, "a file is longer than 1 MiB");
    }
    ak_attest_conclude(out_verdict);
    return AK_OK;
}
