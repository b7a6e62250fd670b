/* What the files of the verifier share: recording a finding, and the steps for each kind of line. */
#ifndef AK_AUDIT_AUDIT_STATE_H
#define AK_AUDIT_AUDIT_STATE_H

#include "audit/audit.h"

/* Records the first finding; later ones are consequences of it. */
void ak_audit_find(struct ak_audit *audit, enum ak_audit_fault fault, const char *text);
void ak_audit_find_at(struct ak_audit *audit, enum ak_audit_fault fault, uint64_t index, const char *text);
void ak_audit_find_two(
    struct ak_audit *audit, enum ak_audit_fault fault, uint64_t index, uint64_t other, const char *text);
static inline bool ak_audit_found(const struct ak_audit *audit)
{
    return audit->report.finding.fault != AK_AUDIT_SOUND;
}

static inline bool ak_audit_is_last(const struct ak_audit *audit)
{
    return audit->file + 1 >= audit->options.files;
}

/* audit->header has been read: checkpoint, key, log, earlier checkpoint. AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_audit_check_header(struct ak_audit *audit);
/* Holds the tree against the earlier checkpoint, where it has just its size. */
void ak_audit_compare_tree(struct ak_audit *audit);
/* audit->entry has been read. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_audit_check_entry(struct ak_audit *audit);
/* audit->entry has been read after an entry was missed: if it is that one, the finding is a reordering. */
void ak_audit_search_entry(struct ak_audit *audit);

#endif
