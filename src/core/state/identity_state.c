/* Linked identities: records, how they are found, and what their entries do. A record whose identity was
 * unlinked is used again when it comes back, so linking and unlinking by turns costs no memory. */
#include "core/state/identity_state.h"

#include "base/num.h"
#include "core/state/apply.h"

struct key {
    const struct ak_state *state;
    const uint8_t *omni;
};

static bool same_omni(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_linked *linked = ak_vec_at(&key->state->linked, number);
    return memcmp(linked->omni, key->omni, 32) == 0;
}

static uint64_t hash_omni(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_linked *linked = ak_vec_at(&key->state->linked, number);
    return ak_index_hash(index, 0, AK_SPAN_ARR(linked->omni));
}

void ak_state_linked_init(struct ak_state *state, const uint64_t seed[2])
{
    ak_vec_init(&state->linked, state->arena, sizeof(struct ak_linked));
    ak_index_init(&state->by_linked, state->arena, seed);
}

enum ak_err ak_state_linked_reserve(struct ak_state *state)
{
    struct key key = {.state = state};
    struct ak_index_ops ops = {same_omni, hash_omni, &key};
    AK_TRY(ak_vec_reserve(&state->linked));
    return ak_index_reserve(&state->by_linked, &ops);
}

/* Live or not. */
static uint32_t find_record(const struct ak_state *state, const uint8_t omni[32])
{
    struct key key = {state, omni};
    struct ak_index_ops ops = {same_omni, hash_omni, &key};
    return ak_index_find(&state->by_linked, ak_index_hash(&state->by_linked, 0, ak_span(omni, 32)), &ops);
}

struct ak_linked *ak_state_linked(const struct ak_state *state, const uint8_t omni[32])
{
    uint32_t number = find_record(state, omni);
    struct ak_linked *linked = number == AK_INDEX_NONE ? NULL : ak_vec_at(&state->linked, number);
    return linked && linked->live ? linked : NULL;
}

struct ak_account *ak_state_account_of(
    const struct ak_state *state, const uint8_t omni[32], uint32_t *out_number)
{
    struct ak_account *account = ak_state_account(state, omni, out_number);
    const struct ak_linked *linked = account ? NULL : ak_state_linked(state, omni);
    if (!linked) return account;
    if (out_number) *out_number = linked->account;
    return ak_state_account_at(state, linked->account);
}

struct ak_account *ak_state_identity(
    const struct ak_state *state, const uint8_t omni[32], uint32_t *out_number)
{
    struct ak_account *account = ak_state_account_of(state, omni, out_number);
    if (!account || !account->anchor_unlinked || memcmp(account->anchor, omni, 32) != 0) return account;
    if (out_number) *out_number = AK_INDEX_NONE;
    return NULL;
}

uint32_t ak_state_own_identities(const struct ak_state *state, const struct ak_account *account)
{
    uint32_t count = account->anchor_unlinked ? 0 : 1;
    for (uint32_t at = account->first_linked; at != AK_INDEX_NONE;) {
        const struct ak_linked *linked = ak_vec_at(&state->linked, at);
        count += !linked->derived;
        at = linked->next;
    }
    return count;
}

static enum ak_err new_record(struct ak_state *state, const struct ak_linked *linked, uint32_t *out_number)
{
    struct key key = {state, linked->omni};
    struct ak_index_ops ops = {same_omni, hash_omni, &key};
    struct ak_linked *fresh = ak_vec_add(&state->linked);
    *out_number = AK_INDEX_NONE;
    if (!fresh) return AK_E_FULL;
    *fresh = *linked;
    *out_number = state->linked.count - 1;
    return ak_index_add(
        &state->by_linked, hash_omni(&state->by_linked, &key, *out_number), *out_number, &ops);
}

enum ak_err ak_state_link(struct ak_state *state, const struct ak_linked *linked)
{
    struct ak_account *account = ak_state_account_at(state, linked->account);
    if (ak_state_account_of(state, linked->omni, NULL)) return AK_E_MEANING;
    if (account->linked_count >= AK_STATE_LINKED_ACCOUNT) return AK_E_MEANING;
    uint32_t number = find_record(state, linked->omni);
    if (number == AK_INDEX_NONE) AK_TRY(new_record(state, linked, &number));
    struct ak_linked *record = ak_vec_at(&state->linked, number);
    *record = *linked;
    record->live = true;
    record->next = AK_INDEX_NONE;
    if (account->last_linked == AK_INDEX_NONE)
        account->first_linked = number;
    else
        ((struct ak_linked *)ak_vec_at(&state->linked, account->last_linked))->next = number;
    account->last_linked = number;
    account->linked_count++;
    return AK_OK;
}

/* ---- entries ---- */

/* The identity with which the account was opened comes back; it has no record of its own. */
static bool returns_as_anchor(const struct ak_fold *fold)
{
    return fold->account->anchor_unlinked && memcmp(fold->entry->omni, fold->account->anchor, 32) == 0;
}

enum ak_err ak_apply_identity_linked(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_linked linked = {.account = fold->account_number,
        .derived = ak_span_eq(entry->how, AK_SPAN_LIT("derived")),
        .has_address = ak_entry_has(entry, AK_F_ADDRESS),
        .linked_ms = entry->time_ms,
        .linked_seen_ms = ak_num_sub_sat(entry->time_ms, fold->state->unseen_ms)};
    if (returns_as_anchor(fold)) {
        fold->account->anchor_unlinked = false;
        return AK_OK;
    }
    memcpy(linked.omni, entry->omni, 32);
    if (linked.has_address) memcpy(linked.address, entry->address, 20);
    AK_TRY(ak_state_intern(fold->state, entry->identity_type, &linked.identity_type));
    return ak_state_link(fold->state, &linked);
}

static void take_out(struct ak_state *state, struct ak_account *account, struct ak_linked *linked)
{
    uint32_t before = AK_INDEX_NONE;
    uint32_t *link = &account->first_linked;
    while (ak_vec_at(&state->linked, *link) != linked) {
        before = *link;
        link = &((struct ak_linked *)ak_vec_at(&state->linked, before))->next;
    }
    if (account->last_linked == *link) account->last_linked = before;
    *link = linked->next;
    linked->live = false;
    account->linked_count--;
}

enum ak_err ak_apply_identity_unlinked(struct ak_fold *fold)
{
    struct ak_account *account = fold->account;
    struct ak_linked *linked = ak_state_linked(fold->state, fold->entry->omni);
    bool last = ak_state_own_identities(fold->state, account) <= 1;
    if (linked) {
        if (linked->account != fold->account_number || (last && !linked->derived)) return AK_E_MEANING;
        take_out(fold->state, account, linked);
        return AK_OK;
    }
    if (last || account->anchor_unlinked || memcmp(account->anchor, fold->entry->omni, 32) != 0)
        return AK_E_MEANING;
    account->anchor_unlinked = true;
    return AK_OK;
}
