/* The quote's layout. Its numbers are little-endian. Two shapes of signature data: version 3 has the quoting
 * enclave's report plainly, later ones wrap it as certification data of type 6. */
#include "core/attest/intel_quote.h"

#include "core/attest/intel_bytes.h"

enum {
    HEADER_LEN = 48,
    KEY_TYPE_P256 = 2,
    VENDOR_AT = 12,
    BODY_SGX = 1,
    BODY_TDX = 2,
    BODY_TDX_15 = 3,
    CERTIFICATES_PEM = 5,
    CERTIFICATES_QE_REPORT = 6
};

static const uint8_t intel[16] = {
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* The first 48 bytes; those that this does not look at (user data, SVNs of version 3) are signed. */
static enum ak_err read_header(struct ak_reader *in, struct ak_intel_quote *quote)
{
    struct ak_span header = ak_reader_take(in, HEADER_LEN);
    if (in->failed) return AK_E_FORMAT;
    quote->version = (uint16_t)ak_intel_number(header, 0, 2);
    quote->tee_type = (uint32_t)ak_intel_number(header, 4, 4);
    if (quote->version < 3 || quote->version > 5) return AK_E_UNSUPPORTED;
    if (ak_intel_number(header, 2, 2) != KEY_TYPE_P256) return AK_E_UNSUPPORTED;
    if (quote->tee_type != AK_INTEL_SGX && (quote->tee_type != AK_INTEL_TDX || quote->version == 3))
        return AK_E_UNSUPPORTED;
    return ak_span_eq(ak_span_sub(header, VENDOR_AT, sizeof intel), AK_SPAN_ARR(intel)) ? AK_OK
                                                                                        : AK_E_UNSUPPORTED;
}

/* 0 where TEE and type of body do not go together. */
static size_t body_len(uint32_t tee_type, uint16_t body_type)
{
    if (tee_type == AK_INTEL_SGX) return body_type == BODY_SGX ? AK_SGX_REPORT_LEN : 0;
    if (body_type == BODY_TDX) return AK_TDX_REPORT_LEN;
    return body_type == BODY_TDX_15 ? AK_TDX_REPORT_15_LEN : 0;
}

static enum ak_err read_body(struct ak_reader *in, struct ak_intel_quote *quote)
{
    uint16_t type = quote->tee_type == AK_INTEL_SGX ? BODY_SGX : BODY_TDX;
    uint64_t said = 0;
    if (quote->version == 5) {
        type = quote->body_type = (uint16_t)ak_intel_take_number(in, 2);
        said = ak_intel_take_number(in, 4);
    }
    size_t len = body_len(quote->tee_type, type);
    if (in->failed) return AK_E_FORMAT;
    if (len == 0) return AK_E_UNSUPPORTED;
    if (quote->version == 5 && said != len) return AK_E_FORMAT;
    quote->body = ak_reader_take(in, len);
    return in->failed ? AK_E_FORMAT : AK_OK;
}

/* "type, length, bytes" that has to reach to the end of what there is. */
static enum ak_err read_last(struct ak_reader *in, uint16_t type)
{
    uint64_t seen = ak_intel_take_number(in, 2);
    uint64_t len = ak_intel_take_number(in, 4);
    if (in->failed || len != in->len) return AK_E_FORMAT;
    return seen == type ? AK_OK : AK_E_UNSUPPORTED;
}

static enum ak_err read_signature_data(struct ak_reader *in, struct ak_intel_quote *quote)
{
    quote->signature = ak_reader_take(in, AK_INTEL_SIG_LEN);
    quote->attestation_key = ak_reader_take(in, AK_INTEL_KEY_LEN);
    if (quote->version > 3) AK_TRY(read_last(in, CERTIFICATES_QE_REPORT));
    quote->qe_report = ak_reader_take(in, AK_SGX_REPORT_LEN);
    quote->qe_signature = ak_reader_take(in, AK_INTEL_SIG_LEN);
    quote->auth_data = ak_reader_take(in, (size_t)ak_intel_take_number(in, 2));
    AK_TRY(read_last(in, CERTIFICATES_PEM));
    quote->certificates = ak_reader_take(in, in->len);
    return AK_OK;
}

static enum ak_err read_quote(struct ak_span bytes, struct ak_intel_quote *quote)
{
    struct ak_reader in = ak_reader(bytes);
    AK_TRY(read_header(&in, quote));
    AK_TRY(read_body(&in, quote));
    quote->signed_part = ak_span_sub(bytes, 0, bytes.len - in.len);
    struct ak_reader data = ak_reader(ak_reader_take(&in, (size_t)ak_intel_take_number(&in, 4)));
    if (in.failed) return AK_E_FORMAT;
    AK_TRY(read_signature_data(&data, quote));
    quote->trailing = ak_reader_take(&in, in.len);
    return AK_OK;
}

enum ak_err ak_intel_quote_parse(struct ak_span bytes, struct ak_intel_quote *out_quote)
{
    *out_quote = (struct ak_intel_quote){0};
    enum ak_err err = read_quote(bytes, out_quote);
    if (err != AK_OK) *out_quote = (struct ak_intel_quote){0};
    return err;
}

/* ---- reports ---- */

void ak_sgx_report_read(struct ak_span bytes, struct ak_sgx_report *out_report)
{
    *out_report = (struct ak_sgx_report){
        .cpu_svn = ak_span_sub(bytes, 0, AK_INTEL_SVNS),
        .misc_select = ak_span_sub(bytes, 16, 4),
        .attributes = ak_span_sub(bytes, 48, 16),
        .mrenclave = ak_span_sub(bytes, 64, 32),
        .mrsigner = ak_span_sub(bytes, 128, 32),
        .config_id = ak_span_sub(bytes, 192, 64),
        .report_data = ak_span_sub(bytes, 320, 64),
        .isv_prod_id = (uint16_t)ak_intel_number(bytes, 256, 2),
        .isv_svn = (uint16_t)ak_intel_number(bytes, 258, 2),
        .config_svn = (uint16_t)ak_intel_number(bytes, 260, 2),
    };
}

void ak_tdx_report_read(struct ak_span bytes, struct ak_tdx_report *out_report)
{
    *out_report = (struct ak_tdx_report){
        .tee_tcb_svn = ak_span_sub(bytes, 0, AK_INTEL_SVNS),
        .mrseam = ak_span_sub(bytes, 16, 48),
        .mrsignerseam = ak_span_sub(bytes, 64, 48),
        .seam_attributes = ak_span_sub(bytes, 112, 8),
        .td_attributes = ak_span_sub(bytes, 120, 8),
        .xfam = ak_span_sub(bytes, 128, 8),
        .mrtd = ak_span_sub(bytes, 136, 48),
        .mrconfigid = ak_span_sub(bytes, 184, 48),
        .mrowner = ak_span_sub(bytes, 232, 48),
        .mrownerconfig = ak_span_sub(bytes, 280, 48),
        .rtmr = {ak_span_sub(bytes, 328, 48), ak_span_sub(bytes, 376, 48), ak_span_sub(bytes, 424, 48),
            ak_span_sub(bytes, 472, 48)},
        .report_data = ak_span_sub(bytes, 520, 64),
        .tee_tcb_svn2 = ak_span_sub(bytes, AK_TDX_REPORT_LEN, AK_INTEL_SVNS),
        .mrservicetd = ak_span_sub(bytes, AK_TDX_REPORT_LEN + AK_INTEL_SVNS, 48),
    };
}
