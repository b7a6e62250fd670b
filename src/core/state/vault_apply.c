/* The fold of the vault's entries. What they may do is here: an epoch follows its predecessor and only while
 * no third is there, a value goes into the current epoch only, a live pointer keeps its epoch (I14). */
#include "core/state/apply.h"
#include "core/state/vault_state.h"

void ak_apply_ask_rotation(struct ak_fold *fold)
{
    uint32_t number = fold->account->epoch;
    const struct ak_epoch_state *epoch = ak_state_epoch_current(fold->state, fold->account);
    if (!epoch || !epoch->used_ms) return;
    ak_epoch_list_remove(fold->state, number);
    ak_epoch_list_add(fold->state, AK_EPOCH_ASKED, number);
}

enum ak_err ak_apply_epoch_rotated(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    struct ak_account *account = fold->account;
    struct ak_epoch_state *before = ak_state_epoch_current(fold->state, account);
    if (account->old_epoch != AK_INDEX_NONE) return AK_E_MEANING; /* two are live */
    if (entry->from != (before ? before->number : 0) || entry->to != entry->from + 1) return AK_E_MEANING;
    uint32_t number = fold->state->epochs.count;
    struct ak_epoch_state *epoch = ak_vec_add(&fold->state->epochs);
    if (!epoch) return AK_E_FULL;
    *epoch = (struct ak_epoch_state){.account = fold->account_number,
        .before = account->epoch,
        .number = (uint32_t)entry->to,
        .list = AK_EPOCH_NO_LIST,
        .begun_ms = entry->time_ms};
    for (size_t part = 0; part < AK_BLOB_PARTS; part++) epoch->first[part] = AK_INDEX_NONE;
    memcpy(epoch->dek_id, entry->dek_id, 32);
    account->old_epoch = account->epoch;
    account->epoch = number;
    if (!before) return AK_OK;
    before->status = AK_EPOCH_OLD;
    before->changed_at = fold->ref->index;
    before->rotated_ms = entry->time_ms;
    ak_epoch_settle(fold->state, account->old_epoch);
    return AK_OK;
}

enum ak_err ak_apply_epoch_destroyed(struct ak_fold *fold)
{
    uint32_t number = fold->account->old_epoch;
    struct ak_epoch_state *epoch = ak_state_epoch_old(fold->state, fold->account);
    if (!epoch || epoch->number != fold->entry->epoch) return AK_E_MEANING;
    if (epoch->count[AK_BLOB_CURRENT] || epoch->count[AK_BLOB_REFUSED]) return AK_E_MEANING;
    while (epoch->first[AK_BLOB_KEPT] != AK_INDEX_NONE)
        ak_blob_drop(fold->state, epoch->first[AK_BLOB_KEPT], fold->ref->index, fold->entry->time_ms);
    epoch->status = AK_EPOCH_DESTROYED;
    epoch->destroyed_ms = fold->entry->time_ms;
    epoch->erased = fold->entry->erase != 0;
    ak_epoch_settle(fold->state, number);
    fold->account->old_epoch = AK_INDEX_NONE;
    return AK_OK;
}

/* The old epoch loses what the entry changes: its DEK must outlive that. */
static void touch_old(struct ak_fold *fold)
{
    struct ak_epoch_state *old = ak_state_epoch_old(fold->state, fold->account);
    if (old) old->changed_at = fold->ref->index;
}

/* The credential that an entry names; NULL where the account has none of this name at this path. */
static struct ak_credential_state *find_credential(
    struct ak_fold *fold, bool has_label, struct ak_span label, uint32_t *out_number, uint32_t *out_path)
{
    *out_path = *out_number = AK_INDEX_NONE;
    if (has_label && !ak_state_path(fold->state, fold->account_number, label, out_path)) return NULL;
    return ak_state_credential(
        fold->state, fold->account_number, *out_path, fold->entry->credential, out_number);
}

static struct ak_credential_state *named_credential(struct ak_fold *fold, uint32_t *out_number)
{
    uint32_t path = AK_INDEX_NONE;
    return find_credential(
        fold, ak_entry_has(fold->entry, AK_F_LABEL), fold->entry->label, out_number, &path);
}

static enum ak_err add_credential(struct ak_fold *fold, uint32_t path, uint32_t *out_number)
{
    struct ak_account *account = fold->account;
    struct ak_span service;
    if (account->credential_names >= AK_STATE_CREDENTIALS_ACCOUNT) return AK_E_MEANING;
    *out_number = fold->state->credentials.count;
    struct ak_credential_state *credential = ak_vec_add(&fold->state->credentials);
    if (!credential) return AK_E_FULL;
    AK_TRY(ak_state_intern(fold->state, fold->entry->credential, &service));
    *credential = (struct ak_credential_state){.service = service.ptr,
        .service_len = (uint8_t)service.len,
        .account = fold->account_number,
        .path = path,
        .next = AK_INDEX_NONE,
        .newest = AK_INDEX_NONE,
        .last_reader = AK_INDEX_NONE};
    ak_credential_append(fold->state, *out_number);
    return ak_state_index_credential(fold->state, *out_number);
}

/* A roll-back in the same epoch: the very blob becomes the newest. */
static void make_newest(struct ak_fold *fold, struct ak_credential_state *credential, uint32_t number)
{
    struct ak_blob_state *blob = ak_state_blob_at(fold->state, number);
    struct ak_blob_state *newest = ak_state_blob_at(fold->state, credential->newest);
    uint32_t before = credential->newest, epoch = blob->epoch;
    uint32_t *link = &credential->newest;
    while (*link != number) link = &ak_state_blob_at(fold->state, *link)->older;
    *link = blob->older;
    ak_blob_unlink(fold->state, number);
    ak_blob_unlink(fold->state, before);
    ak_blob_link(fold->state, before, newest->epoch, AK_BLOB_KEPT);
    blob->older = before;
    credential->newest = number;
    ak_blob_link(fold->state, number, epoch, AK_BLOB_CURRENT);
}

static enum ak_err add_blob(
    struct ak_fold *fold, struct ak_credential_state *credential, uint32_t credential_number)
{
    const struct ak_entry *entry = fold->entry;
    uint32_t number = ak_blob_new(fold->state);
    if (number == AK_INDEX_NONE) return AK_E_FULL;
    struct ak_blob_state *blob = ak_state_blob_at(fold->state, number);
    if (credential->kept) {
        struct ak_blob_state *before = ak_state_blob_at(fold->state, credential->newest);
        ak_blob_unlink(fold->state, credential->newest);
        ak_blob_link(fold->state, credential->newest, before->epoch, AK_BLOB_KEPT);
    } else {
        fold->account->credential_count++;
    }
    memcpy(blob->hash, entry->hash, 32);
    memcpy(blob->blob_id, entry->blob_id, 16);
    blob->credential = credential_number;
    blob->size = (uint32_t)entry->size & 0xffffff;
    blob->older = credential->kept ? credential->newest : AK_INDEX_NONE;
    credential->newest = number;
    credential->kept++;
    ak_blob_link(fold->state, number, fold->account->epoch, AK_BLOB_CURRENT);
    return AK_OK;
}

static void drop_beyond(struct ak_fold *fold, const struct ak_credential_state *credential, uint8_t kept)
{
    while (credential->kept > kept) {
        uint32_t oldest = credential->newest;
        while (ak_state_blob_at(fold->state, oldest)->older != AK_INDEX_NONE)
            oldest = ak_state_blob_at(fold->state, oldest)->older;
        ak_blob_drop(fold->state, oldest, fold->ref->index, fold->entry->time_ms);
    }
}

/* Which kept blob a roll-back brings back: AK_E_MEANING where there is none, or it is the current one. */
static enum ak_err find_restored(
    struct ak_fold *fold, const struct ak_credential_state *credential, uint32_t *out_number)
{
    for (uint32_t at = credential->kept ? credential->newest : AK_INDEX_NONE; at != AK_INDEX_NONE;) {
        const struct ak_blob_state *blob = ak_state_blob_at(fold->state, at);
        if (blob->version == fold->entry->restores && at != credential->newest) {
            *out_number = at;
            return AK_OK;
        }
        at = blob->older;
    }
    return AK_E_MEANING;
}

static enum ak_err set_value(struct ak_fold *fold, struct ak_credential_state *credential, uint32_t number)
{
    const struct ak_entry *entry = fold->entry;
    uint32_t restored = AK_INDEX_NONE;
    if (entry->value_version != (uint64_t)credential->last_version + 1) return AK_E_MEANING;
    if (ak_entry_has(entry, AK_F_RESTORES)) AK_TRY(find_restored(fold, credential, &restored));
    const struct ak_blob_state *blob =
        restored == AK_INDEX_NONE ? NULL : ak_state_blob_at(fold->state, restored);
    bool same = blob && memcmp(blob->blob_id, entry->blob_id, 16) == 0;
    if (same && (blob->epoch != fold->account->epoch || memcmp(blob->hash, entry->hash, 32) != 0))
        return AK_E_MEANING;
    if (same) {
        make_newest(fold, credential, restored);
    } else {
        if (restored != AK_INDEX_NONE)
            ak_blob_drop(fold->state, restored, fold->ref->index, fold->entry->time_ms);
        AK_TRY(add_blob(fold, credential, number));
    }
    struct ak_blob_state *newest = ak_state_blob_at(fold->state, credential->newest);
    newest->version = credential->last_version = (uint32_t)entry->value_version;
    newest->written_ms = entry->time_ms;
    drop_beyond(fold, credential, AK_VAULT_VERSIONS);
    return AK_OK;
}

enum ak_err ak_apply_blob_written(struct ak_fold *fold)
{
    touch_old(fold);
    const struct ak_entry *entry = fold->entry;
    struct ak_epoch_state *epoch = ak_state_epoch_current(fold->state, fold->account);
    uint32_t number = AK_INDEX_NONE, path = AK_INDEX_NONE;
    bool has_label = ak_entry_has(entry, AK_F_LABEL);
    if (!epoch || epoch->number != entry->epoch || entry->size > AK_LIMIT_VALUE) return AK_E_MEANING;
    struct ak_credential_state *credential = find_credential(fold, has_label, entry->label, &number, &path);
    if (has_label && path == AK_INDEX_NONE) return AK_E_MEANING;
    if (!credential) AK_TRY(add_credential(fold, path, &number));
    if (!epoch->used_ms) epoch->used_ms = entry->time_ms;
    return set_value(fold, ak_state_credential_at(fold->state, number), number);
}

enum ak_err ak_apply_blob_moved(struct ak_fold *fold)
{
    touch_old(fold);
    const struct ak_entry *entry = fold->entry;
    uint32_t number = AK_INDEX_NONE;
    struct ak_credential_state *credential = named_credential(fold, &number);
    struct ak_epoch_state *to = ak_state_epoch_current(fold->state, fold->account);
    struct ak_blob_state *old = credential ? ak_state_blob(fold->state, credential) : NULL;
    if (!old || !to || memcmp(old->blob_id, entry->old_blob_id, 16) != 0) return AK_E_MEANING;
    if (to->number != entry->to || ak_state_epoch_at(fold->state, old->epoch)->number != entry->from ||
        entry->from >= entry->to)
        return AK_E_MEANING;
    struct ak_blob_state moved = *old;
    uint32_t fresh = ak_blob_new(fold->state);
    if (fresh == AK_INDEX_NONE) return AK_E_FULL;
    ak_blob_drop(fold->state, credential->newest, fold->ref->index, fold->entry->time_ms);
    struct ak_blob_state *blob = ak_state_blob_at(fold->state, fresh);
    *blob = moved;
    memcpy(blob->hash, entry->hash, 32);
    memcpy(blob->blob_id, entry->blob_id, 16);
    credential->newest = fresh;
    credential->kept++;
    if (!to->used_ms) to->used_ms = entry->time_ms;
    ak_blob_link(fold->state, fresh, fold->account->epoch, AK_BLOB_CURRENT);
    return AK_OK;
}

enum ak_err ak_apply_blob_deleted(struct ak_fold *fold)
{
    touch_old(fold);
    uint32_t number = AK_INDEX_NONE;
    struct ak_credential_state *credential = named_credential(fold, &number);
    const struct ak_blob_state *blob = credential ? ak_state_blob(fold->state, credential) : NULL;
    if (!blob || memcmp(blob->blob_id, fold->entry->blob_id, 16) != 0) return AK_E_MEANING;
    drop_beyond(fold, credential, 0);
    fold->account->credential_count--;
    return AK_OK;
}

/* Which of its versions was read is of no matter here. */
enum ak_err ak_apply_creds_read(struct ak_fold *fold)
{
    const struct ak_entry *entry = fold->entry;
    uint32_t number = AK_INDEX_NONE, path = AK_INDEX_NONE, reader = AK_INDEX_NONE;
    struct ak_credential_state *credential =
        find_credential(fold, ak_entry_has(entry, AK_F_OWNER), entry->owner, &number, &path);
    if (!credential) return AK_E_MEANING;
    if (ak_entry_has(entry, AK_F_LABEL))
        (void)ak_state_path(fold->state, fold->account_number, entry->label, &reader);
    credential->last_read_ms = entry->time_ms;
    credential->last_reader = reader;
    return AK_OK;
}

/* The sweep passes it over from now on, but its epoch is not destroyed. */
enum ak_err ak_apply_blob_refused(struct ak_fold *fold)
{
    uint32_t number = AK_INDEX_NONE;
    struct ak_credential_state *credential = named_credential(fold, &number);
    const struct ak_blob_state *blob = credential ? ak_state_blob(fold->state, credential) : NULL;
    if (!blob || blob->part != AK_BLOB_CURRENT || memcmp(blob->blob_id, fold->entry->blob_id, 16) != 0)
        return AK_OK;
    uint32_t epoch = blob->epoch;
    ak_blob_unlink(fold->state, credential->newest);
    ak_blob_link(fold->state, credential->newest, epoch, AK_BLOB_REFUSED);
    return AK_OK;
}

static enum ak_err define(struct ak_fold *fold, struct ak_service_state *service)
{
    service->defined_ms = fold->entry->time_ms;
    return ak_service_set_definition(fold->state, service, fold->entry->definition);
}

enum ak_err ak_apply_service_defined(struct ak_fold *fold)
{
    struct ak_span name;
    struct ak_service_state *service = ak_state_service(fold->state, fold->account, fold->entry->credential);
    if (service) return define(fold, service);
    if (fold->account->service_count >= AK_VAULT_SERVICES_MAX) return AK_E_MEANING;
    uint32_t number = fold->state->services.count;
    service = ak_vec_add(&fold->state->services);
    if (!service) return AK_E_FULL;
    AK_TRY(ak_state_intern(fold->state, fold->entry->credential, &name));
    service->name = name.ptr;
    service->name_len = (uint8_t)name.len;
    service->account = fold->account_number;
    ak_service_append(fold->state, number);
    return define(fold, service);
}
