/* Stable names of kinds, checks and claims, and what to do when a check fails. */
#include "base/assert.h"
#include "core/attest/attest.h"

static const char *const kinds[AK_ATTEST_KIND_COUNT] = {"snp", "nitro", "tdx", "sgx", "tpm", "tpm-certify"};

static const struct {
    const char *name;
    const char *remedy;
} checks[AK_ATTEST_CHECK_COUNT] = {
    [AK_ATTEST_CHECK_INPUT] = {"input", "give the file that is missing, see agentkeys attest verify --help"},
    [AK_ATTEST_CHECK_FORMAT] = {"format", "fetch the evidence again; check that --kind names what it is"},
    [AK_ATTEST_CHECK_VERSION] = {"version", "use a newer agentkeys, or evidence of a version it knows"},
    [AK_ATTEST_CHECK_CHAIN] = {"chain",
        "fetch the certificates of this very machine from its maker; if they are, do not trust it"},
    [AK_ATTEST_CHECK_TIME] = {"time",
        "fetch fresh evidence and collateral, or give the time of old ones by --at"},
    [AK_ATTEST_CHECK_CERTIFICATE] = {"certificate",
        "fetch the certificate for this chip, at this TCB, of this kind"},
    [AK_ATTEST_CHECK_REVOKED] = {"revoked", "do not trust this machine"},
    [AK_ATTEST_CHECK_COLLATERAL] = {"collateral", "fetch the collateral for this machine again"},
    [AK_ATTEST_CHECK_SIGNATURE] = {"signature",
        "do not trust it: the evidence was altered, or is of another machine"},
    [AK_ATTEST_CHECK_PADDING] = {"padding", "do not trust it: bytes were altered that no signature covers"},
    [AK_ATTEST_CHECK_PRODUCT] = {"product",
        "run on another machine, or name this one in the policy's products"},
    [AK_ATTEST_CHECK_DEBUG] = {"debug", "start it without debugging: its host can read all of its memory"},
    [AK_ATTEST_CHECK_MEASUREMENT] = {"measurement",
        "if you know this image, add its measurement to the policy's images; if not, do not trust it"},
    [AK_ATTEST_CHECK_TCB] = {"tcb",
        "update the machine's firmware; a component without a floor needs one in min_tcb"},
    [AK_ATTEST_CHECK_TCB_STATUS] = {"tcb_status", "update the machine's firmware and fetch collateral again"},
    [AK_ATTEST_CHECK_GUEST_POLICY] = {"guest_policy",
        "start it with the stricter settings that the policy asks for"},
    [AK_ATTEST_CHECK_REPORT_DATA] = {"report_data",
        "do not trust it: it was made for another purpose or key"},
    [AK_ATTEST_CHECK_FRESHNESS] = {"freshness",
        "ask for new evidence over a nonce of yours; if replay does not matter, say so in the policy"},
    [AK_ATTEST_CHECK_SELECTION] = {"selection", "quote exactly the PCRs that the policy names, in its bank"},
};

static const char *const claims[AK_ATTEST_CLAIM_COUNT] = {"instance-identity", "configuration", "executables",
    "file-system", "hardware", "runtime-opaque", "storage-opaque", "sourced-data"};

const char *ak_attest_kind_name(enum ak_attest_kind kind)
{
    ak_assert(kind < AK_ATTEST_KIND_COUNT);
    return kinds[kind];
}

enum ak_err ak_attest_kind_parse(struct ak_span name, enum ak_attest_kind *out_kind)
{
    *out_kind = AK_ATTEST_SNP;
    for (size_t i = 0; i < AK_ATTEST_KIND_COUNT; i++) {
        if (!ak_span_eq(name, ak_span_str(kinds[i]))) continue;
        *out_kind = (enum ak_attest_kind)i;
        return AK_OK;
    }
    return AK_E_NOT_FOUND;
}

const char *ak_attest_check_name(enum ak_attest_check check)
{
    ak_assert(check < AK_ATTEST_CHECK_COUNT);
    return checks[check].name;
}

const char *ak_attest_check_remedy(enum ak_attest_check check)
{
    ak_assert(check < AK_ATTEST_CHECK_COUNT);
    return checks[check].remedy;
}

const char *ak_attest_claim_name(enum ak_attest_claim claim)
{
    ak_assert(claim < AK_ATTEST_CLAIM_COUNT);
    return claims[claim];
}
