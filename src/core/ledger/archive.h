/* What the store keeps of entries that were moved to files: where each file ends, and the log's state after
 * the last of them, under an HMAC. So nobody but the keeper can say that entries are gone, and a check of
 * what is left begins from an authentic state. The MAC key is secret. No allocation. spec:
 * docs/formats/ledger.md, Archive */
#ifndef AK_CORE_LEDGER_ARCHIVE_H
#define AK_CORE_LEDGER_ARCHIVE_H

#include "core/ledger/log.h"

enum {
    AK_ARCHIVE_FILES_MAX = 1024, /* a file a week for 20 years; the record stays below 12 KiB */
    AK_ARCHIVE_RECORD_MAX = 1 + 4 + 8 * AK_ARCHIVE_FILES_MAX + AK_LEDGER_LOG_STATE_MAX + 32,
};

struct ak_ledger_archive {
    size_t count;                         /* of files; 0: nothing was archived */
    uint64_t sizes[AK_ARCHIVE_FILES_MAX]; /* of the log at each file's end, ascending */
    struct ak_ledger_log log;             /* its state at the last one */
};

/* Entries that are in files: the index of the first one that is not. */
uint64_t ak_ledger_archived(const struct ak_ledger_archive *archive);
/* The file that holds entry `index`, and the index it begins with. AK_E_NOT_FOUND where none does. */
AK_MUST_USE enum ak_err ak_ledger_archive_find(
    const struct ak_ledger_archive *archive, uint64_t index, size_t *out_file, uint64_t *out_from);
/* Adds the file that ends where `log` does. AK_E_ARG: that is not further than the last one; AK_E_FULL. */
AK_MUST_USE enum ak_err ak_ledger_archive_add(
    struct ak_ledger_archive *archive, const struct ak_ledger_log *log);
/* Appends the record. AK_E_ARG of an empty archive, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_ledger_archive_seal(
    const struct ak_ledger_archive *archive, struct ak_hmac_key *mac_key, struct ak_buf *buf);
/* Reads one of this log. AK_E_AUTH, AK_E_FORMAT; then nothing is archived. */
AK_MUST_USE enum ak_err ak_ledger_archive_open(struct ak_span bytes, struct ak_hmac_key *mac_key,
    const uint8_t log_id[16], struct ak_ledger_archive *out_archive);

#endif
