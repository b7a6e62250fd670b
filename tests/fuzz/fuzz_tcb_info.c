/* Signed collateral, and TCB info inside. What splits is put together again; a platform has a level or a gap,
 * never both, and more of a component never makes a level worse. */
#include "fuzz/fuzz.h"

#include "core/attest/intel_tcb.h"

static void check_split(struct ak_span text)
{
    struct ak_span body;
    uint8_t sig[64];
    if (ak_intel_signed_split(text, "tcbInfo", &body, sig) != AK_OK) {
        AK_FUZZ_CHECK(body.len == 0 && fuzz_is_empty(sig, sizeof sig));
        return;
    }
    AK_FUZZ_CHECK(body.ptr == text.ptr + strlen("{\"tcbInfo\":"));
    AK_FUZZ_CHECK(body.ptr + body.len <= text.ptr + text.len - 128);
}

static struct ak_intel_platform platform_from(struct ak_span text, uint32_t tee_type)
{
    struct ak_intel_platform platform = {.tee_type = tee_type, .pce_svn = 11};
    for (size_t i = 0; i < AK_INTEL_SVNS && i < text.len; i++) {
        platform.svns[i] = text.ptr[text.len - 1 - i] & 7;
        platform.tee_svns[i] = text.ptr[i] & 7;
    }
    return platform;
}

static void check_levels(const struct ak_intel_tcb_info *info, struct ak_intel_platform platform)
{
    const struct ak_intel_level *level = ak_intel_tcb_level(info, &platform);
    AK_FUZZ_CHECK(info->level_count >= 1 && info->level_count <= AK_INTEL_LEVELS_MAX);
    AK_FUZZ_CHECK(level != NULL || ak_intel_tcb_gap(info, &platform).name != NULL);
    const struct ak_intel_module *module = ak_intel_tcb_module(info, &platform);
    if (module != NULL) (void)ak_intel_isv_status(module->levels, module->level_count, platform.tee_svns[0]);
    platform.pce_svn = UINT16_MAX;
    memset(platform.svns, 0xff, sizeof platform.svns);
    memset(platform.tee_svns, 0xff, sizeof platform.tee_svns);
    AK_FUZZ_CHECK(ak_intel_tcb_level(info, &platform) == &info->levels[0]);
    AK_FUZZ_CHECK(level == NULL || level >= &info->levels[0]);
}

static void check_parse(struct ak_span text, uint32_t tee_type)
{
    struct ak_intel_tcb_info info;
    if (ak_intel_tcb_info_parse(text, tee_type, &info) != AK_OK) {
        AK_FUZZ_CHECK(info.document.root == NULL && info.level_count == 0 && info.module_count == 0);
        return;
    }
    AK_FUZZ_CHECK((info.module_count > 0) == (tee_type == AK_INTEL_TDX));
    check_levels(&info, platform_from(text, tee_type));
    ak_intel_tcb_info_done(&info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span text = ak_span(data, len < 8192 ? len : 8192);
    check_split(text);
    check_parse(text, AK_INTEL_TDX);
    check_parse(text, AK_INTEL_SGX);
    return 0;
}
