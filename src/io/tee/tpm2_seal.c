/* The KEK as a sealed object: opens on this chip, in this state, while the counter is at most n. */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "io/tee/tpm2.h"

/* userWithAuth is off: with it the empty password would open the object past its policy. */
static const TPMA_OBJECT sealed_attributes =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;

/* registers (5 * 32), TPM2B_PUBLIC, TPM2B_PRIVATE */
static enum ak_err put_blob(
    struct tpm2 *self, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, struct ak_buf *out_blob)
{
    uint8_t bytes[AK_TEE_KEK_BLOB_MAX];
    size_t len = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof bytes, &len) ||
        Tss2_MU_TPM2B_PRIVATE_Marshal(private, bytes, sizeof bytes, &len))
        return AK_E_LIMIT;
    uint8_t *at = ak_buf_grow(out_blob, sizeof self->pcrs + len);
    if (!at) return AK_E_FULL;
    memcpy(at, &self->pcrs, sizeof self->pcrs);
    memcpy(at + sizeof self->pcrs, bytes, len);
    return AK_OK;
}

enum ak_err tpm2_seal(struct tpm2 *self, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob)
{
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    TPM2B_PUBLIC template = {.publicArea = {.type = TPM2_ALG_KEYEDHASH,
                                 .nameAlg = TPM2_ALG_SHA256,
                                 .objectAttributes = sealed_attributes,
                                 .authPolicy.size = 32,
                                 .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}};
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.data.size = sizeof kek->bytes};
    TPM2B_PUBLIC *public = NULL;
    TPM2B_PRIVATE *private = NULL;
    ESYS_TR session;
    ak_tpm2_policy(&self->pcrs, self->counter_name, n, template.publicArea.authPolicy.buffer);
    AK_TRY(tpm2_session(self, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session));
    memcpy(sensitive.sensitive.data.buffer, kek->bytes, sizeof kek->bytes);
    enum ak_err err = tpm2_answer(
        "TPM2_Create", Esys_Create(self->esys, self->primary, session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                           &template, &no_data, &no_pcrs, &private, &public, NULL, NULL, NULL));
    ak_wipe(&sensitive, sizeof sensitive);
    tpm2_flush(self, &session);
    if (!err) err = put_blob(self, public, private, out_blob);
    Esys_Free(public);
    Esys_Free(private);
    return err;
}

/* ---- opening ---- */

/* Names the registers that are not as they were; they stand in clear beside the object, so this only explains
 * a refusal. */
static enum ak_err name_registers(const struct tpm2 *self, const struct ak_tpm2_pcr_values *then)
{
    for (size_t i = 0; i < AK_TPM2_PCRS; i++) {
        if (memcmp(self->pcrs.digests[i], then->digests[i], 32) == 0) continue;
        tpm2_explain("PCR %u (%s) is not what it was when the state was sealed; start the machine and the "
                     "program as they were (docs/operations.md#tpm)",
            (unsigned)ak_tpm2_pcrs[i], ak_tpm2_pcr_meaning(i));
        return AK_E_STATE;
    }
    return AK_E_AUTH;
}

static bool is_our_kind(const TPMT_PUBLIC *area)
{
    return area->type == TPM2_ALG_KEYEDHASH && area->nameAlg == TPM2_ALG_SHA256 &&
           area->objectAttributes == sealed_attributes && area->authPolicy.size == 32;
}

static enum ak_err take_blob(
    const struct tpm2 *self, struct ak_span blob, uint64_t n, TPM2B_PUBLIC *public, TPM2B_PRIVATE *private)
{
    struct ak_tpm2_pcr_values then;
    uint8_t policy[32];
    size_t at = sizeof then;
    if (blob.len <= sizeof then) return AK_E_AUTH;
    memcpy(&then, blob.ptr, sizeof then);
    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(blob.ptr, blob.len, &at, public) ||
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob.ptr, blob.len, &at, private) || at != blob.len)
        return AK_E_AUTH;
    if (!is_our_kind(&public->publicArea)) return AK_E_AUTH;
    ak_tpm2_policy(&self->pcrs, self->counter_name, n, policy);
    if (memcmp(policy, public->publicArea.authPolicy.buffer, sizeof policy) == 0) return AK_OK;
    return name_registers(self, &then);
}

static enum ak_err satisfy(struct tpm2 *self, ESYS_TR session, uint64_t n)
{
    static const TPM2B_DIGEST as_they_are = {0};
    TPML_PCR_SELECTION pcrs;
    TPM2B_OPERAND operand = {0};
    struct ak_buf buf = ak_buf(operand.buffer, sizeof operand.buffer);
    ak_buf_put_u64(&buf, n);
    operand.size = (UINT16)buf.len;
    tpm2_pcr_selection(&pcrs);
    AK_TRY(tpm2_answer("TPM2_PolicyPCR",
        Esys_PolicyPCR(self->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &as_they_are, &pcrs)));
    return tpm2_answer(
        "TPM2_PolicyNV", Esys_PolicyNV(self->esys, self->counter, self->counter, session, ESYS_TR_PASSWORD,
                             ESYS_TR_NONE, ESYS_TR_NONE, &operand, 0, TPM2_EO_UNSIGNED_LE));
}

static enum ak_err open_object(struct tpm2 *self, ESYS_TR object, uint64_t n, struct ak_secret32 *out_kek)
{
    ESYS_TR session;
    TPM2B_SENSITIVE_DATA *data = NULL;
    AK_TRY(tpm2_session(self, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &session));
    enum ak_err err = satisfy(self, session, n);
    if (!err)
        err = tpm2_answer(
            "TPM2_Unseal", Esys_Unseal(self->esys, object, session, ESYS_TR_NONE, ESYS_TR_NONE, &data));
    tpm2_flush(self, &session);
    if (err) return err;
    bool good = data->size == sizeof out_kek->bytes;
    if (good) memcpy(out_kek->bytes, data->buffer, sizeof out_kek->bytes);
    ak_wipe(data, sizeof *data);
    Esys_Free(data);
    return good ? AK_OK : AK_E_AUTH;
}

enum ak_err tpm2_unseal(struct tpm2 *self, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek)
{
    TPM2B_PUBLIC public = {0};
    TPM2B_PRIVATE private = {0};
    ESYS_TR object = ESYS_TR_NONE, session;
    memset(out_kek, 0, sizeof *out_kek);
    AK_TRY(take_blob(self, blob, n, &public, &private));
    AK_TRY(tpm2_session(self, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, &session));
    enum ak_err err = tpm2_answer("TPM2_Load", Esys_Load(self->esys, self->primary, session, ESYS_TR_NONE,
                                                   ESYS_TR_NONE, &private, &public, &object));
    tpm2_flush(self, &session);
    if (!err) err = open_object(self, object, n, out_kek);
    tpm2_flush(self, &object);
    return err;
}
