/* Linear probing over pointers; a full half doubles the slots and leaves the old ones to the arena. */
#include "audit/accounts.h"

enum { SLOTS_FIRST = 64 };

/* Multiplies to twice the width and folds: each bit of the input reaches all bits of the result. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(uint64_t seed, const uint8_t anchor[32])
{
    uint64_t word[4];
    memcpy(word, anchor, sizeof word);
    uint64_t low = fold(word[0] ^ seed, word[1] ^ 0x9e3779b97f4a7c15u);
    uint64_t high = fold(word[2] ^ ~seed, word[3] ^ 0xc2b2ae3d27d4eb4fu);
    return fold(low ^ seed, high ^ 0x165667b19e3779f9u);
}

void ak_audit_accounts_init(struct ak_audit_accounts *accounts, struct ak_arena *arena, uint64_t seed)
{
    *accounts = (struct ak_audit_accounts){.arena = arena, .seed = seed};
}

/* The slot that holds `anchor`, or the free one where it belongs. */
static struct ak_audit_account **find(const struct ak_audit_accounts *accounts, const uint8_t anchor[32])
{
    size_t mask = accounts->slot_count - 1, at = hash(accounts->seed, anchor) & mask;
    while (accounts->slots[at] && memcmp(accounts->slots[at]->anchor, anchor, 32) != 0) at = (at + 1) & mask;
    return &accounts->slots[at];
}

static enum ak_err grow(struct ak_audit_accounts *accounts)
{
    struct ak_audit_accounts larger = *accounts;
    larger.slot_count = accounts->slot_count > 0 ? 2 * accounts->slot_count : SLOTS_FIRST;
    larger.slots = ak_arena_alloc(accounts->arena, larger.slot_count * sizeof(struct ak_audit_account *));
    if (!larger.slots) return AK_E_FULL;
    for (size_t i = 0; i < accounts->slot_count; i++) {
        if (accounts->slots[i]) *find(&larger, accounts->slots[i]->anchor) = accounts->slots[i];
    }
    *accounts = larger;
    return AK_OK;
}

enum ak_err ak_audit_accounts_get(
    struct ak_audit_accounts *accounts, const uint8_t anchor[32], struct ak_audit_account **out_account)
{
    *out_account = NULL;
    if (2 * accounts->count >= accounts->slot_count) AK_TRY(grow(accounts));
    struct ak_audit_account **slot = find(accounts, anchor);
    if (!*slot) {
        *slot = ak_arena_alloc(accounts->arena, sizeof **slot);
        if (!*slot) return AK_E_FULL;
        memcpy((*slot)->anchor, anchor, sizeof(*slot)->anchor);
        accounts->count++;
    }
    *out_account = *slot;
    return AK_OK;
}
