/* What a PCK certificate says of its platform: the extension 1.2.840.113741.1.13.1, in strict DER, each
 * member once. Internal to core/attest. spec: Intel SGX PCK Certificate and CRL Profile, 1.3.5 */
#ifndef AK_CORE_ATTEST_INTEL_PCK_H
#define AK_CORE_ATTEST_INTEL_PCK_H

#include "base/err.h"
#include "base/span.h"
#include "core/attest/intel_quote.h"

#define AK_INTEL_PCK_OID "1.2.840.113741.1.13.1"

struct ak_intel_pck {
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    uint8_t svns[AK_INTEL_SVNS];
    uint16_t pce_svn;
};
/* `value` is the extension's content. AK_E_FORMAT: not strict DER, a member missing or twice; zeroed then. */
AK_MUST_USE enum ak_err ak_intel_pck_parse(struct ak_span value, struct ak_intel_pck *out_pck);

#endif
