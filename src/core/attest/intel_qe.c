/* Reading a QE identity, and holding a report against it. */
#include "core/attest/intel_qe.h"

#include "core/attest/intel_bytes.h"

enum { VERSION = 2 };

static enum ak_err read_identity(
    struct ak_json_value root, uint32_t tee_type, struct ak_intel_qe_identity *out)
{
    struct ak_span wanted = tee_type == AK_INTEL_TDX ? AK_SPAN_LIT("TD_QE") : AK_SPAN_LIT("QE");
    uint64_t number = 0;
    if (!ak_json_string_is(ak_json_get(root, "id"), wanted)) return AK_E_UNSUPPORTED;
    AK_TRY(ak_intel_json_number(root, "version", UINT32_MAX, &number));
    if (number != VERSION) return AK_E_UNSUPPORTED;
    AK_TRY(ak_intel_json_window(root, &out->window));
    AK_TRY(ak_intel_json_number(root, "tcbEvaluationDataNumber", UINT32_MAX, &number));
    out->evaluation = (uint32_t)number;
    AK_TRY(ak_intel_json_hex(root, "miscselect", out->misc_select, sizeof out->misc_select));
    AK_TRY(ak_intel_json_hex(root, "miscselectMask", out->misc_mask, sizeof out->misc_mask));
    AK_TRY(ak_intel_json_hex(root, "attributes", out->attributes, sizeof out->attributes));
    AK_TRY(ak_intel_json_hex(root, "attributesMask", out->attributes_mask, sizeof out->attributes_mask));
    AK_TRY(ak_intel_json_hex(root, "mrsigner", out->mrsigner, sizeof out->mrsigner));
    AK_TRY(ak_intel_json_number(root, "isvprodid", UINT16_MAX, &number));
    out->isv_prod_id = (uint16_t)number;
    return ak_intel_isv_levels_read(root, out->levels, AK_INTEL_MODULE_LEVELS_MAX, &out->level_count);
}

enum ak_err ak_intel_qe_identity_parse(
    struct ak_span body, uint32_t tee_type, struct ak_intel_qe_identity *out_identity)
{
    AK_CLEANUP(ak_json_done) struct ak_json document;
    memset(out_identity, 0, sizeof *out_identity);
    AK_TRY(ak_json_parse(body, AK_INTEL_JSON_MAX, &document));
    enum ak_err err = read_identity(ak_json_root(&document), tee_type, out_identity);
    if (err != AK_OK) memset(out_identity, 0, sizeof *out_identity);
    return err;
}

const char *ak_intel_qe_mismatch(
    const struct ak_intel_qe_identity *identity, const struct ak_sgx_report *report)
{
    if (!ak_span_eq(report->mrsigner, AK_SPAN_ARR(identity->mrsigner)))
        return "the quoting enclave is signed by somebody else";
    if (report->isv_prod_id != identity->isv_prod_id) return "the quoting enclave is another product";
    if (!ak_intel_is_masked(
            report->attributes, AK_SPAN_ARR(identity->attributes_mask), AK_SPAN_ARR(identity->attributes)))
        return "the quoting enclave has other attributes";
    if (!ak_intel_is_masked(
            report->misc_select, AK_SPAN_ARR(identity->misc_mask), AK_SPAN_ARR(identity->misc_select)))
        return "the quoting enclave has another misc_select";
    return NULL;
}
