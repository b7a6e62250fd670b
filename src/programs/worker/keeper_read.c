/* Questions to the stored ledger, one at a time on the reader's thread, and in its free time the check of old
 * entries. */
#include "core/ledger/segment.h"
#include "io/log/log.h"
#include "programs/worker/keeper.h"

static enum ak_err read_batch(void *ctx, uint64_t index, struct ak_read_batch *out_batch)
{
    struct ak_store_batch batch;
    AK_TRY(ak_store_read_batch(ctx, index, &batch));
    if (batch.entries.len == 0) return AK_E_AUTH; /* nobody archived it */
    *out_batch = (struct ak_read_batch){batch.first, batch.count, batch.entries, batch.leaves};
    return AK_OK;
}

enum { VERIFY_BATCHES = 64 };

/* Where the archived part ends, the log is in the state that the archive's record says; it goes on from
 * there, with what only entries say. */
static enum ak_err take_archived(struct ak_reading *reading)
{
    const struct ak_ledger_log *found = &reading->verify_log, *said = &reading->archive->log;
    uint8_t root[32], said_root[32];
    if (found->tree.size != ak_ledger_archived(reading->archive)) return AK_OK;
    ak_merkle_root(&found->tree, root);
    ak_merkle_root(&said->tree, said_root);
    if (memcmp(root, said_root, 32) != 0 || memcmp(found->record_mac, said->record_mac, 32) != 0)
        return AK_E_AUTH;
    reading->verify_log = *said;
    return AK_OK;
}

static enum ak_err verify_batch(
    struct ak_reading *reading, const struct ak_store_batch *batch, uint64_t *out_bad_index)
{
    struct ak_ledger_log *log = &reading->verify_log;
    if (batch->first >= ak_ledger_archived(reading->archive))
        return ak_ledger_replay(
            log, &reading->verify_key, batch->entries, batch->record, NULL, out_bad_index);
    AK_TRY(ak_ledger_replay_leaves(log, &reading->verify_key, batch->leaves, batch->record));
    return take_archived(reading);
}

/* One piece of the check of old batches: record, leaves, root and MAC chain; of archived ones the first
 * three.
 */
static void verify_some(struct ak_reading *reading)
{
    reading->code = AK_CODE_OK;
    for (int i = 0; i < VERIFY_BATCHES && reading->verify_log.tree.size < reading->verify_to; i++) {
        struct ak_store_batch batch;
        uint64_t bad = reading->verify_log.tree.size;
        bool read = ak_store_read_batch(reading->store, bad, &batch) == AK_OK;
        if (!read || verify_batch(reading, &batch, &bad) != AK_OK) {
            if (read) ak_keeper_name_damage(&batch, &bad);
            reading->code = AK_CODE_LEDGER_DAMAGED;
            reading->bad_index = bad;
            return;
        }
    }
    if (reading->verify_log.tree.size < reading->verify_to) return;
    uint8_t root[32];
    ak_merkle_root(&reading->verify_log.tree, root);
    if (memcmp(root, reading->verify_root, 32) != 0) {
        reading->code = AK_CODE_LEDGER_DAMAGED;
        reading->bad_index = reading->verify_to;
    }
}

bool ak_keeper_verify_old(struct ak_reading *reading)
{
    do verify_some(reading);
    while (reading->code == AK_CODE_OK && reading->verify_log.tree.size < reading->verify_to);
    return reading->code == AK_CODE_OK;
}

static void work(void *ctx)
{
    struct ak_reading *reading = ctx;
    if (reading->verifying) {
        verify_some(reading);
        return;
    }
    struct ak_read_source source = {.batch = read_batch,
        .ctx = reading->store,
        .tree = ak_store_merkle_source(reading->store),
        .archived = ak_ledger_archived(reading->archive)};
    reading->code =
        ak_read_answer(&reading->read, &source, &reading->memory, &reading->body, &reading->bad_index);
}

enum ak_err ak_keeper_reader_open(struct ak_keeper *keeper)
{
    return ak_helper_start(&keeper->reader, work, &keeper->reading, keeper->event_fd);
}

void ak_keeper_read_later(struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_read *read)
{
    if (keeper->read_count == AK_READ_QUEUE) {
        ak_keeper_answer_read(keeper, pending, AK_CODE_NOT_READY, AK_SPAN_EMPTY);
        return;
    }
    size_t at = (keeper->read_first + keeper->read_count++) % AK_READ_QUEUE;
    keeper->read_queue[at] = (struct ak_read_queue){pending, *read};
}

void ak_keeper_read_next(struct ak_keeper *keeper)
{
    struct ak_reading *reading = &keeper->reading;
    if (!ak_helper_idle(&keeper->reader)) return;
    if (keeper->read_count) {
        const struct ak_read_queue *next = &keeper->read_queue[keeper->read_first];
        reading->verifying = false;
        reading->pending = next->pending;
        reading->read = next->read;
        keeper->read_first = (keeper->read_first + 1) % AK_READ_QUEUE;
        keeper->read_count--;
        ak_helper_give(&keeper->reader);
    } else if (reading->verify_log.tree.size < reading->verify_to && !keeper->damaged) {
        reading->verifying = true;
        ak_helper_give(&keeper->reader);
    }
}

static void found_damage(struct ak_keeper *keeper)
{
    keeper->damaged = true;
    ak_log(AK_LOG_ERROR, "ledger_damaged", ak_log_u64("entry", keeper->reading.bad_index));
    ak_keeper_send_status(keeper);
}

void ak_keeper_read_done(struct ak_keeper *keeper)
{
    struct ak_reading *reading = &keeper->reading;
    if (!ak_helper_done(&keeper->reader)) return;
    if (reading->code == AK_CODE_LEDGER_DAMAGED) found_damage(keeper);
    if (reading->verifying) {
        if (reading->code == AK_CODE_OK) keeper->verified_to = reading->verify_log.tree.size;
        return;
    }
    ak_keeper_answer_read(keeper, reading->pending, reading->code, reading->body);
}
