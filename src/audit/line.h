/* The three kinds of line of an export, each recognised in exactly the one form it has. No meaning here:
 * numbers, hashes and the checkpoint are only taken apart. Public bytes only. Threads: any. spec:
 * docs/formats/ledger.md, Export */
#ifndef AK_AUDIT_LINE_H
#define AK_AUDIT_LINE_H

#include <stdbool.h>

#include "audit/entry.h"
#include "audit/note.h"
#include "audit/tree.h"

enum { AK_AUDIT_LINE_MAX = 24576 }; /* with its line feed */

struct ak_audit_header {
    bool account; /* kind; neither: full */
    bool segment;
    uint8_t log_id[16];
    uint8_t origin_log_id[16]; /* the one in the origin */
    uint8_t ledger_key[32];
    uint8_t anchor[32];                              /* of an account's part */
    uint64_t from;                                   /* what stands before this entry is not in the file */
    size_t before_len;                               /* bytes; of a segment */
    uint8_t before[AK_AUDIT_LEVELS * AK_AUDIT_HASH]; /* roots of the complete subtrees before it */
    uint8_t note[AK_AUDIT_NOTE_MAX];
    size_t note_len;
};

struct ak_audit_entry_line {
    uint64_t index;
    uint8_t leaf_hash[32];
    size_t entry_len;
    size_t proof_len;                     /* bytes */
    uint8_t room[1 + AK_AUDIT_ENTRY_MAX]; /* 0x00, then the entry: what the leaf hash covers */
    uint8_t proof[AK_AUDIT_LEVELS * AK_AUDIT_HASH];
};

/* All three take a line without its line feed; AK_E_FORMAT where it is not of the form. What `out` then holds
 * is of no use. */
AK_MUST_USE enum ak_err ak_audit_line_header(struct ak_span line, struct ak_audit_header *out_header);
/* `account`: lines have a proof. */
AK_MUST_USE enum ak_err ak_audit_line_entry(
    struct ak_span line, bool account, struct ak_audit_entry_line *out_line);
AK_MUST_USE enum ak_err ak_audit_line_end(struct ak_span line, uint64_t *out_entries);

#endif
