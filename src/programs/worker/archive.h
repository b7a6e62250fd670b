/* Entries of the ledger in files of their own: <data>/archive/ledger-FROM-TO.jsonl, each in the form that
 * `agentkeys audit verify` reads. Guaranteed: entries leave the store only once the file that has them is
 * whole, durable and verified by src/audit, and records and hashes of them stay; a crash at any moment leaves
 * them in the store, or in a named file, or in both. Not guaranteed of what is read back: anything; whoever
 * replays it checks it against the records that stayed (I11). No secrets but the MAC key. One thread. */
#ifndef AK_PROGRAMS_WORKER_ARCHIVE_H
#define AK_PROGRAMS_WORKER_ARCHIVE_H

#include "audit/audit.h"
#include "core/ledger/archive.h"
#include "io/proc/durable.h"
#include "io/store/store.h"

#define AK_ARCHIVE_DIR  "archive"
#define AK_ARCHIVE_META "archive" /* the store's value that has the record */
enum { AK_ARCHIVE_NAME_MAX = 64, AK_ARCHIVE_CHUNK = 1 << 16 };

/* ledger-FROM-TO.jsonl: entries FROM to TO - 1. */
void ak_archive_name(uint64_t from, uint64_t to, char out_name[AK_ARCHIVE_NAME_MAX]);

/* ---- lines of a file ---- */
struct ak_archive_lines {
    const struct ak_file_ops *ops;
    int fd;
    size_t at, len;
    uint8_t bytes[AK_ARCHIVE_CHUNK]; /* longer than any line */
};
/* The next line with its line feed; of one that is too long, or has none, what there is. AK_E_NOT_FOUND at
 * the end, AK_E_IO. */
AK_MUST_USE enum ak_err ak_archive_next_line(struct ak_archive_lines *lines, struct ak_span *out_line);

/* ---- writing ---- */
struct ak_archiving {
    const struct ak_file_ops *ops;
    int dir_fd; /* of the archive's folder */
    struct ak_store *store;
    struct ak_hmac_key *mac_key;
    struct ak_ledger_archive *archive; /* as it is; at AK_OK with the new file */
    uint8_t log_id[16];
    uint8_t ledger_pub[32];
    uint64_t end;            /* where a batch ends: entries before it go */
    struct ak_span note;     /* the log's checkpoint of just that size */
    uint64_t notices_old_ms; /* entries that a broker may still ask for stay if they are not older */
    /* what came of it */
    char name[AK_ARCHIVE_NAME_MAX];
    uint64_t bad_index;
    struct ak_audit_report report;
};
/* Writes the file, verifies it, lets the store's entries go. AK_E_AUTH, AK_E_FORMAT, AK_E_UNSUPPORTED: the
 * ledger does not verify at bad_index; AK_E_MEANING: entry bad_index has to stay; AK_E_CONFLICT: the file
 * that was written does not verify, report says why; AK_E_LIMIT: too many files; AK_E_FULL, AK_E_IO. Whatever
 * comes back but AK_OK, nothing left the store, unless the last step, the store's, failed with AK_E_IO. */
AK_MUST_USE enum ak_err ak_archive_run(struct ak_archiving *job);

/* ---- reading back ---- */
struct ak_archive_reader {
    struct ak_file_ops ops;
    int dir_fd;                     /* -1: there is no folder */
    uint64_t next, end;             /* entries next to come out of the open file; equal: none is open */
    char name[AK_ARCHIVE_NAME_MAX]; /* of the file used last */
    struct ak_archive_lines lines;
    struct ak_audit_entry_line line;
    uint8_t segment[AK_SEGMENT_LEN_MAX];
};
/* Puts the entries of a batch that was archived in place. AK_E_NOT_FOUND: the file `name` is not there;
 * AK_E_FORMAT: it is not what it was; AK_E_IO. The view lives until the next call. */
AK_MUST_USE enum ak_err ak_archive_fill(
    struct ak_archive_reader *reader, const struct ak_ledger_archive *archive, struct ak_store_batch *batch);
/* Whether every file is there, by its name. The first that is not: name. */
bool ak_archive_is_whole(struct ak_archive_reader *reader, const struct ak_ledger_archive *archive);
void ak_archive_reader_close(struct ak_archive_reader *reader);

#endif
