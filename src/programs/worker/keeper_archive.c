/* Archived entries, as the keeper meets them: at start, where a snapshot does not do or all is to be
 * verified, and in the subcommands. While it serves it never opens a file of them. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "io/conf/boot_fail.h"
#include "programs/worker/keeper.h"

static const char *const see = "docs/operations.md#archive";

enum ak_err ak_keeper_archive_open(struct ak_keeper *keeper)
{
    static uint8_t record[AK_ARCHIVE_RECORD_MAX];
    size_t len = 0;
    keeper->archive.count = 0;
    keeper->reading.archive = &keeper->archive;
    keeper->archive_files.ops = ak_file_ops_system();
    keeper->archive_files.dir_fd =
        openat(keeper->data_dir_fd, AK_ARCHIVE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    enum ak_err err = ak_store_meta_get(keeper->store, AK_ARCHIVE_META, record, sizeof record, &len);
    if (err == AK_E_NOT_FOUND) return AK_OK;
    AK_TRY(err == AK_E_LIMIT ? AK_E_FORMAT : err);
    return ak_ledger_archive_open(
        ak_span(record, len), &keeper->reading.verify_key, keeper->state->log_id, &keeper->archive);
}

void ak_keeper_archive_close(struct ak_keeper *keeper)
{
    ak_archive_reader_close(&keeper->archive_files);
    if (keeper->archive_files.dir_fd > 0) (void)close(keeper->archive_files.dir_fd);
    keeper->archive_files.dir_fd = -1;
}

enum ak_err ak_keeper_read_batch(
    struct ak_keeper *keeper, struct ak_store *store, uint64_t at, struct ak_store_batch *out_batch)
{
    AK_TRY(ak_store_read_batch(store, at, out_batch));
    if (out_batch->entries.len > 0 || at >= ak_ledger_archived(&keeper->archive)) return AK_OK;
    return ak_archive_fill(&keeper->archive_files, &keeper->archive, out_batch);
}

void ak_keeper_archive_fail(struct ak_keeper *keeper, enum ak_err err, uint64_t entry)
{
    char path[700], reason[200];
    (void)snprintf(path, sizeof path, "%s/" AK_ARCHIVE_DIR "/%s",
        ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR), keeper->archive_files.name);
    if (err == AK_E_NOT_FOUND)
        ak_boot_fail("archive_missing", "archive", path,
            "entries that are needed were moved to this file; bring it back to that place", see);
    (void)snprintf(reason, sizeof reason,
        err == AK_E_IO ? "cannot be read (entry %llu)"
                       : "entry %llu is not the one that was archived; bring a good copy back",
        (unsigned long long)entry);
    ak_boot_fail("archive_damaged", "archive", path, reason, see);
}
