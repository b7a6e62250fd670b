/* Evidence: a quote over the registers and a certificate of the counter, both by one restricted key, which
 * signs nothing that the chip did not make itself. spec: docs/formats/sealed.md, TPM backend */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"
#include "io/tee/tpm2.h"

#define MEDIA_TYPE "application/vnd.agentkeys.tpm2+cbor"

enum { SIGNED_MAX = 1024, PARTS = 7 };

struct evidence {
    ESYS_TR key;
    TPM2B_DATA qualifying;
    TPM2B_PUBLIC *public;
    TPM2B_ATTEST *quote, *counter;
    TPMT_SIGNATURE *quote_signature, *counter_signature;
};

enum ak_err tpm2_make_signer(struct tpm2 *self, ESYS_TR *out_key, TPM2B_PUBLIC **out_public)
{
    static const TPM2B_SENSITIVE_CREATE no_secret = {0};
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    static const TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |
                                TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
            .parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                .curveID = TPM2_ECC_NIST_P256,
                .kdf.scheme = TPM2_ALG_NULL}}};
    return tpm2_answer("TPM2_CreatePrimary",
        Esys_CreatePrimary(self->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
            &no_secret, &template, &no_data, &no_pcrs, out_key, out_public, NULL, NULL, NULL));
}

static enum ak_err sign_both(struct tpm2 *self, struct evidence *evidence)
{
    static const TPMT_SIG_SCHEME of_the_key = {.scheme = TPM2_ALG_NULL};
    TPML_PCR_SELECTION pcrs;
    tpm2_pcr_selection(&pcrs);
    AK_TRY(tpm2_answer("TPM2_Quote",
        Esys_Quote(self->esys, evidence->key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
            &evidence->qualifying, &of_the_key, &pcrs, &evidence->quote, &evidence->quote_signature)));
    return tpm2_answer("TPM2_NV_Certify",
        Esys_NV_Certify(self->esys, evidence->key, self->counter, self->counter, ESYS_TR_PASSWORD,
            ESYS_TR_PASSWORD, ESYS_TR_NONE, &evidence->qualifying, &of_the_key, sizeof(uint64_t), 0,
            &evidence->counter, &evidence->counter_signature));
}

static void put_signature(struct ak_buf *buf, const TPMT_SIGNATURE *signature)
{
    uint8_t bytes[SIGNED_MAX];
    size_t len = 0;
    if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &len)) len = 0;
    ak_cbor_put_bytes(buf, ak_span(bytes, len));
}

static void put_public(struct ak_buf *buf, const TPM2B_PUBLIC *public)
{
    uint8_t bytes[SIGNED_MAX];
    size_t len = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof bytes, &len)) len = 0;
    ak_cbor_put_bytes(buf, ak_span(bytes, len));
}

static void put_attest(struct ak_buf *buf, const TPM2B_ATTEST *attest)
{
    ak_cbor_put_bytes(buf, ak_span(attest->attestationData, attest->size));
}

static void put_map(struct ak_buf *buf, const struct tpm2 *self, const struct evidence *evidence)
{
    ak_cbor_put_map(buf, PARTS);
    ak_cbor_put_uint(buf, 0);
    ak_cbor_put_uint(buf, 1); /* version */
    ak_cbor_put_uint(buf, 1);
    put_public(buf, evidence->public);
    ak_cbor_put_uint(buf, 2);
    put_attest(buf, evidence->quote);
    ak_cbor_put_uint(buf, 3);
    put_signature(buf, evidence->quote_signature);
    ak_cbor_put_uint(buf, 4);
    ak_cbor_put_bytes(buf, ak_span(self->pcrs.digests, sizeof self->pcrs.digests));
    ak_cbor_put_uint(buf, 5);
    put_attest(buf, evidence->counter);
    ak_cbor_put_uint(buf, 6);
    put_signature(buf, evidence->counter_signature);
}

/* A conceptual message wrapper: [media type, bytes]. spec: RFC 9999 3.1 */
static enum ak_err put_evidence(
    const struct tpm2 *self, const struct evidence *evidence, struct ak_buf *out_evidence)
{
    uint8_t bytes[4 * SIGNED_MAX];
    struct ak_buf map = AK_BUF_ARR(bytes);
    put_map(&map, self, evidence);
    AK_TRY(ak_buf_check(&map));
    ak_cbor_put_array(out_evidence, 2);
    ak_cbor_put_text(out_evidence, AK_SPAN_LIT(MEDIA_TYPE));
    ak_cbor_put_bytes(out_evidence, ak_buf_span(&map));
    return ak_buf_check(out_evidence);
}

enum ak_err tpm2_report(struct tpm2 *self, const uint8_t report_data[64], struct ak_buf *out_evidence)
{
    struct evidence evidence = {.key = ESYS_TR_NONE, .qualifying.size = 32};
    ak_sha256(ak_span(report_data, 64), evidence.qualifying.buffer); /* small chips take 32 bytes */
    enum ak_err err = tpm2_make_signer(self, &evidence.key, &evidence.public);
    if (!err) err = sign_both(self, &evidence);
    tpm2_flush(self, &evidence.key);
    if (!err) err = put_evidence(self, &evidence, out_evidence);
    Esys_Free(evidence.public);
    Esys_Free(evidence.quote);
    Esys_Free(evidence.quote_signature);
    Esys_Free(evidence.counter);
    Esys_Free(evidence.counter_signature);
    return err;
}
