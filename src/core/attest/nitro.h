/* The payload of a Nitro attestation document. Its map is not in deterministic order, so keys come in any
 * order but once each; everything else is as strict as our own CBOR. Views into the payload. Internal to
 * core/attest. spec: aws-nitro-enclaves-nsm-api, attestation process 3.1 */
#ifndef AK_CORE_ATTEST_NITRO_H
#define AK_CORE_ATTEST_NITRO_H

#include "base/crypto/x509.h"
#include "core/attest/attest.h"
#include "core/attest/path.h"

enum {
    AK_NITRO_PCRS_MAX = 32,
    AK_NITRO_PCR_LEN = 48,        /* SHA-384, the only digest there is */
    AK_NITRO_MODULE_ID_MAX = 128, /* "i-…-enc…": 39 characters so far */
    AK_NITRO_FIELD_MAX = 1024,    /* user data, nonce, public key, one certificate */
};

/* Bytes that may be null. */
struct ak_nitro_field {
    bool given;
    struct ak_span bytes;
};
struct ak_nitro_doc {
    struct ak_span module_id;
    uint64_t timestamp_ms;
    uint32_t pcr_mask; /* bit of each PCR that is there */
    const uint8_t *pcrs[AK_NITRO_PCRS_MAX];
    struct ak_span certificate;
    struct ak_span cabundle[AK_X509_CHAIN_MAX]; /* root first */
    size_t cabundle_count;
    struct ak_nitro_field public_key, user_data, nonce;
};
/* AK_E_LIMIT, AK_E_FORMAT (another type, missing, unknown or twice the same member, another digest, no PCR),
 * empty then. */
AK_MUST_USE enum ak_err ak_nitro_doc_parse(struct ak_span payload, struct ak_nitro_doc *out_doc);
/* The verifier under a given root. As ak_attest_verifier. */
AK_MUST_USE enum ak_err ak_nitro_verify(const struct ak_attest_root *root,
    const struct ak_attest_input *input, struct ak_attest_verdict *verdict);

#endif
