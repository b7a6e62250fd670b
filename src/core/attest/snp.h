/* SEV-SNP attestation reports: the fields of versions 2 to 5 as views and numbers, and what a VCEK or VLEK
 * says of itself. Parsing is not believing: see ak_attest_verify_snp. Internal to core/attest. spec: AMD
 * 56860 (SEV-SNP ABI) table 23; AMD 57230 (VCEK) 3; AMD 58369 (VLEK) */
#ifndef AK_CORE_ATTEST_SNP_H
#define AK_CORE_ATTEST_SNP_H

#include "base/crypto/x509.h"
#include "core/attest/attest.h"
#include "core/attest/path.h"

enum {
    AK_SNP_REPORT_LEN = 1184,
    AK_SNP_SIGNED_LEN = 0x2a0,
    AK_SNP_VERSION_MIN = 2,
    AK_SNP_VERSION_MAX = 5,
    AK_SNP_TCB_LEN = 8,
};

enum ak_snp_product { AK_SNP_MILAN, AK_SNP_GENOA, AK_SNP_TURIN, AK_SNP_PRODUCT_COUNT };
const char *ak_snp_product_name(enum ak_snp_product product); /* "Milan" */

enum ak_snp_signing_key { AK_SNP_VCEK = 0, AK_SNP_VLEK = 1 };

struct ak_snp_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint32_t vmpl;
    uint32_t sig_algo;
    uint64_t platform_info;
    bool mask_chip_key;
    uint8_t signing_key;  /* ak_snp_signing_key, or what is not known */
    struct ak_span cpuid; /* family, model, stepping; zeros before version 3 */
    struct ak_span report_data, measurement, host_data, id_key_digest, author_key_digest, report_id, chip_id;
    struct ak_span current_tcb, reported_tcb, committed_tcb, launch_tcb; /* 8 bytes in the report's order */
    struct ak_span signed_part;
    struct ak_span sig_r, sig_s; /* 72 bytes, little-endian */
    struct ak_span rest;         /* behind the signature */
};
enum {
    AK_SNP_POLICY_SMT = 16,
    AK_SNP_POLICY_ONE = 17, /* always set */
    AK_SNP_POLICY_MIGRATE = 18,
    AK_SNP_POLICY_DEBUG = 19
};
static inline bool ak_snp_policy_bit(const struct ak_snp_report *report, unsigned bit)
{
    return (report->policy >> bit & 1) != 0;
}
/* Views into `bytes`. AK_E_FORMAT (not 1184 bytes), AK_E_UNSUPPORTED (version). */
AK_MUST_USE enum ak_err ak_snp_report_parse(struct ak_span bytes, struct ak_snp_report *out_report);
/* The product of a report of version 3 or later, by family and model; AK_E_NOT_FOUND before version 3,
 * AK_E_UNSUPPORTED where it is not known. */
AK_MUST_USE enum ak_err ak_snp_report_product(
    const struct ak_snp_report *report, enum ak_snp_product *out_product);

/* One component of a TCB version: its name, its byte and the VCEK's extension. */
struct ak_snp_component {
    const char *name;
    uint8_t at;
    const char *oid;
};
/* Components of a product, most important last; all eight bytes of it are named by some row or must be equal.
 */
const struct ak_snp_component *ak_snp_components(enum ak_snp_product product, size_t *out_count);

/* Whether certificate and report belong together: kind of key, product, chip, TCB. NULL, or what does not
 * fit. */
const char *ak_snp_certificate_mismatch(
    const struct ak_x509 *leaf, const struct ak_snp_report *report, enum ak_snp_product product);
/* The verifier under given roots, one a product, in the order of ak_snp_product. As ak_attest_verifier. */
AK_MUST_USE enum ak_err ak_snp_verify(const struct ak_attest_root roots[AK_SNP_PRODUCT_COUNT],
    const struct ak_attest_input *input, struct ak_attest_verdict *verdict);
/* Whose VLEK it is: "CN=cc-us-east-2.amazonaws.com". Empty for a VCEK. */
struct ak_span ak_snp_vlek_owner(const struct ak_x509 *leaf);

#endif
