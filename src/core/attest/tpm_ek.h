/* What shows that a key lives in a TPM of a maker that one trusts: the endorsement key's certificate up to a
 * pinned one, a credential that only that TPM opens for the key with that name, and the TPM's word, by that
 * key, on another of its objects. For whoever talks to the TPM itself. Secret: the credential and its seeds.
 * Threads: any. spec: TCG EK Credential Profile 2.5; TCG TPM 2.0 Library, part 1, 24 (credentials), part
 * 2, 10.12.8 */
#ifndef AK_CORE_ATTEST_TPM_EK_H
#define AK_CORE_ATTEST_TPM_EK_H

#include "base/buf.h"
#include "base/crypto/x509.h"
#include "core/attest/attest.h"

enum {
    AK_TPM_EK_NV_MAX = 4096,     /* a certificate in NV; the largest we know have 1.5 KiB */
    AK_TPM_CREDENTIAL_LEN = 32,  /* what the TPM has to give back */
    AK_TPM_CREDENTIAL_MAX = 512, /* either part of what it gets */
};

/* The certificate of an endorsement key as NV holds it (bytes behind it are all 00 or all ff), signed by one
 * of `makers`, each of which is trusted as it stands, at a time. AK_E_FORMAT: no certificate; AK_E_MEANING:
 * not one of an endorsement key (extended key usage 2.23.133.8.1); AK_E_AUTH: of no maker that is given;
 * AK_E_EXPIRED; AK_E_UNSUPPORTED: a key of another type than the index is for (RSA or P-256). out_key is
 * zeroed then, else ak_pubkey_done it. */
AK_MUST_USE enum ak_err ak_tpm_ek_certificate(struct ak_span nv, const struct ak_x509_bundle *makers,
    uint64_t at_s, enum ak_pubkey_type type, struct ak_pubkey *out_key);

/* TPM2_MakeCredential in software: `secret` for the TPM that has `ek`, RSA or P-256 with the name algorithm
 * SHA-256 and AES-128, which gives it back only while the key of `name` is loaded there. `seeds`: 64 fresh
 * random bytes. out_id: contents of TPM2B_ID_OBJECT; out_wrapped: of TPM2B_ENCRYPTED_SECRET. Errors as
 * ak_rsa_oaep_encrypt. */
AK_MUST_USE enum ak_err ak_tpm_credential_make(const struct ak_pubkey *ek,
    const uint8_t name[AK_ATTEST_TPM_NAME_LEN], const uint8_t secret[AK_TPM_CREDENTIAL_LEN],
    const uint8_t seeds[64], struct ak_buf *out_id, struct ak_buf *out_wrapped);

/* The name of a key from its TPM2B_PUBLIC. AK_E_FORMAT, AK_E_UNSUPPORTED; AK_E_MEANING: not a key that signs
 * only what its TPM has made. */
AK_MUST_USE enum ak_err ak_tpm_key_name(struct ak_span public_area, uint8_t out_name[AK_ATTEST_TPM_NAME_LEN]);

/* TPMS_ATTEST of TPM2_Certify under that key: the object with this name is in the key's TPM, said for
 * `qualifying`. AK_E_FORMAT, AK_E_UNSUPPORTED, AK_E_AUTH (signature), AK_E_MEANING (another object, another
 * question). */
AK_MUST_USE enum ak_err ak_tpm_certify_check(struct ak_span public_area, struct ak_span attest,
    struct ak_span signature, struct ak_span qualifying, const uint8_t object_name[AK_ATTEST_TPM_NAME_LEN]);

#endif
