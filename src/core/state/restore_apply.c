/* What a restored log begins with: agents suspended, sessions ended, buckets empty, nothing waiting. */
#include "core/state/apply.h"

#include "base/num.h"
#include "core/policy/bucket.h"

/* Every session ends, also one issued in this very second; and how long a device has been there is not known
 * any more. */
static void restore_devices(struct ak_fold *fold)
{
    uint64_t now_ms = fold->entry->time_ms;
    for (uint32_t i = 0; i < fold->state->devices.count; i++) {
        struct ak_device *device = ak_vec_at(&fold->state->devices, i);
        device->sessions_after_ms = (now_ms / 1000 + 1) * 1000;
        device->enrolled_seen_ms = ak_num_sub_sat(now_ms, fold->state->unseen_ms);
    }
}

static void restore_accounts(struct ak_fold *fold)
{
    for (uint32_t i = 0; i < fold->state->accounts.count; i++) {
        struct ak_account *account = ak_state_account_at(fold->state, i);
        while (account->first_waiting != AK_INDEX_NONE) {
            uint32_t number = account->first_waiting;
            account->first_waiting = ((struct ak_waiting *)ak_vec_at(&fold->state->waiting, number))->next;
            ak_state_free_waiting(fold->state, number);
        }
        account->waiting_count = 0;
    }
}

enum ak_err ak_apply_state_restored(struct ak_fold *fold)
{
    struct ak_state *state = fold->state;
    for (uint32_t i = 0; i < state->paths.count; i++) {
        struct ak_path_state *path = ak_state_path_at(state, i);
        if (!(path->flags & AK_PATH_DECOMMISSIONED)) path->flags |= AK_PATH_SUSPENDED;
    }
    restore_devices(fold);
    restore_accounts(fold);
    uint64_t seen_ms = ak_num_sub_sat(fold->entry->time_ms, state->unseen_ms);
    state->floor_us = ak_bucket_floor(ak_num_mul_sat(seen_ms, 1000));
    return AK_OK;
}
