/* A state alone, which entries are put into as a ledger would, with what such entries need beside. */
#ifndef AK_TESTS_UNIT_ENGINE_STATE_BOX_H
#define AK_TESTS_UNIT_ENGINE_STATE_BOX_H

#include "unit/check.h"
#include "unit/heap_hooks.h"

#include "core/state/identity_state.h"

struct box {
    struct ak_arena arena;
    struct ak_state state;
    uint64_t index;
    uint8_t anchor[32];
};

static inline void open_box(struct box *box)
{
    static const uint64_t seed[2] = {1, 2};
    memset(box, 0, sizeof *box);
    ak_arena_init(&box->arena, ak_test_heap_hooks(), (size_t)64 << 20);
    assert_int_equal(ak_state_init(&box->state, &box->arena, seed), AK_OK);
    memset(box->anchor, 0xaa, 32);
}

static inline enum ak_err put(struct box *box, struct ak_entry *entry)
{
    struct ak_entry_ref ref = {.index = box->index++};
    const struct ak_entry_type_info *info = ak_entry_type_info(entry->type);
    memset(ref.leaf, (int)(box->index % 250 + 1), 32);
    if (info) entry->present |= info->required;
    if (info && info->account) {
        const struct ak_account *account = ak_state_account(&box->state, box->anchor, NULL);
        entry->has_anchor = true;
        memcpy(entry->anchor, box->anchor, 32);
        if (!entry->seq) entry->seq = account ? account->seq + 1 : 1;
        if (account) memcpy(entry->prev_leaf, account->last_leaf, 32);
    }
    if (!entry->time_ms) entry->time_ms = box->state.last_ms + 1;
    return ak_state_apply(&box->state, &ref, entry);
}

static inline struct ak_entry of(enum ak_entry_type type)
{
    return (struct ak_entry){.type = type};
}

static inline struct ak_entry labelled(enum ak_entry_type type, const char *label, uint64_t generation)
{
    struct ak_entry entry = {.type = type, .label = ak_span_str(label), .generation = generation, .rate = 5};
    memset(entry.device, 0xd1, 32);
    return entry;
}

static inline struct ak_entry device(enum ak_entry_type type, uint8_t fill)
{
    struct ak_entry entry = {.type = type, .name = AK_SPAN_LIT("x")};
    memset(entry.device, fill, 32);
    ak_entry_mark(&entry, AK_F_DEVICE);
    return entry;
}

static inline void expect(struct box *box, struct ak_entry entry, enum ak_err err)
{
    assert_int_equal(put(box, &entry), err);
}

/* A ledger with an account of one device and two agents, "a" and "gone". */
static inline void fill(struct box *box)
{
    open_box(box);
    struct ak_entry root = of(AK_ENTRY_ROOT_CREATED), opened = of(AK_ENTRY_ACCOUNT_OPENED);
    expect(box, of(AK_ENTRY_LEDGER_OPENED), AK_OK);
    root.root_version = 1;
    expect(box, root, AK_OK);
    memcpy(opened.omni, box->anchor, 32);
    opened.identity_type = AK_SPAN_LIT("email");
    expect(box, opened, AK_OK);
    expect(box, device(AK_ENTRY_DEVICE_ENROLLED, 1), AK_OK);
    expect(box, labelled(AK_ENTRY_PATH_ACTIVATED, "a", 0), AK_OK);
    expect(box, labelled(AK_ENTRY_PATH_ACTIVATED, "gone", 0), AK_OK);
    expect(box, labelled(AK_ENTRY_PATH_DECOMMISSIONED, "gone", 0), AK_OK);
}

#endif
