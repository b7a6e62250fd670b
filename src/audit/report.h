/* What a verification found: one finding, the first, with a type, the entry it names and a sentence; and what
 * was checked, what was believed, what nobody can check offline. Public. Threads: any. */
#ifndef AK_AUDIT_REPORT_H
#define AK_AUDIT_REPORT_H

#include <stdbool.h>

#include "base/buf.h"

enum ak_audit_fault {
    AK_AUDIT_SOUND = 0,
    AK_AUDIT_MALFORMED,       /* a line, entry or checkpoint is not of the form */
    AK_AUDIT_BAD_SIGNATURE,   /* a checkpoint does not verify under the key */
    AK_AUDIT_OTHER_LOG,       /* it is of another log than expected, or of two */
    AK_AUDIT_OTHER_ACCOUNT,   /* in an account's part: an entry of another account, or of none */
    AK_AUDIT_EDITED,          /* the entry is not what its hash, or the entry after it, says */
    AK_AUDIT_DROPPED,         /* the entry is missing */
    AK_AUDIT_DOUBLED,         /* the entry is there twice */
    AK_AUDIT_REORDERED,       /* the entry is at another place */
    AK_AUDIT_GAP,             /* entries of the account are missing before this one */
    AK_AUDIT_TIME_BACK,       /* the entry is older than one before it */
    AK_AUDIT_CUT_TAIL,        /* the end is missing */
    AK_AUDIT_NOT_INCLUDED,    /* the inclusion proof does not lead to the checkpoint */
    AK_AUDIT_ROOT,            /* all entries together do not make the checkpoint's root */
    AK_AUDIT_FORKED,          /* the log signed two histories */
    AK_AUDIT_ROLLED_BACK,     /* the log is older than what is known of it */
    AK_AUDIT_NOT_CONSISTENT,  /* the consistency proof that was given does not hold */
    AK_AUDIT_UNKNOWN_CONTROL, /* sound but for a control entry of a type nobody here knows */
    AK_AUDIT_FAULT_COUNT
};

struct ak_audit_finding {
    enum ak_audit_fault fault;
    uint64_t line; /* of the file, from 1; 0: not of one line */
    bool has_index, has_other;
    uint64_t index;   /* the entry's number in the log */
    uint64_t other;   /* a second entry that the text speaks of */
    const char *text; /* a sentence without a full stop; static */
};

enum ak_audit_check {
    AK_AUDIT_NOT_ASKED = 0, /* there was nothing to check against */
    AK_AUDIT_CHECKED,       /* it holds */
    AK_AUDIT_NOT_CHECKED,   /* it could not be checked with what was given */
    AK_AUDIT_DOES_NOT_HOLD,
};

enum ak_audit_trust {
    AK_AUDIT_KEY_BELIEVED = 0, /* the file names its own key */
    AK_AUDIT_KEY_BY_EARLIER,   /* an earlier checkpoint verifies under it */
    AK_AUDIT_KEY_PINNED        /* it is the one the caller gave */
};

struct ak_audit_report {
    bool ok;
    struct ak_audit_finding finding;
    bool account;   /* an account's part; else a full log, or a part of one from an entry on */
    uint64_t from;  /* entries before this one are in none of the files */
    uint64_t files; /* that were begun */
    uint8_t log_id[16];
    uint8_t ledger_key[32];
    uint8_t anchor[32]; /* of an account's part */
    uint64_t size;      /* of the checkpoint; 0 until it has been verified, root too */
    uint8_t root[32];
    enum ak_audit_trust key;
    enum ak_audit_check earlier; /* consistency with the earlier checkpoint */
    enum ak_audit_check receipt;
    enum ak_audit_check mac; /* of control entries: never more than not checked */
    uint64_t entries;        /* these count what was checked */
    uint64_t accounts;
    uint64_t controls;
    uint64_t uses;
    uint64_t unknown_uses; /* among uses: of a type that is not in ledger.cddl */
    uint64_t unknown_controls;
    uint64_t first_ms, last_ms; /* logic time of the first and last entry */
};

/* Stable lower-case name: "edited", "cut_tail"…; "unknown" beyond the enum. */
const char *ak_audit_fault_name(enum ak_audit_fault fault);
/* "account", "full", or "segment" of a log whose beginning is in none of the files. */
const char *ak_audit_kind_name(const struct ak_audit_report *report);
/* The report as lines of "name: value", each ended by a line feed; under 2 KiB. What does not fit fails the
 * buffer. */
void ak_audit_report_put(struct ak_buf *buf, const struct ak_audit_report *report);

#endif
