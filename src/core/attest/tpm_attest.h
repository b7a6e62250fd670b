/* What a TPM 2.0 signs: TPMS_ATTEST of a quote or of an NV index, and the TPMT_SIGNATURE beside it. Strict:
 * every length uses up exactly what is there. Parsing is not believing: see ak_attest_verify_tpm. Internal to
 * core/attest. spec: TCG TPM 2.0 Library, part 2, 10.12 (TPMS_ATTEST), 11.3.4 (TPMT_SIGNATURE) */
#ifndef AK_CORE_ATTEST_TPM_ATTEST_H
#define AK_CORE_ATTEST_TPM_ATTEST_H

#include "core/attest/tpm_public.h"

enum {
    AK_TPM_ST_NV = 0x8014,
    AK_TPM_ST_CERTIFY = 0x8017,
    AK_TPM_ST_QUOTE = 0x8018,
    AK_TPM_BANKS_MAX = 8,
    AK_TPM_PCRS = 24
};

/* PCRs of one bank, bit by bit. */
struct ak_tpm_selection {
    uint16_t hash;
    uint32_t pcrs;
};
struct ak_tpm_attest {
    uint16_t type;
    struct ak_span qualified_signer, extra_data;
    uint64_t clock_ms;
    uint32_t reset_count, restart_count;
    bool clock_safe;
    struct ak_span firmware; /* 8 bytes */
    /* of a quote */
    struct ak_tpm_selection selections[AK_TPM_BANKS_MAX];
    size_t selection_count;
    struct ak_span pcr_digest;
    /* of an NV index */
    struct ak_span nv_name, nv_contents;
    uint16_t nv_offset;
    /* of another object */
    struct ak_span object_name, object_qualified_name;
};
/* Views into `bytes`. AK_E_FORMAT; AK_E_UNSUPPORTED (another type of attestation, PCRs from 24 on, too many
 * banks); zeroed then. */
AK_MUST_USE enum ak_err ak_tpm_attest_parse(struct ak_span bytes, struct ak_tpm_attest *out_attest);
/* The same of TPM2_Certify alone, which is no evidence of a machine's state. */
AK_MUST_USE enum ak_err ak_tpm_attest_parse_object(struct ak_span bytes, struct ak_tpm_attest *out_attest);

struct ak_tpm_signature {
    uint16_t alg, hash;
    struct ak_span rsa; /* RSASSA, RSAPSS */
    struct ak_span r, s;
};
/* AK_E_FORMAT, AK_E_UNSUPPORTED; zeroed then. */
AK_MUST_USE enum ak_err ak_tpm_signature_parse(struct ak_span bytes, struct ak_tpm_signature *out_signature);
/* Checks it with the key's own scheme, which it has to be of. AK_E_AUTH, AK_E_MEANING (another scheme),
 * AK_E_UNSUPPORTED (the key's), AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_tpm_signature_verify(
    const struct ak_tpm_signature *signature, const struct ak_tpm_public *key, struct ak_span message);

#endif
