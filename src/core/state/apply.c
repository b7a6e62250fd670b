/* The fold: one function an entry type, chosen by a table. What an entry may change is all here. */
#include "core/state/apply.h"
#include "core/state/identity_state.h"
#include "core/state/vault_state.h"

#include "base/num.h"
#include "core/policy/bucket.h"
#include "core/policy/logic_time.h"

static enum ak_err nothing(struct ak_fold *fold)
{
    (void)fold;
    return AK_OK;
}

static enum ak_err ledger_opened(struct ak_fold *fold)
{
    if (fold->state->opened) return AK_E_MEANING;
    fold->state->opened = true;
    return AK_OK;
}

static enum ak_err root_created(struct ak_fold *fold)
{
    if (fold->entry->root_version != (uint64_t)fold->state->root_version + 1) return AK_E_MEANING;
    fold->state->root_version++;
    return AK_OK;
}

static enum ak_err account_opened(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    if (fold->account || memcmp(entry->omni, entry->anchor, 32) != 0) return AK_E_MEANING;
    if (ak_state_linked(fold->state, entry->omni)) return AK_E_MEANING;
    struct ak_account *account = ak_vec_add(&fold->state->accounts);
    if (!account) return AK_E_FULL;
    memcpy(account->anchor, entry->anchor, 32);
    memcpy(account->home_wallet, entry->home_wallet, 20);
    account->has_recovery = ak_entry_has(entry, AK_F_RECOVERY_HASH);
    if (account->has_recovery) memcpy(account->recovery_hash, entry->recovery_hash, 32);
    account->root_version = fold->state->root_version;
    account->opened_ms = entry->time_ms;
    ak_account_init_lists(account);
    AK_TRY(ak_state_intern(fold->state, entry->identity_type, &account->identity_type));
    fold->account = account;
    fold->account_number = fold->state->accounts.count - 1;
    AK_TRY(ak_state_index_wallet(fold->state, fold->account_number));
    return ak_state_index_account(fold->state, fold->account_number);
}

static enum ak_err account_suspended(struct ak_fold *fold)
{
    fold->account->suspended = true;
    ak_apply_ask_rotation(fold);
    return AK_OK;
}

static enum ak_err account_resumed(struct ak_fold *fold)
{
    fold->account->suspended = false;
    return AK_OK;
}

static enum ak_err set_policy(struct ak_fold *fold, struct ak_path_state *path, bool first)
{
    if (ak_entry_has(fold->entry, AK_F_VALID_UNTIL_HEIGHT)) return AK_E_MEANING; /* not built */
    AK_TRY(ak_state_set_scope(fold->state, path, fold->entry->scope, first));
    path->rate = (uint16_t)fold->entry->rate;
    path->valid_until_ms = ak_entry_has(fold->entry, AK_F_VALID_UNTIL_MS) ? fold->entry->valid_until_ms : 0;
    return AK_OK;
}

static enum ak_err path_activated(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_account *account = fold->account;
    struct ak_span label;
    if (ak_state_path(fold->state, fold->account_number, entry->label, NULL)) return AK_E_MEANING;
    if (entry->generation != 0 || account->path_count >= AK_STATE_PATHS_ACCOUNT) return AK_E_MEANING;
    uint32_t number = fold->state->paths.count;
    struct ak_path_state *path = ak_vec_add(&fold->state->paths);
    if (!path) return AK_E_FULL;
    AK_TRY(ak_arena_copy(fold->state->arena, entry->label, &label));
    path->label = label.ptr;
    path->label_len = (uint8_t)label.len;
    path->account = fold->account_number;
    path->next = AK_INDEX_NONE;
    path->root_version = (uint32_t)entry->root_version;
    memcpy(path->device, entry->device, 32);
    memcpy(path->address, entry->address, 20);
    AK_TRY(set_policy(fold, path, true));
    if (account->last_path == AK_INDEX_NONE)
        account->first_path = number;
    else
        ak_state_path_at(fold->state, account->last_path)->next = number;
    account->last_path = number;
    account->path_count++;
    return ak_state_index_path(fold->state, number);
}

/* The path an entry names; a decommissioned one takes no further change (I6). */
static struct ak_path_state *live_path(struct ak_fold *fold)
{
    struct ak_path_state *path = ak_state_path(fold->state, fold->account_number, fold->entry->label, NULL);
    return path && !(path->flags & AK_PATH_DECOMMISSIONED) ? path : NULL;
}

static enum ak_err policy_changed(struct ak_fold *fold)
{
    struct ak_path_state *path = live_path(fold);
    return path ? set_policy(fold, path, false) : AK_E_MEANING;
}

static enum ak_err path_flag(struct ak_fold *fold, uint8_t set, uint8_t clear)
{
    struct ak_path_state *path = live_path(fold);
    if (!path || path->generation != fold->entry->generation) return AK_E_MEANING;
    path->flags = (uint8_t)((path->flags | set) & ~clear);
    return AK_OK;
}

static enum ak_err path_suspended(struct ak_fold *fold)
{
    ak_apply_ask_rotation(fold);
    return path_flag(fold, AK_PATH_SUSPENDED, 0);
}

static enum ak_err path_resumed(struct ak_fold *fold)
{
    return path_flag(fold, 0, AK_PATH_SUSPENDED);
}

static enum ak_err path_decommissioned(struct ak_fold *fold)
{
    ak_apply_ask_rotation(fold);
    return path_flag(fold, AK_PATH_DECOMMISSIONED, 0);
}

static enum ak_err path_rotated(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_path_state *path = live_path(fold);
    if (!path || entry->from != path->generation || entry->to != entry->from + 1) return AK_E_MEANING;
    path->generation = (uint32_t)entry->to;
    memcpy(path->address, entry->address, 20);
    if (ak_entry_has(entry, AK_F_DEVICE)) memcpy(path->device, entry->device, 32);
    path->flags &= (uint8_t)~AK_PATH_POINTS;
    return AK_OK;
}

static enum ak_err snapshot(struct ak_fold *fold)
{
    fold->state->snapshot_size = fold->entry->size;
    memcpy(fold->state->snapshot_hash, fold->entry->hash, 32);
    return AK_OK;
}

static enum ak_err use_counted(struct ak_fold *fold)
{
    if (!ak_entry_has(fold->entry, AK_F_TAT_US)) return AK_OK;
    /* a statement of lineage names the agent, but a session asked for it */
    bool lineage = ak_span_eq(fold->entry->operation, AK_SPAN_LIT("lineage"));
    if (lineage || !ak_entry_has(fold->entry, AK_F_LABEL)) {
        fold->account->tat_us = fold->entry->tat_us;
        return AK_OK;
    }
    struct ak_path_state *path = live_path(fold);
    if (!path) return AK_E_MEANING;
    path->tat_us = fold->entry->tat_us;
    return AK_OK;
}

static enum ak_err creds_read(struct ak_fold *fold)
{
    AK_TRY(use_counted(fold));
    return ak_apply_creds_read(fold);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A use like others, and until when it can matter: for the answer of a suspend, and for the key it is of. */
static enum ak_err oidc_minted(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_account *account = fold->account;
    AK_TRY(use_counted(fold));
    account->mint_tat_us = entry->mint_tat_us;
    account->cloud_until_ms = later(account->cloud_until_ms, entry->valid_until_ms);
    fold->state->minted_until_ms = later(fold->state->minted_until_ms, entry->expires_at_ms);
    if (!ak_entry_has(entry, AK_F_LABEL)) return AK_OK;
    struct ak_path_state *path = live_path(fold);
    if (!path) return AK_E_MEANING;
    path->cloud_until_ms = later(path->cloud_until_ms, entry->valid_until_ms);
    return AK_OK;
}

static enum ak_err issuer_key_rotated(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    if (entry->from != fold->state->issuer_version || entry->to != entry->from + 1) return AK_E_MEANING;
    fold->state->issuer_version = (uint32_t)entry->to;
    fold->state->issuer_previous_until_ms = entry->expires_at_ms;
    return AK_OK;
}

static enum ak_err trust_changed(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_state *state = fold->state;
    struct ak_trust trust, before;
    uint8_t hash[32];
    if (state->trust_size && memcmp(entry->old_config, state->trust_config, 32) != 0) return AK_E_MEANING;
    if (ak_trust_parse(entry->trust, &trust) != AK_OK) return AK_E_MEANING;
    if (ak_trust_parse(ak_span(state->trust, state->trust_len), &before) == AK_OK &&
        ak_trust_providers_follow(&before, &trust) != AK_OK)
        return AK_E_MEANING;
    ak_trust_hash(entry->trust, hash);
    if (memcmp(hash, entry->config, 32) != 0) return AK_E_MEANING;
    memcpy(state->trust, entry->trust.ptr, entry->trust.len);
    state->trust_len = entry->trust.len;
    memcpy(state->trust_config, hash, 32);
    state->trust_size = fold->ref->index + 1;
    return AK_OK;
}

static enum ak_err session_ended(struct ak_fold *fold)
{
    struct ak_device *device = ak_state_device(fold->state, fold->account, fold->entry->device);
    if (!device) return AK_E_MEANING;
    /* a session issued in the second of a logout bears the next one: end that, too */
    uint64_t newest_ms = (device->sessions_after_ms / 1000 + 1) * 1000;
    uint64_t now_ms = fold->entry->time_ms;
    device->sessions_after_ms = newest_ms > now_ms ? newest_ms : now_ms;
    return AK_OK;
}

static enum ak_err worker_started(struct ak_fold *fold)
{
    struct ak_state *state = fold->state;
    state->unseen_ms += ak_logic_time_gap(state->last_ms, fold->entry->time_ms);
    if (!fold->entry->clean)
        state->floor_us =
            ak_bucket_floor(ak_num_mul_sat(ak_num_sub_sat(fold->entry->time_ms, state->unseen_ms), 1000));
    return AK_OK;
}

static ak_apply *const by_type[AK_ENTRY_USE_END] = {
    [AK_ENTRY_LEDGER_OPENED] = ledger_opened,
    [AK_ENTRY_ROOT_CREATED] = root_created,
    [AK_ENTRY_ACCOUNT_OPENED] = account_opened,
    [AK_ENTRY_ACCOUNT_SUSPENDED] = account_suspended,
    [AK_ENTRY_ACCOUNT_RESUMED] = account_resumed,
    [AK_ENTRY_IDENTITY_LINKED] = ak_apply_identity_linked,
    [AK_ENTRY_IDENTITY_UNLINKED] = ak_apply_identity_unlinked,
    [AK_ENTRY_STATE_RESTORED] = ak_apply_state_restored,
    [AK_ENTRY_DEVICE_ENROLLED] = ak_apply_device_enrolled,
    [AK_ENTRY_DEVICE_REMOVED] = ak_apply_device_removed,
    [AK_ENTRY_RECOVERY_STARTED] = ak_apply_recovery_started,
    [AK_ENTRY_RECOVERY_CANCELLED] = ak_apply_recovery_over,
    [AK_ENTRY_RECOVERY_DONE] = ak_apply_recovery_over,
    [AK_ENTRY_RECOVERY_SEEN] = ak_apply_recovery_seen,
    [AK_ENTRY_RECOVERY_CODE_SET] = ak_apply_recovery_code_set,
    [AK_ENTRY_PATH_ACTIVATED] = path_activated,
    [AK_ENTRY_POLICY_CHANGED] = policy_changed,
    [AK_ENTRY_PATH_SUSPENDED] = path_suspended,
    [AK_ENTRY_PATH_RESUMED] = path_resumed,
    [AK_ENTRY_PATH_ROTATED] = path_rotated,
    [AK_ENTRY_PATH_DECOMMISSIONED] = path_decommissioned,
    [AK_ENTRY_SNAPSHOT] = snapshot,
    [AK_ENTRY_EPOCH_ROTATED] = ak_apply_epoch_rotated,
    [AK_ENTRY_EPOCH_DESTROYED] = ak_apply_epoch_destroyed,
    [AK_ENTRY_SERVICE_DEFINED] = ak_apply_service_defined,
    [AK_ENTRY_BLOB_WRITTEN] = ak_apply_blob_written,
    [AK_ENTRY_BLOB_MOVED] = ak_apply_blob_moved,
    [AK_ENTRY_BLOB_DELETED] = ak_apply_blob_deleted,
    [AK_ENTRY_ISSUER_KEY_ROTATED] = issuer_key_rotated,
    [AK_ENTRY_TRUST_CHANGED] = trust_changed,
    [AK_ENTRY_SESSION_ISSUED] = nothing,
    [AK_ENTRY_SESSION_ENDED] = session_ended,
    [AK_ENTRY_AGENT_TOKEN_ISSUED] = use_counted,
    [AK_ENTRY_MESSAGE_SIGNED] = use_counted,
    [AK_ENTRY_CREDS_READ] = creds_read,
    [AK_ENTRY_BLOB_REFUSED] = ak_apply_blob_refused,
    [AK_ENTRY_DENIED] = nothing,
    [AK_ENTRY_CLOCK_STEPPED] = nothing,
    [AK_ENTRY_WORKER_STARTED] = worker_started,
    [AK_ENTRY_OIDC_MINTED] = oidc_minted,
};

/* The account's chain: numbers without a gap, each naming the hash of the one before. */
static enum ak_err check_chain(const struct ak_account *account, const struct ak_entry *entry)
{
    static const uint8_t first[32];
    const uint8_t *expected = account ? account->last_leaf : first;
    uint64_t seq = account ? account->seq + 1 : 1;
    return entry->seq == seq && memcmp(entry->prev_leaf, expected, 32) == 0 ? AK_OK : AK_E_MEANING;
}

static void remember_idempotent(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_state *state = fold->state;
    struct ak_idempotent *one = &state->idempotent[state->idempotent_next];
    *one = (struct ak_idempotent){
        .account = fold->account_number, .time_ms = entry->time_ms, .index = fold->ref->index};
    memcpy(one->key_hash, entry->idempotency_hash, 32);
    memcpy(one->leaf, fold->ref->leaf, 32);
    one->call_len = (uint8_t)entry->idempotency_call.len;
    if (one->call_len) memcpy(one->call, entry->idempotency_call.ptr, one->call_len);
    state->idempotent_next = (state->idempotent_next + 1) % AK_STATE_IDEMPOTENT;
    if (state->idempotent_count < AK_STATE_IDEMPOTENT) state->idempotent_count++;
}

enum ak_err ak_state_apply(
    struct ak_state *state, const struct ak_entry_ref *ref, const struct ak_entry *entry)
{
    struct ak_fold fold = {.state = state, .entry = entry, .ref = ref, .account_number = AK_INDEX_NONE};
    if (entry->has_anchor) {
        fold.account = ak_state_account(state, entry->anchor, &fold.account_number);
        if (!fold.account && entry->type != AK_ENTRY_ACCOUNT_OPENED) return AK_E_MEANING;
        AK_TRY(check_chain(fold.account, entry));
    }
    ak_apply *apply = (unsigned)entry->type < AK_ENTRY_USE_END ? by_type[entry->type] : NULL;
    if (!apply && !entry->unknown_use) return AK_E_MEANING;
    if (apply) AK_TRY(apply(&fold));
    if (fold.account) {
        fold.account->seq = entry->seq;
        memcpy(fold.account->last_leaf, ref->leaf, 32);
        if (entry->has_idempotency) remember_idempotent(&fold);
    }
    state->control_count += ak_entry_is_control(entry->type);
    state->last_ms = entry->time_ms;
    return AK_OK;
}
