/* The connection, what answers mean, sessions, registers. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "io/tee/tpm2.h"

_Thread_local char tpm2_why[200];

/* ---- answers ---- */

/* Format-one answers carry the number of handle, parameter or session; only the kind counts. */
static TSS2_RC kind(TSS2_RC rc)
{
    return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

static const struct {
    TSS2_RC rc;
    enum ak_err err;
    const char *text;
} answers[] = {
    {TPM2_RC_HANDLE, AK_E_NOT_FOUND, "no such object"},
    {TPM2_RC_INTEGRITY, AK_E_AUTH, "sealed by another TPM, or altered"},
    {TPM2_RC_SIZE, AK_E_AUTH, "wrong size"},
    {TPM2_RC_POLICY, AK_E_CONFLICT, "the counter has moved on"},
    {TPM2_RC_POLICY_FAIL, AK_E_STATE, "the policy does not hold"},
    {TPM2_RC_NV_UNINITIALIZED, AK_E_NOT_FOUND, "never written"},
    {TPM2_RC_NV_SPACE, AK_E_FULL, "no NV space left; see tpm2_getcap handles-nv-index"},
    {TPM2_RC_NV_DEFINED, AK_E_EXISTS, "the index is there already"},
    {TPM2_RC_BAD_AUTH, AK_E_IO, "the owner hierarchy has a password; the worker needs it without one"},
    {TPM2_RC_AUTH_FAIL, AK_E_IO, "the owner hierarchy has a password; the worker needs it without one"},
    {TPM2_RC_LOCKOUT, AK_E_IO, "locked out; see tpm2_dictionarylockout"},
    {TPM2_RC_OBJECT_MEMORY, AK_E_IO, "out of object slots; use /dev/tpmrm0"},
    {TPM2_RC_SESSION_MEMORY, AK_E_IO, "out of session slots; use /dev/tpmrm0"},
    {TPM2_RC_PCR_CHANGED, AK_E_IO, "a register changed meanwhile"},
    {TPM2_RC_FAILURE, AK_E_IO, "in failure mode"},
};

enum ak_err tpm2_answer(const char *command, TSS2_RC rc)
{
    if (rc == TSS2_RC_SUCCESS) return AK_OK;
    if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER) {
        tpm2_explain("no connection to the TPM: %s gave 0x%x", command, (unsigned)rc);
        return AK_E_IO;
    }
    for (size_t i = 0; i < AK_COUNT(answers); i++) {
        if (kind(answers[i].rc) != kind(rc)) continue;
        tpm2_explain("%s answered 0x%x: %s", command, (unsigned)rc, answers[i].text);
        return answers[i].err;
    }
    tpm2_explain("%s answered 0x%x", command, (unsigned)rc);
    return AK_E_IO;
}

/* ---- connection ---- */

enum ak_err tpm2_connect(struct tpm2 *self, const char *tcti)
{
    (void)setenv("TSS2_LOG", "all+none", 0); /* what went wrong is said by us, once */
    enum ak_err err = tpm2_wire_open(&self->wire, tcti);
    if (err == AK_E_FORMAT)
        tpm2_explain("tee.tcti must be device:/PATH, swtpm:path=/PATH or swtpm:host=127.0.0.1,port=PORT");
    else if (err)
        tpm2_explain("no TPM at %s", tcti);
    if (err) return err;
    TSS2_TCTI_CONTEXT *tcti_context = (TSS2_TCTI_CONTEXT *)(void *)&self->wire;
    AK_TRY(tpm2_answer("Esys_Initialize", Esys_Initialize(&self->esys, tcti_context, NULL)));
    TSS2_RC rc = Esys_Startup(self->esys, TPM2_SU_CLEAR); /* the firmware did it, unless there is none */
    return rc == TPM2_RC_INITIALIZE ? AK_OK : tpm2_answer("TPM2_Startup", rc);
}

void tpm2_flush(struct tpm2 *self, ESYS_TR *handle)
{
    if (*handle != ESYS_TR_NONE) (void)Esys_FlushContext(self->esys, *handle);
    *handle = ESYS_TR_NONE;
}

void tpm2_disconnect(struct tpm2 *self)
{
    if (self->esys) {
        tpm2_flush(self, &self->primary);
        Esys_Finalize(&self->esys);
    }
    tpm2_wire_close(&self->wire);
}

/* Without a resource manager a killed worker's objects stay in the chip until somebody flushes them. With
 * one, only our own are seen. */
static void flush_range(struct tpm2 *self, uint32_t first)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *data = NULL;
    if (Esys_GetCapability(
            self->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, first, 16, &more, &data))
        return;
    for (uint32_t i = 0; i < data->data.handles.count; i++) {
        ESYS_TR handle = ESYS_TR_NONE;
        if (Esys_TR_FromTPMPublic(self->esys, data->data.handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE,
                ESYS_TR_NONE, &handle) == TSS2_RC_SUCCESS)
            tpm2_flush(self, &handle);
    }
    Esys_Free(data);
}

static uint32_t property(struct tpm2 *self, uint32_t name)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *data = NULL;
    uint32_t value = UINT32_MAX;
    if (Esys_GetCapability(self->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
            name, 1, &more, &data))
        return value;
    const TPML_TAGGED_TPM_PROPERTY *list = &data->data.tpmProperties;
    if (list->count == 1 && list->tpmProperty[0].property == name) value = list->tpmProperty[0].value;
    Esys_Free(data);
    return value;
}

/* We need room for the primary key, one object and one session at a time. */
static void make_room(struct tpm2 *self)
{
    enum { OBJECTS = 2, SESSIONS = 1 };
    if (property(self, TPM2_PT_HR_TRANSIENT_AVAIL) < OBJECTS) flush_range(self, TPM2_TRANSIENT_FIRST);
    if (property(self, TPM2_PT_HR_LOADED_AVAIL) < SESSIONS) flush_range(self, TPM2_LOADED_SESSION_FIRST);
}

static TSS2_RC create_primary(struct tpm2 *self)
{
    static const TPM2B_SENSITIVE_CREATE no_secret = {0};
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    static const TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_FIXEDTPM |
                                TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
            .parameters.eccDetail = {
                .symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
                .scheme.scheme = TPM2_ALG_NULL,
                .curveID = TPM2_ECC_NIST_P256,
                .kdf.scheme = TPM2_ALG_NULL}}};
    return Esys_CreatePrimary(self->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
        &no_secret, &template, &no_data, &no_pcrs, &self->primary, NULL, NULL, NULL, NULL);
}

enum ak_err tpm2_make_primary(struct tpm2 *self)
{
    make_room(self);
    return tpm2_answer("TPM2_CreatePrimary", create_primary(self));
}

enum ak_err tpm2_room_for_two(struct tpm2 *self)
{
    if (property(self, TPM2_PT_HR_TRANSIENT_AVAIL) >= 2) return AK_OK;
    tpm2_flush(self, &self->primary);
    flush_range(self, TPM2_TRANSIENT_FIRST);
    return tpm2_answer("TPM2_CreatePrimary", create_primary(self));
}

/* ---- sessions ---- */

enum ak_err tpm2_session(struct tpm2 *self, TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *out_session)
{
    static const TPMT_SYM_DEF aes = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
    *out_session = ESYS_TR_NONE;
    TSS2_RC rc = Esys_StartAuthSession(self->esys, self->primary, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
        ESYS_TR_NONE, NULL, type, &aes, TPM2_ALG_SHA256, out_session);
    AK_TRY(tpm2_answer("TPM2_StartAuthSession", rc));
    attributes |= TPMA_SESSION_CONTINUESESSION;
    rc = Esys_TRSess_SetAttributes(self->esys, *out_session, attributes, 0xff);
    if (rc) tpm2_flush(self, out_session);
    return tpm2_answer("session attributes", rc);
}

/* ---- registers ---- */

void tpm2_pcr_selection(TPML_PCR_SELECTION *out_selection)
{
    *out_selection =
        (TPML_PCR_SELECTION){.count = 1, .pcrSelections[0] = {.hash = TPM2_ALG_SHA256, .sizeofSelect = 3}};
    for (size_t i = 0; i < AK_TPM2_PCRS; i++)
        out_selection->pcrSelections[0].pcrSelect[ak_tpm2_pcrs[i] / 8] |= (BYTE)(1u << ak_tpm2_pcrs[i] % 8);
}

/* One call gives at most eight digests; what it gives is held to what was asked. */
enum ak_err tpm2_read_pcrs(struct tpm2 *self)
{
    TPML_PCR_SELECTION asked, *given = NULL;
    TPML_DIGEST *values = NULL;
    tpm2_pcr_selection(&asked);
    TSS2_RC rc =
        Esys_PCR_Read(self->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &asked, NULL, &given, &values);
    AK_TRY(tpm2_answer("TPM2_PCR_Read", rc));
    bool good = values->count == AK_TPM2_PCRS && given->count == 1 &&
                memcmp(given->pcrSelections[0].pcrSelect, asked.pcrSelections[0].pcrSelect, 3) == 0;
    for (size_t i = 0; good && i < AK_TPM2_PCRS; i++) {
        good = values->digests[i].size == sizeof self->pcrs.digests[i];
        if (good) memcpy(self->pcrs.digests[i], values->digests[i].buffer, sizeof self->pcrs.digests[i]);
    }
    Esys_Free(given);
    Esys_Free(values);
    if (!good) tpm2_explain("the TPM has no SHA-256 registers");
    return good ? AK_OK : AK_E_UNSUPPORTED;
}

static enum ak_err hash_own_program(uint8_t out_digest[32])
{
    static uint8_t piece[64 * 1024];
    struct ak_sha256_stream hash;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return AK_E_IO;
    ak_sha256_stream_init(&hash);
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        ak_sha256_stream_update(&hash, ak_span(piece, (size_t)got));
    ak_sha256_stream_final(&hash, out_digest);
    (void)close(fd);
    return got < 0 ? AK_E_IO : AK_OK;
}

enum ak_err tpm2_measure(struct tpm2 *self)
{
    const ESYS_TR pcr = ESYS_TR_PCR0 + AK_TPM2_PCR_WORKER;
    TPML_DIGEST_VALUES values = {.count = 1, .digests[0].hashAlg = TPM2_ALG_SHA256};
    if (hash_own_program(self->measurement) != AK_OK) {
        tpm2_explain("the worker's own program cannot be read");
        return AK_E_IO;
    }
    memcpy(values.digests[0].digest.sha256, self->measurement, sizeof self->measurement);
    AK_TRY(tpm2_answer(
        "TPM2_PCR_Reset", Esys_PCR_Reset(self->esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE)));
    return tpm2_answer("TPM2_PCR_Extend",
        Esys_PCR_Extend(self->esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values));
}
