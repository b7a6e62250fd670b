/* The life of an engine around its steps: first entries, replay, start, time, batches, checkpoints, stop. */
#include "base/assert.h"
#include "base/codec/hex.h"
#include "core/engine/internal.h"

static void begin_batch(struct ak_engine *engine)
{
    struct ak_batch_memory *memory = &engine->memory[engine->memory_now];
    ak_ledger_batch_begin(&engine->log, &memory->batch, ak_buf(memory->entries, AK_ENGINE_BATCH_BYTES),
        ak_buf(memory->leaves, (size_t)AK_SEGMENT_ENTRIES_MAX * 32));
    engine->batch_control = false;
}

enum ak_err ak_engine_create(struct ak_engine *engine, const uint8_t config[32], uint64_t wall_ms)
{
    struct ak_entry_ref ref;
    uint8_t worker[32];
    struct ak_buf text = AK_BUF_ARR(worker);
    begin_batch(engine);
    engine->time.logic_ms = wall_ms;
    ak_hex_encode(&text, AK_SPAN_ARR(engine->conf.worker_id));
    struct ak_entry opened = {.type = AK_ENTRY_LEDGER_OPENED, .format = 1, .worker_id = ak_buf_span(&text)};
    memcpy(opened.log_id, engine->conf.log_id, 16);
    memcpy(opened.config, config, 32);
    AK_TRY(ak_engine_emit(engine, &opened, &ref));
    struct ak_entry root = {.type = AK_ENTRY_ROOT_CREATED,
        .root_version = engine->root->version,
        .suite = ak_span_str(ak_suite_name(engine->root->suite))};
    return ak_engine_emit(engine, &root, &ref);
}

static enum ak_err fold_entry(
    void *ctx, const struct ak_entry_ref *ref, const struct ak_entry *entry, struct ak_span bytes)
{
    struct ak_engine *engine = ctx;
    (void)bytes;
    return ak_state_apply(&engine->state, ref, entry);
}

enum ak_err ak_engine_replay(
    struct ak_engine *engine, struct ak_span segment, struct ak_span record, uint64_t *out_bad_index)
{
    struct ak_ledger_visitor visitor = {fold_entry, engine};
    AK_TRY(ak_ledger_replay(&engine->log, &engine->mac_key, segment, record, &visitor, out_bad_index));
    engine->durable_size = engine->log.tree.size;
    ak_merkle_root(&engine->log.tree, engine->durable_root);
    return AK_OK;
}

enum ak_err ak_engine_start(
    struct ak_engine *engine, bool clean, uint64_t counter, uint64_t wall_ms, uint64_t mono_ms)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 key = {{0}};
    struct ak_entry_ref ref;
    uint64_t before = engine->log.tree.size;
    if (!engine->state.opened || engine->log.counter > counter) return AK_E_STATE;
    begin_batch(engine);
    engine->counter = counter;
    AK_TRY(ak_engine_issuer_open(engine));
    ak_logic_time_start(&engine->time, engine->state.last_ms, engine->state.unseen_ms, wall_ms, mono_ms);
    engine->hooks.random(engine->hooks.ctx, key.bytes, sizeof key.bytes);
    ak_nonce_init(&engine->nonce, &key, engine->conf.worker_id, engine->time.logic_ms);
    engine->replay.slot = engine->nonce.slot;
    struct ak_entry started = {.type = AK_ENTRY_WORKER_STARTED,
        .counter = counter,
        .clean = clean ? 1 : 0,
        .version = engine->conf.version,
        .size_before = before};
    AK_TRY(ak_engine_emit(engine, &started, &ref));
    ak_assert(engine->time.unseen_ms == engine->state.unseen_ms);
    engine->started = true;
    return AK_OK;
}

static void put_due(struct ak_engine *engine, const struct ak_denial_due *due)
{
    struct ak_entry_ref ref;
    struct ak_entry entry = {.type = AK_ENTRY_DENIED,
        .service = AK_SPAN_LIT("policy"),
        .rule = ak_span_str(due->rule ? ak_rule_name(due->rule) : "other"),
        .operation = AK_SPAN_LIT("any"),
        .count = due->count};
    if (due->ref == AK_DENIAL_REF_OTHER) return; /* no account to write it to; the figure counts it */
    bool is_path = due->ref >> 32 == 0;
    uint32_t number = (uint32_t)due->ref;
    const struct ak_account *account = NULL;
    if (is_path) {
        const struct ak_path_state *path = ak_state_path_at(&engine->state, number);
        account = ak_state_account_at(&engine->state, path->account);
        entry.label = ak_span(path->label, path->label_len);
        ak_entry_mark(&entry, AK_F_LABEL);
    } else {
        account = ak_state_account_at(&engine->state, number);
    }
    entry.has_anchor = true;
    memcpy(entry.anchor, account->anchor, 32);
    (void)!ak_engine_emit(engine, &entry, &ref); /* a count that cannot be written is given up, not retried */
}

static void write_due_denials(struct ak_engine *engine, bool all)
{
    struct ak_denial_due due;
    while (ak_engine_has_room(engine) && !engine->storage_low &&
           ak_denial_next_due(engine->denials, engine->time.logic_ms, all, &due))
        put_due(engine, &due);
}

void ak_engine_tick(struct ak_engine *engine, uint64_t wall_ms, uint64_t mono_ms)
{
    struct ak_clock_step step = ak_logic_time_advance(&engine->time, wall_ms, mono_ms);
    ak_nonce_advance(&engine->nonce, engine->time.logic_ms);
    if (step.stepped && ak_engine_has_room(engine) && !engine->storage_low) {
        struct ak_entry_ref ref;
        struct ak_entry entry = {.type = AK_ENTRY_CLOCK_STEPPED,
            .from_ms = (uint64_t)((int64_t)wall_ms - step.by_ms),
            .to_ms = wall_ms};
        (void)!ak_engine_emit(engine, &entry, &ref); /* information only */
    }
    write_due_denials(engine, false);
}

bool ak_engine_has_room(const struct ak_engine *engine)
{
    const struct ak_ledger_batch *batch = &engine->memory[engine->memory_now].batch;
    size_t need = (size_t)AK_ENGINE_ENTRIES_STEP * (AK_LIMIT_ENTRY + 4);
    return batch->count + AK_ENGINE_ENTRIES_STEP <= AK_SEGMENT_ENTRIES_MAX &&
           batch->entries.cap - batch->entries.len >= need &&
           batch->subtree_count + AK_ENGINE_ENTRIES_STEP <= AK_BATCH_SUBTREES_MAX;
}

uint64_t ak_engine_pending(const struct ak_engine *engine)
{
    return engine->memory[engine->memory_now].batch.count;
}

enum ak_err ak_engine_batch_take(
    struct ak_engine *engine, uint64_t counter, struct ak_engine_batch *out_batch)
{
    struct ak_batch_memory *memory = &engine->memory[engine->memory_now];
    struct ak_buf record = AK_BUF_ARR(memory->record);
    AK_TRY(ak_ledger_batch_end(&engine->log, &memory->batch, &engine->mac_key, counter, &record));
    *out_batch = (struct ak_engine_batch){.batch = &memory->batch,
        .record = ak_buf_span(&record),
        .control = engine->batch_control,
        .size = engine->log.tree.size};
    ak_merkle_root(&engine->log.tree, out_batch->root);
    engine->memory_now = (engine->memory_now + 1) % (unsigned)AK_COUNT(engine->memory);
    engine->figures[AK_FIGURE_BATCHES]++;
    begin_batch(engine);
    return AK_OK;
}

void ak_engine_durable(struct ak_engine *engine, uint64_t size, const uint8_t root[32])
{
    ak_assert(size >= engine->durable_size && size <= engine->log.tree.size);
    engine->durable_size = size;
    memcpy(engine->durable_root, root, 32);
}

enum ak_err ak_engine_checkpoint(
    struct ak_engine *engine, uint64_t size, const uint8_t root[32], struct ak_buf *note)
{
    struct ak_checkpoint checkpoint = {.size = size};
    memcpy(checkpoint.log_id, engine->conf.log_id, 16);
    memcpy(checkpoint.root, root, 32);
    return ak_checkpoint_sign(&checkpoint, &engine->ledger_seed, note);
}

void ak_engine_sealed(
    struct ak_engine *engine, uint64_t size, const uint8_t root[32], struct ak_span note, uint64_t counter)
{
    ak_assert(note.len <= sizeof engine->note && size >= engine->checkpoint_size);
    engine->checkpoint_size = size;
    memcpy(engine->checkpoint_root, root, 32);
    memcpy(engine->note, note.ptr, note.len);
    engine->note_len = note.len;
    engine->counter = counter;
}

void ak_engine_storage_low(struct ak_engine *engine, bool low)
{
    engine->storage_low = low;
}

void ak_engine_stop(struct ak_engine *engine)
{
    engine->stopping = true;
    write_due_denials(engine, true);
}

void ak_engine_status(const struct ak_engine *engine, struct ak_frame_status *out_status)
{
    memset(out_status, 0, sizeof *out_status);
    if (!engine->started) out_status->bits |= AK_STATUS_STARTING;
    if (engine->stopping) out_status->bits |= AK_STATUS_STOPPING;
    if (engine->storage_low) out_status->bits |= AK_STATUS_STORAGE_LOW;
    struct ak_span nonce = ak_nonce_text(&engine->nonce);
    memcpy(out_status->nonce, nonce.ptr, AK_STATUS_NONCE_LEN);
    memcpy(out_status->figures, engine->figures, sizeof out_status->figures);
    out_status->figures[AK_FIGURE_LEDGER_SIZE] = engine->durable_size;
    out_status->figures[AK_FIGURE_CHECKPOINT_SIZE] = engine->checkpoint_size;
    out_status->figures[AK_FIGURE_COUNTER] = engine->counter;
    out_status->figures[AK_FIGURE_ACCOUNTS] = engine->state.accounts.count;
    out_status->figures[AK_FIGURE_PATHS] = engine->state.paths.count;
    out_status->figures[AK_FIGURE_VAULT_BLOBS] = engine->state.blob_count;
    out_status->figures[AK_FIGURE_PAIR_PENDING] = engine->pairs.live;
}
