/* The offline verifier of ledger exports, written from docs/formats/ledger.md alone: it shares no code with
 * the writer, so that one mistake does not hide the other. The caller feeds lines, and gets a report.
 *
 * Guaranteed of a report that is ok: every line has exactly the form; the checkpoint is signed by the key;
 * every entry is one that ledger.cddl allows and is hashed right; a full log's entries are all there in order
 * and make the checkpoint's root; an account's entries are in that tree and follow one another without gap
 * from its first; time never goes back; an earlier checkpoint's tree is the beginning of this one's, where
 * the report says checked. A segment is held against the tree of what stands before it, which the file names:
 * by itself it shows that its entries make the signed root with that; after the file before it, in one
 * verification, all is as of one full log. Not guaranteed: that the HMACs of control entries are right (the
 * keeper alone has the key); that the file names the right key, where none was pinned; that an account has no
 * later entries than its part shows, unless a receipt names one; that the log is the newest.
 *
 * No secrets. Memory: the struct (some 20 KiB) is the caller's; a full log takes up to 160 bytes of the arena
 * for each account it has. Threads: one at a time per verification. */
#ifndef AK_AUDIT_AUDIT_H
#define AK_AUDIT_AUDIT_H

#include "audit/accounts.h"
#include "audit/line.h"
#include "audit/note.h"
#include "audit/report.h"
#include "audit/tree.h"

/* What a person was told of one entry: `entry: {index, leaf_hash}` of an answer. */
struct ak_audit_receipt {
    uint64_t index;
    uint8_t leaf_hash[32];
};

/* All optional. What it points to must live until the verification is finished. */
struct ak_audit_options {
    const uint8_t *ledger_key; /* 32 bytes, pinned */
    const uint8_t *log_id;     /* 16 bytes, expected */
    struct ak_span earlier;    /* an earlier checkpoint of the log, a signed note */
    struct ak_span
        earlier_proof; /* for an account's part: consistency proof from there, hashes of 32 bytes */
    const struct ak_audit_receipt *receipt;
    size_t files;       /* of one log that are verified one after another; 0: one */
    uint64_t hash_seed; /* random, so that no file can slow the table of accounts */
};

enum ak_audit_phase { AK_AUDIT_PHASE_HEADER, AK_AUDIT_PHASE_ENTRIES, AK_AUDIT_PHASE_ENDED };

/* Inside: nobody reads it but src/audit. */
struct ak_audit {
    struct ak_audit_options options;
    struct ak_audit_report report;
    enum ak_audit_phase phase;
    enum ak_err err;         /* sticky */
    size_t file;             /* from 0 */
    uint64_t line;           /* of it */
    uint64_t entries_before; /* in the files before it */
    uint64_t next_index;     /* one after the last entry line's */
    uint8_t last_leaf[32];
    struct ak_audit_tree tree;
    struct ak_audit_accounts accounts;
    struct ak_audit_account own; /* chain of an account's part */
    struct ak_audit_checkpoint earlier;
    /* After an entry was missed: is it further down? */
    bool searching;
    uint64_t missing_index;
    uint64_t missing_seq; /* 0: by index */
    uint8_t missing_anchor[32];
    struct ak_audit_finding unknown_control; /* the first; counts where nothing else is found */
    struct ak_audit_header header;
    struct ak_audit_entry_line entry;
};

/* Begins a verification. `options` may be NULL. The arena is used by full logs only, and must outlive it. */
void ak_audit_open(struct ak_audit *audit, const struct ak_audit_options *options, struct ak_arena *arena);
/* The file's next line with its line feed. Of a line without one, or of more than 24576 bytes, what there is
 * (24577 bytes are enough). AK_OK: go on. AK_E_STATE: there is a finding and nothing further would change it.
 * AK_E_FULL (arena), AK_E_CRYPTO (library): no verdict is possible; sticky. */
AK_MUST_USE enum ak_err ak_audit_line(struct ak_audit *audit, struct ak_span line);
/* After a file's last line: the next lines are the next file's, a segment that begins where this one ended.
 * AK_E_STATE: there is a finding; others as ak_audit_line. */
AK_MUST_USE enum ak_err ak_audit_next_file(struct ak_audit *audit);
/* After the last line. The report is whole whether ok or not; AK_E_FULL or AK_E_CRYPTO where no verdict was
 * possible, and then it is zeroed. */
AK_MUST_USE enum ak_err ak_audit_finish(struct ak_audit *audit, struct ak_audit_report *out_report);

#endif
