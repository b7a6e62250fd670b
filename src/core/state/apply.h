/* Inside the fold: one entry on its way into the state, and what other files add to the table of types.
 */
#ifndef AK_CORE_STATE_APPLY_H
#define AK_CORE_STATE_APPLY_H

#include "core/state/state.h"

struct ak_fold {
    struct ak_state *state;
    const struct ak_entry *entry;
    const struct ak_entry_ref *ref;
    struct ak_account *account; /* of the entry's anchor; NULL where it has none, or opens it */
    uint32_t account_number;
};

typedef enum ak_err ak_apply(struct ak_fold *fold);

/* ---- identity_state.c ---- */
ak_apply ak_apply_identity_linked, ak_apply_identity_unlinked;

/* ---- device_apply.c ---- */
ak_apply ak_apply_device_enrolled, ak_apply_device_removed, ak_apply_recovery_started, ak_apply_recovery_seen,
    ak_apply_recovery_over, ak_apply_recovery_code_set;

/* ---- restore_apply.c ---- */
ak_apply ak_apply_state_restored;

/* ---- vault_apply.c ---- */
ak_apply ak_apply_epoch_rotated, ak_apply_epoch_destroyed, ak_apply_service_defined, ak_apply_blob_written,
    ak_apply_blob_moved, ak_apply_blob_deleted, ak_apply_blob_refused;
/* Last reader and time; the count is use_counted's. */
AK_MUST_USE enum ak_err ak_apply_creds_read(struct ak_fold *fold);
/* Something that asks for a new epoch happened: a suspension, an agent's end. */
void ak_apply_ask_rotation(struct ak_fold *fold);

#endif
