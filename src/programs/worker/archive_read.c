/* Archived entries back from their files, in order: a batch's worth of lines at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "programs/worker/archive.h"

void ak_archive_name(uint64_t from, uint64_t to, char out_name[AK_ARCHIVE_NAME_MAX])
{
    (void)snprintf(out_name, AK_ARCHIVE_NAME_MAX, "ledger-%llu-%llu.jsonl", (unsigned long long)from,
        (unsigned long long)to);
}

static enum ak_err read_more(struct ak_archive_lines *lines)
{
    memmove(lines->bytes, lines->bytes + lines->at, lines->len - lines->at);
    lines->len -= lines->at;
    lines->at = 0;
    for (;;) {
        ssize_t got = lines->ops->read(
            lines->ops->ctx, lines->fd, lines->bytes + lines->len, sizeof lines->bytes - lines->len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return AK_E_IO;
        lines->len += (size_t)got;
        return got ? AK_OK : AK_E_NOT_FOUND;
    }
}

enum ak_err ak_archive_next_line(struct ak_archive_lines *lines, struct ak_span *out_line)
{
    enum ak_err err = AK_OK;
    *out_line = AK_SPAN_EMPTY;
    for (;;) {
        struct ak_span rest = ak_span(lines->bytes + lines->at, lines->len - lines->at);
        size_t feed = ak_span_find(rest, 0, '\n');
        bool whole = feed < rest.len;
        if (!whole && !err && rest.len <= AK_AUDIT_LINE_MAX) {
            err = read_more(lines);
            if (err == AK_E_IO) return err;
            continue;
        }
        if (rest.len == 0) return AK_E_NOT_FOUND;
        size_t len = whole ? feed + 1 : rest.len;
        if (len > AK_AUDIT_LINE_MAX + 1) len = AK_AUDIT_LINE_MAX + 1;
        *out_line = ak_span_sub(rest, 0, len);
        lines->at += len;
        return AK_OK;
    }
}

static void close_file(struct ak_archive_reader *reader)
{
    if (reader->next < reader->end) (void)reader->ops.close(reader->ops.ctx, reader->lines.fd);
    reader->next = reader->end = 0;
}

/* The file that holds `index`, opened at its first entry; its header is the business of `audit verify`. */
static enum ak_err open_file(
    struct ak_archive_reader *reader, const struct ak_ledger_archive *archive, uint64_t index)
{
    size_t file = 0;
    uint64_t from = 0;
    struct ak_span header;
    close_file(reader);
    AK_TRY(ak_ledger_archive_find(archive, index, &file, &from));
    ak_archive_name(from, archive->sizes[file], reader->name);
    int fd = reader->dir_fd < 0
                 ? -1
                 : reader->ops.open(reader->ops.ctx, reader->dir_fd, reader->name, O_RDONLY, 0);
    if (fd < 0) return reader->dir_fd < 0 || errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    reader->lines.ops = &reader->ops;
    reader->lines.fd = fd;
    reader->lines.at = reader->lines.len = 0;
    reader->next = from;
    reader->end = archive->sizes[file];
    enum ak_err err = ak_archive_next_line(&reader->lines, &header);
    return err == AK_E_NOT_FOUND ? AK_E_FORMAT : err;
}

static enum ak_err next_entry(struct ak_archive_reader *reader)
{
    struct ak_span text;
    enum ak_err err = ak_archive_next_line(&reader->lines, &text);
    if (err) return err == AK_E_NOT_FOUND ? AK_E_FORMAT : err;
    if (text.ptr[text.len - 1] != '\n') return AK_E_FORMAT;
    AK_TRY(ak_audit_line_entry(ak_span_sub(text, 0, text.len - 1), false, &reader->line));
    return reader->line.index == reader->next ? AK_OK : AK_E_FORMAT;
}

static enum ak_err seek(
    struct ak_archive_reader *reader, const struct ak_ledger_archive *archive, uint64_t index)
{
    if (reader->next >= reader->end || index < reader->next || index >= reader->end)
        AK_TRY(open_file(reader, archive, index));
    for (; reader->next < index; reader->next++) AK_TRY(next_entry(reader));
    return AK_OK;
}

static enum ak_err fill(
    struct ak_archive_reader *reader, const struct ak_ledger_archive *archive, struct ak_store_batch *batch)
{
    struct ak_buf segment = AK_BUF_ARR(reader->segment);
    AK_TRY(seek(reader, archive, batch->first));
    if (batch->count > reader->end - reader->next) return AK_E_FORMAT;
    for (uint64_t i = 0; i < batch->count; i++) {
        AK_TRY(next_entry(reader));
        ak_segment_put(&segment, ak_span(reader->line.room + 1, reader->line.entry_len));
        if (++reader->next == reader->end) (void)reader->ops.close(reader->ops.ctx, reader->lines.fd);
    }
    if (ak_buf_check(&segment) != AK_OK) return AK_E_FORMAT;
    batch->entries = ak_buf_span(&segment);
    return AK_OK;
}

enum ak_err ak_archive_fill(
    struct ak_archive_reader *reader, const struct ak_ledger_archive *archive, struct ak_store_batch *batch)
{
    enum ak_err err = fill(reader, archive, batch);
    if (err) close_file(reader);
    return err;
}

bool ak_archive_is_whole(struct ak_archive_reader *reader, const struct ak_ledger_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        enum ak_err err = open_file(reader, archive, i ? archive->sizes[i - 1] : 0);
        close_file(reader);
        if (err) return false;
    }
    return true;
}

void ak_archive_reader_close(struct ak_archive_reader *reader)
{
    close_file(reader);
}
