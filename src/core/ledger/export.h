/* The export of a log, or of one account's part of it, as JSON lines that a stranger's script can recompute.
 * Lines have exactly these members in this order without white space, each ends with
 * a line feed. Writing only: src/audit reads. No secrets. spec: docs/formats/ledger.md, Export */
#ifndef AK_CORE_LEDGER_EXPORT_H
#define AK_CORE_LEDGER_EXPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/ledger/merkle.h"

enum { AK_EXPORT_LINE_MAX = 24 * 1024 }; /* room for any one line */

struct ak_export_header {
    uint8_t log_id[16];
    uint8_t ledger_pub[32];
    const uint8_t *anchor;     /* 32 bytes: an account's part; NULL: the whole log */
    struct ak_span checkpoint; /* the note */
    uint64_t from;             /* index of the first entry; 0: nothing is left out at the beginning */
    /* where `from` is over 0 and there is no anchor: the tree of what stands before */
    const struct ak_merkle_frontier *before;
};
/* The kind follows: `account` with an anchor, else `full` from 0 and `segment` from elsewhere. */
void ak_export_put_header(struct ak_buf *buf, const struct ak_export_header *header);
/* `proof` for an account's part, NULL in the whole log. */
void ak_export_put_entry(struct ak_buf *buf, uint64_t index, struct ak_span entry, const uint8_t leaf[32],
    const struct ak_merkle_proof *proof);
/* The last line. */
void ak_export_put_end(struct ak_buf *buf, uint64_t entries);

#endif
