/* The sealed state on disk and in step with the counter. Order of every write: seal n+1 durably, counter to
 * n+1, then acknowledge. Start: lock the folder, open and authenticate, accept n equal to the counter or one
 * ahead (that step is finished), then advance past every number an interrupted step may have used before
 * anything is served, so no file such a step left ever becomes valid again (I12). After a failed write the
 * object is dead: the process ends and starts from what is durable. Secret: the state's roots. Owner: closes
 * what it opened, not the TEE. One thread. */
#ifndef AK_IO_TEE_SEALED_FILE_H
#define AK_IO_TEE_SEALED_FILE_H

#include "core/seal/seal.h"
#include "io/tee/tee.h"

#define AK_SEALED_NAME "sealed.bin"

/* Why a start was refused; the names are BOOT_FAIL codes. */
enum ak_sealed_result {
    AK_SEALED_OK,
    AK_SEALED_DATA_DIR_BUSY,   /* another worker holds the folder */
    AK_SEALED_NO_STATE,        /* no_sealed_state */
    AK_SEALED_EXISTS,          /* sealed_state_exists: init on a folder in use */
    AK_SEALED_STALE,           /* stale_state: older than the counter */
    AK_SEALED_AHEAD,           /* counter_behind: the counter was turned back */
    AK_SEALED_FOREIGN_COUNTER, /* foreign_counter */
    AK_SEALED_FOREIGN_BACKEND, /* foreign_backend */
    AK_SEALED_DAMAGED,         /* sealed_state_damaged: does not authenticate */
    AK_SEALED_CONFIG,          /* trust_config: the settings are not those that were fixed */
    AK_SEALED_MEASUREMENT,     /* other_measurement */
    AK_SEALED_NO_TEE,          /* tee_unavailable: does not answer, or its key or counter is damaged */
    AK_SEALED_PCR,             /* pcr_changed: the machine is not in the state that was sealed to */
    AK_SEALED_IO               /* data_dir_io */
};
const char *ak_sealed_result_code(enum ak_sealed_result result);
/* What a TEE that could not be opened means: AK_E_NOT_FOUND is a folder that was never initialised,
 * AK_E_CONFLICT one of another machine. */
enum ak_sealed_result ak_sealed_result_of_tee(enum ak_err err);
/* One sentence for people; where the TEE itself said what is wrong (`ops` may be NULL), that. */
const char *ak_sealed_result_reason(enum ak_sealed_result result, const struct ak_tee_ops *ops);

/* What the settings say of trust, held against what was sealed. */
struct ak_sealed_trust {
    struct ak_span config; /* encoded, for a new state and for one of format 1; must outlive the file */
    uint8_t legacy[32];    /* the header's `config` that format 1 has for these settings */
    /* Whether the settings go with a sealed configuration; asked before anything is written. NULL: yes. */
    bool (*fits)(void *ctx, struct ak_span config);
    void *ctx;
};

struct ak_sealed_file {
    int dir_fd;  /* borrowed */
    int lock_fd; /* owned */
    bool locked;
    struct ak_file_ops ops;
    struct ak_tee *tee; /* borrowed */
    struct ak_sealed_trust trust;
    uint8_t config[32]; /* hash of the trust configuration that is sealed now; zeros before */
    uint64_t n;
    bool usable;
};

/* Takes the folder's lock. `ops` NULL: the system's (and only then a lock is taken). `tee` must outlive it
 * and may be opened after this, under the lock. `trust` is copied; NULL where only the lock is wanted. */
AK_MUST_USE enum ak_sealed_result ak_sealed_file_open(struct ak_sealed_file *file, int dir_fd,
    const struct ak_file_ops *ops, struct ak_tee *tee, const struct ak_sealed_trust *trust);
/* Lets the lock go; fine on a zeroed one and twice. */
void ak_sealed_file_close(struct ak_sealed_file *file);

/* init: writes the first state; its n and trust configuration are set here. Refused where a state is there
 * already. */
AK_MUST_USE enum ak_sealed_result ak_sealed_file_create(
    struct ak_sealed_file *file, struct ak_seal_state *state);
/* Start: fills out_state (zeroed on failure) and has advanced when it returns AK_SEALED_OK. The state
 * that was written by that advance has `clean` off, so a crash before the next write counts as unclean;
 * out_state tells how the last stop was. A state of format 1 gets the settings' trust configuration here. */
AK_MUST_USE enum ak_sealed_result ak_sealed_file_start(
    struct ak_sealed_file *file, struct ak_seal_state *out_state);
/* Writes `state` as n+1 and advances the counter; state->n is set. Its trust configuration is from then on
 * the one in force. AK_E_STATE where the object is dead; after
 * any other error it is. AK_E_MEANING (state refused, nothing written) leaves it usable. */
AK_MUST_USE enum ak_err ak_sealed_file_write(struct ak_sealed_file *file, struct ak_seal_state *state);
/* Reads the counter back: AK_E_CONFLICT where it is not what was written (a live clone). */
AK_MUST_USE enum ak_err ak_sealed_file_check(struct ak_sealed_file *file);

#endif
