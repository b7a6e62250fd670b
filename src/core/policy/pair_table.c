/* The pending pair requests: a plain array, looked through whole, so that time tells nothing about codes. */
#include "base/assert.h"
#include "base/ct.h"
#include "base/num.h"
#include "core/policy/pairing.h"

void ak_pair_table_init(struct ak_pair_table *table, struct ak_pair_slot *slots, uint32_t cap)
{
    ak_assert(cap <= AK_LIMIT_PAIR_PENDING);
    *table = (struct ak_pair_table){slots, cap, 0};
    if (cap > 0) memset(slots, 0, cap * sizeof *slots);
}

static bool live(const struct ak_pair_slot *slot, uint64_t now_ms)
{
    return slot->state != AK_PAIR_FREE && now_ms < slot->expires_ms;
}

void ak_pair_table_drop(struct ak_pair_table *table, uint32_t slot)
{
    if (slot >= table->cap || table->slots[slot].state == AK_PAIR_FREE) return;
    memset(&table->slots[slot], 0, sizeof table->slots[slot]);
    table->live--;
}

/* Drops what has expired; finds a free slot (cap where there is none) and what stands in the way. */
static enum ak_err survey(struct ak_pair_table *table, const uint8_t id[16], const struct ak_pair_code *code,
    uint64_t source, uint64_t now_ms, uint32_t *out_free)
{
    uint32_t of_source = 0, of_net = 0;
    bool taken = false;
    *out_free = table->cap;
    for (uint32_t i = 0; i < table->cap; i++) {
        const struct ak_pair_slot *slot = &table->slots[i];
        if (!live(slot, now_ms)) {
            ak_pair_table_drop(table, i);
            if (*out_free == table->cap) *out_free = i;
            continue;
        }
        of_source += slot->source == source;
        of_net += slot->source >> 32 == source >> 32;
        if (ak_pair_code_eq(&slot->code, code)) taken = true;
        if (ak_ct_eq(AK_SPAN_ARR(slot->id), ak_span(id, 16))) taken = true;
    }
    if (of_source >= AK_LIMIT_PAIR_PENDING_SOURCE || of_net >= AK_LIMIT_PAIR_PENDING_NET) return AK_E_LIMIT;
    if (*out_free == table->cap) return AK_E_FULL;
    return taken ? AK_E_EXISTS : AK_OK;
}

enum ak_err ak_pair_table_add(struct ak_pair_table *table, const uint8_t id[16],
    const struct ak_pair_code *code, uint64_t source, uint64_t now_ms, uint32_t *out_slot)
{
    *out_slot = UINT32_MAX;
    uint32_t free_slot = 0;
    AK_TRY(survey(table, id, code, source, now_ms, &free_slot));
    struct ak_pair_slot *slot = &table->slots[free_slot];
    memcpy(slot->id, id, sizeof slot->id);
    slot->code = *code;
    slot->source = source;
    slot->expires_ms = ak_num_add_sat(now_ms, AK_PAIR_LIFETIME_MS);
    slot->state = AK_PAIR_PENDING;
    table->live++;
    *out_slot = free_slot;
    return AK_OK;
}

enum ak_err ak_pair_table_by_code(
    const struct ak_pair_table *table, const struct ak_pair_code *code, uint64_t now_ms, uint32_t *out_slot)
{
    *out_slot = UINT32_MAX;
    for (uint32_t i = 0; i < table->cap; i++) {
        bool same = ak_pair_code_eq(&table->slots[i].code, code);
        if (same && live(&table->slots[i], now_ms)) *out_slot = i;
    }
    return *out_slot == UINT32_MAX ? AK_E_NOT_FOUND : AK_OK;
}

enum ak_err ak_pair_table_by_id(
    const struct ak_pair_table *table, const uint8_t id[16], uint64_t now_ms, uint32_t *out_slot)
{
    *out_slot = UINT32_MAX;
    for (uint32_t i = 0; i < table->cap; i++) {
        bool same = ak_ct_eq(AK_SPAN_ARR(table->slots[i].id), ak_span(id, 16));
        if (same && live(&table->slots[i], now_ms)) *out_slot = i;
    }
    return *out_slot == UINT32_MAX ? AK_E_NOT_FOUND : AK_OK;
}

enum ak_err ak_pair_table_answer(
    struct ak_pair_table *table, uint32_t slot, enum ak_pair_state answer, uint64_t now_ms)
{
    if (answer != AK_PAIR_APPROVED && answer != AK_PAIR_REFUSED) return AK_E_ARG;
    if (slot >= table->cap || table->slots[slot].state == AK_PAIR_FREE) return AK_E_NOT_FOUND;
    if (!live(&table->slots[slot], now_ms)) return AK_E_EXPIRED;
    if (table->slots[slot].state != AK_PAIR_PENDING) return AK_E_CONFLICT;
    table->slots[slot].state = answer;
    return AK_OK;
}
