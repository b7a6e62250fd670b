/* What the two halves of verifying an Intel quote share: who made it, and Intel's word on who that is.
 * Internal to core/attest. */
#ifndef AK_CORE_ATTEST_INTEL_H
#define AK_CORE_ATTEST_INTEL_H

#include "core/attest/intel_pck.h"
#include "core/attest/intel_quote.h"
#include "core/attest/intel_tcb.h"
#include "core/attest/path.h"
#include "core/attest/verdict.h"

/* A quote, its certificates and what they say. The path is owned; ak_intel_evidence_done. */
struct ak_intel_evidence {
    const struct ak_attest_root *root; /* that certificates have to lead to */
    struct ak_intel_quote quote;
    struct ak_sgx_report qe;
    struct ak_tdx_report td; /* TDX */
    struct ak_attest_path path;
    struct ak_intel_pck pck;
};
void ak_intel_evidence_done(struct ak_intel_evidence *evidence);
/* Whether the text is certificates as Intel writes them: lines of 64 characters, one line feed behind each,
 * one NUL at the end at most. So no byte of it can be altered and mean the same. Gives it without the NUL. */
bool ak_intel_is_plain_pem(struct ak_span text, struct ak_span *out_pem);
/* Chain, binding and signatures. Notes what fails. AK_OK, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_intel_check_quote(const struct ak_attest_input *input,
    struct ak_intel_evidence *evidence, struct ak_attest_verdict *verdict);

/* Revocation lists, TCB info and QE identity about authentic evidence: notes what fails, and the facts of
 * signed collateral. AK_OK, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_intel_check_collateral(const struct ak_attest_input *input,
    const struct ak_intel_evidence *evidence, struct ak_attest_verdict *verdict);

/* The whole verifier, under a root that is given; ak_attest_verify_intel gives the pinned one. */
AK_MUST_USE enum ak_err ak_intel_verify(const struct ak_attest_root *root,
    const struct ak_attest_input *input, struct ak_attest_verdict *verdict);

#endif
