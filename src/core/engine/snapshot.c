/* Snapshot: header, log position, texts, then accounts, devices, paths, waiting changes, idempotency ring, in
 * their order. */
#include "core/engine/snapshot.h"

#include "core/engine/internal.h"
#include "core/engine/snapshot_vault.h"
#include "core/state/identity_state.h"

enum { CHUNK = 64 * 1024, RECORD_MAX = 512 };
enum { ACCOUNT_SUSPENDED = 1, ACCOUNT_RECOVERY = 2, ACCOUNT_UNLINKED = 4, ACCOUNT_FLAGS = 7 };

enum { LINKED_DERIVED = 1, LINKED_ADDRESS = 2, LINKED_FLAGS = 3 };

struct ak_snapshot_writer {
    const struct ak_snapshot_sink *sink;
    struct ak_buf buf;
    uint8_t memory[CHUNK];
};

static enum ak_err flush(struct ak_snapshot_writer *w)
{
    AK_TRY(ak_buf_check(&w->buf));
    if (w->buf.len) AK_TRY(w->sink->put(w->sink->ctx, ak_buf_span(&w->buf)));
    w->buf.len = 0;
    return AK_OK;
}

static enum ak_err room(struct ak_snapshot_writer *w, size_t len)
{
    return w->buf.cap - w->buf.len < len ? flush(w) : AK_OK;
}

enum ak_err ak_snapshot_room(struct ak_snapshot_writer *w, size_t len, struct ak_buf **out_buf)
{
    *out_buf = &w->buf;
    return room(w, len);
}

static void put_short(struct ak_buf *buf, struct ak_span text)
{
    ak_buf_put_u16(buf, (uint16_t)text.len);
    ak_buf_put(buf, text);
}

static void put_account(struct ak_buf *buf, const struct ak_account *account)
{
    ak_buf_put(buf, AK_SPAN_ARR(account->anchor));
    ak_buf_put(buf, AK_SPAN_ARR(account->home_wallet));
    ak_buf_put_u8(buf, (uint8_t)((account->suspended ? ACCOUNT_SUSPENDED : 0) |
                                 (account->has_recovery ? ACCOUNT_RECOVERY : 0) |
                                 (account->anchor_unlinked ? ACCOUNT_UNLINKED : 0)));
    ak_buf_put(buf, AK_SPAN_ARR(account->recovery_hash));
    ak_buf_put_u32(buf, account->root_version);
    put_short(buf, account->identity_type);
    ak_buf_put_u64(buf, account->opened_ms);
    ak_buf_put_u64(buf, account->seq);
    ak_buf_put(buf, AK_SPAN_ARR(account->last_leaf));
    ak_buf_put_u64(buf, account->tat_us);
    ak_buf_put_u64(buf, account->mint_tat_us);
    ak_buf_put_u64(buf, account->cloud_until_ms);
}

enum { DEVICE_REMOVED = 1, DEVICE_RECOVERED = 2 };

static void put_device(struct ak_buf *buf, const struct ak_device *device)
{
    ak_buf_put_u32(buf, device->account);
    ak_buf_put_u8(buf, (device->removed ? DEVICE_REMOVED : 0) | (device->recovered ? DEVICE_RECOVERED : 0));
    ak_buf_put(buf, AK_SPAN_ARR(device->thumbprint));
    put_short(buf, device->name);
    ak_buf_put_u64(buf, device->enrolled_ms);
    ak_buf_put_u64(buf, device->enrolled_seen_ms);
    ak_buf_put_u64(buf, device->sessions_after_ms);
}

static void put_path(struct ak_buf *buf, const struct ak_path_state *path)
{
    ak_buf_put_u32(buf, path->account);
    put_short(buf, ak_span(path->label, path->label_len));
    ak_buf_put_u32(buf, path->generation);
    ak_buf_put_u32(buf, path->root_version);
    ak_buf_put_u8(buf, path->flags & (AK_PATH_SUSPENDED | AK_PATH_DECOMMISSIONED));
    ak_buf_put_u16(buf, path->rate);
    ak_buf_put_u64(buf, path->valid_until_ms);
    ak_buf_put_u64(buf, path->tat_us);
    ak_buf_put_u64(buf, path->cloud_until_ms);
    ak_buf_put(buf, AK_SPAN_ARR(path->device));
    ak_buf_put(buf, AK_SPAN_ARR(path->address));
    put_short(buf, ak_span(path->scope, path->scope_len));
}

static void put_waiting(struct ak_buf *buf, uint32_t account, const struct ak_waiting *waiting)
{
    ak_buf_put_u32(buf, account);
    ak_buf_put_u8(buf, waiting->what);
    ak_buf_put(buf, AK_SPAN_ARR(waiting->device));
    ak_buf_put(buf, AK_SPAN_ARR(waiting->started_by));
    ak_buf_put_u64(buf, waiting->ready_at_ms);
}

static void put_idempotent(struct ak_buf *buf, const struct ak_idempotent *one)
{
    ak_buf_put_u32(buf, one->account);
    ak_buf_put(buf, AK_SPAN_ARR(one->key_hash));
    put_short(buf, ak_span(one->call, one->call_len));
    ak_buf_put_u64(buf, one->time_ms);
    ak_buf_put_u64(buf, one->index);
    ak_buf_put(buf, AK_SPAN_ARR(one->leaf));
}

static void put_linked(struct ak_buf *buf, const struct ak_linked *linked)
{
    ak_buf_put_u32(buf, linked->account);
    ak_buf_put(buf, AK_SPAN_ARR(linked->omni));
    put_short(buf, linked->identity_type);
    ak_buf_put_u8(
        buf, (uint8_t)((linked->derived ? LINKED_DERIVED : 0) | (linked->has_address ? LINKED_ADDRESS : 0)));
    ak_buf_put(buf, AK_SPAN_ARR(linked->address));
    ak_buf_put_u64(buf, linked->linked_ms);
    ak_buf_put_u64(buf, linked->linked_seen_ms);
}

static void put_header(struct ak_buf *buf, const struct ak_engine *engine)
{
    const struct ak_state *state = &engine->state;
    ak_buf_put_str(buf, "AKsn");
    ak_buf_put_u8(buf, AK_SNAPSHOT_VERSION);
    ak_ledger_log_put(&engine->log, buf);
    ak_buf_put_u32(buf, state->root_version);
    ak_buf_put_u64(buf, state->last_ms);
    ak_buf_put_u64(buf, state->unseen_ms);
    ak_buf_put_u64(buf, state->floor_us);
    ak_buf_put_u64(buf, state->control_count);
    ak_buf_put_u32(buf, state->issuer_version);
    ak_buf_put_u64(buf, state->minted_until_ms);
    ak_buf_put_u64(buf, state->issuer_previous_until_ms);
    ak_buf_put_u64(buf, state->snapshot_size);
    ak_buf_put(buf, AK_SPAN_ARR(state->snapshot_hash));
    ak_buf_put_u64(buf, state->trust_size);
    put_short(buf, ak_span(state->trust, state->trust_len));
}

/* Waiting changes in the order in which each account got them: a list begins with its newest. */
static enum ak_err write_waiting(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < state->accounts.count; i++) live += ak_state_account_at(state, i)->waiting_count;
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, live);
    for (uint32_t i = 0; i < state->accounts.count; i++) {
        const struct ak_waiting *list[AK_STATE_WAITING_ACCOUNT];
        uint32_t count = 0;
        uint32_t at = ak_state_account_at(state, i)->first_waiting;
        while (at != AK_INDEX_NONE && count < AK_STATE_WAITING_ACCOUNT) {
            const struct ak_waiting *waiting = ak_vec_at(&state->waiting, at);
            if (!waiting->over) list[count++] = waiting;
            at = waiting->next;
        }
        while (count) {
            AK_TRY(room(w, RECORD_MAX));
            put_waiting(&w->buf, i, list[--count]);
        }
    }
    return AK_OK;
}

static enum ak_err write_records(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, state->accounts.count);
    for (uint32_t i = 0; i < state->accounts.count; i++) {
        AK_TRY(room(w, RECORD_MAX));
        put_account(&w->buf, ak_state_account_at(state, i));
    }
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, state->devices.count);
    for (uint32_t i = 0; i < state->devices.count; i++) {
        AK_TRY(room(w, RECORD_MAX));
        put_device(&w->buf, ak_vec_at(&state->devices, i));
    }
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, state->paths.count);
    for (uint32_t i = 0; i < state->paths.count; i++) {
        AK_TRY(room(w, RECORD_MAX + AK_LIMIT_SCOPE_TEXT));
        put_path(&w->buf, ak_state_path_at(state, i));
    }
    return AK_OK;
}

static enum ak_err write_idempotent(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    uint32_t first = state->idempotent_count < AK_STATE_IDEMPOTENT ? 0 : state->idempotent_next;
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, state->idempotent_count);
    for (uint32_t i = 0; i < state->idempotent_count; i++) {
        AK_TRY(room(w, RECORD_MAX));
        put_idempotent(&w->buf, &state->idempotent[(first + i) % AK_STATE_IDEMPOTENT]);
    }
    return AK_OK;
}

/* Each account's in the order in which they were linked. */
static enum ak_err write_linked(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < state->accounts.count; i++) live += ak_state_account_at(state, i)->linked_count;
    AK_TRY(room(w, RECORD_MAX));
    ak_buf_put_u32(&w->buf, live);
    for (uint32_t i = 0; i < state->accounts.count; i++)
        for (uint32_t at = ak_state_account_at(state, i)->first_linked; at != AK_INDEX_NONE;) {
            const struct ak_linked *linked = ak_vec_at(&state->linked, at);
            AK_TRY(room(w, RECORD_MAX));
            put_linked(&w->buf, linked);
            at = linked->next;
        }
    return AK_OK;
}

enum ak_err ak_engine_snapshot_write(const struct ak_engine *engine, const struct ak_snapshot_sink *sink)
{
    struct ak_snapshot_writer w = {.sink = sink};
    w.buf = AK_BUF_ARR(w.memory);
    if (engine->log.record_size != engine->log.tree.size) return AK_E_STATE;
    put_header(&w.buf, engine);
    AK_TRY(write_records(&w, &engine->state));
    AK_TRY(write_waiting(&w, &engine->state));
    AK_TRY(write_idempotent(&w, &engine->state));
    AK_TRY(write_linked(&w, &engine->state));
    AK_TRY(ak_snapshot_write_vault(&w, &engine->state));
    return flush(&w);
}

enum ak_err ak_engine_snapshot_record(
    struct ak_engine *engine, uint64_t size, const uint8_t hash[32], uint64_t bytes)
{
    struct ak_entry_ref ref;
    struct ak_entry entry = {.type = AK_ENTRY_SNAPSHOT, .size = size, .bytes = bytes};
    memcpy(entry.hash, hash, 32);
    return ak_engine_emit(engine, &entry, &ref);
}

/* ---- reading ---- */

static struct ak_span take_short(struct ak_reader *reader)
{
    return ak_reader_take(reader, ak_reader_u16(reader));
}

static enum ak_err read_account(struct ak_state *state, struct ak_reader *reader)
{
    struct ak_account *account = ak_vec_add(&state->accounts);
    if (!account) return AK_E_FULL;
    ak_reader_copy(reader, account->anchor, 32);
    ak_reader_copy(reader, account->home_wallet, 20);
    uint8_t flags = ak_reader_u8(reader);
    account->suspended = flags & ACCOUNT_SUSPENDED;
    account->has_recovery = flags & ACCOUNT_RECOVERY;
    account->anchor_unlinked = flags & ACCOUNT_UNLINKED;
    ak_reader_copy(reader, account->recovery_hash, 32);
    account->root_version = ak_reader_u32(reader);
    AK_TRY(ak_state_intern(state, take_short(reader), &account->identity_type));
    account->opened_ms = ak_reader_u64(reader);
    account->seq = ak_reader_u64(reader);
    ak_reader_copy(reader, account->last_leaf, 32);
    account->tat_us = ak_reader_u64(reader);
    account->mint_tat_us = ak_reader_u64(reader);
    account->cloud_until_ms = ak_reader_u64(reader);
    ak_account_init_lists(account);
    if (reader->failed || flags & ~ACCOUNT_FLAGS || ak_state_account(state, account->anchor, NULL))
        return AK_E_FORMAT;
    AK_TRY(ak_state_index_wallet(state, state->accounts.count - 1));
    return ak_state_index_account(state, state->accounts.count - 1);
}

static enum ak_err read_device(struct ak_state *state, struct ak_reader *reader)
{
    uint32_t number = state->devices.count;
    struct ak_device *device = ak_vec_add(&state->devices);
    if (!device) return AK_E_FULL;
    device->account = ak_reader_u32(reader);
    uint8_t flags = ak_reader_u8(reader);
    device->removed = flags & DEVICE_REMOVED;
    device->recovered = flags & DEVICE_RECOVERED;
    ak_reader_copy(reader, device->thumbprint, 32);
    struct ak_span name = take_short(reader);
    if (name.len > AK_LIMIT_LABEL) return AK_E_FORMAT;
    AK_TRY(ak_arena_copy(state->arena, name, &device->name));
    device->name_cap = (uint8_t)name.len;
    device->enrolled_ms = ak_reader_u64(reader);
    device->enrolled_seen_ms = ak_reader_u64(reader);
    device->sessions_after_ms = ak_reader_u64(reader);
    if (reader->failed || flags > (DEVICE_REMOVED | DEVICE_RECOVERED) ||
        device->account >= state->accounts.count)
        return AK_E_FORMAT;
    struct ak_account *account = ak_state_account_at(state, device->account);
    if (!device->removed &&
        (account->device_count >= AK_LIMIT_DEVICES || ak_state_device(state, account, device->thumbprint)))
        return AK_E_FORMAT;
    device->next = account->first_device;
    account->first_device = number;
    account->device_count += !device->removed;
    return AK_OK;
}

static void link_path(struct ak_state *state, struct ak_path_state *path, uint32_t number)
{
    struct ak_account *account = ak_state_account_at(state, path->account);
    path->next = AK_INDEX_NONE;
    if (account->last_path == AK_INDEX_NONE)
        account->first_path = number;
    else
        ak_state_path_at(state, account->last_path)->next = number;
    account->last_path = number;
    account->path_count++;
}

static enum ak_err read_path(struct ak_state *state, struct ak_reader *reader)
{
    struct ak_span label, scope;
    uint32_t number = state->paths.count;
    struct ak_path_state *path = ak_vec_add(&state->paths);
    if (!path) return AK_E_FULL;
    path->account = ak_reader_u32(reader);
    AK_TRY(ak_arena_copy(state->arena, take_short(reader), &label));
    path->label = label.ptr;
    path->label_len = (uint8_t)label.len;
    path->generation = ak_reader_u32(reader);
    path->root_version = ak_reader_u32(reader);
    path->flags = ak_reader_u8(reader);
    path->rate = ak_reader_u16(reader);
    path->valid_until_ms = ak_reader_u64(reader);
    path->tat_us = ak_reader_u64(reader);
    path->cloud_until_ms = ak_reader_u64(reader);
    ak_reader_copy(reader, path->device, 32);
    ak_reader_copy(reader, path->address, 20);
    scope = take_short(reader);
    if (reader->failed || path->account >= state->accounts.count || !ak_path_label_valid(label) ||
        path->flags & ~(AK_PATH_SUSPENDED | AK_PATH_DECOMMISSIONED) || scope.len > AK_LIMIT_SCOPE_TEXT)
        return AK_E_FORMAT;
    AK_TRY(ak_state_set_scope(state, path, scope, true));
    link_path(state, path, number);
    return AK_OK;
}

static enum ak_err read_waiting(struct ak_state *state, struct ak_reader *reader)
{
    uint32_t account_number = ak_reader_u32(reader);
    uint32_t number = state->waiting.count;
    struct ak_waiting *waiting = ak_vec_add(&state->waiting);
    if (!waiting) return AK_E_FULL;
    waiting->what = ak_reader_u8(reader);
    ak_reader_copy(reader, waiting->device, 32);
    ak_reader_copy(reader, waiting->started_by, 32);
    waiting->ready_at_ms = ak_reader_u64(reader);
    if (reader->failed || account_number >= state->accounts.count) return AK_E_FORMAT;
    struct ak_account *account = ak_state_account_at(state, account_number);
    if (account->waiting_count >= AK_STATE_WAITING_ACCOUNT ||
        ak_state_waiting(state, account, waiting->what, waiting->device))
        return AK_E_FORMAT;
    waiting->next = account->first_waiting;
    account->first_waiting = number;
    account->waiting_count++;
    return AK_OK;
}

static enum ak_err read_idempotent(struct ak_state *state, struct ak_reader *reader)
{
    if (state->idempotent_count >= AK_STATE_IDEMPOTENT) return AK_E_FORMAT;
    struct ak_idempotent *one = &state->idempotent[state->idempotent_count++];
    one->account = ak_reader_u32(reader);
    ak_reader_copy(reader, one->key_hash, 32);
    struct ak_span call = take_short(reader);
    if (call.len > sizeof one->call) return AK_E_FORMAT;
    one->call_len = (uint8_t)call.len;
    if (call.len) memcpy(one->call, call.ptr, call.len);
    one->time_ms = ak_reader_u64(reader);
    one->index = ak_reader_u64(reader);
    ak_reader_copy(reader, one->leaf, 32);
    state->idempotent_next = state->idempotent_count % AK_STATE_IDEMPOTENT;
    return reader->failed ? AK_E_FORMAT : AK_OK;
}

static enum ak_err read_linked(struct ak_state *state, struct ak_reader *reader)
{
    struct ak_linked linked = {.account = ak_reader_u32(reader), .live = true};
    ak_reader_copy(reader, linked.omni, 32);
    AK_TRY(ak_state_intern(state, take_short(reader), &linked.identity_type));
    uint8_t flags = ak_reader_u8(reader);
    linked.derived = flags & LINKED_DERIVED;
    linked.has_address = flags & LINKED_ADDRESS;
    ak_reader_copy(reader, linked.address, 20);
    linked.linked_ms = ak_reader_u64(reader);
    linked.linked_seen_ms = ak_reader_u64(reader);
    if (reader->failed || flags & ~LINKED_FLAGS || linked.account >= state->accounts.count)
        return AK_E_FORMAT;
    const struct ak_linked *before =
        state->linked.count ? ak_vec_at(&state->linked, state->linked.count - 1) : NULL;
    if (before && before->account > linked.account) return AK_E_FORMAT;
    enum ak_err err = ak_state_link(state, &linked);
    return err == AK_E_MEANING ? AK_E_FORMAT : err;
}

typedef enum ak_err read_fn(struct ak_state *state, struct ak_reader *reader);

static enum ak_err read_trust(struct ak_state *state, struct ak_reader *reader)
{
    struct ak_trust trust;
    state->trust_size = ak_reader_u64(reader);
    struct ak_span bytes = take_short(reader);
    if (reader->failed || (state->trust_size == 0) != (bytes.len == 0)) return AK_E_FORMAT;
    if (bytes.len == 0) return AK_OK;
    if (ak_trust_parse(bytes, &trust) != AK_OK) return AK_E_FORMAT;
    memcpy(state->trust, bytes.ptr, bytes.len);
    state->trust_len = bytes.len;
    ak_trust_hash(bytes, state->trust_config);
    return AK_OK;
}

static enum ak_err read_header(struct ak_engine *engine, struct ak_reader *reader)
{
    struct ak_state *state = &engine->state;
    if (!ak_span_eq(ak_reader_take(reader, 4), AK_SPAN_LIT("AKsn"))) return AK_E_FORMAT;
    if (ak_reader_u8(reader) != AK_SNAPSHOT_VERSION) return AK_E_UNSUPPORTED;
    AK_TRY(ak_ledger_log_read(reader, &engine->log));
    if (memcmp(engine->log.log_id, engine->conf.log_id, 16) != 0) return AK_E_MEANING;
    state->opened = true;
    state->root_version = ak_reader_u32(reader);
    state->last_ms = ak_reader_u64(reader);
    state->unseen_ms = ak_reader_u64(reader);
    state->floor_us = ak_reader_u64(reader);
    state->control_count = ak_reader_u64(reader);
    state->issuer_version = ak_reader_u32(reader);
    state->minted_until_ms = ak_reader_u64(reader);
    state->issuer_previous_until_ms = ak_reader_u64(reader);
    state->snapshot_size = ak_reader_u64(reader);
    ak_reader_copy(reader, state->snapshot_hash, 32);
    if (reader->failed || state->issuer_version == 0) return AK_E_FORMAT;
    AK_TRY(read_trust(state, reader));
    return state->trust_size > engine->log.tree.size ? AK_E_FORMAT : AK_OK;
}

enum ak_err ak_engine_snapshot_read(struct ak_engine *engine, struct ak_span bytes)
{
    static read_fn *const parts[] = {
        read_account, read_device, read_path, read_waiting, read_idempotent, read_linked};
    struct ak_reader reader = ak_reader(bytes);
    if (engine->log.tree.size != 0 || engine->state.opened) return AK_E_STATE;
    AK_TRY(read_header(engine, &reader));
    for (size_t part = 0; part < AK_COUNT(parts); part++) {
        uint32_t count = ak_reader_u32(&reader);
        if (count > reader.len) return AK_E_FORMAT; /* no record is empty */
        for (uint32_t i = 0; i < count; i++) AK_TRY(parts[part](&engine->state, &reader));
        enum ak_err err = parts[part] == read_path ? ak_state_index_paths(&engine->state) : AK_OK;
        if (err) return err == AK_E_EXISTS ? AK_E_FORMAT : err;
    }
    AK_TRY(ak_snapshot_read_vault(&engine->state, &reader));
    engine->durable_size = engine->log.tree.size;
    ak_merkle_root(&engine->log.tree, engine->durable_root);
    return ak_reader_finish(&reader);
}
