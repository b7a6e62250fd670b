/* TCB info of version 3, of SGX or TDX: which versions of the platform's components Intel calls what. The
 * caller has checked the signature over the same bytes. Owned: advisories are views into the document. Parsed
 * whole and strictly: one malformed level refuses all. Internal to core/attest. spec: Intel SGX and TDX
 * Provisioning Certification Service API v4, TcbInfoV3 */
#ifndef AK_CORE_ATTEST_INTEL_TCB_H
#define AK_CORE_ATTEST_INTEL_TCB_H

#include "core/attest/intel_quote.h"
#include "core/attest/intel_signed.h"
#include "core/attest/intel_status.h"

enum { AK_INTEL_LEVELS_MAX = 64, AK_INTEL_MODULES_MAX = 16, AK_INTEL_MODULE_LEVELS_MAX = 16 };

struct ak_intel_level {
    uint8_t sgx[AK_INTEL_SVNS];
    uint8_t tdx[AK_INTEL_SVNS]; /* zeros for SGX */
    uint16_t pce_svn;
    enum ak_intel_status status;
    struct ak_json_value advisories; /* array of strings, or absent */
};
/* A level of a TDX module or a quoting enclave. */
struct ak_intel_isv_level {
    uint16_t isv_svn;
    enum ak_intel_status status;
};
struct ak_intel_module {
    uint8_t version; /* of "TDX_01" 1; of the one without a version 0 */
    uint8_t mrsigner[48], attributes[8], mask[8];
    struct ak_intel_isv_level levels[AK_INTEL_MODULE_LEVELS_MAX];
    size_t level_count;
};
struct ak_intel_tcb_info {
    struct ak_json document;
    struct ak_intel_window window;
    uint8_t fmspc[6], pce_id[2];
    uint32_t evaluation;                                  /* tcbEvaluationDataNumber */
    struct ak_intel_level levels[AK_INTEL_LEVELS_MAX];    /* best first */
    size_t level_count;                                   /* at least 1 */
    struct ak_intel_module modules[AK_INTEL_MODULES_MAX]; /* TDX */
    size_t module_count;                                  /* at least 1 with TDX; the first has no version */
};
/* AK_E_LIMIT (sizes, counts), AK_E_FORMAT, AK_E_UNSUPPORTED (of another TEE or version), AK_E_FULL; empty
 * then. */
AK_MUST_USE enum ak_err ak_intel_tcb_info_parse(
    struct ak_span body, uint32_t tee_type, struct ak_intel_tcb_info *out_info);
/* Fine on a zeroed one. */
void ak_intel_tcb_info_done(struct ak_intel_tcb_info *info);

/* What a quote and its certificate say of the platform. */
struct ak_intel_platform {
    uint32_t tee_type;
    uint8_t svns[AK_INTEL_SVNS];
    uint16_t pce_svn;
    uint8_t tee_svns[AK_INTEL_SVNS]; /* TDX */
};
/* The first level that the platform reaches; NULL where there is none. */
const struct ak_intel_level *ak_intel_tcb_level(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform);
/* What is missing to the lowest level, for people: "sgx component", "pce", "tdx component". */
struct ak_intel_gap {
    const char *name;
    unsigned component, seen, wanted;
};
struct ak_intel_gap ak_intel_tcb_gap(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform);
/* The module that the platform runs, by version; NULL where Intel names none. */
const struct ak_intel_module *ak_intel_tcb_module(
    const struct ak_intel_tcb_info *info, const struct ak_intel_platform *platform);
/* Status of an isv_svn among levels, best first; NO_LEVEL. */
enum ak_intel_status ak_intel_isv_status(
    const struct ak_intel_isv_level *levels, size_t count, uint16_t isv_svn);
/* Reads "tcbLevels" of an object: isvsvn and status. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_intel_isv_levels_read(
    struct ak_json_value object, struct ak_intel_isv_level *out_levels, size_t cap, size_t *out_count);

#endif
