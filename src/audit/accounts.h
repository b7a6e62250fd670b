/* The chains of all accounts seen: for each anchor its last entry. Grows in the caller's arena, at most 160
 * bytes an account and a block. A keyed hash keeps a file from choosing anchors that fall together. Public
 * bytes only. One thread at a time. */
#ifndef AK_AUDIT_ACCOUNTS_H
#define AK_AUDIT_ACCOUNTS_H

#include "base/arena.h"
#include "base/err.h"

struct ak_audit_account {
    uint8_t anchor[32];
    uint64_t seq;   /* of the last entry; 0 before the first */
    uint64_t index; /* of the last entry, in the log */
    uint8_t leaf[32];
};

struct ak_audit_accounts {
    struct ak_arena *arena;
    struct ak_audit_account **slots; /* open addressing, at most half full */
    size_t slot_count;               /* a power of two, or 0 */
    size_t count;
    uint64_t seed;
};

void ak_audit_accounts_init(struct ak_audit_accounts *accounts, struct ak_arena *arena, uint64_t seed);
/* The account of `anchor`, made with zeros where it is new; valid while the arena is. AK_E_FULL: NULL. */
AK_MUST_USE enum ak_err ak_audit_accounts_get(
    struct ak_audit_accounts *accounts, const uint8_t anchor[32], struct ak_audit_account **out_account);

#endif
