/* What `init` and `restore` have in common: folders, TEE, roots, engine, a new store, the first sealed state.
 * Whatever fails ends the process by a BOOT_FAIL line; the sealed state is written last, so that a folder
 * without it is no worker yet. Secret: state, root. One thread. */
#ifndef AK_PROGRAMS_WORKER_MAKING_H
#define AK_PROGRAMS_WORKER_MAKING_H

#include "core/engine/engine.h"
#include "io/conf/conf.h"
#include "io/store/store.h"
#include "io/tee/sealed_file.h"
#include "programs/worker/trust.h"

struct ak_making {
    const struct ak_conf *conf;
    bool dev;
    const char *see; /* section of the documentation */
    int data_fd, tee_fd, slot_fd;
    struct ak_worker_trust trust;
    struct ak_tee tee;
    struct ak_sealed_file sealed;
    struct ak_seal_state *state; /* in locked memory */
    struct ak_root root;
    struct ak_arena arena;
    struct ak_engine *engine;
    struct ak_store *store;
};

/* Locked memory for keys. */
void ak_making_memory(struct ak_making *making);
AK_NORETURN void ak_making_fail(const struct ak_making *making, const char *code, const char *reason);
/* Folders (made where `create`), lock and TEE. `trust` NULL: set making->sealed.trust before the end. */
void ak_making_open(struct ak_making *making, const struct ak_sealed_trust *trust, bool create);
/* Engine and empty store of state->roots, worker_id and log_id. */
void ak_making_begin(struct ak_making *making);
/* Appends what the engine has written so far. */
AK_MUST_USE enum ak_err ak_making_append(struct ak_making *making);
/* Appends, signs the checkpoint, claims the slots, writes the sealed state. */
void ak_making_end(struct ak_making *making);
/* Prints ids and keys under the line `headline`, which ends with no line feed. */
void ak_making_print(const struct ak_making *making, const char *headline);
/* Closes and wipes. */
void ak_making_done(struct ak_making *making);

#endif
