/* One file of entries: written under another name, synced, verified as an auditor would, renamed; then, and
 * only then, the store lets go of them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/engine/read.h"
#include "core/ledger/export.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/random.h"
#include "programs/worker/archive.h"

#define TEMP_NAME "archive.tmp"
#define AUDIT_CAP (UINT64_C(4) << 30)

struct writing {
    struct ak_archiving *job;
    struct ak_ledger_log log; /* replayed so far */
    struct ak_buf out;
    enum ak_err err; /* of the file; sticky */
    int fd;
    uint8_t bytes[2 * AK_ARCHIVE_CHUNK];
};

static enum ak_err io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? AK_E_FULL : AK_E_IO;
}

static void flush(struct writing *w)
{
    const struct ak_file_ops *ops = w->job->ops;
    struct ak_span rest = ak_buf_span(&w->out);
    while (!w->err && rest.len > 0) {
        ssize_t done = ops->write(ops->ctx, w->fd, rest.ptr, rest.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) w->err = io_error();
        if (done > 0) rest = ak_span_sub(rest, (size_t)done, rest.len);
    }
    w->out.len = 0;
}

static enum ak_err flush_full(struct writing *w)
{
    if (w->out.len >= AK_ARCHIVE_CHUNK) flush(w);
    return w->err;
}

/* The replay's visitor: one entry that the keeper wrote, at its place. */
static enum ak_err put_entry(
    void *ctx, const struct ak_entry_ref *ref, const struct ak_entry *entry, struct ak_span bytes)
{
    struct writing *w = ctx;
    if (ak_read_is_notice(entry->type) && entry->time_ms >= w->job->notices_old_ms) return AK_E_MEANING;
    ak_export_put_entry(&w->out, ref->index, bytes, ref->leaf, NULL);
    return flush_full(w);
}

static enum ak_err put_batches(struct writing *w)
{
    const struct ak_ledger_visitor visitor = {put_entry, w};
    struct ak_archiving *job = w->job;
    while (w->log.tree.size < job->end) {
        struct ak_store_batch batch;
        job->bad_index = w->log.tree.size;
        AK_TRY(ak_store_read_batch(job->store, w->log.tree.size, &batch));
        AK_TRY(
            ak_ledger_replay(&w->log, job->mac_key, batch.entries, batch.record, &visitor, &job->bad_index));
    }
    return w->log.tree.size == job->end ? AK_OK : AK_E_FORMAT; /* not where a batch ends */
}

static enum ak_err put_all(struct writing *w)
{
    struct ak_archiving *job = w->job;
    uint64_t from = w->log.tree.size;
    struct ak_merkle_frontier before = w->log.tree;
    struct ak_export_header header = {.checkpoint = job->note, .from = from, .before = &before};
    memcpy(header.log_id, job->log_id, sizeof header.log_id);
    memcpy(header.ledger_pub, job->ledger_pub, sizeof header.ledger_pub);
    ak_export_put_header(&w->out, &header);
    AK_TRY(put_batches(w));
    ak_export_put_end(&w->out, job->end - from);
    AK_TRY(ak_buf_check(&w->out));
    flush(w);
    return w->err;
}

static enum ak_err write_file(struct writing *w)
{
    const struct ak_file_ops *ops = w->job->ops;
    w->fd = ops->open(ops->ctx, w->job->dir_fd, TEMP_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (w->fd < 0) return io_error();
    enum ak_err err = put_all(w);
    if (!err && ops->fsync(ops->ctx, w->fd)) err = io_error();
    if (ops->close(ops->ctx, w->fd) && !err) err = io_error();
    return err;
}

static enum ak_err feed(struct ak_archive_lines *lines, struct ak_audit *audit)
{
    for (;;) {
        struct ak_span line;
        enum ak_err err = ak_archive_next_line(lines, &line);
        if (err == AK_E_NOT_FOUND) return AK_OK;
        AK_TRY(err);
        err = ak_audit_line(audit, line);
        if (err == AK_E_STATE) return AK_OK; /* the report says it */
        AK_TRY(err);
    }
}

/* What lies on the disk, by the verifier that shares nothing with its writer; and the root is the one that
 * the replay led to. */
static enum ak_err verify_open(struct writing *w, int fd)
{
    static struct ak_archive_lines lines;
    static struct ak_audit audit;
    struct ak_archiving *job = w->job;
    struct ak_arena arena;
    struct ak_audit_options options = {.ledger_key = job->ledger_pub, .log_id = job->log_id};
    uint8_t root[32];
    lines = (struct ak_archive_lines){.ops = job->ops, .fd = fd};
    ak_random_bytes(&options.hash_seed, sizeof options.hash_seed);
    ak_arena_init(&arena, ak_arena_hooks_mmap(), AUDIT_CAP);
    ak_audit_open(&audit, &options, &arena);
    enum ak_err err = feed(&lines, &audit);
    if (!err) err = ak_audit_finish(&audit, &job->report);
    ak_arena_done(&arena);
    AK_TRY(err);
    ak_merkle_root(&w->log.tree, root);
    bool same = job->report.size == job->end && memcmp(job->report.root, root, sizeof root) == 0;
    return job->report.ok && same ? AK_OK : AK_E_CONFLICT;
}

static enum ak_err verify_file(struct writing *w)
{
    const struct ak_file_ops *ops = w->job->ops;
    int fd = ops->open(ops->ctx, w->job->dir_fd, TEMP_NAME, O_RDONLY, 0);
    if (fd < 0) return io_error();
    enum ak_err err = verify_open(w, fd);
    if (ops->close(ops->ctx, fd) && !err) err = AK_E_IO;
    return err;
}

static enum ak_err name_file(struct writing *w)
{
    struct ak_archiving *job = w->job;
    const struct ak_file_ops *ops = job->ops;
    ak_archive_name(ak_ledger_archived(job->archive), job->end, job->name);
    if (ops->rename(ops->ctx, job->dir_fd, TEMP_NAME, job->name)) return io_error();
    return ops->fsync(ops->ctx, job->dir_fd) ? io_error() : AK_OK;
}

static enum ak_err let_go(struct writing *w)
{
    static struct ak_ledger_archive next;
    static uint8_t memory[AK_ARCHIVE_RECORD_MAX];
    struct ak_buf record = AK_BUF_ARR(memory);
    struct ak_archiving *job = w->job;
    next = *job->archive;
    AK_TRY(ak_ledger_archive_add(&next, &w->log));
    AK_TRY(ak_ledger_archive_seal(&next, job->mac_key, &record));
    AK_TRY(ak_store_let_go(
        job->store, ak_ledger_archived(job->archive), job->end, AK_ARCHIVE_META, ak_buf_span(&record)));
    *job->archive = next;
    return AK_OK;
}

enum ak_err ak_archive_run(struct ak_archiving *job)
{
    static struct writing w;
    w.job = job;
    w.err = AK_OK;
    w.out = AK_BUF_ARR(w.bytes);
    memset(&job->report, 0, sizeof job->report);
    if (job->archive->count == AK_ARCHIVE_FILES_MAX) return AK_E_LIMIT;
    if (job->archive->count)
        w.log = job->archive->log;
    else
        ak_ledger_log_init(&w.log, job->log_id);
    enum ak_err err = write_file(&w);
    if (!err) err = verify_file(&w);
    if (!err) err = name_file(&w);
    if (err) {
        (void)job->ops->unlink(job->ops->ctx, job->dir_fd, TEMP_NAME);
        return err;
    }
    return let_go(&w);
}
