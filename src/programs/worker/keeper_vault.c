/* The vault in the keeper: between the engine, which decides, and io/vault, which does it. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/secmem.h"
#include "io/proc/spawn.h"
#include "programs/worker/keeper.h"
#include "programs/worker/roles.h"

enum {
    ASK_MS = 1000,
    STACK_LEN = 224 * 1024,
    TAKE_AT_ONCE =
        32, /* results of a batch in one turn of the loop, an entry each: signing goes on between */
};

static const char *const see = "docs/operations.md#start-up-failures";

/* ---- start: what the ledger says must be there ---- */

static bool is_known(void *ctx, const struct ak_epoch_key *key)
{
    return ak_engine_vault_has_dek(ctx, key);
}

/* Every DEK that the ledger counts on is in the store; what else is there nobody names (a rotation that a
 * crash cut off) and goes with the next rewrite. */
static void check_keys(struct ak_keeper *keeper)
{
    struct ak_epoch_table *table = &keeper->vaulting.vault.epochs.table;
    struct ak_epoch_key key;
    uint32_t cursor = 0;
    while (ak_engine_vault_next_dek(keeper->engine, &cursor, &key))
        if (!ak_epoch_find(table, &key))
            ak_boot_fail("epoch_store_stale", "data_dir", ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR),
                "the epoch store lacks a key that the ledger names: it is older than the ledger, or of "
                "another one",
                see);
    (void)ak_epoch_keep(table, is_known, keeper->engine);
}

/* A missing folder is not made anew where credentials must be in it: each would be called missing, one by
 * one.
 */
static void check_folder(struct ak_keeper *keeper)
{
    struct ak_blob_place place;
    uint8_t hash[32];
    uint64_t cursor = 0;
    if (faccessat(keeper->data_dir_fd, AK_BLOB_DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;
    if (!ak_engine_vault_next_blob(keeper->engine, &cursor, &place, hash)) return;
    ak_boot_fail("blobs_missing", "data_dir", ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR),
        "the folder of stored credentials is gone: bring it back", see);
}

static void open_failed(struct ak_keeper *keeper, enum ak_err err)
{
    const char *folder = ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR);
    if (err == AK_E_NOT_FOUND)
        ak_boot_fail("erasure_slot_empty", "data_dir", folder,
            "the slot that the epoch store names holds no key: stored credentials cannot be opened", see);
    if (err == AK_E_IO || err == AK_E_FULL)
        ak_boot_fail(
            "data_dir_io", "data_dir", folder, "blobs, epoch store or erasure slots cannot be read", see);
    ak_boot_fail("epoch_store_damaged", "data_dir", folder,
        "the epoch store does not open under the key in its erasure slot: altered, older, or another "
        "machine's",
        see);
}

void ak_keeper_vault_open(struct ak_keeper *keeper)
{
    struct ak_vault_open how = {.tee = &keeper->tee,
        .data_dir_fd = keeper->data_dir_fd,
        .reencrypt_fd = AK_FD_FIRST + AK_KEEPER_FD_REENCRYPT,
        .root = keeper->dev ? &keeper->born : &keeper->root,
        .log_id = keeper->state->log_id};
    check_folder(keeper);
    enum ak_err err = ak_vault_open(&keeper->vaulting.vault, &how);
    if (err) open_failed(keeper, err);
    check_keys(keeper);
}

/* ---- the helper ---- */

/* Data keys and the erasure key stand on it for as long as a piece of work takes: they must not be swapped
 * out, where a destroyed one could be found later (I13). */
static void lock_stack(struct ak_vaulting *vaulting)
{
    if (vaulting->stack_locked) return;
    vaulting->stack_locked = true;
    if (ak_secmem_stack_lock(STACK_LEN, AK_RELEASE) != AK_OK)
        ak_log_event(AK_LOG_WARN, "vault_stack_not_locked");
}

static void work(void *ctx)
{
    struct ak_vaulting *vaulting = ctx;
    struct ak_vault_call *call = vaulting->now;
    lock_stack(vaulting);
    if (call->check)
        ak_vault_check_run(call->check);
    else if (call->sweep)
        ak_vault_sweep_list(call->sweep);
    else if (call->batch)
        ak_vault_run_all(&vaulting->vault, call->batch->works, call->batch->results, call->batch->count);
    else
        ak_vault_run(&vaulting->vault, &call->work, &call->result);
}

enum ak_err ak_keeper_vault_start(struct ak_keeper *keeper)
{
    return ak_helper_start(&keeper->vaulting.helper, work, &keeper->vaulting, keeper->event_fd);
}

void ak_keeper_vault_stop(struct ak_keeper *keeper)
{
    ak_helper_stop(&keeper->vaulting.helper);
    ak_keeper_check_free(keeper);
    ak_keeper_sweep_end(&keeper->vaulting);
    ak_vault_close(&keeper->vaulting.vault);
}

/* ---- taking work ---- */

struct ak_vault_call *ak_keeper_vault_call(
    struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_vault_work *work)
{
    struct ak_vault_call *call = malloc(sizeof *call + work->sealed.len);
    if (!call) return NULL;
    *call = (struct ak_vault_call){.pending = pending, .vault = &keeper->vaulting.vault, .work = *work};
    if (work->sealed.len) memcpy(call->sealed, work->sealed.ptr, work->sealed.len);
    call->work.sealed = ak_span(call->sealed, work->sealed.len);
    return call;
}

static void begin_read(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    struct ak_epoch_key key = {.epoch = call->work.from.epoch};
    memcpy(key.anchor, call->work.from.anchor, sizeof key.anchor);
    memcpy(key.dek_id, call->work.from_dek, sizeof key.dek_id);
    const struct ak_epoch_record *record = ak_epoch_find(&vaulting->vault.epochs.table, &key);
    call->has_dek = record != NULL;
    if (record) call->dek = *record;
    call->round = vaulting->round;
    vaulting->reads[call->round]++;
}

/* Accounts take turns, so that one with much to do holds up no other: a piece comes a turn after the same
 * account's piece before it. */
static uint64_t turn_of(const struct ak_vaulting *vaulting, const struct ak_vault_call *call)
{
    uint64_t turn = vaulting->turn;
    for (const struct ak_vault_call *at = vaulting->first; at; at = at->next)
        if (at->turn >= turn && memcmp(at->work.asker.anchor, call->work.asker.anchor, 32) == 0)
            turn = at->turn + 1;
    return turn;
}

void ak_keeper_vault_queue(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    struct ak_vault_call **link = &vaulting->first;
    call->turn = turn_of(vaulting, call);
    while (*link && (*link)->turn <= call->turn) link = &(*link)->next;
    call->next = *link;
    *link = call;
}

struct ak_vault_batch *ak_keeper_vault_batch(struct ak_vault_call *call)
{
    struct ak_vault_batch *batch = malloc(sizeof *batch);
    if (!batch) return NULL;
    batch->count = 1;
    batch->taken = 0;
    batch->works[0] = call->work;
    call->batch = batch;
    return batch;
}

void ak_keeper_vault_remove(struct ak_keeper *keeper, const struct ak_blob_place *places, size_t count)
{
    struct ak_vault_work work = {.kind = AK_VAULT_DELETE_FILE, .from = places[0]};
    struct ak_vault_call *call = ak_keeper_vault_call(keeper, NULL, &work);
    struct ak_vault_batch *batch = call && count > 1 ? ak_keeper_vault_batch(call) : NULL;
    if (!call) return; /* the next look for orphans finds them */
    for (size_t i = 1; batch && i < count; i++) {
        work.from = places[i];
        batch->works[batch->count++] = work;
    }
    call->orphan = true;
    call->after = ak_engine_log(keeper->engine)->tree.size;
    ak_keeper_vault_queue(keeper, call);
}

bool ak_keeper_vault_take(
    struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_vault_work *work)
{
    struct ak_vault_call *call = ak_keeper_vault_call(keeper, pending, work);
    if (!call) return false;
    if (work->kind == AK_VAULT_READ) {
        pending->vault = call;
        begin_read(keeper, call);
    } else {
        ak_keeper_vault_queue(keeper, call);
    }
    return true;
}

/* ---- results ---- */

/* A wrapped key is in it, whose epoch may be destroyed later. */
static void free_call(struct ak_vault_call *call)
{
    ak_wipe(&call->dek, sizeof call->dek);
    free(call->batch);
    free(call);
}

/* A blob that no entry took up (a limit reached meanwhile, the same change twice, another epoch by now) goes
 * at once: whoever asks many times at the same time shall not fill the disk. */
static void drop_unnamed(
    struct ak_keeper *keeper, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    bool writes = work->kind == AK_VAULT_PUT || work->kind == AK_VAULT_MOVE;
    if (!writes || result->code != AK_VAULT_DONE) return;
    if (!ak_engine_vault_has_place(keeper->engine, &work->to)) ak_keeper_vault_remove(keeper, &work->to, 1);
}

/* A client's mistake says nothing of the store. */
static void note_failure(struct ak_keeper *keeper, enum ak_vault_code code)
{
    if (code != AK_VAULT_DONE && code != AK_VAULT_UNOPENED) ak_keeper_check_suspect(keeper);
}

void ak_keeper_vault_read_done(struct ak_keeper *keeper, struct ak_pending *pending)
{
    struct ak_vault_call *call = pending->vault;
    struct ak_outcome *out = &keeper->outcome;
    bool failed = call->result.code != AK_VAULT_DONE;
    keeper->vaulting.reads[call->round]--;
    pending->vault = NULL;
    note_failure(keeper, call->result.code);
    if (failed && ak_engine_has_room(keeper->engine)) {
        out->body = AK_BUF_ARR(keeper->body);
        ak_engine_vault_done(keeper->engine, &call->work, &call->result, out);
        ak_keeper_replace_answer(pending, out);
    } else if (failed) {
        pending->code = AK_CODE_INTERNAL;
    }
    free_call(call);
    ak_keeper_release(keeper, pending, AK_WAIT_JOB);
}

static void tell(struct ak_keeper *keeper, const struct ak_vault_call *call, const struct ak_vault_work *work,
    const struct ak_vault_result *result, struct ak_outcome *out)
{
    note_failure(keeper, result->code);
    if (!call->orphan) ak_engine_vault_done(keeper->engine, work, result, out);
    if (out) ak_keeper_answer_late(keeper, call->pending, out);
    drop_unnamed(keeper, work, result);
}

/* False while there is more to tell, in another turn. */
static bool tell_batch(struct ak_keeper *keeper, const struct ak_vault_call *call)
{
    struct ak_vault_batch *batch = call->batch;
    for (size_t n = 0; batch->taken < batch->count; n++, batch->taken++) {
        if (n == TAKE_AT_ONCE) ak_event_signal(keeper->event_fd);
        if (n == TAKE_AT_ONCE || !ak_engine_has_room(keeper->engine)) return false;
        tell(keeper, call, &batch->works[batch->taken], &batch->results[batch->taken], NULL);
    }
    return true;
}

static void check_reencryptor(struct ak_keeper *keeper)
{
    if (!keeper->vaulting.vault.broken || keeper->fatal) return;
    ak_log_event(AK_LOG_ERROR, "reencryptor_lost");
    keeper->fatal = true;
}

static bool tell_all(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    struct ak_outcome *out = call->pending ? &keeper->outcome : NULL;
    if (!call->batch) ak_vault_apply(&keeper->vaulting.vault, &call->work, &call->result);
    check_reencryptor(keeper);
    if (call->batch) return tell_batch(keeper, call);
    if (out) out->body = AK_BUF_ARR(keeper->body);
    tell(keeper, call, &call->work, &call->result, out);
    return true;
}

static void finish(struct ak_keeper *keeper)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    struct ak_vault_call *call = vaulting->now;
    if (!call->check && !call->sweep && !tell_all(keeper, call)) return;
    vaulting->now = NULL;
    vaulting->done = false;
    if (call->check) {
        ak_keeper_check_called(keeper, call);
        return;
    }
    if (call->sweep) {
        ak_keeper_sweep_done(keeper, call);
        return;
    }
    free_call(call);
}

/* ---- the next piece ---- */

static struct ak_vault_call *take_first(struct ak_vaulting *vaulting)
{
    struct ak_vault_call *call = vaulting->first;
    if (!call) return NULL;
    vaulting->first = call->next;
    vaulting->turn = call->turn;
    call->next = NULL;
    return call;
}

/* What is due without anybody asking; looked for once a second, and again after each piece. */
static struct ak_vault_call *take_due(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    struct ak_vault_work due;
    if (now_ms - vaulting->asked_ms < ASK_MS) return NULL;
    if (!ak_engine_vault_next(keeper->engine, &due)) {
        vaulting->asked_ms = now_ms;
        return NULL;
    }
    struct ak_vault_call *call = ak_keeper_vault_call(keeper, NULL, &due);
    if (!call) vaulting->asked_ms = now_ms;
    bool many = due.kind == AK_VAULT_MOVE || due.kind == AK_VAULT_DELETE_FILE;
    struct ak_vault_batch *batch = call && many ? ak_keeper_vault_batch(call) : NULL;
    if (batch) batch->count = ak_engine_vault_more(keeper->engine, batch->works, AK_COUNT(batch->works));
    return call;
}

/* Not before the entry is durable that took the name from the file: after a crash the pointer is back. */
static bool is_early(const struct ak_keeper *keeper, const struct ak_vault_call *call)
{
    return call->orphan && keeper->durable_size < call->after;
}

/* A removal waits until the reads that were under way when its turn came are over. */
static bool must_drain(struct ak_vaulting *vaulting, const struct ak_vault_call *call)
{
    if (call->work.kind != AK_VAULT_DELETE_FILE) return false;
    if (!vaulting->draining && vaulting->reads[0] + vaulting->reads[1] > 0) {
        if (vaulting->reads[!vaulting->round] > 0) return true; /* the round before is not over yet */
        vaulting->round = !vaulting->round;
        vaulting->draining = true;
    }
    if (vaulting->draining && vaulting->reads[!vaulting->round] > 0) return true;
    vaulting->draining = false;
    return false;
}

static void begin(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    if (!vaulting->now) vaulting->now = take_first(vaulting);
    if (!vaulting->now) vaulting->now = take_due(keeper, now_ms);
    if (!vaulting->now) vaulting->now = ak_keeper_sweep_due(keeper, now_ms);
    if (!vaulting->now || is_early(keeper, vaulting->now) || must_drain(vaulting, vaulting->now)) return;
    ak_helper_give(&vaulting->helper);
}

void ak_keeper_vault_turn(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    if (keeper->fatal) return;
    if (!vaulting->done) vaulting->done = ak_helper_done(&vaulting->helper);
    if (vaulting->done) {
        if (!ak_engine_has_room(keeper->engine)) return;
        finish(keeper);
        if (vaulting->done) return; /* not all of a batch */
    }
    if (keeper->fatal || keeper->damaged || !ak_helper_idle(&vaulting->helper)) return;
    if (!ak_engine_has_room(keeper->engine)) return;
    begin(keeper, now_ms);
}
