/* The NV counter and the two slots. All are read and written under a salted session, whose fresh nonces make
 * an answer that was recorded earlier worthless; slots travel encrypted. */
#include <stdlib.h>
#include <string.h>

#include "base/crypto/sha256.h"
#include "base/reader.h"
#include "io/proc/random.h"
#include "io/tee/tpm2.h"

/* spec: TCG Registry of Reserved TPM 2.0 Handles, 2.2.2: indices that the owner defines */
enum { FIRST_INDEX = 0x01a4b000, RUN = 4, RUNS = 63 };

static const TPMA_NV ours = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;

enum ak_err tpm2_nv_find_free(struct tpm2 *self, uint32_t *out_base)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *data = NULL;
    bool taken[RUNS] = {false};
    TSS2_RC rc = Esys_GetCapability(self->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
        FIRST_INDEX, RUN * RUNS, &more, &data);
    AK_TRY(tpm2_answer("TPM2_GetCapability", rc));
    for (uint32_t i = 0; i < data->data.handles.count; i++) {
        uint32_t run = (data->data.handles.handle[i] - FIRST_INDEX) / RUN;
        if (run < RUNS) taken[run] = true;
    }
    Esys_Free(data);
    for (uint32_t run = 0; run < RUNS; run++) {
        if (taken[run]) continue;
        *out_base = FIRST_INDEX + run * RUN;
        return AK_OK;
    }
    tpm2_explain("all NV indices from 0x%x on are taken; see tpm2_nvundefine", (unsigned)FIRST_INDEX);
    return AK_E_FULL;
}

/* The counter's policy is a random number that nothing satisfies: it makes the counter's name, and so its
 * id, one of a kind. */
static enum ak_err define(struct tpm2 *self, uint32_t index, bool counter, ESYS_TR *out_nv)
{
    static const TPM2B_AUTH no_auth = {0};
    TPM2B_NV_PUBLIC nv = {.nvPublic = {.nvIndex = index,
                              .nameAlg = TPM2_ALG_SHA256,
                              .attributes = ours,
                              .dataSize = AK_TPM2_SLOT_NV_LEN}};
    if (counter) {
        nv.nvPublic.attributes |= TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT;
        nv.nvPublic.dataSize = sizeof(uint64_t);
        nv.nvPublic.authPolicy.size = 32;
        ak_random_bytes(nv.nvPublic.authPolicy.buffer, 32);
    }
    return tpm2_answer(
        "TPM2_NV_DefineSpace", Esys_NV_DefineSpace(self->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, &no_auth, &nv, out_nv));
}

static enum ak_err open_index(struct tpm2 *self, uint32_t index, bool counter, bool create, ESYS_TR *out_nv)
{
    enum ak_err err = tpm2_answer("TPM2_NV_ReadPublic",
        Esys_TR_FromTPMPublic(self->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out_nv));
    if (err != AK_E_NOT_FOUND) return err;
    if (create) return define(self, index, counter, out_nv);
    tpm2_explain(
        "this TPM has no index 0x%x: another machine, or a cleared or replaced TPM", (unsigned)index);
    return AK_E_CONFLICT;
}

/* Reads `len` bytes of an index. */
static enum ak_err read_index(struct tpm2 *self, ESYS_TR nv, size_t len, uint8_t *out_bytes)
{
    ESYS_TR session;
    TPM2B_MAX_NV_BUFFER *data = NULL;
    AK_TRY(tpm2_session(self, TPM2_SE_HMAC, TPMA_SESSION_ENCRYPT, &session));
    enum ak_err err = tpm2_answer("TPM2_NV_Read",
        Esys_NV_Read(self->esys, nv, nv, session, ESYS_TR_NONE, ESYS_TR_NONE, (UINT16)len, 0, &data));
    tpm2_flush(self, &session);
    if (err) return err;
    bool good = data->size == len;
    if (good) memcpy(out_bytes, data->buffer, len);
    ak_wipe(data, sizeof *data);
    Esys_Free(data);
    return good ? AK_OK : AK_E_AUTH;
}

static enum ak_err increment(struct tpm2 *self)
{
    ESYS_TR session;
    AK_TRY(tpm2_session(self, TPM2_SE_HMAC, 0, &session));
    enum ak_err err = tpm2_answer("TPM2_NV_Increment",
        Esys_NV_Increment(self->esys, self->counter, self->counter, session, ESYS_TR_NONE, ESYS_TR_NONE));
    tpm2_flush(self, &session);
    return err;
}

enum ak_err tpm2_nv_counter(struct tpm2 *self, uint64_t *out_value)
{
    uint8_t bytes[8];
    *out_value = 0;
    AK_TRY(read_index(self, self->counter, sizeof bytes, bytes));
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(bytes));
    *out_value = ak_reader_u64(&reader);
    return AK_OK;
}

/* A counter has no number before its first step. */
static enum ak_err first_step(struct tpm2 *self, bool create)
{
    uint64_t value;
    enum ak_err err = tpm2_nv_counter(self, &value);
    return err == AK_E_NOT_FOUND && create ? increment(self) : err;
}

static enum ak_err take_name(struct tpm2 *self, ESYS_TR handle, uint8_t out_name[AK_TPM2_NAME_LEN])
{
    TPM2B_NAME *name = NULL;
    AK_TRY(tpm2_answer("name", Esys_TR_GetName(self->esys, handle, &name)));
    bool good = name->size == AK_TPM2_NAME_LEN;
    if (good) memcpy(out_name, name->name, AK_TPM2_NAME_LEN);
    Esys_Free(name);
    return good ? AK_OK : AK_E_UNSUPPORTED;
}

/* The counter's name covers index, kind, rights and its random policy; the primary key's stands for the chip.
 */
static enum ak_err make_id(struct tpm2 *self)
{
    uint8_t primary[AK_TPM2_NAME_LEN], digest[32];
    AK_TRY(take_name(self, self->primary, primary));
    AK_TRY(take_name(self, self->counter, self->counter_name));
    const struct ak_span parts[] = {
        AK_SPAN_LIT("agentkeys tpm2 counter v1"), AK_SPAN_ARR(primary), AK_SPAN_ARR(self->counter_name)};
    ak_sha256_parts(parts, AK_COUNT(parts), digest);
    memcpy(self->counter_id, digest, sizeof self->counter_id);
    return AK_OK;
}

enum ak_err tpm2_nv_open(struct tpm2 *self, bool create)
{
    AK_TRY(open_index(self, self->base, true, create, &self->counter));
    for (uint32_t i = 0; i < AK_TEE_SLOTS; i++)
        AK_TRY(open_index(self, self->base + 1 + i, false, create, &self->slots[i]));
    AK_TRY(first_step(self, create));
    return make_id(self);
}

/* Read, step, read back: whoever stepped in between shows as another number than one more. */
enum ak_err tpm2_nv_advance(struct tpm2 *self, uint64_t expected)
{
    uint64_t value;
    AK_TRY(tpm2_nv_counter(self, &value));
    if (value != expected || value == UINT64_MAX) return AK_E_CONFLICT;
    AK_TRY(increment(self));
    AK_TRY(tpm2_nv_counter(self, &value));
    return value == expected + 1 ? AK_OK : AK_E_CONFLICT;
}

/* ---- slots: state (0 empty, 1 full), length, 64 bytes ---- */

static enum ak_err write_slot(struct tpm2 *self, unsigned slot, const uint8_t content[AK_TPM2_SLOT_NV_LEN])
{
    ESYS_TR session;
    uint8_t back[AK_TPM2_SLOT_NV_LEN];
    TPM2B_MAX_NV_BUFFER data = {.size = AK_TPM2_SLOT_NV_LEN};
    AK_TRY(tpm2_session(self, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, &session));
    memcpy(data.buffer, content, AK_TPM2_SLOT_NV_LEN);
    enum ak_err err =
        tpm2_answer("TPM2_NV_Write", Esys_NV_Write(self->esys, self->slots[slot], self->slots[slot], session,
                                         ESYS_TR_NONE, ESYS_TR_NONE, &data, 0));
    ak_wipe(&data, sizeof data);
    tpm2_flush(self, &session);
    if (!err) err = read_index(self, self->slots[slot], sizeof back, back);
    if (!err && memcmp(back, content, sizeof back) != 0) err = AK_E_IO;
    ak_wipe(back, sizeof back);
    return err;
}

enum ak_err tpm2_nv_slot_write(struct tpm2 *self, unsigned slot, struct ak_span bytes)
{
    uint8_t content[AK_TPM2_SLOT_NV_LEN] = {1, (uint8_t)bytes.len};
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    if (bytes.len > AK_TEE_SLOT_MAX) return AK_E_LIMIT;
    if (bytes.len) memcpy(content + 2, bytes.ptr, bytes.len);
    enum ak_err err = write_slot(self, slot, content);
    ak_wipe(content, sizeof content);
    return err;
}

enum ak_err tpm2_nv_slot_read(struct tpm2 *self, unsigned slot, struct ak_buf *out_bytes)
{
    uint8_t content[AK_TPM2_SLOT_NV_LEN];
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    enum ak_err err = read_index(self, self->slots[slot], sizeof content, content);
    if (!err && content[0] == 0) err = AK_E_NOT_FOUND;
    if (!err && (content[0] != 1 || content[1] > AK_TEE_SLOT_MAX)) err = AK_E_AUTH;
    uint8_t *at = err ? NULL : ak_buf_grow(out_bytes, content[1]);
    if (at) memcpy(at, content + 2, content[1]);
    if (!err && !at) err = AK_E_FULL;
    ak_wipe(content, sizeof content);
    return err;
}

enum ak_err tpm2_nv_slot_erase(struct tpm2 *self, unsigned slot)
{
    static const uint8_t nothing[AK_TPM2_SLOT_NV_LEN] = {0};
    uint8_t content[AK_TPM2_SLOT_NV_LEN];
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    enum ak_err err = read_index(self, self->slots[slot], sizeof content, content);
    if (!err && content[0] == 0) err = AK_E_NOT_FOUND;
    ak_wipe(content, sizeof content);
    return err ? err : write_slot(self, slot, nothing);
}
