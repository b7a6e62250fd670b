/* The vault in the background: what is due next, and what follows when it is done. Everything is decided from
 * the state, so after a crash the same is decided again. */
#include "core/engine/vault_work.h"
#include "core/vault/epoch_order.h"

enum {
    RETRY_MS = 10 * 1000,       /* after a folder, store or re-encryptor failed */
    GATHER_MS = 10 * 60 * 1000, /* between batches by age: spares the erasure slots, which wear */
    LOOK_AT = 1024,             /* epochs of a list, before the next one is asked */
};

_Static_assert((int)LOOK_AT <= (int)AK_VAULT_BATCH, "all that is due of what was looked at is one batch");

static void draw(struct ak_engine *engine, void *out, size_t len)
{
    engine->hooks.random(engine->hooks.ctx, out, len);
}

void ak_vault_aim(struct ak_engine *engine, const struct ak_account *account, struct ak_vault_work *work)
{
    const struct ak_epoch_state *epoch = ak_state_epoch_current(&engine->state, account);
    uint8_t random[10];
    work->fresh_dek = epoch == NULL;
    work->to.epoch = epoch ? epoch->number : 1;
    if (epoch)
        memcpy(work->to_dek, epoch->dek_id, sizeof work->to_dek);
    else
        draw(engine, work->to_dek, sizeof work->to_dek);
    draw(engine, random, sizeof random);
    ak_blob_id_make(engine->time.logic_ms, random, work->to.blob_id);
    draw(engine, work->nonce, sizeof work->nonce);
}

void ak_vault_take(const struct ak_state *state, const struct ak_blob_state *blob, struct ak_vault_work *work)
{
    work->from = ak_state_blob_place(state, blob);
    work->size = blob->size;
    memcpy(work->from_dek, ak_state_epoch_at(state, blob->epoch)->dek_id, sizeof work->from_dek);
    memcpy(work->hash, blob->hash, sizeof work->hash);
}

bool ak_vault_aims_at_current(
    const struct ak_state *state, const struct ak_account *account, const struct ak_vault_work *work)
{
    const struct ak_epoch_state *epoch = ak_state_epoch_current(state, account);
    return epoch && epoch->number == work->to.epoch && memcmp(epoch->dek_id, work->to_dek, 32) == 0;
}

void ak_vault_label(struct ak_entry *entry, const struct ak_blob_place *place)
{
    if (place->label_len == 0) return;
    entry->label = ak_span(place->label, place->label_len);
    ak_entry_mark(entry, AK_F_LABEL);
}

/* The account's credential at a place; NULL where it has no value there any more. */
static struct ak_credential_state *credential_at(const struct ak_engine *engine,
    const struct ak_blob_place *place, struct ak_account **out_account, uint32_t *out_number)
{
    uint32_t account = AK_INDEX_NONE, path = AK_INDEX_NONE;
    *out_account = ak_state_account(&engine->state, place->anchor, &account);
    if (!*out_account) return NULL;
    struct ak_span label = ak_span(place->label, place->label_len);
    if (label.len && !ak_state_path(&engine->state, account, label, &path)) return NULL;
    struct ak_credential_state *credential = ak_state_credential(
        &engine->state, account, path, ak_span(place->service, place->service_len), out_number);
    return credential && credential->kept ? credential : NULL;
}

static struct ak_entry vault_entry(enum ak_entry_type type, const uint8_t anchor[32])
{
    struct ak_entry entry = {.type = type, .has_anchor = true, .service = AK_SPAN_LIT("vault")};
    memcpy(entry.anchor, anchor, sizeof entry.anchor);
    return entry;
}

static bool find_blob(
    const struct ak_state *state, const struct ak_credential_state *credential, const uint8_t blob_id[16])
{
    for (uint32_t at = credential->newest; at != AK_INDEX_NONE;) {
        const struct ak_blob_state *blob = ak_state_blob_at(state, at);
        if (memcmp(blob->blob_id, blob_id, 16) == 0) return true;
        at = blob->older;
    }
    return false;
}

bool ak_vault_refused(
    struct ak_engine *engine, const struct ak_vault_work *work, enum ak_vault_code code, const uint8_t *actor)
{
    struct ak_account *account = NULL;
    struct ak_entry_ref ref;
    uint32_t number = AK_INDEX_NONE;
    const struct ak_credential_state *credential = credential_at(engine, &work->from, &account, &number);
    if (!credential || !find_blob(&engine->state, credential, work->from.blob_id)) return false;
    struct ak_entry entry = vault_entry(AK_ENTRY_BLOB_REFUSED, work->from.anchor);
    entry.credential = ak_credential_service(credential);
    entry.epoch = work->from.epoch;
    memcpy(entry.blob_id, work->from.blob_id, sizeof entry.blob_id);
    entry.rule = code == AK_VAULT_MISSING ? AK_SPAN_LIT("missing") : AK_SPAN_LIT("tampered");
    ak_vault_label(&entry, &work->from);
    if (actor) {
        entry.service = AK_SPAN_EMPTY;
        memcpy(entry.actor, actor, sizeof entry.actor);
    }
    if (engine->storage_low) return true;
    (void)!ak_engine_emit(engine, &entry, &ref); /* the answer is refused, whether it can be written or not */
    return true;
}

void ak_vault_soon(struct ak_engine *engine, uint32_t credential)
{
    struct ak_vault_run *run = engine->vault;
    if (run->soon_count == AK_COUNT(run->soon)) return; /* the sweep comes to it */
    run->soon[(run->soon_first + run->soon_count++) % AK_COUNT(run->soon)] = credential;
}

/* ---- settings ---- */

uint64_t ak_vault_rotate_ms(const struct ak_engine *engine)
{
    return engine->conf.vault_rotate_ms ? engine->conf.vault_rotate_ms : AK_VAULT_ROTATE_MS;
}

uint64_t ak_vault_deadline_ms(const struct ak_engine *engine)
{
    return engine->conf.vault_deadline_ms ? engine->conf.vault_deadline_ms : AK_VAULT_DEADLINE_MS;
}

uint32_t ak_vault_services_max(const struct ak_engine *engine)
{
    return engine->conf.vault_services_max ? engine->conf.vault_services_max : AK_VAULT_SERVICES;
}

/* ---- batches of epochs ---- */

static void add_item(struct ak_vault_run *run, const struct ak_epoch_key *key)
{
    uint32_t at = run->item_count++;
    for (; at && ak_epoch_cmp(&run->items[at - 1], key) > 0; at--) run->items[at] = run->items[at - 1];
    run->items[at] = *key;
}

static bool begin_batch(struct ak_engine *engine, enum ak_vault_kind kind, struct ak_vault_work *work)
{
    struct ak_vault_run *run = engine->vault;
    if (run->item_count == 0) return false;
    run->kind = kind;
    *work = (struct ak_vault_work){.kind = kind, .items = run->items, .item_count = run->item_count};
    return true;
}

static struct ak_epoch_key key_of(const struct ak_state *state, const struct ak_epoch_state *epoch)
{
    struct ak_epoch_key key = {.epoch = epoch->number};
    memcpy(key.anchor, ak_state_account_at(state, epoch->account)->anchor, sizeof key.anchor);
    memcpy(key.dek_id, epoch->dek_id, sizeof key.dek_id);
    return key;
}

static void add_rotation(struct ak_engine *engine, const struct ak_epoch_state *epoch)
{
    struct ak_epoch_key key = key_of(&engine->state, epoch);
    key.epoch++;
    draw(engine, key.dek_id, sizeof key.dek_id);
    add_item(engine->vault, &key);
}

static bool has_old(const struct ak_state *state, const struct ak_epoch_state *epoch)
{
    return ak_state_account_at(state, epoch->account)->old_epoch != AK_INDEX_NONE;
}

/* Where the look at a list goes on: at the cursor, or at its head where that is not on the list any more. */
static uint32_t list_at(const struct ak_state *state, uint8_t list, uint32_t cursor)
{
    bool there = cursor < state->epochs.count && ak_state_epoch_at(state, cursor)->list == list;
    return there ? cursor : state->epoch_lists[list].first;
}

/* Looks at a part of a list at a time, so that those at its head who must wait for an old epoch hold up
 * nobody behind them. The lists themselves are the fold's and stay as they are. */
static void collect(struct ak_engine *engine, uint8_t list, uint64_t used_before_ms, uint32_t *cursor)
{
    const struct ak_state *state = &engine->state;
    uint32_t at = list_at(state, list, *cursor);
    for (uint32_t n = 0; at != AK_INDEX_NONE && n < LOOK_AT && engine->vault->item_count < AK_VAULT_BATCH;
         n++) {
        const struct ak_epoch_state *epoch = ak_state_epoch_at(state, at);
        at = epoch->used_ms <= used_before_ms ? epoch->next : AK_INDEX_NONE;
        if (epoch->used_ms <= used_before_ms && !has_old(state, epoch)) add_rotation(engine, epoch);
    }
    *cursor = at;
}

static bool next_rotation(struct ak_engine *engine, struct ak_vault_work *work)
{
    struct ak_vault_run *run = engine->vault;
    uint64_t now = engine->time.logic_ms;
    run->item_count = 0;
    collect(engine, AK_EPOCH_ASKED, UINT64_MAX, &run->asked_cursor);
    uint32_t asked = run->item_count;
    if (now >= run->rotate_from_ms && now >= ak_vault_rotate_ms(engine))
        collect(engine, AK_EPOCH_AGING, now - ak_vault_rotate_ms(engine), &run->aged_cursor);
    if (run->item_count > asked) run->rotate_from_ms = now + GATHER_MS;
    return begin_batch(engine, AK_VAULT_ROTATE, work);
}

bool ak_vault_may_destroy(const struct ak_engine *engine, const struct ak_epoch_state *epoch)
{
    return epoch->list == AK_EPOCH_EMPTY && epoch->changed_at < engine->durable_size;
}

static bool is_due(const struct ak_engine *engine, const struct ak_epoch_state *epoch)
{
    if (!ak_vault_may_destroy(engine, epoch)) return false;
    const struct ak_account *account = ak_state_account_at(&engine->state, epoch->account);
    const struct ak_epoch_state *current = ak_state_epoch_current(&engine->state, account);
    bool asked = current && current->list == AK_EPOCH_ASKED;
    return asked || epoch->rotated_ms + ak_vault_deadline_ms(engine) <= engine->time.logic_ms;
}

/* A part of the list at a time, as above, but round and round: a short one is seen whole each time, so that
 * all that is due in it is one batch. */
static bool next_destruction(struct ak_engine *engine, struct ak_vault_work *work)
{
    const struct ak_state *state = &engine->state;
    struct ak_vault_run *run = engine->vault;
    run->item_count = 0;
    if (engine->time.logic_ms < run->destroy_from_ms) return false;
    uint32_t begin = list_at(state, AK_EPOCH_EMPTY, run->empty_cursor), at = begin;
    for (uint32_t n = 0; at != AK_INDEX_NONE && n < LOOK_AT; n++) {
        const struct ak_epoch_state *epoch = ak_state_epoch_at(state, at);
        struct ak_epoch_key key = key_of(state, epoch);
        if (is_due(engine, epoch)) add_item(run, &key);
        at = epoch->next != AK_INDEX_NONE ? epoch->next : state->epoch_lists[AK_EPOCH_EMPTY].first;
        if (at == begin) break;
    }
    run->empty_cursor = at;
    if (run->item_count) run->destroy_from_ms = engine->time.logic_ms + GATHER_MS;
    return begin_batch(engine, AK_VAULT_DESTROY, work);
}

static void write_rotation(
    struct ak_engine *engine, const struct ak_account *account, const struct ak_epoch_key *key)
{
    struct ak_entry_ref ref;
    const struct ak_epoch_state *now = ak_state_epoch_current(&engine->state, account);
    struct ak_entry entry = vault_entry(AK_ENTRY_EPOCH_ROTATED, key->anchor);
    if (!now || now->number + 1 != key->epoch || account->old_epoch != AK_INDEX_NONE) return;
    entry.from = now->number;
    entry.to = key->epoch;
    memcpy(entry.dek_id, key->dek_id, sizeof entry.dek_id);
    (void)!ak_engine_emit(engine, &entry, &ref); /* not written: decided again */
}

static void write_destruction(
    struct ak_engine *engine, const struct ak_account *account, const struct ak_epoch_key *key, bool erase)
{
    struct ak_entry_ref ref;
    const struct ak_epoch_state *old = ak_state_epoch_old(&engine->state, account);
    struct ak_entry entry = vault_entry(AK_ENTRY_EPOCH_DESTROYED, key->anchor);
    if (!old || old->number != key->epoch || old->list != AK_EPOCH_EMPTY) return;
    entry.epoch = key->epoch;
    entry.erase = erase ? 1 : 0;
    (void)!ak_engine_emit(engine, &entry, &ref); /* not written: decided again */
}

/* A batch may have more entries than a batch of the ledger has room for: what is left comes with the next. */
static void write_batch(struct ak_engine *engine)
{
    struct ak_vault_run *run = engine->vault;
    for (; run->writing && run->item_at < run->item_count && ak_engine_has_room(engine); run->item_at++) {
        const struct ak_epoch_key *key = &run->items[run->item_at];
        const struct ak_account *account = ak_state_account(&engine->state, key->anchor, NULL);
        if (!account) continue;
        if (run->kind == AK_VAULT_ROTATE) write_rotation(engine, account, key);
        if (run->kind == AK_VAULT_DESTROY) write_destruction(engine, account, key, run->erase);
    }
    if (run->item_at == run->item_count) run->writing = false;
}

/* ---- one blob ---- */

static bool begin_move(struct ak_engine *engine, uint32_t number, struct ak_vault_work *work)
{
    struct ak_state *state = &engine->state;
    const struct ak_credential_state *credential = ak_state_credential_at(state, number);
    const struct ak_account *account = ak_state_account_at(state, credential->account);
    const struct ak_blob_state *blob = ak_state_blob(state, credential);
    if (!blob || blob->epoch == account->epoch) return false;
    *work = (struct ak_vault_work){.kind = AK_VAULT_MOVE};
    ak_vault_take(state, blob, work);
    work->to = work->from;
    ak_vault_aim(engine, account, work);
    return true;
}

/* The first of those that idle in an old epoch, while there is room to remember the files that moving them
 * leaves behind. */
static uint32_t first_idle(const struct ak_engine *engine)
{
    const struct ak_state *state = &engine->state;
    uint32_t epoch = state->epoch_lists[AK_EPOCH_SWEEP].first;
    if (epoch == AK_INDEX_NONE || ak_state_drop_room(state) == 0) return AK_INDEX_NONE;
    return ak_state_epoch_at(state, epoch)->first[AK_BLOB_CURRENT];
}

/* The one after it, in its epoch or the next one of the list. */
static uint32_t next_idle(const struct ak_state *state, uint32_t blob)
{
    const struct ak_blob_state *one = ak_state_blob_at(state, blob);
    if (one->next != AK_INDEX_NONE) return one->next;
    uint32_t epoch = ak_state_epoch_at(state, one->epoch)->next;
    return epoch == AK_INDEX_NONE ? AK_INDEX_NONE : ak_state_epoch_at(state, epoch)->first[AK_BLOB_CURRENT];
}

/* works[0] may have been read lately and stand anywhere in the lists. */
static size_t more_moves(struct ak_engine *engine, struct ak_vault_work *works, size_t max)
{
    const struct ak_state *state = &engine->state;
    size_t count = 1, room = ak_state_drop_room(state);
    uint64_t bytes = works[0].size;
    for (uint32_t at = first_idle(engine); at != AK_INDEX_NONE && count < max && count < room;
         at = next_idle(state, at)) {
        const struct ak_blob_state *blob = ak_state_blob_at(state, at);
        if (memcmp(works[0].from.blob_id, blob->blob_id, sizeof blob->blob_id) == 0) continue;
        bytes += blob->size;
        if (bytes > AK_VAULT_TOGETHER_BYTES) break;
        if (begin_move(engine, blob->credential, &works[count])) count++;
    }
    return count;
}

static bool next_move(struct ak_engine *engine, struct ak_vault_work *work)
{
    struct ak_vault_run *run = engine->vault;
    while (run->soon_count) {
        uint32_t credential = run->soon[run->soon_first];
        run->soon_first = (run->soon_first + 1) % AK_COUNT(run->soon);
        run->soon_count--;
        if (begin_move(engine, credential, work)) return true;
    }
    uint32_t blob = first_idle(engine);
    if (blob == AK_INDEX_NONE) return false;
    return begin_move(engine, ak_state_blob_at(&engine->state, blob)->credential, work);
}

static void end_move(
    struct ak_engine *engine, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    struct ak_account *account = NULL;
    struct ak_entry_ref ref;
    uint32_t number = AK_INDEX_NONE;
    const struct ak_credential_state *credential = credential_at(engine, &work->from, &account, &number);
    const struct ak_blob_state *blob = credential ? ak_state_blob(&engine->state, credential) : NULL;
    if (!blob || memcmp(blob->blob_id, work->from.blob_id, sizeof blob->blob_id) != 0) return;
    if (result->code == AK_VAULT_TAMPERED || result->code == AK_VAULT_MISSING) {
        if (blob->part == AK_BLOB_CURRENT) (void)ak_vault_refused(engine, work, result->code, NULL);
        return;
    }
    if (!ak_vault_aims_at_current(&engine->state, account, work) || result->size != blob->size) return;
    struct ak_entry entry = vault_entry(AK_ENTRY_BLOB_MOVED, work->from.anchor);
    entry.credential = ak_credential_service(credential);
    entry.from = work->from.epoch;
    entry.to = work->to.epoch;
    memcpy(entry.old_blob_id, work->from.blob_id, sizeof entry.old_blob_id);
    memcpy(entry.blob_id, work->to.blob_id, sizeof entry.blob_id);
    memcpy(entry.hash, result->hash, sizeof entry.hash);
    ak_vault_label(&entry, &work->from);
    (void)!ak_engine_emit(engine, &entry, &ref); /* not written: decided again */
}

static bool next_file(struct ak_engine *engine, struct ak_vault_work *work)
{
    *work = (struct ak_vault_work){.kind = AK_VAULT_DELETE_FILE};
    return ak_state_take_drop(&engine->state, engine->durable_size, engine->time.logic_ms, &work->from);
}

/* ---- the interface ---- */

bool ak_engine_vault_next(struct ak_engine *engine, struct ak_vault_work *out_work)
{
    struct ak_vault_run *run = engine->vault;
    bool found = false;
    write_batch(engine);
    if (!run->writing && engine->started && !engine->stopping && engine->time.logic_ms >= run->retry_ms)
        found = next_file(engine, out_work) || next_destruction(engine, out_work) ||
                next_rotation(engine, out_work) || next_move(engine, out_work);
    if (!found) *out_work = (struct ak_vault_work){.kind = AK_VAULT_NONE};
    return found;
}

size_t ak_engine_vault_more(struct ak_engine *engine, struct ak_vault_work *works, size_t max)
{
    size_t count = 1;
    if (works[0].kind == AK_VAULT_MOVE) return more_moves(engine, works, max);
    if (works[0].kind != AK_VAULT_DELETE_FILE) return 1;
    while (count < max && next_file(engine, &works[count])) count++;
    return count;
}

void ak_vault_end_background(
    struct ak_engine *engine, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    struct ak_vault_run *run = engine->vault;
    if (result->code == AK_VAULT_UNAVAILABLE || result->code == AK_VAULT_FULL ||
        result->code == AK_VAULT_NO_DEK) {
        run->retry_ms = engine->time.logic_ms + RETRY_MS;
        if (work->kind == AK_VAULT_DESTROY) run->destroy_from_ms = 0;
        if (work->kind == AK_VAULT_ROTATE) run->rotate_from_ms = 0;
        return;
    }
    if (work->kind == AK_VAULT_MOVE) end_move(engine, work, result);
    if (work->kind != AK_VAULT_ROTATE && work->kind != AK_VAULT_DESTROY) return;
    run->writing = result->code == AK_VAULT_DONE;
    run->erase = result->erase;
    run->item_at = 0;
    write_batch(engine);
}

/* ---- what stores must have ---- */

bool ak_engine_vault_has_blob(const struct ak_engine *engine, const struct ak_blob_name *name)
{
    return ak_state_has_blob(&engine->state, name);
}

bool ak_engine_vault_has_place(const struct ak_engine *engine, const struct ak_blob_place *place)
{
    struct ak_account *account = NULL;
    uint32_t number = AK_INDEX_NONE;
    const struct ak_credential_state *credential = credential_at(engine, place, &account, &number);
    return credential && find_blob(&engine->state, credential, place->blob_id);
}

bool ak_engine_vault_has_dek(const struct ak_engine *engine, const struct ak_epoch_key *key)
{
    const struct ak_account *account = ak_state_account(&engine->state, key->anchor, NULL);
    if (!account) return false;
    const struct ak_epoch_state *epochs[] = {
        ak_state_epoch_current(&engine->state, account), ak_state_epoch_old(&engine->state, account)};
    for (size_t i = 0; i < AK_COUNT(epochs); i++)
        if (epochs[i] && epochs[i]->number == key->epoch && memcmp(epochs[i]->dek_id, key->dek_id, 32) == 0)
            return true;
    return false;
}

bool ak_engine_vault_next_dek(const struct ak_engine *engine, uint32_t *cursor, struct ak_epoch_key *out_key)
{
    while (*cursor < engine->state.epochs.count) {
        const struct ak_epoch_state *epoch = ak_state_epoch_at(&engine->state, (*cursor)++);
        /* An old one that nothing names may have lost its key just before a crash: it is destroyed again. */
        if (epoch->status == AK_EPOCH_DESTROYED || epoch->list == AK_EPOCH_EMPTY) continue;
        *out_key = key_of(&engine->state, epoch);
        return true;
    }
    return false;
}

bool ak_engine_vault_next_blob(
    const struct ak_engine *engine, uint64_t *cursor, struct ak_blob_place *out_place, uint8_t out_hash[32])
{
    while (*cursor < engine->state.blobs.count) {
        const struct ak_blob_state *blob = ak_state_blob_at(&engine->state, (uint32_t)(*cursor)++);
        if (blob->part == AK_BLOB_FREE) continue;
        *out_place = ak_state_blob_place(&engine->state, blob);
        memcpy(out_hash, blob->hash, 32);
        return true;
    }
    return false;
}
