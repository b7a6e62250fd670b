/* That the chip is a maker's: its endorsement certificate, a credential that only it opens for our signing
 * key, and that key's word on the primary key, to which every session is salted. So nobody in between can be
 * another TPM for part of what is said. spec: docs/formats/sealed.md, TPM backend */
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base/crypto/sha256.h"
#include "base/ct.h"
#include "core/attest/tpm_ek.h"
#include "io/proc/random.h"
#include "io/tee/tpm2.h"
#include "io/tee/tpm2_ek_kind.h"

enum { NV_CHUNK = 512, SIGNED_MAX = 1024 };

/* Everything of one check, given back at its end. */
struct ek {
    const struct tpm2_ek_kind *kind;
    ESYS_TR nv, key, signer;
    struct ak_pubkey certified;
    TPM2B_PUBLIC *signer_public;
    uint8_t public_bytes[SIGNED_MAX];
    size_t public_len;
    uint8_t signer_name[AK_TPM2_NAME_LEN];
};

/* ---- the certificate ---- */

static enum ak_err nv_len(struct tpm2 *self, ESYS_TR nv, size_t *out_len)
{
    TPM2B_NV_PUBLIC *public = NULL;
    AK_TRY(tpm2_answer("TPM2_NV_ReadPublic",
        Esys_NV_ReadPublic(self->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL)));
    *out_len = public->nvPublic.dataSize;
    Esys_Free(public);
    return *out_len <= AK_TPM_EK_NV_MAX ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_chunk(struct tpm2 *self, ESYS_TR nv, size_t at, size_t len, uint8_t *out)
{
    TPM2B_MAX_NV_BUFFER *data = NULL;
    AK_TRY(tpm2_answer("TPM2_NV_Read", Esys_NV_Read(self->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                           ESYS_TR_NONE, (UINT16)len, (UINT16)at, &data)));
    bool good = data->size == len;
    if (good) memcpy(out, data->buffer, len);
    Esys_Free(data);
    return good ? AK_OK : AK_E_IO;
}

static enum ak_err read_certificate(struct tpm2 *self, struct ek *ek, struct ak_buf *out_bytes)
{
    size_t len = 0;
    enum ak_err err =
        tpm2_answer("TPM2_NV_ReadPublic", Esys_TR_FromTPMPublic(self->esys, ek->kind->index, ESYS_TR_NONE,
                                              ESYS_TR_NONE, ESYS_TR_NONE, &ek->nv));
    if (!err) err = nv_len(self, ek->nv, &len);
    for (size_t at = 0; !err && at < len; at += NV_CHUNK) {
        size_t part = len - at < NV_CHUNK ? len - at : NV_CHUNK;
        uint8_t *to = ak_buf_grow(out_bytes, part);
        err = to ? read_chunk(self, ek->nv, at, part, to) : AK_E_FULL;
    }
    return err;
}

static void explain_certificate(enum ak_err err, const struct tpm2_ek_kind *kind)
{
    switch ((int)err) {
    case AK_OK: return;
    case AK_E_AUTH:
        tpm2_explain(
            "the endorsement key's certificate is of none of ek_roots: emulated, or of another maker");
        return;
    case AK_E_EXPIRED:
        tpm2_explain("the endorsement key's certificate is not valid now; check the clock");
        return;
    case AK_E_UNSUPPORTED:
        tpm2_explain("the certificate at NV 0x%x is not for a key of %s", (unsigned)kind->index, kind->name);
        return;
    default:
        tpm2_explain("what stands at NV 0x%x is no endorsement key's certificate", (unsigned)kind->index);
    }
}

/* AK_E_NOT_FOUND: no certificate of this kind of key. */
static enum ak_err check_one(
    struct tpm2 *self, struct ek *ek, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    uint8_t bytes[AK_TPM_EK_NV_MAX];
    struct ak_buf nv = AK_BUF_ARR(bytes);
    AK_TRY(read_certificate(self, ek, &nv));
    enum ak_err err = ak_tpm_ek_certificate(ak_buf_span(&nv), makers, now_s, ek->kind->type, &ek->certified);
    explain_certificate(err, ek->kind);
    return err ? AK_E_AUTH : AK_OK;
}

static void close_nv(struct tpm2 *self, struct ek *ek)
{
    if (ek->nv != ESYS_TR_NONE) (void)Esys_TR_Close(self->esys, &ek->nv);
    ek->nv = ESYS_TR_NONE;
}

/* The first kind whose certificate is one of the makers'; of those that are there and are not, the last one
 * is told of. */
static enum ak_err check_certificate(
    struct tpm2 *self, struct ek *ek, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    char why[sizeof tpm2_why] = "";
    for (size_t i = 0; i < TPM2_EK_KINDS; i++) {
        ek->kind = &tpm2_ek_kinds[i];
        close_nv(self, ek);
        enum ak_err err = check_one(self, ek, makers, now_s);
        if (err != AK_E_NOT_FOUND && err != AK_E_AUTH) return err;
        if (err == AK_E_AUTH) memcpy(why, tpm2_why, sizeof why);
    }
    if (why[0]) {
        memcpy(tpm2_why, why, sizeof why);
        return AK_E_AUTH;
    }
    tpm2_explain("the TPM has no certificate of its endorsement key (NV 0x%x, 0x%x): emulated, or never "
                 "certified",
        (unsigned)tpm2_ek_kinds[0].index, (unsigned)tpm2_ek_kinds[1].index);
    return AK_E_AUTH;
}

/* ---- the endorsement key ---- */

static enum ak_err make_ek(struct tpm2 *self, struct ek *ek)
{
    static const TPM2B_SENSITIVE_CREATE no_secret = {0};
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    return tpm2_answer("TPM2_CreatePrimary (EK)",
        Esys_CreatePrimary(self->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
            &no_secret, &ek->kind->template, &no_data, &no_pcrs, &ek->key, NULL, NULL, NULL, NULL));
}

/* A policy session that the endorsement hierarchy agrees to. */
static enum ak_err ek_session(struct tpm2 *self, ESYS_TR *out_session)
{
    AK_TRY(tpm2_session(self, TPM2_SE_POLICY, 0, out_session));
    return tpm2_answer("TPM2_PolicySecret",
        Esys_PolicySecret(self->esys, ESYS_TR_RH_ENDORSEMENT, *out_session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL));
}

static enum ak_err activate(struct tpm2 *self, const struct ek *ek, const TPM2B_ID_OBJECT *id,
    const TPM2B_ENCRYPTED_SECRET *wrapped, const uint8_t secret[AK_TPM_CREDENTIAL_LEN])
{
    ESYS_TR session = ESYS_TR_NONE;
    TPM2B_DIGEST *opened = NULL;
    enum ak_err err = ek_session(self, &session);
    if (!err)
        err = tpm2_answer(
            "TPM2_ActivateCredential", Esys_ActivateCredential(self->esys, ek->signer, ek->key,
                                           ESYS_TR_PASSWORD, session, ESYS_TR_NONE, id, wrapped, &opened));
    tpm2_flush(self, &session);
    if (err)
        tpm2_explain("the TPM does not have the endorsement key of its certificate: a copied certificate");
    if (err) return AK_E_AUTH;
    bool same =
        opened->size == AK_TPM_CREDENTIAL_LEN &&
        ak_ct_eq(ak_span(opened->buffer, AK_TPM_CREDENTIAL_LEN), ak_span(secret, AK_TPM_CREDENTIAL_LEN));
    ak_wipe(opened, sizeof *opened);
    Esys_Free(opened);
    return same ? AK_OK : AK_E_AUTH;
}

static enum ak_err check_credential(struct tpm2 *self, struct ek *ek)
{
    uint8_t secret[AK_TPM_CREDENTIAL_LEN], seeds[64];
    TPM2B_ID_OBJECT id = {0};
    TPM2B_ENCRYPTED_SECRET wrapped = {0};
    struct ak_buf id_buf = ak_buf(id.credential, sizeof id.credential);
    struct ak_buf wrapped_buf = ak_buf(wrapped.secret, sizeof wrapped.secret);
    ak_random_bytes(secret, sizeof secret);
    ak_random_bytes(seeds, sizeof seeds);
    enum ak_err err =
        ak_tpm_credential_make(&ek->certified, ek->signer_name, secret, seeds, &id_buf, &wrapped_buf);
    id.size = (UINT16)id_buf.len;
    wrapped.size = (UINT16)wrapped_buf.len;
    if (!err) err = activate(self, ek, &id, &wrapped, secret);
    ak_wipe(seeds, sizeof seeds);
    ak_wipe(secret, sizeof secret);
    return err;
}

/* ---- the signing key, and its word on the primary key ---- */

static enum ak_err make_signer(struct tpm2 *self, struct ek *ek)
{
    AK_TRY(tpm2_make_signer(self, &ek->signer, &ek->signer_public));
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(
            ek->signer_public, ek->public_bytes, sizeof ek->public_bytes, &ek->public_len))
        return AK_E_FORMAT;
    return ak_tpm_key_name(ak_span(ek->public_bytes, ek->public_len), ek->signer_name);
}

static enum ak_err check_signature(const struct tpm2 *self, const struct ek *ek, const TPM2B_DATA *question,
    const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature)
{
    uint8_t bytes[SIGNED_MAX];
    size_t len = 0;
    TPM2B_NAME *name = NULL;
    if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &len)) return AK_E_FORMAT;
    AK_TRY(tpm2_answer("name", Esys_TR_GetName(self->esys, self->primary, &name)));
    enum ak_err err = name->size != AK_TPM2_NAME_LEN
                          ? AK_E_FORMAT
                          : ak_tpm_certify_check(ak_span(ek->public_bytes, ek->public_len),
                                ak_span(attest->attestationData, attest->size), ak_span(bytes, len),
                                ak_span(question->buffer, question->size), name->name);
    Esys_Free(name);
    return err;
}

static enum ak_err check_primary(struct tpm2 *self, const struct ek *ek)
{
    static const TPMT_SIG_SCHEME of_the_key = {.scheme = TPM2_ALG_NULL};
    TPM2B_DATA question = {.size = 32};
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    ak_random_bytes(question.buffer, 32);
    AK_TRY(tpm2_answer(
        "TPM2_Certify", Esys_Certify(self->esys, self->primary, ek->signer, ESYS_TR_PASSWORD,
                            ESYS_TR_PASSWORD, ESYS_TR_NONE, &question, &of_the_key, &attest, &signature)));
    enum ak_err err = check_signature(self, ek, &question, attest, signature);
    if (err) tpm2_explain("what keeps the secrets is not in the TPM that the certificate is of");
    Esys_Free(attest);
    Esys_Free(signature);
    return err ? AK_E_AUTH : AK_OK;
}

static enum ak_err check_all(
    struct tpm2 *self, struct ek *ek, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    AK_TRY(check_certificate(self, ek, makers, now_s));
    AK_TRY(tpm2_room_for_two(self));
    AK_TRY(make_signer(self, ek));
    AK_TRY(make_ek(self, ek));
    AK_TRY(check_credential(self, ek));
    tpm2_flush(self, &ek->key);
    return check_primary(self, ek);
}

enum ak_err tpm2_check_maker(struct tpm2 *self, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    struct ek ek = {.nv = ESYS_TR_NONE, .key = ESYS_TR_NONE, .signer = ESYS_TR_NONE};
    enum ak_err err = check_all(self, &ek, makers, now_s);
    tpm2_flush(self, &ek.key);
    tpm2_flush(self, &ek.signer);
    close_nv(self, &ek);
    Esys_Free(ek.signer_public);
    ak_pubkey_done(&ek.certified);
    self->maker_shown = err == AK_OK;
    return err;
}
