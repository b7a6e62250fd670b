/* Epochs, their lists, definitions of services, credentials with their blobs, newest first. */
#include "core/engine/snapshot_vault.h"

#include "core/policy/scope.h"

enum { EPOCH_MAX = 128, SERVICE_MAX = 2560, CREDENTIAL_MAX = 512 };

static void put_short(struct ak_buf *buf, struct ak_span text)
{
    ak_buf_put_u16(buf, (uint16_t)text.len);
    ak_buf_put(buf, text);
}

static struct ak_span take_short(struct ak_reader *reader)
{
    return ak_reader_take(reader, ak_reader_u16(reader));
}

static enum ak_err put_count(struct ak_snapshot_writer *w, uint32_t count)
{
    struct ak_buf *buf = NULL;
    AK_TRY(ak_snapshot_room(w, 4, &buf));
    ak_buf_put_u32(buf, count);
    return AK_OK;
}

/* ---- epochs ---- */

static enum ak_err write_epochs(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    AK_TRY(put_count(w, state->epochs.count));
    for (uint32_t i = 0; i < state->epochs.count; i++) {
        const struct ak_epoch_state *epoch = ak_state_epoch_at(state, i);
        struct ak_buf *buf = NULL;
        AK_TRY(ak_snapshot_room(w, EPOCH_MAX, &buf));
        ak_buf_put_u32(buf, epoch->account);
        ak_buf_put_u32(buf, epoch->number);
        ak_buf_put_u8(buf, epoch->status);
        ak_buf_put_u8(buf, epoch->erased ? 1 : 0);
        ak_buf_put(buf, AK_SPAN_ARR(epoch->dek_id));
        ak_buf_put_u64(buf, epoch->begun_ms);
        ak_buf_put_u64(buf, epoch->used_ms);
        ak_buf_put_u64(buf, epoch->rotated_ms);
        ak_buf_put_u64(buf, epoch->destroyed_ms);
    }
    return AK_OK;
}

/* An account's epochs count up; only its two newest are not destroyed. */
static enum ak_err link_epoch(struct ak_state *state, uint32_t number)
{
    struct ak_epoch_state *epoch = ak_state_epoch_at(state, number);
    if (epoch->account >= state->accounts.count || epoch->status > AK_EPOCH_DESTROYED) return AK_E_FORMAT;
    struct ak_account *account = ak_state_account_at(state, epoch->account);
    const struct ak_epoch_state *before = ak_state_epoch_current(state, account);
    if (epoch->number != (before ? before->number + 1 : 1) || account->old_epoch != AK_INDEX_NONE)
        return AK_E_FORMAT;
    if (before && before->status == AK_EPOCH_LIVE) return AK_E_FORMAT;
    if (before && before->status == AK_EPOCH_OLD) account->old_epoch = account->epoch;
    epoch->before = account->epoch;
    account->epoch = number;
    return AK_OK;
}

static enum ak_err read_epoch(struct ak_state *state, struct ak_reader *reader)
{
    struct ak_epoch_state *epoch = ak_vec_add(&state->epochs);
    if (!epoch) return AK_E_FULL;
    epoch->account = ak_reader_u32(reader);
    epoch->number = ak_reader_u32(reader);
    epoch->status = ak_reader_u8(reader);
    uint8_t erased = ak_reader_u8(reader);
    epoch->erased = erased == 1;
    epoch->list = AK_EPOCH_NO_LIST;
    ak_reader_copy(reader, epoch->dek_id, 32);
    epoch->begun_ms = ak_reader_u64(reader);
    epoch->used_ms = ak_reader_u64(reader);
    epoch->rotated_ms = ak_reader_u64(reader);
    epoch->destroyed_ms = ak_reader_u64(reader);
    for (size_t part = 0; part < AK_BLOB_PARTS; part++) epoch->first[part] = AK_INDEX_NONE;
    if (reader->failed || erased > 1) return AK_E_FORMAT;
    return link_epoch(state, state->epochs.count - 1);
}

/* ---- services ---- */

static enum ak_err write_services(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    AK_TRY(put_count(w, state->services.count));
    for (uint32_t i = 0; i < state->services.count; i++) {
        const struct ak_service_state *service = ak_vec_at(&state->services, i);
        struct ak_buf *buf = NULL;
        AK_TRY(ak_snapshot_room(w, SERVICE_MAX, &buf));
        ak_buf_put_u32(buf, service->account);
        put_short(buf, ak_span(service->name, service->name_len));
        put_short(buf, ak_span(service->definition, service->definition_len));
        ak_buf_put_u64(buf, service->defined_ms);
    }
    return AK_OK;
}

static enum ak_err read_service(struct ak_state *state, struct ak_reader *reader)
{
    uint32_t number = state->services.count;
    struct ak_service_state *service = ak_vec_add(&state->services);
    if (!service) return AK_E_FULL;
    service->account = ak_reader_u32(reader);
    struct ak_span name = take_short(reader), definition = take_short(reader);
    service->defined_ms = ak_reader_u64(reader);
    if (reader->failed || service->account >= state->accounts.count || !ak_scope_is_service(name))
        return AK_E_FORMAT;
    if (ak_state_service(state, ak_state_account_at(state, service->account), name)) return AK_E_FORMAT;
    AK_TRY(ak_state_intern(state, name, &name));
    service->name = name.ptr;
    service->name_len = (uint8_t)name.len;
    ak_service_append(state, number);
    return ak_service_set_definition(state, service, definition);
}

/* ---- credentials ---- */

static void put_blob(struct ak_buf *buf, const struct ak_state *state, const struct ak_blob_state *blob)
{
    ak_buf_put_u32(buf, blob->version);
    ak_buf_put_u32(buf, ak_state_epoch_at(state, blob->epoch)->number);
    ak_buf_put_u8(buf, blob->part);
    ak_buf_put(buf, AK_SPAN_ARR(blob->blob_id));
    ak_buf_put(buf, AK_SPAN_ARR(blob->hash));
    ak_buf_put_u32(buf, blob->size);
    ak_buf_put_u64(buf, blob->written_ms);
}

static enum ak_err write_credentials(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    AK_TRY(put_count(w, state->credentials.count));
    for (uint32_t i = 0; i < state->credentials.count; i++) {
        const struct ak_credential_state *credential = ak_state_credential_at(state, i);
        struct ak_buf *buf = NULL;
        AK_TRY(ak_snapshot_room(w, CREDENTIAL_MAX, &buf));
        ak_buf_put_u32(buf, credential->account);
        ak_buf_put_u32(buf, credential->path);
        put_short(buf, ak_credential_service(credential));
        ak_buf_put_u32(buf, credential->last_version);
        ak_buf_put_u64(buf, credential->last_read_ms);
        ak_buf_put_u32(buf, credential->last_reader);
        ak_buf_put_u8(buf, credential->kept);
        uint32_t at = credential->newest;
        for (uint8_t n = 0; n < credential->kept; n++) {
            const struct ak_blob_state *blob = ak_state_blob_at(state, at);
            put_blob(buf, state, blob);
            at = blob->older;
        }
    }
    return AK_OK;
}

/* The account's current or old epoch of that number. */
static uint32_t find_epoch(const struct ak_state *state, const struct ak_account *account, uint32_t number)
{
    const struct ak_epoch_state *now = ak_state_epoch_current(state, account);
    const struct ak_epoch_state *old = ak_state_epoch_old(state, account);
    if (now && now->number == number) return account->epoch;
    return old && old->number == number ? account->old_epoch : AK_INDEX_NONE;
}

static enum ak_err read_blob(struct ak_state *state, struct ak_reader *reader, uint32_t credential_number,
    bool newest, uint32_t *out_number)
{
    const struct ak_credential_state *credential = ak_state_credential_at(state, credential_number);
    uint32_t number = *out_number = ak_blob_new(state);
    if (number == AK_INDEX_NONE) return AK_E_FULL;
    struct ak_blob_state *blob = ak_state_blob_at(state, number);
    blob->credential = credential_number;
    blob->older = AK_INDEX_NONE;
    blob->version = ak_reader_u32(reader);
    uint32_t epoch = ak_reader_u32(reader);
    uint8_t part = ak_reader_u8(reader);
    ak_reader_copy(reader, blob->blob_id, 16);
    ak_reader_copy(reader, blob->hash, 32);
    uint32_t size = ak_reader_u32(reader);
    blob->written_ms = ak_reader_u64(reader);
    blob->size = size & 0xffffff;
    epoch = find_epoch(state, ak_state_account_at(state, credential->account), epoch);
    if (reader->failed || epoch == AK_INDEX_NONE || size > AK_LIMIT_VALUE) return AK_E_FORMAT;
    if (part >= AK_BLOB_PARTS || newest != (part != AK_BLOB_KEPT)) return AK_E_FORMAT;
    ak_blob_link(state, number, epoch, part);
    return AK_OK;
}

static enum ak_err read_blobs(
    struct ak_state *state, struct ak_reader *reader, uint32_t credential, uint8_t kept)
{
    uint32_t *link = &ak_state_credential_at(state, credential)->newest;
    uint64_t below = (uint64_t)UINT32_MAX + 1;
    for (uint8_t n = 0; n < kept; n++) {
        uint32_t number = AK_INDEX_NONE;
        AK_TRY(read_blob(state, reader, credential, n == 0, &number));
        struct ak_blob_state *blob = ak_state_blob_at(state, number);
        if (blob->version >= below) return AK_E_FORMAT;
        below = blob->version;
        *link = number;
        link = &blob->older;
    }
    ak_state_credential_at(state, credential)->kept = kept;
    return AK_OK;
}

static enum ak_err read_credential(struct ak_state *state, struct ak_reader *reader)
{
    uint32_t number = state->credentials.count;
    struct ak_credential_state *credential = ak_vec_add(&state->credentials);
    if (!credential) return AK_E_FULL;
    credential->account = ak_reader_u32(reader);
    credential->path = ak_reader_u32(reader);
    struct ak_span service = take_short(reader);
    credential->last_version = ak_reader_u32(reader);
    credential->last_read_ms = ak_reader_u64(reader);
    credential->last_reader = ak_reader_u32(reader);
    credential->newest = AK_INDEX_NONE;
    uint8_t kept = ak_reader_u8(reader);
    if (reader->failed || credential->account >= state->accounts.count || !ak_scope_is_service(service) ||
        kept > AK_VAULT_VERSIONS)
        return AK_E_FORMAT;
    bool own = credential->path == AK_INDEX_NONE;
    if (!own && (credential->path >= state->paths.count ||
                    ak_state_path_at(state, credential->path)->account != credential->account))
        return AK_E_FORMAT;
    if (credential->last_reader != AK_INDEX_NONE && credential->last_reader >= state->paths.count)
        return AK_E_FORMAT;
    AK_TRY(ak_state_intern(state, service, &service));
    credential->service = service.ptr;
    credential->service_len = (uint8_t)service.len;
    ak_credential_append(state, number);
    if (kept) ak_state_account_at(state, credential->account)->credential_count++;
    AK_TRY(read_blobs(state, reader, number, kept));
    enum ak_err err = ak_state_index_credential(state, number);
    return err == AK_E_EXISTS ? AK_E_FORMAT : err;
}

/* ---- lists: their order says what is due first ---- */

static enum ak_err write_lists(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    for (size_t i = 0; i < AK_EPOCH_LISTS; i++) {
        uint32_t count = 0;
        for (uint32_t at = state->epoch_lists[i].first; at != AK_INDEX_NONE; count++)
            at = ak_state_epoch_at(state, at)->next;
        AK_TRY(put_count(w, count));
        for (uint32_t at = state->epoch_lists[i].first; at != AK_INDEX_NONE;) {
            AK_TRY(put_count(w, at));
            at = ak_state_epoch_at(state, at)->next;
        }
    }
    return AK_OK;
}

/* Blobs have put their epochs into lists in their own order: take all out, then in the order of the bytes. */
static enum ak_err read_lists(struct ak_state *state, struct ak_reader *reader)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < state->epochs.count; i++) {
        if (ak_state_epoch_at(state, i)->status != AK_EPOCH_DESTROYED) ak_epoch_settle(state, i);
        left += ak_state_epoch_at(state, i)->list != AK_EPOCH_NO_LIST;
    }
    for (uint8_t list = 0; list < AK_EPOCH_LISTS; list++) {
        uint32_t count = ak_reader_u32(reader);
        if (count > left) return AK_E_FORMAT;
        for (uint32_t i = 0; i < count; i++, left--) {
            uint32_t number = ak_reader_u32(reader);
            if (reader->failed || number >= state->epochs.count) return AK_E_FORMAT;
            uint8_t is = ak_state_epoch_at(state, number)->list;
            if (is != list && !(list == AK_EPOCH_ASKED && is == AK_EPOCH_AGING)) return AK_E_FORMAT;
            ak_epoch_list_remove(state, number);
            ak_epoch_list_add(state, list, number);
        }
    }
    return left == 0 && !reader->failed ? AK_OK : AK_E_FORMAT;
}

/* ---- all ---- */

enum ak_err ak_snapshot_write_vault(struct ak_snapshot_writer *w, const struct ak_state *state)
{
    AK_TRY(write_epochs(w, state));
    AK_TRY(write_services(w, state));
    AK_TRY(write_credentials(w, state));
    return write_lists(w, state);
}

enum ak_err ak_snapshot_read_vault(struct ak_state *state, struct ak_reader *reader)
{
    typedef enum ak_err read_fn(struct ak_state * state, struct ak_reader * reader);
    static read_fn *const parts[] = {read_epoch, read_service, read_credential};
    for (size_t part = 0; part < AK_COUNT(parts); part++) {
        uint32_t count = ak_reader_u32(reader);
        if (count > reader->len) return AK_E_FORMAT; /* no record is empty */
        for (uint32_t i = 0; i < count; i++) AK_TRY(parts[part](state, reader));
    }
    return read_lists(state, reader);
}
