/* Who made a quote: the chain of the PCK up to Intel's root, the quoting enclave's report signed by the PCK,
 * the attestation key bound by that report, and the quote signed by that key. */
#include "base/crypto/sha256.h"
#include "core/attest/intel.h"
#include "core/attest/intel_bytes.h"

enum { PCK_CHAIN = 3, LINE = 64 };

void ak_intel_evidence_done(struct ak_intel_evidence *evidence)
{
    ak_attest_path_done(&evidence->path);
}

/* ---- certificates ---- */

/* The next line without its line feed; false where there is no line feed. */
static bool take_line(struct ak_span *text, struct ak_span *out_line)
{
    size_t len = ak_span_find(*text, 0, '\n');
    if (len == text->len) return false;
    *out_line = ak_span_sub(*text, 0, len);
    *text = ak_span_sub(*text, len + 1, text->len);
    return true;
}

/* One block: all lines but the last are full. */
static bool take_block(struct ak_span *text)
{
    struct ak_span line;
    bool last = false;
    if (!take_line(text, &line) || !ak_span_eq(line, AK_SPAN_LIT("-----BEGIN CERTIFICATE-----")))
        return false;
    while (take_line(text, &line)) {
        if (ak_span_starts(line, AK_SPAN_LIT("-")))
            return ak_span_eq(line, AK_SPAN_LIT("-----END CERTIFICATE-----"));
        if (last || line.len == 0 || line.len > LINE) return false;
        for (size_t i = 0; i < line.len; i++)
            if (line.ptr[i] <= ' ') return false;
        last = line.len < LINE;
    }
    return false;
}

bool ak_intel_is_plain_pem(struct ak_span text, struct ak_span *out_pem)
{
    if (text.len > 0 && text.ptr[text.len - 1] == 0) text.len--;
    *out_pem = text;
    if (text.len == 0) return false;
    while (text.len > 0)
        if (!take_block(&text)) return false;
    return true;
}

/* Intel's root signs other keys too; only this shape is a PCK's. spec: Intel SGX PCK Certificate and CRL
 * Profile, 1.3 */
static bool is_pck_chain(const struct ak_attest_path *path)
{
    const struct ak_x509 *certs = path->given.certs;
    if (path->given.count != PCK_CHAIN) return false;
    struct ak_span leaf = ak_x509_subject_cn(&certs[0]), ca = ak_x509_subject_cn(&certs[1]);
    return ak_span_eq(leaf, AK_SPAN_LIT("Intel SGX PCK Certificate")) &&
           (ak_span_eq(ca, AK_SPAN_LIT("Intel SGX PCK Platform CA")) ||
               ak_span_eq(ca, AK_SPAN_LIT("Intel SGX PCK Processor CA")));
}

static void check_pck(struct ak_intel_evidence *evidence, struct ak_attest_verdict *verdict)
{
    struct ak_span value;
    if (!is_pck_chain(&evidence->path))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the quote's certificates are not those of a platform (PCK)");
    else if (ak_x509_extension(ak_attest_path_leaf(&evidence->path), AK_INTEL_PCK_OID, &value) != AK_OK ||
             ak_intel_pck_parse(value, &evidence->pck) != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the platform's certificate does not say what platform it is");
}

static enum ak_err check_chain(
    uint64_t at_s, struct ak_intel_evidence *evidence, struct ak_attest_verdict *verdict)
{
    static const char what[] = "quote's certificate";
    struct ak_span pem;
    if (!ak_intel_is_plain_pem(evidence->quote.certificates, &pem)) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "the quote's certificates are not plain PEM");
        return AK_OK;
    }
    enum ak_err err = ak_attest_path_parse(AK_SPAN_EMPTY, pem, evidence->root, 1, &evidence->path);
    if (err == AK_OK) err = ak_attest_path_verify(&evidence->path, at_s);
    AK_TRY(ak_attest_fail_chain(verdict, err, what));
    if (verdict->failed == 0) check_pck(evidence, verdict);
    return AK_OK;
}

/* ---- signatures ---- */

/* Notes a signature that does not fit. AK_E_CRYPTO. */
static enum ak_err note(struct ak_attest_verdict *verdict, enum ak_err err, const char *detail)
{
    if (err == AK_E_CRYPTO) return err;
    if (err != AK_OK) ak_attest_fail(verdict, AK_ATTEST_CHECK_SIGNATURE, detail);
    return AK_OK;
}

static enum ak_err verify_qe_report(const struct ak_intel_evidence *evidence)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key = {.key = NULL};
    AK_TRY(ak_x509_key(ak_attest_path_leaf(&evidence->path), &key));
    return ak_pubkey_verify(
        &key, AK_SIG_P256_SHA256, evidence->quote.qe_report, evidence->quote.qe_signature);
}

/* The report's first half is the hash of key and authentication data, the rest is zero. */
static bool is_key_bound(const struct ak_intel_evidence *evidence)
{
    const struct ak_span parts[] = {evidence->quote.attestation_key, evidence->quote.auth_data};
    uint8_t wanted[2 * AK_SHA256_LEN] = {0};
    ak_sha256_parts(parts, AK_COUNT(parts), wanted);
    return ak_span_eq(evidence->qe.report_data, AK_SPAN_ARR(wanted));
}

static enum ak_err verify_quote(const struct ak_intel_quote *quote)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key = {.key = NULL};
    AK_TRY(ak_pubkey_from_point(quote->attestation_key, &key));
    return ak_pubkey_verify(&key, AK_SIG_P256_SHA256, quote->signed_part, quote->signature);
}

enum ak_err ak_intel_check_quote(const struct ak_attest_input *input, struct ak_intel_evidence *evidence,
    struct ak_attest_verdict *verdict)
{
    AK_TRY(check_chain(input->at_s, evidence, verdict));
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(note(verdict, verify_qe_report(evidence),
        "the quoting enclave's report is not signed by the platform's key"));
    if (!is_key_bound(evidence))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_SIGNATURE,
            "the quoting enclave's report is about another attestation key");
    if (verdict->failed != 0) return AK_OK;
    return note(verdict, verify_quote(&evidence->quote), "the quote is not signed by its attestation key");
}
