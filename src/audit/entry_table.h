/* ledger.cddl as two tables: which keys each type has, and what each key holds. Inside src/audit only. */
#ifndef AK_AUDIT_ENTRY_TABLE_H
#define AK_AUDIT_ENTRY_TABLE_H

#include <stdint.h>

enum { AK_AUDIT_KEYS = 71 }; /* known keys are below this */

/* A set of keys, bit k for key k. */
__extension__ typedef unsigned __int128 ak_audit_keys;
#define AK_AUDIT_KEY(k) ((ak_audit_keys)1 << (k))
#define AK_AUDIT_HEAD                                                                                        \
    (AK_AUDIT_KEY(0) | AK_AUDIT_KEY(1) | AK_AUDIT_KEY(2) | AK_AUDIT_KEY(4) | AK_AUDIT_KEY(5))
#define AK_AUDIT_CHAIN (AK_AUDIT_KEY(3) | AK_AUDIT_KEY(6) | AK_AUDIT_KEY(7))

enum ak_audit_form {
    AK_AUDIT_FORM_NONE = 0,
    AK_AUDIT_FORM_UINT,
    AK_AUDIT_FORM_BYTES,
    AK_AUDIT_FORM_TEXT,
    AK_AUDIT_FORM_ACTOR /* bytes of 32, or text of 1 to 32 */
};

struct ak_audit_field {
    enum ak_audit_form form;
    uint64_t min; /* of the number, or of the length in bytes */
    uint64_t max;
};

struct ak_audit_type {
    const char *name; /* NULL where the type is not known */
    ak_audit_keys required;
    ak_audit_keys optional;
};

extern const struct ak_audit_field ak_audit_fields[AK_AUDIT_KEYS];
extern const struct ak_audit_type ak_audit_types[256];

#endif
