/* One ledger entry: is it the one deterministic encoding of something ledger.cddl allows, and what a verifier
 * needs of it. The HMAC in key 9 must be there in control entries; its value only the keeper can check.
 * Views point into the entry. Public bytes only. Threads: any. spec: docs/formats/ledger.cddl */
#ifndef AK_AUDIT_ENTRY_H
#define AK_AUDIT_ENTRY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum {
    AK_AUDIT_ENTRY_MAX = 4096,
    AK_AUDIT_TYPE_OPENED = 1,     /* LedgerOpened */
    AK_AUDIT_TYPE_USE_FIRST = 128 /* below: control entries */
};

struct ak_audit_entry {
    uint8_t type;
    bool known; /* the type is in ledger.cddl */
    uint64_t time_ms;
    const uint8_t *anchor; /* 32 bytes; NULL in entries of no account, and then seq is 0 and prev NULL */
    uint64_t seq;
    const uint8_t *prev;   /* 32 bytes */
    const uint8_t *log_id; /* 16 bytes, of LedgerOpened; else NULL */
};

/* AK_E_LIMIT (over 4096 bytes), AK_E_FORMAT. The entry is zeroed on failure. An entry of an unknown type is
 * read by the rules for common keys; the caller decides what it makes of an unknown control type. */
AK_MUST_USE enum ak_err ak_audit_entry_parse(struct ak_span bytes, struct ak_audit_entry *out_entry);

#endif
