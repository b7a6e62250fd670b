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

/* Of evidence that is not authentic nothing is known but that. */
static void conclude(struct ak_attest_verdict *verdict)
{
    const uint32_t unread = UINT32_C(1) << AK_ATTEST_CHECK_INPUT | UINT32_C(1) << AK_ATTEST_CHECK_FORMAT |
                            UINT32_C(1) << AK_ATTEST_CHECK_VERSION;
    verdict->accepted = verdict->authentic && verdict->failed == 0;
    if (verdict->authentic) return;
    memset(verdict->trust, AK_TRUST_NONE, sizeof verdict->trust);
    if ((verdict->failed & ~unread) == 0) return;
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_UNRECOGNIZED;
    verdict->trust[AK_ATTEST_HARDWARE] = AK_TRUST_CRYPTO_FAILED;
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
    conclude(out_verdict);
    return AK_OK;
}
