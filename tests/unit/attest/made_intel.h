/* Intel's quotes made at run time: a platform with its certificates, a quoting enclave, a trust domain or an
 * enclave, collateral and revocation lists, under a root of the test's own. A test alters a field or a text
 * and makes anew what depends on it. Aborts where the library fails. */
#ifndef AK_TESTS_UNIT_ATTEST_MADE_INTEL_H
#define AK_TESTS_UNIT_ATTEST_MADE_INTEL_H

#include "unit/attest/made.h"

#include "core/attest/intel.h"

enum { MADE_QUOTE_MAX = 16 * 1024, MADE_TEXT_MAX = 8 * 1024, MADE_CRL_MAX = 1024 };

struct made_crl {
    uint64_t from_s, until_s;
    bool revokes;         /* one certificate of made.h: */
    uint8_t serial_above; /* that of this one */
    bool critical;        /* an extension that is critical */
    uint8_t der[MADE_CRL_MAX];
    size_t len;
};
void made_crl_sign(struct made_crl *crl, const char *issuer, EVP_PKEY *signer);

struct made_intel {
    uint16_t version, body_type;
    uint32_t tee_type;
    EVP_PKEY *root_key, *ca_key, *pck_key, *signer_key, *attestation_key;
    struct made_cert root, ca, pck, signer;
    struct ak_attest_root pinned;
    struct made_crl root_crl, pck_crl;
    struct ak_intel_pck platform; /* what the certificate says */
    uint8_t body[AK_TDX_REPORT_15_LEN];
    uint8_t qe_report[AK_SGX_REPORT_LEN];
    bool unbound; /* the QE's report does not name the attestation key */
    size_t trailing;
    uint8_t quote[MADE_QUOTE_MAX];
    size_t quote_len, signed_len;
    char tcb_body[MADE_TEXT_MAX], qe_body[MADE_TEXT_MAX]; /* JSON */
    char tcb_info[MADE_TEXT_MAX], qe_identity[MADE_TEXT_MAX], tcb_chain[MADE_TEXT_MAX];
};
/* Everything in order. TDX: version 4 or 5 (body type 2 or 3), module version 1; SGX: 3, 4 or 5 (1). */
void made_intel_init(struct made_intel *intel, uint32_t tee_type, uint16_t version, uint16_t body_type);
/* Certificates, lists and the signer's chain anew; then the quote. */
void made_intel_certify(struct made_intel *intel);
/* Signatures of QE report and quote anew. */
void made_intel_quote(struct made_intel *intel);
/* Signatures of the collateral's bodies anew. */
void made_intel_collateral(struct made_intel *intel);
/* Content of the PCK's extension. */
size_t made_intel_pck(const struct ak_intel_pck *platform, uint8_t out[640]);
void made_intel_input(const struct made_intel *intel, struct ak_attest_input *out_input);
void made_intel_done(struct made_intel *intel);
/* The first `from` of a text becomes `to`; aborts where there is none. */
void made_replace(char text[MADE_TEXT_MAX], const char *from, const char *to);

#endif
