/* TDX and SGX quotes: who made it, then what it says, Intel's word on the platform, and the policy. Without
 * collateral a quote is authentic and its facts are given, but it is never accepted. */
#include "core/attest/intel.h"

#include "base/codec/hex.h"
#include "core/attest/intel_bytes.h"

/* spec: https://certificates.trustedservices.intel.com/IntelSGXRootCA.der */
static const struct ak_attest_root pinned = {"Intel SGX Root CA",
    {0x44, 0xa0, 0x19, 0x6b, 0x2b, 0x99, 0xf8, 0x89, 0xb8, 0xe1, 0x49, 0xe9, 0x5b, 0x80, 0x7a, 0x35, 0x0e,
        0x74, 0x24, 0x96, 0x43, 0x99, 0xe8, 0x85, 0xa7, 0xcb, 0xb8, 0xcc, 0xfa, 0xb6, 0x74, 0xd3}};

/* ---- facts ---- */

static void note_svns(struct ak_attest_verdict *verdict, const char *name, const uint8_t svns[AK_INTEL_SVNS])
{
    char text[AK_INTEL_SVNS * 4];
    struct ak_buf out = AK_BUF_ARR(text);
    for (size_t i = 0; i < AK_INTEL_SVNS; i++) {
        if (i > 0) ak_buf_put_u8(&out, ' ');
        ak_buf_put_dec(&out, svns[i]);
    }
    ak_attest_fact_text(verdict, name, ak_buf_span(&out));
}

static void note_platform(
    struct ak_attest_verdict *verdict, const struct ak_intel_evidence *evidence, size_t length)
{
    const struct ak_intel_quote *quote = &evidence->quote;
    bool tdx = quote->tee_type == AK_INTEL_TDX;
    ak_attest_fact_number(verdict, "version", quote->version);
    ak_attest_fact_text(verdict, "tee_type", tdx ? AK_SPAN_LIT("0x81") : AK_SPAN_LIT("0x0"));
    if (quote->version == 5) ak_attest_fact_number(verdict, "body_type", quote->body_type);
    ak_attest_fact_number(verdict, "length", length);
    ak_attest_fact_number(verdict, "trailing_bytes", quote->trailing.len);
    ak_attest_fact_hex(verdict, "fmspc", AK_SPAN_ARR(evidence->pck.fmspc));
    ak_attest_fact_number(verdict, "pcesvn", evidence->pck.pce_svn);
    note_svns(verdict, "pck_svns", evidence->pck.svns);
    ak_attest_fact_number(verdict, "qe_isvsvn", evidence->qe.isv_svn);
    struct ak_buf machine = AK_BUF_ARR(verdict->machine);
    ak_buf_put_str(&machine, tdx ? "Intel TDX, FMSPC " : "Intel SGX, FMSPC ");
    ak_hex_encode(&machine, AK_SPAN_ARR(evidence->pck.fmspc));
    if (ak_buf_terminate(&machine) != AK_OK) machine.ptr[0] = 0;
}

static void note_td(struct ak_attest_verdict *verdict, const struct ak_tdx_report *td)
{
    static const char *const rtmr[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    ak_attest_fact_bool(verdict, "debug", ak_tdx_report_is_debug(td));
    ak_attest_measure(verdict, "mrtd", td->mrtd);
    for (size_t i = 0; i < AK_COUNT(rtmr); i++) ak_attest_measure(verdict, rtmr[i], td->rtmr[i]);
    ak_attest_measure(verdict, "mrconfigid", td->mrconfigid);
    ak_attest_measure(verdict, "mrowner", td->mrowner);
    ak_attest_measure(verdict, "mrownerconfig", td->mrownerconfig);
    ak_attest_measure(verdict, "mrseam", td->mrseam);
    ak_attest_fact_hex(verdict, "mrsignerseam", td->mrsignerseam);
    ak_attest_fact_hex(verdict, "td_attributes", td->td_attributes);
    ak_attest_fact_hex(verdict, "xfam", td->xfam);
    ak_attest_fact_hex(verdict, "tee_tcb_svn", td->tee_tcb_svn);
    ak_attest_fact_hex(verdict, "report_data", td->report_data);
    if (td->mrservicetd.len == 0) return;
    ak_attest_fact_hex(verdict, "tee_tcb_svn2", td->tee_tcb_svn2);
    ak_attest_measure(verdict, "mrservicetd", td->mrservicetd);
}

static void note_enclave(struct ak_attest_verdict *verdict, const struct ak_sgx_report *enclave)
{
    ak_attest_fact_bool(verdict, "debug", ak_sgx_report_is_debug(enclave));
    ak_attest_measure(verdict, "mrenclave", enclave->mrenclave);
    ak_attest_measure(verdict, "mrsigner", enclave->mrsigner);
    ak_attest_fact_number(verdict, "isv_prod_id", enclave->isv_prod_id);
    ak_attest_fact_number(verdict, "isv_svn", enclave->isv_svn);
    ak_attest_fact_hex(verdict, "attributes", enclave->attributes);
    ak_attest_fact_hex(verdict, "misc_select", enclave->misc_select);
    ak_attest_fact_hex(verdict, "config_id", enclave->config_id);
    ak_attest_fact_number(verdict, "config_svn", enclave->config_svn);
    ak_attest_fact_hex(verdict, "report_data", enclave->report_data);
}

/* ---- policy ---- */

static void check_shared(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_intel_evidence *evidence, struct ak_span report_data)
{
    char text[AK_ATTEST_NAME_MAX] = {0};
    struct ak_buf product = AK_BUF_ARR(text);
    ak_hex_encode(&product, AK_SPAN_ARR(evidence->pck.fmspc));
    ak_attest_check_product(verdict, policy, text, false);
    ak_attest_check_images(verdict, policy);
    ak_attest_check_data(
        verdict, AK_ATTEST_CHECK_REPORT_DATA, &policy->report_data, "report_data", report_data);
    ak_attest_check_fresh(verdict, policy, policy->report_data.given);
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_AFFIRMING;
    verdict->trust[AK_ATTEST_CONFIGURATION] =
        ak_attest_has_failed(verdict, AK_ATTEST_CHECK_GUEST_POLICY) ? AK_TRUST_WARNING : AK_TRUST_AFFIRMING;
}

static void check_td(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_intel_evidence *evidence)
{
    const struct ak_tdx_report *td = &evidence->td;
    ak_attest_check_debug(verdict, policy, ak_tdx_report_is_debug(td));
    if (ak_tdx_report_attribute(td, AK_TD_MIGRATABLE) && !policy->intel.allow_migration)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_GUEST_POLICY, "the domain may be migrated");
    if (!ak_tdx_report_attribute(td, AK_TD_SEPT_VE_DISABLE) && !policy->intel.allow_sept_ve)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_GUEST_POLICY,
            "the host may raise exceptions in the domain (SEPT_VE_DISABLE is off)");
    check_shared(verdict, policy, evidence, td->report_data);
}

static bool has_register(const struct ak_attest_policy *policy, size_t image, const char *name)
{
    for (size_t i = 0; i < policy->register_count; i++)
        if (policy->registers[i].image == image && strcmp(policy->registers[i].name, name) == 0) return true;
    return false;
}

/* A signer alone signs many enclaves; the policy has to say which. */
static void check_product_number(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_sgx_report *enclave)
{
    const struct ak_attest_policy_intel *intel = &policy->intel;
    if (intel->has_isv_prod_id && enclave->isv_prod_id != intel->isv_prod_id)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_MEASUREMENT, "isv_prod_id", enclave->isv_prod_id,
            "and must be", intel->isv_prod_id);
    for (size_t i = 0; i < policy->image_count && !intel->has_isv_prod_id; i++)
        if (!has_register(policy, i, "mrenclave"))
            ak_attest_fail(verdict, AK_ATTEST_CHECK_MEASUREMENT,
                "the policy has an image without mrenclave, and no isv_prod_id");
    if (enclave->isv_svn < intel->min_isv_svn)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_TCB, "isv_svn", enclave->isv_svn,
            "and must be at least", intel->min_isv_svn);
}

static void check_enclave(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_intel_evidence *evidence, const struct ak_sgx_report *enclave)
{
    ak_attest_check_debug(verdict, policy, ak_sgx_report_is_debug(enclave));
    check_shared(verdict, policy, evidence, enclave->report_data);
    check_product_number(verdict, policy, enclave);
}

/* ---- all of it ---- */

/* Authentic evidence: what it says, and what is thought of it. */
static enum ak_err judge(const struct ak_attest_input *input, const struct ak_intel_evidence *evidence,
    struct ak_attest_verdict *verdict)
{
    struct ak_sgx_report enclave;
    note_platform(verdict, evidence, input->parts[AK_ATTEST_PART_EVIDENCE].len);
    if (!ak_intel_is_zero(evidence->quote.trailing))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_PADDING, "bytes behind the quote are not zero");
    if (evidence->quote.tee_type == AK_INTEL_TDX) {
        note_td(verdict, &evidence->td);
        check_td(verdict, input->policy, evidence);
    } else {
        ak_sgx_report_read(evidence->quote.body, &enclave);
        note_enclave(verdict, &enclave);
        check_enclave(verdict, input->policy, evidence, &enclave);
    }
    return ak_intel_check_collateral(input, evidence, verdict);
}

static void note_unread(struct ak_attest_verdict *verdict, enum ak_err err)
{
    if (err == AK_E_UNSUPPORTED)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_VERSION,
            "it is none of the known quotes: version 3 to 5, ECDSA P-256, by Intel's quoting enclave");
    else
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "it is not a quote: a length does not fit");
}

enum ak_err ak_intel_verify(
    const struct ak_attest_root *root, const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_intel_evidence_done) struct ak_intel_evidence evidence = {.root = root};
    uint32_t wanted = input->kind == AK_ATTEST_TDX ? AK_INTEL_TDX : AK_INTEL_SGX;
    enum ak_err err = ak_intel_quote_parse(input->parts[AK_ATTEST_PART_EVIDENCE], &evidence.quote);
    if (err != AK_OK)
        note_unread(verdict, err);
    else if (evidence.quote.tee_type != wanted)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "the quote is of Intel's other TEE");
    if (verdict->failed != 0) return AK_OK;
    ak_sgx_report_read(evidence.quote.qe_report, &evidence.qe);
    if (wanted == AK_INTEL_TDX) ak_tdx_report_read(evidence.quote.body, &evidence.td);
    AK_TRY(ak_intel_check_quote(input, &evidence, verdict));
    if (verdict->failed != 0) return AK_OK;
    verdict->authentic = true;
    return judge(input, &evidence, verdict);
}

enum ak_err ak_attest_verify_intel(const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    return ak_intel_verify(&pinned, input, verdict);
}
