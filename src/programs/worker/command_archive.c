/* `agentkeys-worker ledger archive --before N`: entries of the ledger into a file of their own. The worker is
 * stopped and every entry was verified when this begins. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/conf/boot_fail.h"
#include "io/proc/clock.h"
#include "programs/worker/command.h"

static const char *const see = "docs/operations.md#archive";
/* No wait of a recovery is longer (recovery_wait); a broker that was away so long has other worries. */
#define NOTICES_KEPT_MS (UINT64_C(90) * 24 * 3600 * 1000)

AK_NORETURN static void fail(uint64_t entry, const char *code, const char *reason)
{
    char text[32];
    (void)snprintf(text, sizeof text, "entry %llu", (unsigned long long)entry);
    ak_boot_fail(code, "before", text, reason, see);
}

/* A start needs nothing before the newest snapshot; where that does not cover `before` there is made one, as
 * a start and a stop would. */
static void need_snapshot(struct ak_keeper *keeper, uint64_t before)
{
    const struct ak_state *state = ak_engine_state(keeper->engine);
    if (state->snapshot_size >= before && ak_keeper_has_snapshot(keeper)) return;
    if (ak_keeper_writers_start(keeper) != AK_OK)
        fail(before, "archive_failed", "the ledger's writers cannot be started");
    ak_keeper_begin(keeper);
    ak_keeper_snapshot(keeper, 0);
    ak_engine_stop(keeper->engine);
    enum ak_err err = ak_keeper_flush(keeper, false);
    if (!err) err = ak_keeper_flush(keeper, true);
    ak_helper_stop(&keeper->committer);
    ak_helper_stop(&keeper->sealer);
    if (err || state->snapshot_size < before || !ak_keeper_has_snapshot(keeper))
        fail(before, "archive_failed",
            "a start from what would be left needs a snapshot, which cannot be written; nothing was "
            "archived");
}

/* Entries leave only where a checkpoint that is sealed on the disk covers them. */
static void need_seal(struct ak_keeper *keeper, uint64_t before)
{
    if (keeper->state->checkpoint_size >= before) return;
    if (ak_command_cover_all(keeper) != AK_OK ||
        ak_sealed_file_write(&keeper->sealed, keeper->state) != AK_OK)
        fail(before, "archive_failed", "no checkpoint over it can be sealed; nothing was archived");
}

/* The log's checkpoint of `size` entries, whose root is proved by the one over all. */
static enum ak_err past_note(struct ak_keeper *keeper, uint64_t size, struct ak_buf *note)
{
    const struct ak_merkle_frontier *tree = &ak_engine_log(keeper->engine)->tree;
    const struct ak_merkle_source source = ak_store_merkle_source(keeper->store);
    uint8_t root[32], past[32];
    ak_merkle_root(tree, root);
    AK_TRY(ak_merkle_past_root(&source, size, tree->size, root, past));
    return ak_engine_checkpoint(keeper->engine, size, past, note);
}

AK_NORETURN static void fail_run(const struct ak_archiving *job, enum ak_err err)
{
    uint64_t bad = job->bad_index, end = job->end, found = job->report.finding.index;
    if (err == AK_E_MEANING)
        fail(bad, "archive_too_young",
            "is a recovery's, of the last 90 days: a broker may still ask for it; archive only what is "
            "before it");
    if (err == AK_E_FULL)
        fail(end, "storage_full", "no room for the file, or for the ledger to let go; nothing was archived");
    if (err == AK_E_LIMIT) fail(end, "archive_failed", "there are 1024 archive files already");
    if (err == AK_E_CONFLICT)
        fail(found, "archive_failed",
            "the file that was written does not verify: this disk or memory fails; nothing was archived");
    if (err == AK_E_IO)
        fail(end, "archive_failed",
            "writing failed; start again: entries are in the ledger, or in the file, or in both");
    fail(bad, "ledger_damaged", "does not verify; nothing was archived");
}

static void archive(struct ak_keeper *keeper, uint64_t end, struct ak_archiving *job)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    uint8_t note_bytes[AK_NOTE_LEN_MAX];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    char path[700];
    uint64_t now_ms = ak_clock_wall_ms();
    (void)snprintf(path, sizeof path, "%s/" AK_ARCHIVE_DIR, ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR));
    *job = (struct ak_archiving){.ops = &ops,
        .store = keeper->store,
        .mac_key = &keeper->reading.verify_key,
        .archive = &keeper->archive,
        .end = end,
        .notices_old_ms = now_ms > NOTICES_KEPT_MS ? now_ms - NOTICES_KEPT_MS : 0};
    memcpy(job->log_id, keeper->state->log_id, sizeof job->log_id);
    ak_engine_ledger_pub(keeper->engine, job->ledger_pub);
    if (past_note(keeper, end, &note) != AK_OK)
        fail(end, "ledger_damaged", "the hashes before it do not verify");
    job->note = ak_buf_span(&note);
    enum ak_err err = ak_durable_open_dir(path, true, &job->dir_fd);
    if (err == AK_E_MEANING)
        ak_boot_fail("archive_failed", "archive", path, "must be a folder of this user with mode 0700", see);
    if (err || fsync(keeper->data_dir_fd))
        ak_boot_fail("archive_failed", "archive", path, "the folder cannot be made", see);
    err = ak_archive_run(job);
    (void)close(job->dir_fd);
    job->note = AK_SPAN_EMPTY;
    if (err) fail_run(job, err);
}

static void print(struct ak_keeper *keeper, uint64_t from, const struct ak_archiving *job, bool json)
{
    unsigned long long first = from, end = ak_ledger_archived(&keeper->archive);
    const char *dir = ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR);
    if (json) { /* data_dir may hold what JSON escapes: the file is named below it */
        printf("{\"archived\":%llu,\"from\":%llu,\"entries\":%llu,\"file\":", end, first, end - first);
        printf(job->name[0] ? "\"" AK_ARCHIVE_DIR "/%s\"}\n" : "null}\n", job->name);
        return;
    }
    if (!job->name[0]) {
        printf("ok: nothing to archive; entries before %llu are in files already\n", end);
        return;
    }
    printf("ok: entries %llu to %llu archived, verified, in %s/" AK_ARCHIVE_DIR "/%s\n", first, end - 1, dir,
        job->name);
    printf("Keep the file for as long as the log: agentkeys audit verify reads it, restore needs it.\n");
}

int ak_command_archive(struct ak_keeper *keeper, uint64_t before, bool json)
{
    static struct ak_archiving job;
    uint64_t size = ak_engine_log(keeper->engine)->tree.size, from = ak_ledger_archived(&keeper->archive);
    uint64_t end = before;
    struct ak_store_batch batch;
    if (before > size) fail(size, "archive_beyond_end", "is the end of the ledger: --before is at most that");
    if (before < size && ak_store_read_batch(keeper->store, before, &batch) != AK_OK)
        fail(before, "ledger_damaged", "cannot be read");
    if (before < size) end = batch.first; /* a batch goes as a whole, under its record */
    if (end > from) {
        need_snapshot(keeper, end);
        need_seal(keeper, end);
        archive(keeper, end, &job);
    }
    print(keeper, from, &job, json);
    return 0;
}
