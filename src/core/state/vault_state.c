/* Records of the vault, how they are found, and the lists they stand in. */
#include "core/state/vault_state.h"

#include "base/assert.h"

_Static_assert((int)AK_EPOCH_LISTS == (int)AK_STATE_EPOCH_LISTS, "state.h has a place for each list");

/* As many may be moved until the first of them has aged: some 800 a second. */
enum { DROPS = 4096 };
struct ak_state_drop {
    uint64_t at; /* entry that let it go */
    uint64_t ms;
    struct ak_blob_place place;
};

enum ak_err ak_state_vault_init(struct ak_state *state, const uint64_t seed[2])
{
    ak_vec_init(&state->epochs, state->arena, sizeof(struct ak_epoch_state));
    ak_vec_init(&state->blobs, state->arena, sizeof(struct ak_blob_state));
    ak_vec_init(&state->credentials, state->arena, sizeof(struct ak_credential_state));
    ak_vec_init(&state->services, state->arena, sizeof(struct ak_service_state));
    ak_index_init(&state->by_wallet, state->arena, seed);
    ak_index_init(&state->by_credential, state->arena, seed);
    for (size_t i = 0; i < AK_EPOCH_LISTS; i++)
        state->epoch_lists[i] = (struct ak_state_list){AK_INDEX_NONE, AK_INDEX_NONE};
    state->free_blob = AK_INDEX_NONE;
    state->drops = ak_arena_alloc(state->arena, DROPS * sizeof *state->drops);
    return state->drops ? AK_OK : AK_E_FULL;
}

/* ---- indexes ---- */

struct key {
    const struct ak_state *state;
    uint32_t account;
    uint32_t path;
    struct ak_span bytes;
};

static uint64_t owner_of(uint32_t account, uint32_t path)
{
    return (uint64_t)account << 32 | path;
}

static bool same_wallet(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    return memcmp(ak_state_account_at(key->state, number)->home_wallet, key->bytes.ptr, 20) == 0;
}

static uint64_t hash_wallet(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    return ak_index_hash(index, 0, AK_SPAN_ARR(ak_state_account_at(key->state, number)->home_wallet));
}

static bool same_credential(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_credential_state *one = ak_state_credential_at(key->state, number);
    return one->account == key->account && one->path == key->path &&
           ak_span_eq(ak_credential_service(one), key->bytes);
}

static uint64_t hash_credential(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_credential_state *one = ak_state_credential_at(key->state, number);
    return ak_index_hash(index, owner_of(one->account, one->path), ak_credential_service(one));
}

enum ak_err ak_state_vault_reserve(struct ak_state *state)
{
    struct key key = {.state = state};
    struct ak_index_ops wallets = {same_wallet, hash_wallet, &key};
    struct ak_index_ops credentials = {same_credential, hash_credential, &key};
    struct ak_vec *vecs[] = {&state->epochs, &state->blobs, &state->credentials, &state->services};
    for (size_t i = 0; i < AK_COUNT(vecs); i++) AK_TRY(ak_vec_reserve(vecs[i]));
    AK_TRY(ak_index_reserve(&state->by_wallet, &wallets));
    return ak_index_reserve(&state->by_credential, &credentials);
}

enum ak_err ak_state_index_wallet(struct ak_state *state, uint32_t account)
{
    struct key key = {.state = state};
    struct ak_index_ops ops = {same_wallet, hash_wallet, &key};
    return ak_index_add(&state->by_wallet, hash_wallet(&state->by_wallet, &key, account), account, &ops);
}

enum ak_err ak_state_index_credential(struct ak_state *state, uint32_t number)
{
    const struct ak_credential_state *one = ak_state_credential_at(state, number);
    struct key key = {state, one->account, one->path, ak_credential_service(one)};
    struct ak_index_ops ops = {same_credential, hash_credential, &key};
    uint64_t hash = hash_credential(&state->by_credential, &key, number);
    return ak_index_claim(&state->by_credential, hash, number, &ops);
}

/* ---- finding ---- */

struct ak_epoch_state *ak_state_epoch_at(const struct ak_state *state, uint32_t number)
{
    return ak_vec_at(&state->epochs, number);
}

struct ak_epoch_state *ak_state_epoch_current(const struct ak_state *state, const struct ak_account *account)
{
    return account->epoch == AK_INDEX_NONE ? NULL : ak_state_epoch_at(state, account->epoch);
}

struct ak_epoch_state *ak_state_epoch_old(const struct ak_state *state, const struct ak_account *account)
{
    return account->old_epoch == AK_INDEX_NONE ? NULL : ak_state_epoch_at(state, account->old_epoch);
}

struct ak_credential_state *ak_state_credential_at(const struct ak_state *state, uint32_t number)
{
    return ak_vec_at(&state->credentials, number);
}

struct ak_blob_state *ak_state_blob_at(const struct ak_state *state, uint32_t number)
{
    return ak_vec_at(&state->blobs, number);
}

struct ak_credential_state *ak_state_credential(const struct ak_state *state, uint32_t account, uint32_t path,
    struct ak_span service, uint32_t *out_number)
{
    struct key key = {state, account, path, service};
    struct ak_index_ops ops = {same_credential, hash_credential, &key};
    uint64_t hash = ak_index_hash(&state->by_credential, owner_of(account, path), service);
    uint32_t number = ak_index_find(&state->by_credential, hash, &ops);
    if (out_number) *out_number = number;
    return number == AK_INDEX_NONE ? NULL : ak_state_credential_at(state, number);
}

struct ak_blob_state *ak_state_blob(
    const struct ak_state *state, const struct ak_credential_state *credential)
{
    return credential->kept ? ak_state_blob_at(state, credential->newest) : NULL;
}

struct ak_blob_state *ak_state_blob_version(
    const struct ak_state *state, const struct ak_credential_state *credential, uint64_t version)
{
    for (uint32_t at = credential->kept ? credential->newest : AK_INDEX_NONE; at != AK_INDEX_NONE;) {
        struct ak_blob_state *blob = ak_state_blob_at(state, at);
        if (blob->version == version) return blob;
        at = blob->older;
    }
    return NULL;
}

struct ak_service_state *ak_state_service(
    const struct ak_state *state, const struct ak_account *account, struct ak_span name)
{
    for (uint32_t at = account->first_service; at != AK_INDEX_NONE;) {
        struct ak_service_state *service = ak_vec_at(&state->services, at);
        if (ak_span_eq(ak_span(service->name, service->name_len), name)) return service;
        at = service->next;
    }
    return NULL;
}

struct ak_account *ak_state_account_by_wallet(
    const struct ak_state *state, const uint8_t home_wallet[20], uint32_t *out_number)
{
    struct key key = {.state = state, .bytes = ak_span(home_wallet, 20)};
    struct ak_index_ops ops = {same_wallet, hash_wallet, &key};
    uint32_t number = ak_index_find(&state->by_wallet, ak_index_hash(&state->by_wallet, 0, key.bytes), &ops);
    if (out_number) *out_number = number;
    return number == AK_INDEX_NONE ? NULL : ak_state_account_at(state, number);
}

static bool has_version_of_id(const struct ak_state *state, const struct ak_credential_state *credential,
    const struct ak_blob_name *name)
{
    for (uint32_t at = credential && credential->kept ? credential->newest : AK_INDEX_NONE;
         at != AK_INDEX_NONE;) {
        const struct ak_blob_state *blob = ak_state_blob_at(state, at);
        if (memcmp(blob->blob_id, name->blob_id, 16) == 0)
            return ak_state_epoch_at(state, blob->epoch)->number == name->epoch;
        at = blob->older;
    }
    return false;
}

/* The name does not say of which path it is: each is asked for. */
static bool has_on_a_path(const struct ak_state *state, const struct ak_account *account, uint32_t number,
    const struct ak_blob_name *name)
{
    struct ak_span service = ak_span(name->service, name->service_len);
    if (has_version_of_id(state, ak_state_credential(state, number, AK_INDEX_NONE, service, NULL), name))
        return true;
    for (uint32_t at = account->first_path; at != AK_INDEX_NONE; at = ak_state_path_at(state, at)->next)
        if (has_version_of_id(state, ak_state_credential(state, number, at, service, NULL), name))
            return true;
    return false;
}

static bool has_on_the_list(
    const struct ak_state *state, const struct ak_account *account, const struct ak_blob_name *name)
{
    struct ak_span service = ak_span(name->service, name->service_len);
    for (uint32_t at = account->first_credential; at != AK_INDEX_NONE;) {
        const struct ak_credential_state *credential = ak_state_credential_at(state, at);
        if (ak_span_eq(ak_credential_service(credential), service) &&
            has_version_of_id(state, credential, name))
            return true;
        at = credential->next;
    }
    return false;
}

bool ak_state_has_blob(const struct ak_state *state, const struct ak_blob_name *name)
{
    uint32_t number = AK_INDEX_NONE;
    const struct ak_account *account = ak_state_account_by_wallet(state, name->home_wallet, &number);
    if (!account) return false;
    return account->path_count < account->credential_names ? has_on_a_path(state, account, number, name)
                                                           : has_on_the_list(state, account, name);
}

struct ak_blob_place ak_state_blob_place(const struct ak_state *state, const struct ak_blob_state *blob)
{
    const struct ak_credential_state *credential = ak_state_credential_at(state, blob->credential);
    const struct ak_account *account = ak_state_account_at(state, credential->account);
    struct ak_blob_place place = {
        .service_len = credential->service_len, .epoch = ak_state_epoch_at(state, blob->epoch)->number};
    memcpy(place.anchor, account->anchor, 32);
    memcpy(place.home_wallet, account->home_wallet, 20);
    memcpy(place.service, credential->service, credential->service_len);
    memcpy(place.blob_id, blob->blob_id, 16);
    if (credential->path == AK_INDEX_NONE) return place;
    const struct ak_path_state *path = ak_state_path_at(state, credential->path);
    place.label_len = path->label_len;
    memcpy(place.label, path->label, path->label_len);
    return place;
}

/* ---- lists of an account ---- */

void ak_credential_append(struct ak_state *state, uint32_t number)
{
    struct ak_credential_state *credential = ak_state_credential_at(state, number);
    struct ak_account *account = ak_state_account_at(state, credential->account);
    credential->next = AK_INDEX_NONE;
    if (account->last_credential == AK_INDEX_NONE)
        account->first_credential = number;
    else
        ak_state_credential_at(state, account->last_credential)->next = number;
    account->last_credential = number;
    account->credential_names++;
}

void ak_service_append(struct ak_state *state, uint32_t number)
{
    struct ak_service_state *service = ak_vec_at(&state->services, number);
    struct ak_account *account = ak_state_account_at(state, service->account);
    service->next = AK_INDEX_NONE;
    if (account->last_service == AK_INDEX_NONE)
        account->first_service = number;
    else
        ((struct ak_service_state *)ak_vec_at(&state->services, account->last_service))->next = number;
    account->last_service = number;
    account->service_count++;
}

/* Memory grows in powers of two, so a definition that is changed again and again takes no more. */
enum ak_err ak_service_set_definition(
    struct ak_state *state, struct ak_service_state *service, struct ak_span text)
{
    uint16_t cap = service->definition_cap ? service->definition_cap : 64;
    if (text.len > AK_LIMIT_DEFINITION) return AK_E_LIMIT;
    while (cap < text.len) cap = (uint16_t)(cap * 2);
    if (cap != service->definition_cap) {
        uint8_t *memory = ak_arena_alloc(state->arena, cap);
        if (!memory) return AK_E_FULL;
        service->definition = memory;
        service->definition_cap = cap;
    }
    if (text.len) memcpy(service->definition, text.ptr, text.len);
    service->definition_len = (uint16_t)text.len;
    return AK_OK;
}

/* ---- lists of epochs ---- */

void ak_epoch_list_add(struct ak_state *state, uint8_t list, uint32_t number)
{
    struct ak_epoch_state *epoch = ak_state_epoch_at(state, number);
    epoch->list = list;
    if (list == AK_EPOCH_NO_LIST) return;
    struct ak_state_list *ends = &state->epoch_lists[list];
    epoch->prev = ends->last;
    epoch->next = AK_INDEX_NONE;
    if (ends->last == AK_INDEX_NONE)
        ends->first = number;
    else
        ak_state_epoch_at(state, ends->last)->next = number;
    ends->last = number;
}

void ak_epoch_list_remove(struct ak_state *state, uint32_t number)
{
    struct ak_epoch_state *epoch = ak_state_epoch_at(state, number);
    if (epoch->list == AK_EPOCH_NO_LIST) return;
    struct ak_state_list *ends = &state->epoch_lists[epoch->list];
    if (epoch->prev == AK_INDEX_NONE)
        ends->first = epoch->next;
    else
        ak_state_epoch_at(state, epoch->prev)->next = epoch->next;
    if (epoch->next == AK_INDEX_NONE)
        ends->last = epoch->prev;
    else
        ak_state_epoch_at(state, epoch->next)->prev = epoch->prev;
    epoch->list = AK_EPOCH_NO_LIST;
}

static uint8_t list_for(const struct ak_epoch_state *epoch)
{
    if (epoch->status == AK_EPOCH_DESTROYED) return AK_EPOCH_NO_LIST;
    if (epoch->status == AK_EPOCH_OLD) {
        if (epoch->count[AK_BLOB_CURRENT]) return AK_EPOCH_SWEEP;
        return epoch->count[AK_BLOB_REFUSED] ? AK_EPOCH_NO_LIST : AK_EPOCH_EMPTY;
    }
    if (epoch->list == AK_EPOCH_ASKED) return AK_EPOCH_ASKED;
    return epoch->used_ms ? AK_EPOCH_AGING : AK_EPOCH_NO_LIST;
}

void ak_epoch_settle(struct ak_state *state, uint32_t number)
{
    uint8_t list = list_for(ak_state_epoch_at(state, number));
    if (ak_state_epoch_at(state, number)->list == list) return;
    ak_epoch_list_remove(state, number);
    ak_epoch_list_add(state, list, number);
}

/* ---- blobs ---- */

void ak_blob_link(struct ak_state *state, uint32_t number, uint32_t epoch_number, uint8_t part)
{
    struct ak_blob_state *blob = ak_state_blob_at(state, number);
    struct ak_epoch_state *epoch = ak_state_epoch_at(state, epoch_number);
    blob->epoch = epoch_number;
    blob->part = part;
    blob->prev = AK_INDEX_NONE;
    blob->next = epoch->first[part];
    if (blob->next != AK_INDEX_NONE) ak_state_blob_at(state, blob->next)->prev = number;
    epoch->first[part] = number;
    epoch->count[part]++;
    ak_epoch_settle(state, epoch_number);
}

void ak_blob_unlink(struct ak_state *state, uint32_t number)
{
    struct ak_blob_state *blob = ak_state_blob_at(state, number);
    struct ak_epoch_state *epoch = ak_state_epoch_at(state, blob->epoch);
    if (blob->prev == AK_INDEX_NONE)
        epoch->first[blob->part] = blob->next;
    else
        ak_state_blob_at(state, blob->prev)->next = blob->next;
    if (blob->next != AK_INDEX_NONE) ak_state_blob_at(state, blob->next)->prev = blob->prev;
    epoch->count[blob->part]--;
    ak_epoch_settle(state, blob->epoch);
}

uint32_t ak_blob_new(struct ak_state *state)
{
    uint32_t number = state->free_blob;
    if (number != AK_INDEX_NONE) {
        struct ak_blob_state *blob = ak_state_blob_at(state, number);
        state->free_blob = blob->older;
        memset(blob, 0, sizeof *blob);
    } else {
        if (!ak_vec_add(&state->blobs)) return AK_INDEX_NONE;
        number = state->blobs.count - 1;
    }
    state->blob_count++;
    return number;
}

static void remember_drop(
    struct ak_state *state, const struct ak_blob_state *blob, uint64_t at, uint64_t now_ms)
{
    if (state->drop_count == DROPS) return;
    struct ak_state_drop *drop = &state->drops[(state->drop_first + state->drop_count++) % DROPS];
    *drop = (struct ak_state_drop){at, now_ms, ak_state_blob_place(state, blob)};
}

void ak_blob_drop(struct ak_state *state, uint32_t number, uint64_t at, uint64_t now_ms)
{
    struct ak_blob_state *blob = ak_state_blob_at(state, number);
    struct ak_credential_state *credential = ak_state_credential_at(state, blob->credential);
    uint32_t *link = &credential->newest;
    remember_drop(state, blob, at, now_ms);
    while (*link != number) link = &ak_state_blob_at(state, *link)->older;
    *link = blob->older;
    credential->kept--;
    ak_blob_unlink(state, number);
    memset(blob, 0, sizeof *blob);
    blob->part = AK_BLOB_FREE;
    blob->older = state->free_blob;
    state->free_blob = number;
    state->blob_count--;
}

uint32_t ak_state_drop_room(const struct ak_state *state)
{
    return DROPS - state->drop_count;
}

bool ak_state_take_drop(
    struct ak_state *state, uint64_t durable, uint64_t now_ms, struct ak_blob_place *out_place)
{
    const struct ak_state_drop *drop = &state->drops[state->drop_first];
    if (state->drop_count == 0 || drop->at >= durable || now_ms < drop->ms + AK_STATE_DROP_MS) return false;
    *out_place = drop->place;
    state->drop_first = (state->drop_first + 1) % DROPS;
    state->drop_count--;
    return true;
}
