/* Commits (batches become durable) and seals (the counter moves on), each by its helper, and both waited for
 * at start and stop. A failed append releases nothing and ends the keeper, which starts again from what is
 * durable. */
#include <poll.h>
#include <sys/eventfd.h>

#include "core/ledger/note.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

enum { ENOUGH = 64, PEAK_FADES = 32 };

static void commit_work(void *ctx)
{
    struct ak_commit *commit = ctx;
    const struct ak_ledger_batch *batch = commit->batch.batch;
    struct ak_store_batch stored = {.first = batch->first,
        .count = batch->count,
        .entries = ak_buf_span(&batch->entries),
        .leaves = ak_buf_span(&batch->leaves),
        .record = commit->batch.record};
    commit->result =
        ak_store_append(commit->store, &stored, batch->subtrees, batch->subtree_count, commit->batch.control);
    commit->low = ak_store_low(commit->store);
}

enum ak_err ak_keeper_writers_start(struct ak_keeper *keeper)
{
    keeper->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    keeper->commit.store = keeper->store;
    keeper->counter_ms = ak_clock_mono_ms(); /* the start has just advanced it */
    keeper->sealing = (struct ak_sealing){.file = &keeper->sealed, .state = keeper->state};
    if (keeper->event_fd < 0) return AK_E_IO;
    AK_TRY(ak_helper_start(&keeper->committer, commit_work, &keeper->commit, keeper->event_fd));
    return ak_helper_start(&keeper->sealer, ak_keeper_seal_work, &keeper->sealing, keeper->event_fd);
}

static void begin_commit(struct ak_keeper *keeper)
{
    if (ak_engine_batch_take(keeper->engine, keeper->state->n, &keeper->commit.batch) != AK_OK) {
        ak_log_event(AK_LOG_ERROR, "batch_failed");
        keeper->fatal = true;
        return;
    }
    if (keeper->start_batch) keeper->commit.batch.control = true; /* a start may use the reserve */
    keeper->start_batch = false;
    keeper->batch_since_us = 0;
    ak_helper_give(&keeper->committer);
}

/* A sync costs as much CPU as some signatures, so a batch waits for more entries: for fifteen of sixteen
 * that were in flight at most of late, and for ENOUGH at most. Where few are in flight waiting gathers
 * nothing. */
static bool may_wait(struct ak_keeper *keeper, uint64_t pending)
{
    if (keeper->in_flight > keeper->peak_in_flight) keeper->peak_in_flight = keeper->in_flight;
    size_t enough = keeper->peak_in_flight * 15 / 16;
    return keeper->in_flight > AK_FEW_IN_FLIGHT && pending < (enough < ENOUGH ? enough : ENOUGH);
}

void ak_keeper_commit_if_due(struct ak_keeper *keeper, uint64_t now_us)
{
    uint64_t pending = ak_engine_pending(keeper->engine);
    if (pending == 0 || !ak_helper_idle(&keeper->committer)) return;
    if (keeper->batch_since_us == 0) keeper->batch_since_us = now_us;
    uint64_t waited_us = now_us - keeper->batch_since_us;
    if (may_wait(keeper, pending) && waited_us < ak_conf_number(&keeper->conf, AK_WORKER_BATCH_WAIT_US))
        return;
    keeper->peak_in_flight -= keeper->peak_in_flight / PEAK_FADES;
    begin_commit(keeper);
}

static void commit_failed(struct ak_keeper *keeper)
{
    enum ak_err err = keeper->commit.result;
    ak_log(AK_LOG_ERROR, "ledger_append_failed", ak_log_err(err));
    ak_keeper_fail_all(keeper, err == AK_E_FULL ? AK_CODE_STORAGE_FULL : AK_CODE_LEDGER_UNAVAILABLE);
    keeper->fatal = true;
}

void ak_keeper_commit_done(struct ak_keeper *keeper)
{
    if (!ak_helper_done(&keeper->committer)) return;
    const struct ak_engine_batch *batch = &keeper->commit.batch;
    if (keeper->commit.result) {
        commit_failed(keeper);
        return;
    }
    keeper->durable_size = batch->size;
    memcpy(keeper->durable_root, batch->root, 32);
    ak_engine_durable(keeper->engine, batch->size, batch->root);
    ak_engine_storage_low(keeper->engine, keeper->commit.low);
    if (batch->control) keeper->unsealed_control = true;
    if (keeper->unsealed_since_ms == 0) keeper->unsealed_since_ms = ak_clock_mono_ms();
    ak_keeper_release_durable(keeper);
}

/* ---- seals ---- */

bool ak_keeper_take_trust(struct ak_keeper *keeper)
{
    const struct ak_state *state = ak_engine_state(keeper->engine);
    struct ak_span next = ak_span(state->trust, state->trust_len);
    if (state->trust_size == 0 || state->trust_size > keeper->durable_size) return false;
    if (ak_span_eq(next, ak_span(keeper->state->trust, keeper->state->trust_len))) return false;
    memcpy(keeper->state->trust, next.ptr, next.len);
    keeper->state->trust_len = next.len;
    return true;
}

static enum ak_err prepare_seal(struct ak_keeper *keeper, bool clean)
{
    struct ak_seal_state *state = keeper->state;
    struct ak_buf note = AK_BUF_ARR(state->note);
    state->checkpoint_size = keeper->durable_size;
    memcpy(state->checkpoint_root, keeper->durable_root, 32);
    AK_TRY(ak_engine_checkpoint(keeper->engine, keeper->durable_size, keeper->durable_root, &note));
    state->note_len = note.len;
    state->clean = clean;
    state->clean_size = clean ? keeper->durable_size : 0;
    if (ak_keeper_take_trust(keeper)) keeper->trust_sealed = true;
    return AK_OK;
}

static void seal_failed(struct ak_keeper *keeper, enum ak_err err)
{
    const char *event = err == AK_E_CONFLICT    ? "counter_moved"
                        : keeper->sealing.check ? "counter_unreadable"
                                                : "seal_failed";
    ak_log(AK_LOG_ERROR, event, ak_log_err(err));
    keeper->fatal = true;
}

void ak_keeper_seal_work(void *ctx)
{
    struct ak_sealing *sealing = ctx;
    sealing->result = sealing->check ? ak_sealed_file_check(sealing->file)
                                     : ak_sealed_file_write(sealing->file, sealing->state);
}

/* A write reads the counter too, before it moves it. */
static void give_sealer(struct ak_keeper *keeper, bool check, uint64_t now_ms)
{
    keeper->sealing.check = check;
    keeper->counter_asked_ms = now_ms;
    ak_helper_give(&keeper->sealer);
}

void ak_keeper_check_if_due(struct ak_keeper *keeper, uint64_t now_ms)
{
    if (!(keeper->tee.ops->caps(keeper->tee.impl) & AK_TEE_COUNTER_HW)) return;
    bool idle = ak_helper_idle(&keeper->sealer);
    if (idle && now_ms - keeper->counter_ms >= AK_SEAL_CHECK_MS) give_sealer(keeper, true, now_ms);
    if (idle || now_ms - keeper->counter_ms < AK_SEAL_LATE_MS) return;
    ak_log_event(AK_LOG_ERROR, "counter_late");
    keeper->fatal = true;
}

void ak_keeper_seal_if_due(struct ak_keeper *keeper, uint64_t now_ms)
{
    if (keeper->unsealed_since_ms == 0 || keeper->durable_size == keeper->sealed_size) return;
    if (!ak_helper_idle(&keeper->sealer)) return;
    const struct ak_pending *waiter = keeper->sealing_list.first;
    bool asked = waiter && waiter->size <= keeper->durable_size;
    uint64_t limit = keeper->unsealed_control ? AK_SEAL_CONTROL_MS : AK_SEAL_USE_MS;
    if (!asked && now_ms - keeper->unsealed_since_ms < limit) return;
    enum ak_err err = prepare_seal(keeper, false);
    if (err) {
        seal_failed(keeper, err);
        return;
    }
    keeper->unsealed_since_ms = 0;
    keeper->unsealed_control = false;
    give_sealer(keeper, false, now_ms);
}

static void seal_took_place(struct ak_keeper *keeper)
{
    const struct ak_seal_state *state = keeper->state;
    keeper->sealed_size = state->checkpoint_size;
    ak_engine_sealed(keeper->engine, state->checkpoint_size, state->checkpoint_root,
        ak_span(state->note, state->note_len), state->n);
    if (keeper->durable_size > keeper->sealed_size && keeper->unsealed_since_ms == 0)
        keeper->unsealed_since_ms = ak_clock_mono_ms();
    ak_keeper_release_sealed(keeper);
    if (!keeper->trust_sealed || keeper->restart_ms) return;
    ak_log(AK_LOG_WARN, "trust_changed", ak_log_hex("config", AK_SPAN_ARR(keeper->sealed.config)));
    keeper->restart_ms = ak_clock_mono_ms() + AK_RESTART_AFTER_MS;
}

void ak_keeper_seal_done(struct ak_keeper *keeper)
{
    if (!ak_helper_done(&keeper->sealer)) return;
    if (keeper->sealing.result)
        seal_failed(keeper, keeper->sealing.result);
    else if (!keeper->sealing.check)
        seal_took_place(keeper);
    keeper->counter_ms = keeper->counter_asked_ms;
}

/* ---- both, waited for ---- */

static void wait_event(struct ak_keeper *keeper)
{
    struct pollfd poll_fd = {.fd = keeper->event_fd, .events = POLLIN};
    (void)poll(&poll_fd, 1, 1000);
    ak_event_clear(keeper->event_fd);
}

enum ak_err ak_keeper_commit_all(struct ak_keeper *keeper)
{
    if (ak_helper_hush(&keeper->committer, false)) ak_keeper_commit_done(keeper);
    while (!keeper->fatal && (ak_engine_pending(keeper->engine) > 0 || !ak_helper_idle(&keeper->committer))) {
        if (ak_helper_idle(&keeper->committer))
            begin_commit(keeper);
        else
            wait_event(keeper);
        ak_keeper_commit_done(keeper);
    }
    return keeper->fatal ? AK_E_IO : AK_OK;
}

enum ak_err ak_keeper_flush(struct ak_keeper *keeper, bool clean)
{
    AK_TRY(ak_keeper_commit_all(keeper));
    while (!keeper->fatal && !ak_helper_idle(&keeper->sealer)) {
        ak_keeper_seal_done(keeper);
        if (!ak_helper_idle(&keeper->sealer)) wait_event(keeper);
    }
    if (keeper->fatal) return AK_E_IO;
    enum ak_err err = prepare_seal(keeper, clean);
    if (!err) err = ak_sealed_file_write(&keeper->sealed, keeper->state);
    if (err) {
        keeper->sealing.check = false;
        seal_failed(keeper, err);
        return err;
    }
    keeper->unsealed_since_ms = 0;
    keeper->unsealed_control = false;
    seal_took_place(keeper);
    return AK_OK;
}
