/* Which level of Intel's a platform reaches. Levels are listed best first, and the first one counts whose
 * every component the platform has at least. spec: Intel SGX and TDX Provisioning Certification Service API
 * v4, "Enumeration of TCB levels" */
#include "core/attest/intel_tcb.h"

/* Where the module carries a version (byte 1), it has an identity with levels of its own, and bytes 0 and 1
 * are no components of the platform. */
static size_t first_tdx(const struct ak_intel_platform *platform)
{
    return platform->tee_svns[1] > 0 ? 2 : 0;
}

/* The first component that is too low; name is NULL where none is. */
static struct ak_intel_gap gap_to(
    const struct ak_intel_level *level, const struct ak_intel_platform *platform)
{
    for (unsigned i = 0; i < AK_INTEL_SVNS; i++)
        if (platform->svns[i] < level->sgx[i])
            return (struct ak_intel_gap){"sgx component", i, platform->svns[i], level->sgx[i]};
    if (platform->pce_svn < level->pce_svn)
        return (struct ak_intel_gap){"pce", 0, platform->pce_svn, level->pce_svn};
    if (platform->tee_type != AK_INTEL_TDX) return (struct ak_intel_gap){NULL, 0, 0, 0};
    for (unsigned i = (unsigned)first_tdx(platform); i < AK_INTEL_SVNS; i++)
        if (platform->tee_svns[i] < level->tdx[i])
            return (struct ak_intel_gap){"tdx component", i, platform->tee_svns[i], level->tdx[i]};
    return (struct ak_intel_gap){NULL, 0, 0, 0};
}

const struct ak_intel_level *ak_intel_tcb_level(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform)
{
    for (size_t i = 0; i < info->level_count; i++)
        if (gap_to(&info->levels[i], platform).name == NULL) return &info->levels[i];
    return NULL;
}

struct ak_intel_gap ak_intel_tcb_gap(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform)
{
    return gap_to(&info->levels[info->level_count - 1], platform);
}

const struct ak_intel_module *ak_intel_tcb_module(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform)
{
    for (size_t i = 0; i < info->module_count; i++)
        if (info->modules[i].version == platform->tee_svns[1]) return &info->modules[i];
    return NULL;
}

enum ak_intel_status ak_intel_isv_status(
    const struct ak_intel_isv_level *levels, size_t count, uint16_t isv_svn)
{
    for (size_t i = 0; i < count; i++)
        if (isv_svn >= levels[i].isv_svn) return levels[i].status;
    return AK_INTEL_NO_LEVEL;
}
