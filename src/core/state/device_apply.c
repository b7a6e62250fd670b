/* What entries do to devices, to changes that wait, and to the recovery code. */
#include "base/num.h"
#include "core/state/apply.h"

/* What the account's records say of a device that is to be enrolled. */
struct records {
    uint32_t count;
    bool was_here;   /* it was enrolled before and removed: its sessions of that time stay over */
    uint32_t oldest; /* of those removed the one enrolled first */
};

static struct records look_at_devices(struct ak_fold *fold, const uint8_t thumbprint[32])
{
    struct records records = {.oldest = AK_INDEX_NONE};
    uint64_t oldest_ms = 0;
    for (uint32_t at = fold->account->first_device; at != AK_INDEX_NONE; records.count++) {
        const struct ak_device *device = ak_vec_at(&fold->state->devices, at);
        bool first = records.oldest == AK_INDEX_NONE || device->enrolled_ms < oldest_ms ||
                     (device->enrolled_ms == oldest_ms && at < records.oldest);
        if (memcmp(device->thumbprint, thumbprint, 32) == 0) records.was_here = true;
        if (device->removed && first) {
            records.oldest = at;
            oldest_ms = device->enrolled_ms;
        }
        at = device->next;
    }
    return records;
}

static struct ak_device *add_device(struct ak_fold *fold)
{
    struct ak_device *device = ak_vec_add(&fold->state->devices);
    if (!device) return NULL;
    device->next = fold->account->first_device;
    fold->account->first_device = fold->state->devices.count - 1;
    return device;
}

/* A device that comes and goes again and again takes no more memory, and no more time to look through. The
 * record that gives way may be of any device that was removed, so none that comes from then on has sessions
 * from before. */
static struct ak_device *take_device(
    struct ak_fold *fold, const uint8_t thumbprint[32], bool *out_had_sessions)
{
    struct records records = look_at_devices(fold, thumbprint);
    bool full = records.count >= AK_STATE_DEVICES_ACCOUNT;
    *out_had_sessions = records.was_here || full;
    if (!full) return add_device(fold);
    struct ak_device *device = ak_vec_at(&fold->state->devices, records.oldest);
    *device = (struct ak_device){.next = device->next, .name = device->name, .name_cap = device->name_cap};
    return device;
}

static enum ak_err keep_name(struct ak_fold *fold, struct ak_device *device, struct ak_span name)
{
    if (name.len > device->name_cap) {
        device->name_cap = (uint8_t)name.len;
        return ak_arena_copy(fold->state->arena, name, &device->name);
    }
    uint8_t *memory = (uint8_t *)(uintptr_t)device->name.ptr;
    if (name.len) memcpy(memory, name.ptr, name.len);
    device->name.len = name.len;
    return AK_OK;
}

/* Takes it out of the account's list, so that lists stay short whatever was started and cancelled. */
static void end_waiting(struct ak_fold *fold, struct ak_waiting *waiting)
{
    uint32_t *link = &fold->account->first_waiting;
    while (ak_vec_at(&fold->state->waiting, *link) != waiting)
        link = &((struct ak_waiting *)ak_vec_at(&fold->state->waiting, *link))->next;
    uint32_t number = *link;
    *link = waiting->next;
    ak_state_free_waiting(fold->state, number);
    fold->account->waiting_count--;
}

/* However a device came, it recovers the account no more: a wait that is over would let it in at once when
 * it was removed. */
static void end_recoveries(struct ak_fold *fold, const uint8_t thumbprint[32])
{
    static const uint8_t kinds[] = {AK_RECOVERY_SIGN_IN, AK_RECOVERY_SIGN_IN_CODE, AK_RECOVERY_SIGN_IN_TWO};
    for (size_t i = 0; i < AK_COUNT(kinds); i++) {
        struct ak_waiting *waiting = ak_state_waiting(fold->state, fold->account, kinds[i], thumbprint);
        if (waiting) end_waiting(fold, waiting);
    }
}

enum ak_err ak_apply_device_enrolled(struct ak_fold *fold)
{
    if (ak_state_device(fold->state, fold->account, fold->entry->device)) return AK_E_MEANING;
    if (fold->account->device_count >= AK_LIMIT_DEVICES) return AK_E_MEANING;
    bool had_sessions = false;
    struct ak_device *device = take_device(fold, fold->entry->device, &had_sessions);
    if (!device) return AK_E_FULL;
    device->recovered =
        fold->account->device_count > 0 && memcmp(fold->entry->actor, fold->entry->device, 32) == 0;
    if (had_sessions) device->sessions_after_ms = fold->entry->time_ms;
    device->account = fold->account_number;
    memcpy(device->thumbprint, fold->entry->device, 32);
    device->enrolled_ms = fold->entry->time_ms;
    device->enrolled_seen_ms = ak_num_sub_sat(fold->entry->time_ms, fold->state->unseen_ms);
    fold->account->device_count++;
    end_recoveries(fold, fold->entry->device);
    return keep_name(fold, device, fold->entry->name);
}

enum ak_err ak_apply_device_removed(struct ak_fold *fold)
{
    struct ak_device *device = ak_state_device(fold->state, fold->account, fold->entry->device);
    if (!device || fold->account->device_count <= 1) return AK_E_MEANING;
    device->removed = true;
    fold->account->device_count--;
    static const uint8_t kinds[] = {AK_RECOVERY_DEVICE_REMOVE, AK_RECOVERY_CODE};
    for (size_t i = 0; i < AK_COUNT(kinds); i++) { /* nothing waits for it any more, nor does it */
        struct ak_waiting *waiting =
            ak_state_waiting(fold->state, fold->account, kinds[i], fold->entry->device);
        if (waiting) end_waiting(fold, waiting);
    }
    return AK_OK;
}

enum ak_err ak_apply_recovery_started(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    if (ak_state_waiting(fold->state, fold->account, entry->what, entry->device)) return AK_E_MEANING;
    if (fold->account->waiting_count >= AK_STATE_WAITING_ACCOUNT) return AK_E_MEANING;
    uint32_t number = ak_state_new_waiting(fold->state);
    if (number == AK_INDEX_NONE) return AK_E_FULL;
    struct ak_waiting *waiting = ak_vec_at(&fold->state->waiting, number);
    waiting->next = fold->account->first_waiting;
    waiting->what = (uint8_t)entry->what;
    memcpy(waiting->device, entry->device, 32);
    memcpy(waiting->started_by, entry->actor, 32);
    waiting->ready_at_ms = entry->ready_at_ms;
    fold->account->first_waiting = number;
    fold->account->waiting_count++;
    return AK_OK;
}

enum ak_err ak_apply_recovery_seen(struct ak_fold *fold)
{
    struct ak_waiting *waiting =
        ak_state_waiting(fold->state, fold->account, fold->entry->what, fold->entry->device);
    if (!waiting || fold->entry->ready_at_ms >= waiting->ready_at_ms) return AK_E_MEANING;
    waiting->ready_at_ms = fold->entry->ready_at_ms;
    return AK_OK;
}

enum ak_err ak_apply_recovery_over(struct ak_fold *fold)
{
    struct ak_waiting *waiting =
        ak_state_waiting(fold->state, fold->account, fold->entry->what, fold->entry->device);
    if (!waiting) return AK_E_MEANING;
    end_waiting(fold, waiting);
    return AK_OK;
}

static void end_renewals(struct ak_fold *fold)
{
    for (uint32_t at = fold->account->first_waiting; at != AK_INDEX_NONE;) {
        struct ak_waiting *waiting = ak_vec_at(&fold->state->waiting, at);
        at = waiting->next;
        if (waiting->what == AK_RECOVERY_CODE) end_waiting(fold, waiting);
    }
}

/* A code is used once: what comes in its place, or nothing. */
enum ak_err ak_apply_recovery_code_set(struct ak_fold *fold)
{
    struct ak_account *account = fold->account;
    account->has_recovery = ak_entry_has(fold->entry, AK_F_RECOVERY_HASH);
    memset(account->recovery_hash, 0, sizeof account->recovery_hash);
    if (account->has_recovery) memcpy(account->recovery_hash, fold->entry->recovery_hash, 32);
    end_renewals(fold); /* there is another one already */
    return AK_OK;
}
