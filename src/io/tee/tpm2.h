/* Inside the tpm2 backend: one connection to a TPM 2.0 over ESYS. Objects and sessions live for one call, so
 * that a chip without a resource manager (three slots) suffices; the primary key stays. Every session is
 * salted to the primary key; what is secret travels encrypted. Secret: KEKs and slot contents; the library's
 * own buffers hold them until its next call. One thread at a time (tpm2.c locks). */
#ifndef AK_IO_TEE_TPM2_H
#define AK_IO_TEE_TPM2_H

#include <pthread.h>
#include <stdio.h>
#include <tss2/tss2_esys.h>

#include "base/crypto/x509.h"
#include "io/tee/tee.h"
#include "io/tee/tpm2_policy.h"
#include "io/tee/tpm2_wire.h"

enum { AK_TPM2_SLOT_NV_LEN = 2 + AK_TEE_SLOT_MAX };

struct tpm2 {
    pthread_mutex_t mutex;
    struct tpm2_wire wire;
    ESYS_CONTEXT *esys;
    ESYS_TR primary, counter, slots[AK_TEE_SLOTS];
    uint32_t base; /* NV index of the counter; the slots follow */
    uint8_t counter_name[AK_TPM2_NAME_LEN];
    uint8_t counter_id[AK_TEE_COUNTER_ID_LEN];
    uint8_t measurement[32];
    bool maker_shown;               /* tpm2_check_maker said yes */
    struct ak_tpm2_pcr_values pcrs; /* when it was opened: what is sealed to */
};

/* ---- tpm2_chip.c: connection, answers, sessions, registers ---- */

/* What went wrong in the last call of this thread, for people. */
extern _Thread_local char tpm2_why[200];
#define tpm2_explain(...) ((void)snprintf(tpm2_why, sizeof tpm2_why, __VA_ARGS__))
/* AK_OK, or what the answer means: AK_E_NOT_FOUND (no such index), AK_E_AUTH (not ours, altered),
 * AK_E_CONFLICT (policy: counter), AK_E_FULL (no NV space), AK_E_IO; tpm2_why says it. */
AK_MUST_USE enum ak_err tpm2_answer(const char *command, TSS2_RC rc);
AK_MUST_USE enum ak_err tpm2_connect(struct tpm2 *self, const char *tcti);
void tpm2_disconnect(struct tpm2 *self);
AK_MUST_USE enum ak_err tpm2_make_primary(struct tpm2 *self);
/* Room for two objects beside the primary key; where others left none, theirs go, and it is made again. */
AK_MUST_USE enum ak_err tpm2_room_for_two(struct tpm2 *self);
/* Salted; `attributes` as TPMA_SESSION_DECRYPT and _ENCRYPT; ends with tpm2_flush. */
AK_MUST_USE enum ak_err tpm2_session(
    struct tpm2 *self, TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *out_session);
/* Fine on ESYS_TR_NONE. */
void tpm2_flush(struct tpm2 *self, ESYS_TR *handle);
AK_MUST_USE enum ak_err tpm2_read_pcrs(struct tpm2 *self);
/* Register 23: reset, then extended by SHA-256 of this process' program. */
AK_MUST_USE enum ak_err tpm2_measure(struct tpm2 *self);
void tpm2_pcr_selection(TPML_PCR_SELECTION *out_selection);

/* ---- tpm2_nv.c: counter and slots ---- */

/* A run of free indices for a new installation. AK_E_FULL. */
AK_MUST_USE enum ak_err tpm2_nv_find_free(struct tpm2 *self, uint32_t *out_base);
/* Opens counter and slots at self->base; `create` defines what is missing. AK_E_CONFLICT: not in this TPM. */
AK_MUST_USE enum ak_err tpm2_nv_open(struct tpm2 *self, bool create);
AK_MUST_USE enum ak_err tpm2_nv_counter(struct tpm2 *self, uint64_t *out_value);
AK_MUST_USE enum ak_err tpm2_nv_advance(struct tpm2 *self, uint64_t expected);
AK_MUST_USE enum ak_err tpm2_nv_slot_read(struct tpm2 *self, unsigned slot, struct ak_buf *out_bytes);
AK_MUST_USE enum ak_err tpm2_nv_slot_write(struct tpm2 *self, unsigned slot, struct ak_span bytes);
AK_MUST_USE enum ak_err tpm2_nv_slot_erase(struct tpm2 *self, unsigned slot);

/* ---- tpm2_seal.c ---- */

AK_MUST_USE enum ak_err tpm2_seal(
    struct tpm2 *self, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob);
/* AK_E_STATE: a register differs, tpm2_why names it. AK_E_CONFLICT: the counter is past n. AK_E_AUTH. */
AK_MUST_USE enum ak_err tpm2_unseal(
    struct tpm2 *self, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek);

/* ---- tpm2_ek.c ---- */

/* AK_E_AUTH: not shown to be one of these makers' chips, tpm2_why says why. Others as tpm2_answer. */
AK_MUST_USE enum ak_err tpm2_check_maker(
    struct tpm2 *self, const struct ak_x509_bundle *makers, uint64_t now_s);

/* ---- tpm2_report.c ---- */

/* The restricted signing key of the endorsement hierarchy, the same at each call; ends with tpm2_flush,
 * *out_public with Esys_Free. */
AK_MUST_USE enum ak_err tpm2_make_signer(struct tpm2 *self, ESYS_TR *out_key, TPM2B_PUBLIC **out_public);

AK_MUST_USE enum ak_err tpm2_report(
    struct tpm2 *self, const uint8_t report_data[64], struct ak_buf *out_evidence);

#endif
