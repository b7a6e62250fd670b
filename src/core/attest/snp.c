/* SEV-SNP: certificates up to AMD's root, the certificate against the report, the report's signature; only
 * then what the report says is a fact, and the policy is asked. */
#include "core/attest/snp.h"

#include "core/attest/verdict.h"

enum { SIG_ALGO_P384 = 1, HALF = 48 };

/* AMD's root keys by product. spec: https://kdsintf.amd.com/vcek/v1/{Milan,Genoa,Turin}/cert_chain */
static const struct ak_attest_root amd_roots[AK_SNP_PRODUCT_COUNT] = {
    [AK_SNP_MILAN] = {"ARK-Milan",
        {0x69, 0xd0, 0x63, 0xb4, 0x53, 0x44, 0xd2, 0x6a, 0x2e, 0x94, 0xe1, 0xf4, 0x21, 0x0d, 0xe4, 0x9e, 0xf5,
            0x55, 0x30, 0x82, 0x87, 0xd4, 0xc1, 0x74, 0x44, 0x5c, 0x95, 0x63, 0x9a, 0x54, 0x0b, 0xcd}},
    [AK_SNP_GENOA] = {"ARK-Genoa",
        {0x4c, 0x65, 0x98, 0xd1, 0x9c, 0x18, 0x71, 0x9c, 0x5d, 0xfd, 0x4a, 0x7d, 0x33, 0x5f, 0x67, 0x4e, 0x5b,
            0xfe, 0x1d, 0x8f, 0x80, 0x0c, 0xea, 0x2c, 0xf2, 0x70, 0xc1, 0x0d, 0x10, 0x3d, 0xb2, 0xf1}},
    [AK_SNP_TURIN] = {"ARK-Turin",
        {0x1f, 0x08, 0x41, 0x61, 0xa4, 0x4b, 0xb6, 0xd9, 0x37, 0x78, 0xa9, 0x04, 0x87, 0x7d, 0x48, 0x19, 0xca,
            0xfa, 0x5d, 0x05, 0xef, 0x41, 0x93, 0xb2, 0xde, 0xd9, 0xdd, 0x9c, 0x73, 0xdd, 0x3f, 0x6a}},
};

/* ---- authenticity ---- */

static bool is_zero(struct ak_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] != 0) return false;
    return true;
}

static void check_padding(struct ak_attest_verdict *verdict, const struct ak_snp_report *report)
{
    if (!is_zero(ak_span_sub(report->sig_r, HALF, 72)) || !is_zero(ak_span_sub(report->sig_s, HALF, 72)) ||
        !is_zero(report->rest))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_PADDING, "bytes around or behind the signature are not zero");
}

static enum ak_err check_signature(
    struct ak_attest_verdict *verdict, const struct ak_snp_report *report, const struct ak_x509 *leaf)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    uint8_t sig[2 * HALF];
    for (size_t i = 0; i < HALF; i++) {
        sig[i] = report->sig_r.ptr[HALF - 1 - i];
        sig[HALF + i] = report->sig_s.ptr[HALF - 1 - i];
    }
    enum ak_err err = ak_x509_key(leaf, &key);
    if (err == AK_OK) err = ak_pubkey_verify(&key, AK_SIG_P384_SHA384, report->signed_part, AK_SPAN_ARR(sig));
    if (err == AK_E_CRYPTO) return err;
    if (err == AK_E_AUTH)
        ak_attest_fail(
            verdict, AK_ATTEST_CHECK_SIGNATURE, "the report is not signed by this certificate's key");
    else if (err != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE, "the certificate's key is not one of P-384");
    return AK_OK;
}

/* The report's own word on how it was signed. */
static void check_signing(struct ak_attest_verdict *verdict, const struct ak_snp_report *report)
{
    if (report->sig_algo != SIG_ALGO_P384)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_VERSION, "signature algorithm", report->sig_algo,
            "and only one is known:", SIG_ALGO_P384);
    if (report->mask_chip_key || report->signing_key > AK_SNP_VLEK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_SIGNATURE, "the report says that no key signed it");
}

static void check_product_and_certificate(
    struct ak_attest_verdict *verdict, const struct ak_snp_report *report, const struct ak_attest_path *path)
{
    enum ak_snp_product product = (enum ak_snp_product)path->root, said;
    enum ak_err err = ak_snp_report_product(report, &said);
    if (err == AK_E_UNSUPPORTED)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_PRODUCT, "the report is of a processor that is not known");
    else if (err == AK_OK && said != product)
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the report is of a processor of another line than ", ak_span_str(ak_snp_product_name(product)),
            "'s");
    const char *mismatch = ak_snp_certificate_mismatch(ak_attest_path_leaf(path), report, product);
    if (mismatch != NULL) ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE, mismatch);
}

/* ---- facts ---- */

static void note_hex_number(struct ak_attest_verdict *verdict, const char *name, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 + 16] = "0x";
    size_t len = 2;
    unsigned shift = 60;
    while (shift > 0 && number >> shift == 0) shift -= 4;
    for (;; shift -= 4) {
        text[len++] = digits[number >> shift & 15];
        if (shift == 0) break;
    }
    ak_attest_fact_text(verdict, name, ak_span(text, len));
}

/* "bootloader 10, tee 0, snp 23, microcode 25": what a floor has to be written for. */
static void note_tcb(
    struct ak_attest_verdict *verdict, const struct ak_snp_report *report, enum ak_snp_product product)
{
    char text[96];
    struct ak_buf out = AK_BUF_ARR(text);
    size_t count = 0;
    const struct ak_snp_component *components = ak_snp_components(product, &count);
    for (size_t i = 0; i < count; i++) {
        ak_buf_put_str(&out, i == 0 ? "" : ", ");
        ak_buf_put_str(&out, components[i].name);
        ak_buf_put_u8(&out, ' ');
        ak_buf_put_dec(&out, report->reported_tcb.ptr[components[i].at]);
    }
    ak_attest_fact_text(verdict, "tcb", ak_buf_span(&out));
}

static void note_facts(
    struct ak_attest_verdict *verdict, const struct ak_snp_report *report, enum ak_snp_product product)
{
    static const uint8_t no_cpuid[3];
    ak_attest_fact_number(verdict, "version", report->version);
    ak_attest_fact_text(verdict, "signing_key",
        report->signing_key == AK_SNP_VLEK ? AK_SPAN_LIT("vlek") : AK_SPAN_LIT("vcek"));
    ak_attest_fact_bool(verdict, "debug", ak_snp_policy_bit(report, AK_SNP_POLICY_DEBUG));
    note_hex_number(verdict, "policy", report->policy);
    ak_attest_fact_number(verdict, "vmpl", report->vmpl);
    ak_attest_fact_number(verdict, "guest_svn", report->guest_svn);
    note_hex_number(verdict, "platform_info", report->platform_info);
    ak_attest_fact_number(verdict, "sig_algo", report->sig_algo);
    ak_attest_fact_hex(verdict, "cpuid", report->version < 3 ? AK_SPAN_ARR(no_cpuid) : report->cpuid);
    ak_attest_measure(verdict, "measurement", report->measurement);
    ak_attest_fact_hex(verdict, "report_data", report->report_data);
    ak_attest_fact_hex(verdict, "host_data", report->host_data);
    ak_attest_fact_hex(verdict, "id_key_digest", report->id_key_digest);
    ak_attest_fact_hex(verdict, "author_key_digest", report->author_key_digest);
    ak_attest_fact_hex(verdict, "report_id", report->report_id);
    ak_attest_fact_hex(verdict, "chip_id", report->chip_id);
    ak_attest_fact_hex(verdict, "current_tcb", report->current_tcb);
    ak_attest_fact_hex(verdict, "reported_tcb", report->reported_tcb);
    ak_attest_fact_hex(verdict, "committed_tcb", report->committed_tcb);
    ak_attest_fact_hex(verdict, "launch_tcb", report->launch_tcb);
    note_tcb(verdict, report, product);
}

static void note_machine(
    struct ak_attest_verdict *verdict, const struct ak_snp_report *report, const struct ak_attest_path *path)
{
    struct ak_buf out = AK_BUF_ARR(verdict->machine);
    struct ak_span owner = ak_snp_vlek_owner(ak_attest_path_leaf(path));
    ak_buf_put_str(&out, "AMD EPYC ");
    ak_buf_put_str(&out, ak_snp_product_name((enum ak_snp_product)path->root));
    ak_buf_put_str(&out, report->signing_key == AK_SNP_VLEK ? ", VLEK" : ", VCEK");
    if (ak_buf_terminate(&out) != AK_OK) out.ptr[0] = 0;
    if (report->signing_key == AK_SNP_VLEK) ak_attest_fact_text(verdict, "vlek_owner", owner);
}

/* ---- policy ---- */

/* The TCB that the key was made for, and the one that the guest was started under: the host may have updated
 * since. A key is never made for a TCB beyond the committed one, so there is no way back below the floor. */
static void check_tcb(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_snp_report *report, enum ak_snp_product product)
{
    size_t count = 0;
    const struct ak_snp_component *components = ak_snp_components(product, &count);
    verdict->trust[AK_ATTEST_HARDWARE] = AK_TRUST_AFFIRMING;
    for (size_t i = 0; i < count; i++) {
        uint8_t at = components[i].at, reported = report->reported_tcb.ptr[at],
                launch = report->launch_tcb.ptr[at];
        ak_attest_check_floor(verdict, policy, ak_snp_product_name(product), components[i].name,
            reported < launch ? reported : launch);
    }
}

static void check_guest(struct ak_attest_verdict *verdict, const struct ak_attest_policy_snp *policy,
    const struct ak_snp_report *report)
{
    enum ak_attest_check check = AK_ATTEST_CHECK_GUEST_POLICY;
    if (!ak_snp_policy_bit(report, AK_SNP_POLICY_ONE))
        ak_attest_fail(verdict, check, "bit 17 of the guest policy is not set");
    if (ak_snp_policy_bit(report, AK_SNP_POLICY_MIGRATE) && !policy->allow_migration)
        ak_attest_fail(verdict, check, "the guest policy permits a migration agent");
    if (ak_snp_policy_bit(report, AK_SNP_POLICY_SMT) && policy->forbid_smt)
        ak_attest_fail(verdict, check, "the guest policy permits simultaneous multithreading");
    if (report->vmpl > policy->max_vmpl)
        ak_attest_fail_number(verdict, check, "vmpl", report->vmpl, "and may be at most", policy->max_vmpl);
    if (report->guest_svn < policy->min_guest_svn)
        ak_attest_fail_number(
            verdict, check, "guest_svn", report->guest_svn, "and must be at least", policy->min_guest_svn);
    if (policy->has_id_key_digest && !ak_span_eq(report->id_key_digest, AK_SPAN_ARR(policy->id_key_digest)))
        ak_attest_fail(verdict, check, "id_key_digest is not the one that the policy names");
    if (policy->has_host_data && !ak_span_eq(report->host_data, AK_SPAN_ARR(policy->host_data)))
        ak_attest_fail(verdict, check, "host_data is not the one that the policy names");
    verdict->trust[AK_ATTEST_CONFIGURATION] =
        ak_attest_has_failed(verdict, check) ? AK_TRUST_WARNING : AK_TRUST_AFFIRMING;
}

static void check_policy(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_snp_report *report, enum ak_snp_product product)
{
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] =
        report->signing_key == AK_SNP_VLEK ? AK_TRUST_NONE : AK_TRUST_AFFIRMING; /* a VLEK names no chip */
    ak_attest_check_product(verdict, policy, ak_snp_product_name(product), product == AK_SNP_MILAN);
    check_tcb(verdict, policy, report, product);
    check_guest(verdict, &policy->snp, report);
    ak_attest_check_debug(verdict, policy, ak_snp_policy_bit(report, AK_SNP_POLICY_DEBUG));
    ak_attest_check_images(verdict, policy);
    ak_attest_check_data(
        verdict, AK_ATTEST_CHECK_REPORT_DATA, &policy->report_data, "report_data", report->report_data);
    ak_attest_check_fresh(verdict, policy, policy->report_data.given);
}

/* ---- all of it ---- */

static enum ak_err verify_with(const struct ak_attest_input *input, const struct ak_snp_report *report,
    const struct ak_attest_path *path, struct ak_attest_verdict *verdict)
{
    AK_TRY(ak_attest_fail_chain(verdict, ak_attest_path_verify(path, input->at_s), "report's certificate"));
    if (verdict->failed != 0) return AK_OK;
    check_signing(verdict, report);
    check_product_and_certificate(verdict, report, path);
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(check_signature(verdict, report, ak_attest_path_leaf(path)));
    check_padding(verdict, report);
    if (verdict->failed != 0) return AK_OK;
    verdict->authentic = true;
    note_facts(verdict, report, (enum ak_snp_product)path->root);
    note_machine(verdict, report, path);
    check_policy(verdict, input->policy, report, (enum ak_snp_product)path->root);
    return AK_OK;
}

enum ak_err ak_snp_verify(const struct ak_attest_root roots[AK_SNP_PRODUCT_COUNT],
    const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_attest_path_done) struct ak_attest_path path = {.root = 0};
    struct ak_snp_report report = {0};
    struct ak_span chain = input->parts[AK_ATTEST_PART_CHAIN];
    enum ak_err err = ak_snp_report_parse(input->parts[AK_ATTEST_PART_EVIDENCE], &report);
    if (err == AK_E_UNSUPPORTED)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_VERSION, "the report is not of version 2 to 5");
    else if (err != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "a report has 1184 bytes");
    if (chain.len == 0)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_INPUT, "AMD's certificates of this machine are needed");
    if (verdict->failed != 0) return AK_OK;
    err = ak_attest_path_parse(input->parts[AK_ATTEST_PART_LEAF], chain, roots, AK_SNP_PRODUCT_COUNT, &path);
    AK_TRY(ak_attest_fail_chain(verdict, err, "report's certificate"));
    return verdict->failed != 0 ? AK_OK : verify_with(input, &report, &path, verdict);
}

enum ak_err ak_attest_verify_snp(const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    return ak_snp_verify(amd_roots, input, verdict);
}
