/* Merged refusals: an open-addressed table that belongs to one minute and is emptied whole. */
#include "core/policy/denial.h"

#include "base/assert.h"

#define MINUTE_MS UINT64_C(60000)
enum { MAX_USED = AK_DENIAL_SLOTS / 4 * 3 };

static void reset(struct ak_denial_table *table, uint64_t minute)
{
    if (table->used > 0) memset(table->slots, 0, sizeof table->slots);
    memset(&table->other, 0, sizeof table->other);
    table->used = 0;
    table->pending = 0;
    table->cursor = 0;
    if (minute > table->minute) table->minute = minute;
}

void ak_denial_init(struct ak_denial_table *table)
{
    memset(table, 0, sizeof *table);
}

/* The slot of (ref, rule), or the free one where it belongs; MAX_USED keeps some free. */
static struct ak_denial_slot *slot_of(struct ak_denial_table *table, uint64_t ref, enum ak_rule rule)
{
    uint64_t hash = (ref * 16 + (uint64_t)rule) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
        struct ak_denial_slot *slot = &table->slots[i % AK_DENIAL_SLOTS];
        if (slot->rule == 0 || (slot->ref == ref && slot->rule == rule)) return slot;
    }
}

static void count_further(struct ak_denial_table *table, struct ak_denial_slot *slot, uint64_t now_ms)
{
    if (slot->further == 0) table->pending++;
    if (slot->further < UINT32_MAX) slot->further++;
    slot->last_ms = now_ms;
}

bool ak_denial_note(struct ak_denial_table *table, uint64_t ref, enum ak_rule rule, uint64_t now_ms)
{
    ak_assert(rule > AK_RULE_NONE && rule < AK_RULE_COUNT && ref != AK_DENIAL_REF_OTHER);
    uint64_t minute = now_ms / MINUTE_MS;
    if (minute > table->minute && table->pending == 0) reset(table, minute);
    struct ak_denial_slot *slot = slot_of(table, ref, rule);
    if (slot->rule != 0) {
        count_further(table, slot, now_ms);
        return false;
    }
    if (table->used >= MAX_USED || minute > table->minute) {
        count_further(table, &table->other, now_ms);
        return false;
    }
    *slot = (struct ak_denial_slot){.ref = ref, .last_ms = now_ms, .rule = (uint8_t)rule};
    table->used++;
    return true;
}

static void give(struct ak_denial_table *table, struct ak_denial_slot *slot, struct ak_denial_due *out_due)
{
    *out_due = (struct ak_denial_due){slot->rule != 0 ? slot->ref : AK_DENIAL_REF_OTHER,
        (enum ak_rule)slot->rule, table->minute * MINUTE_MS, slot->last_ms, slot->further};
    slot->further = 0;
    table->pending--;
}

bool ak_denial_next_due(
    struct ak_denial_table *table, uint64_t now_ms, bool all, struct ak_denial_due *out_due)
{
    *out_due = (struct ak_denial_due){0};
    uint64_t minute = now_ms / MINUTE_MS;
    if (!all && minute <= table->minute) return false;
    if (table->other.further > 0) {
        give(table, &table->other, out_due);
        return true;
    }
    for (; table->pending > 0; table->cursor++) {
        struct ak_denial_slot *slot = &table->slots[table->cursor % AK_DENIAL_SLOTS];
        if (slot->further == 0) continue;
        give(table, slot, out_due);
        return true;
    }
    reset(table, minute);
    return false;
}
