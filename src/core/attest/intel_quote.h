/* Quotes of Intel SGX (version 3) and of SGX and TDX (versions 4 and 5): header, body and signature data as
 * views. Every length inside must use up exactly what is around it, so there is one way to read a quote; what
 * stands behind it is given as `trailing`. Parsing is not believing: see ak_intel_verify. Internal to
 * core/attest. spec: Intel TDX DCAP Quoting Library API, A.3, A.4; Intel SGX ECDSA QuoteLib, A.4 */
#ifndef AK_CORE_ATTEST_INTEL_QUOTE_H
#define AK_CORE_ATTEST_INTEL_QUOTE_H

#include "base/err.h"
#include "base/span.h"

enum { AK_INTEL_SGX = 0, AK_INTEL_TDX = 0x81 }; /* TEE types */

enum {
    AK_INTEL_SIG_LEN = 64,
    AK_INTEL_KEY_LEN = 64,
    AK_SGX_REPORT_LEN = 384,
    AK_TDX_REPORT_LEN = 584,
    AK_TDX_REPORT_15_LEN = 648, /* of TDX 1.5, in quotes of version 5 */
    AK_INTEL_SVNS = 16,         /* components of a TCB */
};

struct ak_intel_quote {
    uint16_t version;
    uint32_t tee_type;
    uint16_t body_type; /* of version 5; 0 before it */
    struct ak_span body;
    struct ak_span signed_part; /* header and body */
    struct ak_span signature, attestation_key;
    struct ak_span qe_report, qe_signature, auth_data;
    struct ak_span certificates; /* PEM: of the PCK, of its CA, of the root */
    struct ak_span trailing;     /* behind the quote */
};
/* Views into `bytes`. AK_E_FORMAT; AK_E_UNSUPPORTED (version, TEE, key type, maker of the QE, kind of body or
 * of certificates); all empty then. */
AK_MUST_USE enum ak_err ak_intel_quote_parse(struct ak_span bytes, struct ak_intel_quote *out_quote);

/* What an enclave's report says: of an SGX quote, or of the quoting enclave. */
struct ak_sgx_report {
    struct ak_span cpu_svn, misc_select, attributes, mrenclave, mrsigner, config_id, report_data;
    uint16_t isv_prod_id, isv_svn, config_svn;
};
/* `bytes` are AK_SGX_REPORT_LEN. */
void ak_sgx_report_read(struct ak_span bytes, struct ak_sgx_report *out_report);
static inline bool ak_sgx_report_is_debug(const struct ak_sgx_report *report)
{
    return (report->attributes.ptr[0] & 2) != 0;
}

/* What a trust domain's report says. */
struct ak_tdx_report {
    struct ak_span tee_tcb_svn, mrseam, mrsignerseam, seam_attributes, td_attributes, xfam, mrtd;
    struct ak_span mrconfigid, mrowner, mrownerconfig, rtmr[4], report_data;
    struct ak_span tee_tcb_svn2, mrservicetd; /* of TDX 1.5; empty before it */
};
/* `bytes` are AK_TDX_REPORT_LEN or AK_TDX_REPORT_15_LEN. */
void ak_tdx_report_read(struct ak_span bytes, struct ak_tdx_report *out_report);
enum { AK_TD_SEPT_VE_DISABLE = 28, AK_TD_MIGRATABLE = 29 };
static inline bool ak_tdx_report_attribute(const struct ak_tdx_report *report, unsigned bit)
{
    return (report->td_attributes.ptr[bit / 8] >> bit % 8 & 1) != 0;
}
/* Any bit of the group TUD (0 to 7): the host or others may look into it. */
static inline bool ak_tdx_report_is_debug(const struct ak_tdx_report *report)
{
    return report->td_attributes.ptr[0] != 0;
}

#endif
