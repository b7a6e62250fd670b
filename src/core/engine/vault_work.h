/* Inside the engine: what calls and background work of the vault share. A piece of work is begun here, done
 * outside of the engine, where DEKs and values are, and ended here with its result: between the two
 * everything may have changed, so each end looks again. No secrets. One thread. */
#ifndef AK_CORE_ENGINE_VAULT_WORK_H
#define AK_CORE_ENGINE_VAULT_WORK_H

#include "core/engine/internal.h"
#include "core/state/vault_state.h"

/* A credential of the caller's account, as a request names it. */
struct ak_vault_where {
    struct ak_span service;
    uint32_t path; /* AK_INDEX_NONE: the account's own */
    struct ak_path_state *path_state;
    uint32_t number; /* AK_INDEX_NONE: there is none (yet) */
    struct ak_credential_state *credential;
};

/* `path` empty: the account's own. AK_CODE_INVALID_REQUEST, AK_CODE_INVALID_PATH, AK_CODE_NOT_FOUND. */
enum ak_code ak_vault_find(
    struct ak_step *step, struct ak_span service, struct ak_span path, struct ak_vault_where *out_where);
/* Writes "/label" of a path; empty for the account's own. */
struct ak_span ak_vault_put_path(const struct ak_state *state, uint32_t path, struct ak_buf *buf);

/* Work for the helper in the step's outcome, empty but for its kind and who asked; the answer waits for it.
 */
struct ak_vault_work *ak_vault_begin(struct ak_step *step, enum ak_vault_kind kind);
/* Fills `to` with the account's current epoch (its first one where it has none: fresh_dek) and a new id. */
void ak_vault_aim(struct ak_engine *engine, const struct ak_account *account, struct ak_vault_work *work);
/* Fills `from` with a stored blob. */
void ak_vault_take(
    const struct ak_state *state, const struct ak_blob_state *blob, struct ak_vault_work *work);
/* True where `to` is the current epoch still, by number and DEK. */
bool ak_vault_aims_at_current(
    const struct ak_state *state, const struct ak_account *account, const struct ak_vault_work *work);
/* The label of a work's place as the entry's, where it has one. */
void ak_vault_label(struct ak_entry *entry, const struct ak_blob_place *place);
/* BlobRefused for a blob that a piece of work could not read. False, and nothing, where no pointer names it
 * any more: it was moved or replaced meanwhile. */
bool ak_vault_refused(struct ak_engine *engine, const struct ak_vault_work *work, enum ak_vault_code code,
    const uint8_t *actor);
/* Nothing needs the old epoch's DEK any more, and that is durable. */
bool ak_vault_may_destroy(const struct ak_engine *engine, const struct ak_epoch_state *epoch);
/* "missing", "altered" or "unreadable" where a check found the blob so, else empty. */
struct ak_span ak_vault_stored(const struct ak_engine *engine, const struct ak_blob_state *blob);
/* Its credential is moved next. */
void ak_vault_soon(struct ak_engine *engine, uint32_t credential);

/* ---- ends of calls, in their files: what ak_engine_vault_done goes on with, after account and device ----
 */
enum ak_code ak_vault_end_put(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result);
enum ak_code ak_vault_end_rollback(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result);
enum ak_code ak_vault_end_rotate(struct ak_step *step, const struct ak_vault_work *work);
enum ak_code ak_vault_end_destroy(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result);

/* What a change answers when it is repeated under its Idempotency-Key. `place`: of its credential, NULL where
 * the request's body is there to say it. */
enum ak_code ak_vault_answer_repeat(struct ak_step *step, const struct ak_blob_place *place);

/* The answer to a rotation: the account's current epoch. */
enum ak_code ak_vault_reply_rotated(struct ak_step *step);

/* ---- vault_run.c ---- */
/* The end of a piece that nobody waits for: a move, or a batch of rotations or destructions. What could not
 * be done now is tried again later. */
void ak_vault_end_background(
    struct ak_engine *engine, const struct ak_vault_work *work, const struct ak_vault_result *result);

/* As configured, else by default: the age at which an epoch is rotated by itself, the time from a rotation to
 * the old epoch's destruction, and how many services an account may have. */
uint64_t ak_vault_rotate_ms(const struct ak_engine *engine);
uint64_t ak_vault_deadline_ms(const struct ak_engine *engine);
uint32_t ak_vault_services_max(const struct ak_engine *engine);

#endif
