/* Intel's word on a platform: who is revoked, and what its TCB is called. Every part is checked, so that a
 * verdict says all that is wrong with it. */
#include "base/crypto/x509_crl.h"
#include "core/attest/intel.h"
#include "core/attest/intel_bytes.h"
#include "core/attest/intel_qe.h"

enum { SIGNER_CHAIN = 2 };

/* All of them, or a verdict says which are missing. */
static void check_given(const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    static const struct {
        enum ak_attest_part part;
        const char *name;
    } needed[] = {{AK_ATTEST_PART_TCB_INFO, "the TCB info"}, {AK_ATTEST_PART_QE_IDENTITY, "the QE identity"},
        {AK_ATTEST_PART_TCB_CHAIN, "the certificates of who signed the TCB info"},
        {AK_ATTEST_PART_PCK_CRL, "the revocation list of the platform's CA"},
        {AK_ATTEST_PART_ROOT_CRL, "the revocation list of Intel's root"}};
    for (size_t i = 0; i < AK_COUNT(needed); i++)
        if (input->parts[needed[i].part].len == 0)
            ak_attest_fail_about(verdict, AK_ATTEST_CHECK_INPUT, "", ak_span_str(needed[i].name),
                " is needed; Intel's PCS has it");
}

/* ---- revocation ---- */

/* AK_OK with `out_crl` verified, or with nothing in it and the failure noted. */
static enum ak_err open_crl(const struct ak_attest_input *input, enum ak_attest_part part,
    const struct ak_x509 *issuer, struct ak_x509_crl *out_crl, struct ak_attest_verdict *verdict)
{
    out_crl->crl = NULL;
    if (input->parts[part].len == 0) return AK_OK;
    enum ak_err err = ak_x509_crl_parse(input->parts[part], out_crl);
    if (err == AK_OK) err = ak_x509_crl_verify(out_crl, issuer, input->at_s);
    if (err == AK_OK) return AK_OK;
    ak_x509_crl_done(out_crl);
    if (err == AK_E_EXPIRED)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_TIME, "a revocation list is not valid at this time");
    else
        ak_attest_fail(verdict, AK_ATTEST_CHECK_COLLATERAL,
            "a revocation list is not the one of its certificate's issuer");
    return err == AK_E_CRYPTO ? err : AK_OK;
}

static void check_revoked(struct ak_attest_verdict *verdict, const struct ak_x509_crl *crl,
    const struct ak_x509 *cert, const char *what)
{
    if (crl->crl != NULL && ak_x509_crl_has(crl, cert))
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_REVOKED, "Intel has revoked the certificate of the ",
            ak_span_str(what), "");
}

static enum ak_err check_revocation(const struct ak_attest_input *input,
    const struct ak_intel_evidence *evidence, const struct ak_attest_path *signer,
    struct ak_attest_verdict *verdict)
{
    const struct ak_x509 *certs = evidence->path.given.certs;
    AK_CLEANUP(ak_x509_crl_done) struct ak_x509_crl root = {.crl = NULL};
    AK_CLEANUP(ak_x509_crl_done) struct ak_x509_crl pck = {.crl = NULL};
    AK_TRY(open_crl(input, AK_ATTEST_PART_ROOT_CRL, &certs[2], &root, verdict));
    AK_TRY(open_crl(input, AK_ATTEST_PART_PCK_CRL, &certs[1], &pck, verdict));
    check_revoked(verdict, &root, &certs[1], "platform's CA");
    check_revoked(verdict, &pck, &certs[0], "platform");
    if (signer->given.count > 0)
        check_revoked(verdict, &root, ak_attest_path_leaf(signer), "collateral's signer");
    return AK_OK;
}

/* ---- signed JSON ---- */

/* Who signs collateral: directly below the root, and by this name, as the root signs other keys too. */
static enum ak_err open_signer(const struct ak_attest_input *input, const struct ak_attest_root *root,
    struct ak_attest_path *signer, struct ak_attest_verdict *verdict)
{
    static const char what[] = "collateral's signer";
    struct ak_span chain = input->parts[AK_ATTEST_PART_TCB_CHAIN];
    if (chain.len == 0) return AK_OK;
    enum ak_err err = ak_attest_path_parse(AK_SPAN_EMPTY, chain, root, 1, signer);
    if (err == AK_OK) err = ak_attest_path_verify(signer, input->at_s);
    if (err == AK_OK &&
        (signer->given.count != SIGNER_CHAIN || !ak_span_eq(ak_x509_subject_cn(ak_attest_path_leaf(signer)),
                                                    AK_SPAN_LIT("Intel SGX TCB Signing"))))
        err = AK_E_AUTH;
    if (err != AK_OK) ak_attest_path_done(signer);
    return ak_attest_fail_chain(verdict, err, what);
}

/* The signed bytes; empty, and noted, where there are none. */
static enum ak_err open_signed(const struct ak_attest_input *input, enum ak_attest_part part,
    const char *name, const struct ak_attest_path *signer, struct ak_span *out_body,
    struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key = {.key = NULL};
    uint8_t signature[64];
    struct ak_span body;
    *out_body = AK_SPAN_EMPTY;
    if (input->parts[part].len == 0 || signer->given.count == 0) return AK_OK;
    enum ak_err err = ak_intel_signed_split(input->parts[part], name, &body, signature);
    if (err == AK_OK) err = ak_x509_key(ak_attest_path_leaf(signer), &key);
    if (err == AK_OK) err = ak_pubkey_verify(&key, AK_SIG_P256_SHA256, body, AK_SPAN_ARR(signature));
    if (err == AK_OK)
        *out_body = body;
    else if (err != AK_E_CRYPTO)
        ak_attest_fail_about(
            verdict, AK_ATTEST_CHECK_COLLATERAL, "", ak_span_str(name), " is not signed by Intel");
    return err == AK_E_CRYPTO ? err : AK_OK;
}

static void check_window(
    struct ak_attest_verdict *verdict, const struct ak_intel_window *window, uint64_t at_s, const char *name)
{
    if (at_s < window->from_s)
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_TIME, "", ak_span_str(name), " is of the future");
    if (at_s > window->until_s)
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_TIME, "", ak_span_str(name), " has expired");
}

static void check_evaluation(
    struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, uint32_t evaluation)
{
    if (evaluation < policy->intel.min_tcb_evaluation)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_COLLATERAL, "the collateral's evaluation number",
            evaluation, "and must be at least", policy->intel.min_tcb_evaluation);
}

/* UpToDate, or what the policy takes beside it; never what is revoked or below every level. */
static void check_status(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    enum ak_intel_status status, const char *what)
{
    bool good = status == AK_INTEL_UP_TO_DATE ||
                (status < AK_INTEL_REVOKED && (policy->intel.statuses >> status & 1) != 0);
    if (good) return;
    char text[96] = {0};
    struct ak_buf detail = AK_BUF_ARR(text);
    ak_buf_put_str(&detail, what);
    ak_buf_put_str(&detail, " is ");
    ak_attest_fail_about(verdict, AK_ATTEST_CHECK_TCB_STATUS, text, ak_span_str(ak_intel_status_name(status)),
        ", which the policy does not take");
}

static void note_status(struct ak_attest_verdict *verdict, const char *name, enum ak_intel_status status)
{
    ak_attest_fact_text(verdict, name, ak_span_str(ak_intel_status_name(status)));
}

/* ---- TCB info ---- */

static struct ak_intel_platform platform_of(const struct ak_intel_evidence *evidence)
{
    struct ak_intel_platform platform = {
        .tee_type = evidence->quote.tee_type, .pce_svn = evidence->pck.pce_svn};
    memcpy(platform.svns, evidence->pck.svns, sizeof platform.svns);
    if (platform.tee_type == AK_INTEL_TDX)
        memcpy(platform.tee_svns, evidence->td.tee_tcb_svn.ptr, sizeof platform.tee_svns);
    return platform;
}

/* "INTEL-SA-00106 INTEL-SA-00115": as many as have room. */
static void note_advisories(struct ak_attest_verdict *verdict, struct ak_json_value list)
{
    char text[1024];
    struct ak_buf out = AK_BUF_ARR(text);
    for (size_t i = 0; i < ak_json_len(list); i++) {
        struct ak_span name = AK_SPAN_EMPTY;
        if (ak_json_string(ak_json_at(list, i), &name) != AK_OK || name.len + 1 > out.cap - out.len) break;
        if (i > 0) ak_buf_put_u8(&out, ' ');
        ak_buf_put(&out, name);
    }
    ak_attest_fact_text(verdict, "advisories", ak_buf_span(&out));
}

/* The module's own status; UpToDate where it has no levels of its own. */
static enum ak_intel_status module_status(const struct ak_intel_tcb_info *info,
    const struct ak_intel_platform *platform, const struct ak_tdx_report *td,
    struct ak_attest_verdict *verdict)
{
    const struct ak_intel_module *module = ak_intel_tcb_module(info, platform);
    if (module == NULL || !ak_span_eq(td->mrsignerseam, AK_SPAN_ARR(module->mrsigner)) ||
        !ak_intel_is_masked(
            td->seam_attributes, AK_SPAN_ARR(module->mask), AK_SPAN_ARR(module->attributes))) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_TCB, "the TDX module is none that Intel names");
        return AK_INTEL_NO_LEVEL;
    }
    if (module->version == 0) return AK_INTEL_UP_TO_DATE;
    return ak_intel_isv_status(module->levels, module->level_count, platform->tee_svns[0]);
}

static void check_level(const struct ak_intel_tcb_info *info, const struct ak_intel_evidence *evidence,
    const struct ak_attest_policy *policy, struct ak_attest_verdict *verdict)
{
    struct ak_intel_platform platform = platform_of(evidence);
    const struct ak_intel_level *level = ak_intel_tcb_level(info, &platform);
    enum ak_intel_status status = level == NULL ? AK_INTEL_NO_LEVEL : level->status;
    if (level == NULL) {
        struct ak_intel_gap gap = ak_intel_tcb_gap(info, &platform);
        char text[64] = {0};
        struct ak_buf name = AK_BUF_ARR(text);
        ak_buf_put_str(&name, gap.name);
        ak_buf_put_u8(&name, ' ');
        ak_buf_put_dec(&name, gap.component);
        ak_attest_fail_number(
            verdict, AK_ATTEST_CHECK_TCB, text, gap.seen, "and Intel's lowest level has", gap.wanted);
    } else {
        note_advisories(verdict, level->advisories);
    }
    if (platform.tee_type == AK_INTEL_TDX) {
        enum ak_intel_status module = module_status(info, &platform, &evidence->td, verdict);
        note_status(verdict, "module_status", module);
        status = ak_intel_status_join(status, module);
    }
    note_status(verdict, "tcb_status", status);
    check_status(verdict, policy, status, "the platform's TCB");
    verdict->trust[AK_ATTEST_HARDWARE] =
        status == AK_INTEL_UP_TO_DATE
            ? AK_TRUST_AFFIRMING
            : (status < AK_INTEL_REVOKED ? AK_TRUST_WARNING : AK_TRUST_CONTRAINDICATED);
}

static enum ak_err check_tcb_info(const struct ak_attest_input *input,
    const struct ak_intel_evidence *evidence, struct ak_span body, struct ak_intel_window *out_window,
    struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_intel_tcb_info_done) struct ak_intel_tcb_info info;
    enum ak_err err = ak_intel_tcb_info_parse(body, evidence->quote.tee_type, &info);
    if (err == AK_E_FULL) return err;
    if (err != AK_OK) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_COLLATERAL,
            err == AK_E_UNSUPPORTED ? "the TCB info is of another TEE or version"
                                    : "the TCB info has no form");
        return AK_OK;
    }
    *out_window = info.window;
    check_window(verdict, &info.window, input->at_s, "the TCB info");
    check_evaluation(verdict, input->policy, info.evaluation);
    ak_attest_fact_number(verdict, "tcb_evaluation", info.evaluation);
    if (memcmp(info.fmspc, evidence->pck.fmspc, sizeof info.fmspc) != 0 ||
        memcmp(info.pce_id, evidence->pck.pce_id, sizeof info.pce_id) != 0)
        ak_attest_fail(
            verdict, AK_ATTEST_CHECK_COLLATERAL, "the TCB info is of another platform (FMSPC, PCE)");
    else
        check_level(&info, evidence, input->policy, verdict);
    return AK_OK;
}

/* ---- QE identity ---- */

static enum ak_err check_qe_identity(const struct ak_attest_input *input,
    const struct ak_intel_evidence *evidence, struct ak_span body, struct ak_intel_window *out_window,
    struct ak_attest_verdict *verdict)
{
    struct ak_intel_qe_identity identity;
    enum ak_err err = ak_intel_qe_identity_parse(body, evidence->quote.tee_type, &identity);
    if (err == AK_E_FULL) return err;
    if (err != AK_OK) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_COLLATERAL,
            err == AK_E_UNSUPPORTED ? "the QE identity is of another TEE or version"
                                    : "the QE identity has no form");
        return AK_OK;
    }
    *out_window = identity.window;
    check_window(verdict, &identity.window, input->at_s, "the QE identity");
    check_evaluation(verdict, input->policy, identity.evaluation);
    const char *mismatch = ak_intel_qe_mismatch(&identity, &evidence->qe);
    if (mismatch != NULL) ak_attest_fail(verdict, AK_ATTEST_CHECK_COLLATERAL, mismatch);
    enum ak_intel_status status =
        ak_intel_isv_status(identity.levels, identity.level_count, evidence->qe.isv_svn);
    note_status(verdict, "qe_status", status);
    check_status(verdict, input->policy, status, "the quoting enclave");
    return AK_OK;
}

/* ---- all of it ---- */

static void note_window(
    struct ak_attest_verdict *verdict, const struct ak_intel_window *tcb, const struct ak_intel_window *qe)
{
    const struct ak_intel_window *last = tcb->from_s > qe->from_s ? tcb : qe;
    const struct ak_intel_window *first = tcb->until_s < qe->until_s ? tcb : qe;
    ak_attest_fact_text(verdict, "collateral_from", AK_SPAN_ARR(last->from));
    ak_attest_fact_text(verdict, "collateral_until", AK_SPAN_ARR(first->until));
}

enum ak_err ak_intel_check_collateral(const struct ak_attest_input *input,
    const struct ak_intel_evidence *evidence, struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_attest_path_done) struct ak_attest_path signer = {.root = 0};
    struct ak_intel_window tcb_window = {.from_s = 0}, qe_window = {.from_s = 0};
    struct ak_span tcb_info, qe_identity;
    check_given(input, verdict);
    AK_TRY(open_signer(input, evidence->root, &signer, verdict));
    AK_TRY(check_revocation(input, evidence, &signer, verdict));
    AK_TRY(open_signed(input, AK_ATTEST_PART_TCB_INFO, "tcbInfo", &signer, &tcb_info, verdict));
    AK_TRY(open_signed(input, AK_ATTEST_PART_QE_IDENTITY, "enclaveIdentity", &signer, &qe_identity, verdict));
    if (tcb_info.len > 0) AK_TRY(check_tcb_info(input, evidence, tcb_info, &tcb_window, verdict));
    if (qe_identity.len > 0) AK_TRY(check_qe_identity(input, evidence, qe_identity, &qe_window, verdict));
    if (tcb_window.until_s > 0 && qe_window.until_s > 0) note_window(verdict, &tcb_window, &qe_window);
    return AK_OK;
}
