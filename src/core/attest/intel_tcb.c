/* Reading TCB info. */
#include "core/attest/intel_tcb.h"

enum { VERSION = 3 };

void ak_intel_tcb_info_done(struct ak_intel_tcb_info *info)
{
    ak_json_done(&info->document);
    info->level_count = info->module_count = 0;
}

static enum ak_err read_components(
    struct ak_json_value tcb, const char *name, uint8_t out_svns[AK_INTEL_SVNS])
{
    struct ak_json_value list = ak_json_get(tcb, name);
    if (ak_json_type(list) != AK_JSON_ARRAY || ak_json_len(list) != AK_INTEL_SVNS) return AK_E_FORMAT;
    for (size_t i = 0; i < AK_INTEL_SVNS; i++) {
        uint64_t svn = 0;
        AK_TRY(ak_intel_json_number(ak_json_at(list, i), "svn", UINT8_MAX, &svn));
        out_svns[i] = (uint8_t)svn;
    }
    return AK_OK;
}

static enum ak_err read_status(struct ak_json_value level, enum ak_intel_status *out_status)
{
    struct ak_span name;
    if (ak_json_string(ak_json_get(level, "tcbStatus"), &name) != AK_OK) return AK_E_FORMAT;
    return ak_intel_status_parse(name, out_status) == AK_OK ? AK_OK : AK_E_FORMAT;
}

/* An array of strings where it is there. */
static enum ak_err read_advisories(struct ak_json_value level, struct ak_json_value *out_list)
{
    struct ak_span text;
    *out_list = ak_json_get(level, "advisoryIDs");
    if (ak_json_type(*out_list) == AK_JSON_ABSENT) return AK_OK;
    if (ak_json_type(*out_list) != AK_JSON_ARRAY) return AK_E_FORMAT;
    for (size_t i = 0; i < ak_json_len(*out_list); i++)
        if (ak_json_string(ak_json_at(*out_list, i), &text) != AK_OK) return AK_E_FORMAT;
    return AK_OK;
}

static enum ak_err read_level(struct ak_json_value value, uint32_t tee_type, struct ak_intel_level *out)
{
    struct ak_json_value tcb = ak_json_get(value, "tcb");
    uint64_t pce_svn = 0;
    AK_TRY(read_components(tcb, "sgxtcbcomponents", out->sgx));
    if (tee_type == AK_INTEL_TDX) AK_TRY(read_components(tcb, "tdxtcbcomponents", out->tdx));
    AK_TRY(ak_intel_json_number(tcb, "pcesvn", UINT16_MAX, &pce_svn));
    out->pce_svn = (uint16_t)pce_svn;
    AK_TRY(read_status(value, &out->status));
    return read_advisories(value, &out->advisories);
}

/* An array of 1 to cap elements. */
static enum ak_err list_of(
    struct ak_json_value object, const char *name, size_t cap, struct ak_json_value *out_list)
{
    *out_list = ak_json_get(object, name);
    if (ak_json_type(*out_list) != AK_JSON_ARRAY || ak_json_len(*out_list) == 0) return AK_E_FORMAT;
    return ak_json_len(*out_list) > cap ? AK_E_LIMIT : AK_OK;
}

static enum ak_err read_levels(struct ak_json_value root, uint32_t tee_type, struct ak_intel_tcb_info *info)
{
    struct ak_json_value list;
    AK_TRY(list_of(root, "tcbLevels", AK_INTEL_LEVELS_MAX, &list));
    for (size_t i = 0; i < ak_json_len(list); i++) {
        AK_TRY(read_level(ak_json_at(list, i), tee_type, &info->levels[i]));
        info->level_count++;
    }
    return AK_OK;
}

enum ak_err ak_intel_isv_levels_read(
    struct ak_json_value object, struct ak_intel_isv_level *out_levels, size_t cap, size_t *out_count)
{
    struct ak_json_value list;
    *out_count = 0;
    AK_TRY(list_of(object, "tcbLevels", cap, &list));
    for (size_t i = 0; i < ak_json_len(list); i++) {
        struct ak_json_value level = ak_json_at(list, i);
        uint64_t svn = 0;
        AK_TRY(ak_intel_json_number(ak_json_get(level, "tcb"), "isvsvn", UINT16_MAX, &svn));
        out_levels[i].isv_svn = (uint16_t)svn;
        AK_TRY(read_status(level, &out_levels[i].status));
    }
    *out_count = ak_json_len(list);
    return AK_OK;
}

/* ---- TDX modules ---- */

static enum ak_err read_identity(struct ak_json_value value, struct ak_intel_module *module)
{
    AK_TRY(ak_intel_json_hex(value, "mrsigner", module->mrsigner, sizeof module->mrsigner));
    AK_TRY(ak_intel_json_hex(value, "attributes", module->attributes, sizeof module->attributes));
    return ak_intel_json_hex(value, "attributesMask", module->mask, sizeof module->mask);
}

/* "TDX_01" */
static enum ak_err read_version(struct ak_json_value value, uint8_t *out_version)
{
    struct ak_span id;
    if (ak_json_string(ak_json_get(value, "id"), &id) != AK_OK || id.len != 6 ||
        !ak_span_starts(id, AK_SPAN_LIT("TDX_")))
        return AK_E_FORMAT;
    unsigned version = 0;
    for (size_t i = 4; i < 6; i++) {
        uint8_t c = id.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) return AK_E_FORMAT;
        version = version * 16 + (c <= '9' ? c - (unsigned)'0' : c - (unsigned)'A' + 10);
    }
    *out_version = (uint8_t)version;
    return version == 0 ? AK_E_FORMAT : AK_OK;
}

/* The module of before there were versions, then those that have one. */
static enum ak_err read_modules(struct ak_json_value root, struct ak_intel_tcb_info *info)
{
    struct ak_json_value list = ak_json_get(root, "tdxModuleIdentities");
    AK_TRY(read_identity(ak_json_get(root, "tdxModule"), &info->modules[0]));
    info->module_count = 1;
    if (ak_json_type(list) == AK_JSON_ABSENT) return AK_OK;
    AK_TRY(list_of(root, "tdxModuleIdentities", AK_INTEL_MODULES_MAX - 1, &list));
    for (size_t i = 0; i < ak_json_len(list); i++) {
        struct ak_intel_module *module = &info->modules[info->module_count];
        AK_TRY(read_version(ak_json_at(list, i), &module->version));
        AK_TRY(read_identity(ak_json_at(list, i), module));
        AK_TRY(ak_intel_isv_levels_read(
            ak_json_at(list, i), module->levels, AK_INTEL_MODULE_LEVELS_MAX, &module->level_count));
        info->module_count++;
    }
    return AK_OK;
}

/* ---- all ---- */

static enum ak_err read_info(struct ak_json_value root, uint32_t tee_type, struct ak_intel_tcb_info *info)
{
    struct ak_span wanted = tee_type == AK_INTEL_TDX ? AK_SPAN_LIT("TDX") : AK_SPAN_LIT("SGX");
    uint64_t number = 0;
    if (!ak_json_string_is(ak_json_get(root, "id"), wanted)) return AK_E_UNSUPPORTED;
    AK_TRY(ak_intel_json_number(root, "version", UINT32_MAX, &number));
    if (number != VERSION) return AK_E_UNSUPPORTED;
    AK_TRY(ak_intel_json_number(root, "tcbType", UINT32_MAX, &number));
    if (number != 0) return AK_E_UNSUPPORTED; /* how levels are compared */
    AK_TRY(ak_intel_json_window(root, &info->window));
    AK_TRY(ak_intel_json_hex(root, "fmspc", info->fmspc, sizeof info->fmspc));
    AK_TRY(ak_intel_json_hex(root, "pceId", info->pce_id, sizeof info->pce_id));
    AK_TRY(ak_intel_json_number(root, "tcbEvaluationDataNumber", UINT32_MAX, &number));
    info->evaluation = (uint32_t)number;
    if (tee_type == AK_INTEL_TDX) AK_TRY(read_modules(root, info));
    return read_levels(root, tee_type, info);
}

enum ak_err ak_intel_tcb_info_parse(
    struct ak_span body, uint32_t tee_type, struct ak_intel_tcb_info *out_info)
{
    memset(out_info, 0, sizeof *out_info);
    AK_TRY(ak_json_parse(body, AK_INTEL_JSON_MAX, &out_info->document));
    enum ak_err err = read_info(ak_json_root(&out_info->document), tee_type, out_info);
    if (err == AK_OK) return AK_OK;
    ak_intel_tcb_info_done(out_info);
    memset(out_info, 0, sizeof *out_info);
    return err;
}
