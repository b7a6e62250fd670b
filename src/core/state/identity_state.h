/* Which identities an account has: the one it was opened with, whose omni is its anchor, and those linked to
 * it. Part of the fold (I16). Guarantees: an omni belongs to one account at most, and an anchor stays taken
 * for ever. One thread at a time. */
#ifndef AK_CORE_STATE_IDENTITY_STATE_H
#define AK_CORE_STATE_IDENTITY_STATE_H

#include "core/state/state.h"

void ak_state_linked_init(struct ak_state *state, const uint64_t seed[2]);
/* Part of ak_state_reserve. */
AK_MUST_USE enum ak_err ak_state_linked_reserve(struct ak_state *state);

/* The account that an omni names, in requests: its anchor, or an identity that is linked. NULL where there is
 * none; *out_number (may be NULL) is AK_INDEX_NONE then. */
struct ak_account *ak_state_account_of(
    const struct ak_state *state, const uint8_t omni[32], uint32_t *out_number);
/* The account that whoever proves this identity may sign in to. NULL for an anchor whose identity was
 * unlinked, too: ask ak_state_account_of before opening an account. */
struct ak_account *ak_state_identity(
    const struct ak_state *state, const uint8_t omni[32], uint32_t *out_number);
/* The record of an identity that is linked now, or NULL. */
struct ak_linked *ak_state_linked(const struct ak_state *state, const uint8_t omni[32]);
/* Identities that can open or recover the account: all but its own addresses. */
uint32_t ak_state_own_identities(const struct ak_state *state, const struct ak_account *account);

/* Enters a copy of `linked` behind the account's others, its text already interned. AK_E_MEANING (taken, or
 * the account is full), AK_E_FULL. For the fold and snapshots. */
AK_MUST_USE enum ak_err ak_state_link(struct ak_state *state, const struct ak_linked *linked);

#endif
