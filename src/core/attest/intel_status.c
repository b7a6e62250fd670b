/* Names and the joining rule of TCB statuses. */
#include "core/attest/intel_status.h"

#include "base/assert.h"

static const char *const names[AK_INTEL_STATUS_COUNT] = {"UpToDate", "SWHardeningNeeded",
    "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded",
    "Revoked", "no matching level"};

const char *ak_intel_status_name(enum ak_intel_status status)
{
    ak_assert(status < AK_INTEL_STATUS_COUNT);
    return names[status];
}

enum ak_err ak_intel_status_parse(struct ak_span name, enum ak_intel_status *out_status)
{
    *out_status = AK_INTEL_NO_LEVEL;
    for (size_t i = 0; i < AK_INTEL_NO_LEVEL; i++) {
        if (!ak_span_eq(name, ak_span_str(names[i]))) continue;
        *out_status = (enum ak_intel_status)i;
        return AK_OK;
    }
    return AK_E_NOT_FOUND;
}

/* A part that is out of date makes the whole so, and leaves what else is needed. Of two, the worse. spec:
 * Intel SGX DCAP Quote Verification Library, convergeTcbStatusWithTdxModuleStatus */
enum ak_intel_status ak_intel_status_join(enum ak_intel_status platform, enum ak_intel_status part)
{
    bool configuration = platform == AK_INTEL_CONFIGURATION_NEEDED ||
                         platform == AK_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    if (part == AK_INTEL_OUT_OF_DATE && configuration) return AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED;
    return part > platform ? part : platform;
}
