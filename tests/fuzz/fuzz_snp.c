/* SEV-SNP: a report, then the certificate of its key. What parses is within the report; a certificate that
 * fits one report does not fit it with another TCB, and never the other kind of key. */
#include "fuzz/fuzz.h"

#include "core/attest/snp.h"

static void check_views(const struct ak_snp_report *report, struct ak_span bytes)
{
    AK_FUZZ_CHECK(report->version >= AK_SNP_VERSION_MIN && report->version <= AK_SNP_VERSION_MAX);
    AK_FUZZ_CHECK(report->rest.ptr + report->rest.len == bytes.ptr + bytes.len && report->chip_id.len == 64);
    AK_FUZZ_CHECK(report->signed_part.len == AK_SNP_SIGNED_LEN && report->signing_key <= 7);
}

static void check_certificate(struct ak_span der, const struct ak_snp_report *report)
{
    struct ak_x509 leaf;
    uint8_t tcb[AK_SNP_TCB_LEN];
    if (ak_x509_parse(der, &leaf) != AK_OK) {
        AK_FUZZ_CHECK(leaf.cert == NULL);
        return;
    }
    (void)ak_snp_vlek_owner(&leaf);
    for (int product = 0; product < AK_SNP_PRODUCT_COUNT; product++) {
        if (ak_snp_certificate_mismatch(&leaf, report, (enum ak_snp_product)product) != NULL) continue;
        struct ak_snp_report other = *report;
        memcpy(tcb, report->reported_tcb.ptr, sizeof tcb);
        tcb[7] ^= 1;
        other.reported_tcb.ptr = tcb;
        AK_FUZZ_CHECK(ak_snp_certificate_mismatch(&leaf, &other, (enum ak_snp_product)product) != NULL);
        other = *report;
        other.signing_key = report->signing_key == AK_SNP_VLEK ? AK_SNP_VCEK : AK_SNP_VLEK;
        AK_FUZZ_CHECK(ak_snp_certificate_mismatch(&leaf, &other, (enum ak_snp_product)product) != NULL);
        break;
    }
    ak_x509_done(&leaf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_snp_report report;
    enum ak_snp_product product;
    struct ak_span bytes = ak_span(data, len < AK_SNP_REPORT_LEN ? len : AK_SNP_REPORT_LEN);
    if (ak_snp_report_parse(bytes, &report) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&report, sizeof report));
        return 0;
    }
    check_views(&report, bytes);
    AK_FUZZ_CHECK((ak_snp_report_product(&report, &product) == AK_E_NOT_FOUND) == (report.version < 3));
    check_certificate(ak_span(data + bytes.len, len - bytes.len), &report);
    return 0;
}
