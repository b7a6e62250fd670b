/* Refusals as entries: the first refusal of a rule for a path in a minute is an entry, further ones become
 * one entry with their count once the minute is over. So a million refusals make a small log (I18). Bounded:
 * where the table is full, refusals go into one common count. Memory is the caller's, nothing is allocated.
 * Lost at an unclean stop: the counts of at most one minute, never a first refusal. No secret arguments. */
#ifndef AK_CORE_POLICY_DENIAL_H
#define AK_CORE_POLICY_DENIAL_H

#include "core/policy/decide.h"

enum { AK_DENIAL_SLOTS = 4096 }; /* paths and rules in one minute; 128 KiB */
/* `ref` of the common count for what found no place in the table. */
#define AK_DENIAL_REF_OTHER UINT64_MAX

struct ak_denial_slot {
    uint64_t ref;
    uint64_t last_ms;
    uint32_t further; /* refusals after the first */
    uint8_t rule;     /* 0: free */
};
struct ak_denial_table {
    struct ak_denial_slot slots[AK_DENIAL_SLOTS];
    struct ak_denial_slot other;
    uint64_t minute; /* the minute that the slots belong to */
    uint32_t used;
    uint32_t pending; /* slots with further > 0, `other` included */
    uint32_t cursor;
};
/* One merged entry that is due. */
struct ak_denial_due {
    uint64_t ref;       /* as noted, or AK_DENIAL_REF_OTHER */
    enum ak_rule rule;  /* AK_RULE_NONE for AK_DENIAL_REF_OTHER */
    uint64_t minute_ms; /* start of the minute */
    uint64_t last_ms;   /* the last refusal counted */
    uint32_t count; /* refusals merged, at least 1; the first one, an entry of its own, is not among them */
};

void ak_denial_init(struct ak_denial_table *table);
/* Notes a refusal. `ref` is the caller's own number of the path (or session), not AK_DENIAL_REF_OTHER. True:
 * write an entry now. False: it was counted. Counts of a minute that is over and not yet fetched are kept:
 * until ak_denial_next_due has given them all, further refusals only count. */
bool ak_denial_note(struct ak_denial_table *table, uint64_t ref, enum ak_rule rule, uint64_t now_ms);
/* Fetches one merged entry that is due at `now_ms`: of minutes that are over, or with `all` (a clean stop)
 * every one. False: none left, and the table is ready for the present minute. Call it in a loop, at least
 * once a minute. */
bool ak_denial_next_due(
    struct ak_denial_table *table, uint64_t now_ms, bool all, struct ak_denial_due *out_due);

#endif
