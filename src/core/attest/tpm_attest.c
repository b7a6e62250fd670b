/* TPMS_ATTEST: the part that all types share, then PCRs or NV contents. */
#include "core/attest/tpm_attest.h"

#include "base/reader.h"

static const uint8_t magic[] = {0xff, 'T', 'C', 'G'};

enum { NAME_MAX = 66, DATA_MAX = 64, SELECT_MAX = 32, DIGEST_MAX = 64 };

static struct ak_span take_sized(struct ak_reader *in, size_t max)
{
    size_t len = ak_reader_u16(in);
    if (len > max) in->failed = true;
    return ak_reader_take(in, len);
}

static void read_head(struct ak_reader *in, struct ak_tpm_attest *out)
{
    if (!ak_span_eq(ak_reader_take(in, sizeof magic), AK_SPAN_ARR(magic))) in->failed = true;
    out->type = ak_reader_u16(in);
    out->qualified_signer = take_sized(in, NAME_MAX);
    out->extra_data = take_sized(in, DATA_MAX);
    out->clock_ms = ak_reader_u64(in);
    out->reset_count = ak_reader_u32(in);
    out->restart_count = ak_reader_u32(in);
    uint8_t safe = ak_reader_u8(in);
    if (safe > 1) in->failed = true;
    out->clock_safe = safe == 1;
    out->firmware = ak_reader_take(in, 8);
}

static enum ak_err read_selection(struct ak_reader *in, struct ak_tpm_selection *out)
{
    out->hash = ak_reader_u16(in);
    size_t len = ak_reader_u8(in);
    if (len > SELECT_MAX) return AK_E_FORMAT;
    struct ak_span bits = ak_reader_take(in, len);
    if (in->failed) return AK_E_FORMAT;
    for (size_t i = 0; i < len; i++) {
        if (i < AK_TPM_PCRS / 8)
            out->pcrs |= (uint32_t)bits.ptr[i] << 8 * i;
        else if (bits.ptr[i] != 0)
            return AK_E_UNSUPPORTED;
    }
    return AK_OK;
}

static enum ak_err read_quote(struct ak_reader *in, struct ak_tpm_attest *out)
{
    uint32_t count = ak_reader_u32(in);
    if (in->failed) return AK_E_FORMAT;
    if (count > AK_TPM_BANKS_MAX) return AK_E_UNSUPPORTED;
    for (uint32_t i = 0; i < count; i++) AK_TRY(read_selection(in, &out->selections[i]));
    out->selection_count = count;
    out->pcr_digest = take_sized(in, DIGEST_MAX);
    return ak_reader_finish(in);
}

static enum ak_err read_nv(struct ak_reader *in, struct ak_tpm_attest *out)
{
    out->nv_name = take_sized(in, NAME_MAX);
    out->nv_offset = ak_reader_u16(in);
    out->nv_contents = take_sized(in, UINT16_MAX);
    return ak_reader_finish(in);
}

static enum ak_err read_object(struct ak_reader *in, struct ak_tpm_attest *out)
{
    out->object_name = take_sized(in, NAME_MAX);
    out->object_qualified_name = take_sized(in, NAME_MAX);
    return ak_reader_finish(in);
}

static enum ak_err read_attest(struct ak_span bytes, bool of_object, struct ak_tpm_attest *out)
{
    struct ak_reader in = ak_reader(bytes);
    read_head(&in, out);
    if (in.failed) return AK_E_FORMAT;
    if (of_object) return out->type == AK_TPM_ST_CERTIFY ? read_object(&in, out) : AK_E_UNSUPPORTED;
    if (out->type == AK_TPM_ST_QUOTE) return read_quote(&in, out);
    return out->type == AK_TPM_ST_NV ? read_nv(&in, out) : AK_E_UNSUPPORTED;
}

static enum ak_err parse(struct ak_span bytes, bool of_object, struct ak_tpm_attest *out_attest)
{
    *out_attest = (struct ak_tpm_attest){0};
    enum ak_err err = read_attest(bytes, of_object, out_attest);
    if (err != AK_OK) *out_attest = (struct ak_tpm_attest){0};
    return err;
}

enum ak_err ak_tpm_attest_parse(struct ak_span bytes, struct ak_tpm_attest *out_attest)
{
    return parse(bytes, false, out_attest);
}

enum ak_err ak_tpm_attest_parse_object(struct ak_span bytes, struct ak_tpm_attest *out_attest)
{
    return parse(bytes, true, out_attest);
}
