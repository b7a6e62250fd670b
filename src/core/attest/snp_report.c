/* The report's layout. Its numbers are little-endian; TCB versions stay bytes, as their meaning depends on
 * the product. */
#include "core/attest/snp.h"

static uint64_t little(struct ak_span bytes, size_t at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--) value = value << 8 | bytes.ptr[at + i - 1];
    return value;
}

static void read_views(struct ak_span bytes, struct ak_snp_report *out)
{
    out->report_data = ak_span_sub(bytes, 0x50, 64);
    out->measurement = ak_span_sub(bytes, 0x90, 48);
    out->host_data = ak_span_sub(bytes, 0xc0, 32);
    out->id_key_digest = ak_span_sub(bytes, 0xe0, 48);
    out->author_key_digest = ak_span_sub(bytes, 0x110, 48);
    out->report_id = ak_span_sub(bytes, 0x140, 32);
    out->current_tcb = ak_span_sub(bytes, 0x38, AK_SNP_TCB_LEN);
    out->reported_tcb = ak_span_sub(bytes, 0x180, AK_SNP_TCB_LEN);
    out->cpuid = ak_span_sub(bytes, 0x188, 3);
    out->chip_id = ak_span_sub(bytes, 0x1a0, 64);
    out->committed_tcb = ak_span_sub(bytes, 0x1e0, AK_SNP_TCB_LEN);
    out->launch_tcb = ak_span_sub(bytes, 0x1f0, AK_SNP_TCB_LEN);
    out->signed_part = ak_span_sub(bytes, 0, AK_SNP_SIGNED_LEN);
    out->sig_r = ak_span_sub(bytes, 0x2a0, 72);
    out->sig_s = ak_span_sub(bytes, 0x2e8, 72);
    out->rest = ak_span_sub(bytes, 0x330, AK_SNP_REPORT_LEN - 0x330);
}

enum ak_err ak_snp_report_parse(struct ak_span bytes, struct ak_snp_report *out_report)
{
    *out_report = (struct ak_snp_report){0};
    if (bytes.len != AK_SNP_REPORT_LEN) return AK_E_FORMAT;
    uint32_t version = (uint32_t)little(bytes, 0, 4);
    if (version < AK_SNP_VERSION_MIN || version > AK_SNP_VERSION_MAX) return AK_E_UNSUPPORTED;
    out_report->version = version;
    out_report->guest_svn = (uint32_t)little(bytes, 4, 4);
    out_report->policy = little(bytes, 8, 8);
    out_report->vmpl = (uint32_t)little(bytes, 0x30, 4);
    out_report->sig_algo = (uint32_t)little(bytes, 0x34, 4);
    out_report->platform_info = little(bytes, 0x40, 8);
    out_report->mask_chip_key = (bytes.ptr[0x48] >> 1 & 1) != 0;
    out_report->signing_key = bytes.ptr[0x48] >> 2 & 7;
    read_views(bytes, out_report);
    return AK_OK;
}

/* Family 19h models 00h to 0Fh; 10h to 1Fh and A0h to AFh (Bergamo, Siena); family 1Ah models 00h to 1Fh. */
enum ak_err ak_snp_report_product(const struct ak_snp_report *report, enum ak_snp_product *out_product)
{
    uint8_t family = report->cpuid.ptr[0], block = report->cpuid.ptr[1] >> 4;
    *out_product = AK_SNP_MILAN;
    if (report->version < 3) return AK_E_NOT_FOUND;
    if (family == 0x19 && block == 0)
        *out_product = AK_SNP_MILAN;
    else if (family == 0x19 && (block == 1 || block == 0xa))
        *out_product = AK_SNP_GENOA;
    else if (family == 0x1a && block <= 1)
        *out_product = AK_SNP_TURIN;
    else
        return AK_E_UNSUPPORTED;
    return AK_OK;
}
