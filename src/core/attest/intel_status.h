/* Intel's words on a TCB level, and how those of two parts become one. Internal to core/attest. spec: Intel
 * SGX and TDX Provisioning Certification Service API v4, TcbStatus */
#ifndef AK_CORE_ATTEST_INTEL_STATUS_H
#define AK_CORE_ATTEST_INTEL_STATUS_H

#include "base/err.h"
#include "base/span.h"

/* From good to bad. */
enum ak_intel_status {
    AK_INTEL_UP_TO_DATE,
    AK_INTEL_SW_HARDENING_NEEDED,
    AK_INTEL_CONFIGURATION_NEEDED,
    AK_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    AK_INTEL_OUT_OF_DATE,
    AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
    AK_INTEL_REVOKED,
    AK_INTEL_NO_LEVEL, /* ours: no level is as low as this platform */
    AK_INTEL_STATUS_COUNT
};
const char *ak_intel_status_name(enum ak_intel_status status); /* "UpToDate", "no matching level" */
/* One of Intel's. AK_E_NOT_FOUND; NO_LEVEL then. */
AK_MUST_USE enum ak_err ak_intel_status_parse(struct ak_span name, enum ak_intel_status *out_status);
/* What a platform is whose TDX module or quoting enclave has this status of its own. */
enum ak_intel_status ak_intel_status_join(enum ak_intel_status platform, enum ak_intel_status part);

#endif
