/* A TPM made at run time: an attestation key of RSA or ECC, quotes and certified counters, a certificate
 * under a root of the test's own. A test alters a field and makes anew what depends on it. Aborts where the
 * library fails. */
#ifndef AK_TESTS_UNIT_ATTEST_MADE_TPM_H
#define AK_TESTS_UNIT_ATTEST_MADE_TPM_H

#include "unit/attest/made.h"

#include "core/attest/tpm_attest.h"

struct made_tpm {
    uint16_t scheme, scheme_hash; /* RSASSA, RSAPSS, ECDSA */
    uint32_t attributes;
    EVP_PKEY *key, *root_key, *other_key;
    struct made_cert root, leaf; /* the leaf is of `key`, or of `other_key` */
    bool of_other;
    struct ak_span purposes; /* DER of the leaf's extended key usage; empty: none */
    /* what is attested */
    uint16_t type;
    struct ak_tpm_selection selections[AK_TPM_BANKS_MAX + 1];
    size_t selection_count;
    uint8_t select_len; /* bytes of a selection */
    uint8_t pcrs[24 * 48];
    size_t pcrs_len;
    uint8_t extra[64], extra_len;
    uint8_t safe;
    uint8_t nv_name[34], nv[16];
    uint16_t nv_offset, nv_len;
    uint32_t hierarchy; /* of the key; the qualified name follows from it */
    /* made */
    uint8_t public_area[640], attest[640], signature[640];
    size_t public_len, attest_len, signature_len;
};
/* PCRs 0 and 7 of SHA-256 of 0x10 and 0x17, extra data "nonce", counter 7, hierarchy of endorsement. */
void made_tpm_init(struct made_tpm *tpm, uint16_t scheme);
/* Everything anew: public area, attestation, signature, certificates. */
void made_tpm_make(struct made_tpm *tpm);
void made_tpm_input(const struct made_tpm *tpm, struct ak_attest_input *out_input);
void made_tpm_done(struct made_tpm *tpm);

#endif
