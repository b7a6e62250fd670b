/* Credentials: storing, reading, listing, deleting, rolling back. Values are never here: a put and a move are
 * the helper's, a read is a job beside the sync of its entry. */
#include "core/engine/vault_work.h"

#include "base/assert.h"
#include "base/crypto/x25519.h"
#include "core/policy/scope.h"
#include "core/wire/msg_vault.h"

enum ak_code ak_vault_find(
    struct ak_step *step, struct ak_span service, struct ak_span path, struct ak_vault_where *out_where)
{
    const struct ak_state *state = &step->engine->state;
    uint32_t account = step->caller.account_number;
    *out_where = (struct ak_vault_where){.service = service, .path = AK_INDEX_NONE, .number = AK_INDEX_NONE};
    if (!ak_scope_is_service(service))
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "service is 1 to 63 of a-z 0-9 -, no hyphen first");
    if (path.len) {
        enum ak_code code = ak_step_find_path(step, path, &out_where->path_state);
        if (code) return code;
        struct ak_span label = ak_span(out_where->path_state->label, out_where->path_state->label_len);
        (void)ak_state_path(state, account, label, &out_where->path);
    }
    out_where->credential = ak_state_credential(state, account, out_where->path, service, &out_where->number);
    return AK_CODE_OK;
}

static enum ak_code not_found(struct ak_step *step)
{
    return ak_step_fail(
        step, AK_CODE_NOT_FOUND, "no credential of this name here; see agentkeys credentials");
}

static enum ak_code find_stored(
    struct ak_step *step, struct ak_span service, struct ak_span path, struct ak_vault_where *where)
{
    enum ak_code code = ak_vault_find(step, service, path, where);
    if (code) return code;
    return where->credential && where->credential->kept ? AK_CODE_OK : not_found(step);
}

/* ---- what put and roll-back share ---- */

static enum ak_code reply_current(struct ak_step *step, const struct ak_vault_where *where)
{
    const struct ak_state *state = &step->engine->state;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf path = AK_BUF_ARR(text);
    const struct ak_blob_state *blob = where->credential ? ak_state_blob(state, where->credential) : NULL;
    if (!blob) return not_found(step);
    struct ak_msg_credential_reply reply = {.service = where->service,
        .path = ak_vault_put_path(state, where->path, &path),
        .version = blob->version,
        .epoch = ak_state_epoch_at(state, blob->epoch)->number,
        .entry_index = step->ref.index};
    memcpy(reply.blob_id, blob->blob_id, sizeof reply.blob_id);
    memcpy(reply.entry_leaf_hash, step->ref.leaf, sizeof reply.entry_leaf_hash);
    if (reply.path.len) reply.present |= 1u << AK_CREDENTIAL_REPLY_PATH;
    return ak_step_reply(step, &ak_credential_reply_msg, &reply);
}

/* What an entry needs beside the blob. */
struct written {
    const uint8_t *blob_id;
    const uint8_t *hash;
    uint32_t size;
    uint32_t restores; /* 0: a new value */
};

static enum ak_code emit_written(
    struct ak_step *step, struct ak_vault_where *where, const struct written *written)
{
    const struct ak_state *state = &step->engine->state;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_BLOB_WRITTEN);
    entry.credential = where->service;
    entry.epoch = ak_state_epoch_current(state, step->caller.account)->number;
    memcpy(entry.blob_id, written->blob_id, sizeof entry.blob_id);
    memcpy(entry.hash, written->hash, sizeof entry.hash);
    entry.size = written->size;
    entry.value_version = where->credential ? (uint64_t)where->credential->last_version + 1 : 1;
    entry.restores = written->restores;
    if (written->restores) ak_entry_mark(&entry, AK_F_RESTORES);
    if (where->path_state) {
        entry.label = ak_span(where->path_state->label, where->path_state->label_len);
        ak_entry_mark(&entry, AK_F_LABEL);
    }
    enum ak_code code = ak_step_emit(step, &entry);
    if (code) return code;
    where->credential =
        ak_state_credential(state, step->caller.account_number, where->path, where->service, &where->number);
    return reply_current(step, where);
}

static void set_place(
    const struct ak_step *step, const struct ak_vault_where *where, struct ak_blob_place *place)
{
    const struct ak_account *account = step->caller.account;
    memcpy(place->anchor, account->anchor, sizeof place->anchor);
    memcpy(place->home_wallet, account->home_wallet, sizeof place->home_wallet);
    place->service_len = (uint8_t)where->service.len;
    memcpy(place->service, where->service.ptr, where->service.len);
    if (!where->path_state) return;
    place->label_len = where->path_state->label_len;
    memcpy(place->label, where->path_state->label, place->label_len);
}

static enum ak_code find_place(
    struct ak_step *step, const struct ak_blob_place *place, struct ak_vault_where *where)
{
    return ak_vault_find(
        step, ak_span(place->service, place->service_len), ak_span(place->label, place->label_len), where);
}

/* ---- put ---- */

static enum ak_code check_put(struct ak_step *step, const struct ak_vault_where *where)
{
    bool is_new = !where->credential || !where->credential->kept;
    if (step->engine->storage_low) return AK_CODE_STORAGE_FULL;
    if (where->path_state && where->path_state->flags & AK_PATH_DECOMMISSIONED)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the agent is decommissioned for good");
    uint32_t names = step->caller.account->credential_names;
    if ((is_new && step->caller.account->credential_count >= ak_vault_services_max(step->engine)) ||
        (!where->credential && names >= AK_STATE_CREDENTIALS_ACCOUNT))
        return ak_step_fail(step, AK_CODE_STORAGE_FULL,
            "the account has as many credentials as vault.services_max allows; delete one");
    if (where->credential && where->credential->last_version == UINT32_MAX) return AK_CODE_STORAGE_FULL;
    return AK_CODE_OK;
}

enum ak_code ak_call_credential_put(struct ak_step *step)
{
    struct ak_msg_credential_put_request request;
    struct ak_vault_where where;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_vault_find(step, request.service, request.path, &where);
    if (!code) code = check_put(step, &where);
    if (!code) code = ak_step_pay(step); /* before the disk is written, which is what it costs */
    if (code) return code;
    struct ak_vault_work *work = ak_vault_begin(step, AK_VAULT_PUT);
    set_place(step, &where, &work->to);
    ak_vault_aim(step->engine, step->caller.account, work);
    memcpy(work->peer, request.enc, sizeof work->peer);
    work->sealed = request.sealed;
    return AK_CODE_OK;
}

static enum ak_code begin_first_epoch(struct ak_step *step, const struct ak_vault_work *work)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_EPOCH_ROTATED);
    entry.has_idempotency = false; /* the value's entry carries it */
    entry.to = work->to.epoch;
    memcpy(entry.dek_id, work->to_dek, sizeof entry.dek_id);
    return ak_step_emit(step, &entry);
}

enum ak_code ak_vault_end_put(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    struct ak_engine *engine = step->engine;
    struct ak_account *account = step->caller.account;
    struct ak_vault_where where;
    enum ak_code code = find_place(step, &work->to, &where);
    if (!code) code = check_put(step, &where);
    if (code) return code;
    if (work->fresh_dek && account->epoch == AK_INDEX_NONE) {
        code = begin_first_epoch(step, work);
        if (code) return code;
    }
    if (!ak_vault_aims_at_current(&engine->state, account, work)) { /* the epoch moved on meanwhile: again */
        struct ak_vault_work *again = &step->out->vault;
        *again = *work;
        ak_vault_aim(engine, account, again);
        step->out->wait = AK_WAIT_VAULT;
        return AK_CODE_OK;
    }
    struct written written = {work->to.blob_id, result->hash, result->size, 0};
    return emit_written(step, &where, &written);
}

/* ---- read ---- */

/* Without a path an agent gets its own credential where it has one, else the account's. */
static enum ak_code find_for_read(struct ak_step *step, const struct ak_msg_credential_read_request *request,
    struct ak_path_state *own, struct ak_vault_where *where)
{
    enum ak_code code = AK_CODE_NOT_FOUND;
    if (own && request->path.len == 0)
        code = find_stored(step, request->service, ak_span(own->label, own->label_len), where);
    return code ? find_stored(step, request->service, request->path, where) : code;
}

static enum ak_code record_read(struct ak_step *step, const struct ak_vault_where *where,
    const struct ak_blob_state *blob, const struct ak_path_state *reader)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_CREDS_READ);
    entry.credential = where->service;
    entry.epoch = ak_state_epoch_at(&step->engine->state, blob->epoch)->number;
    memcpy(entry.blob_id, blob->blob_id, sizeof entry.blob_id);
    entry.tat_us = step->decision.tat_us;
    if (reader) {
        entry.label = ak_span(reader->label, reader->label_len);
        entry.generation = reader->generation;
        ak_entry_mark(&entry, AK_F_LABEL);
        ak_entry_mark(&entry, AK_F_GENERATION);
    }
    if (where->path_state) {
        entry.owner = ak_span(where->path_state->label, where->path_state->label_len);
        ak_entry_mark(&entry, AK_F_OWNER);
    }
    return ak_step_emit(step, &entry);
}

/* Where in the answer's body the job puts what it sealed. */
static enum ak_code find_gaps(const struct ak_outcome *out, struct ak_vault_work *work)
{
    const struct ak_msg *msg = &ak_credential_read_reply_msg;
    struct ak_reader reader = ak_reader(ak_buf_span(&out->body));
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        struct ak_span value;
        if (ak_field_read(&msg->fields[i], &reader, &there, &value) != AK_OK) return AK_CODE_INTERNAL;
        if (i == AK_CREDENTIAL_READ_REPLY_ENC) work->enc_at = (uint32_t)(value.ptr - out->body.ptr);
        if (i == AK_CREDENTIAL_READ_REPLY_SEALED) work->sealed_at = (uint32_t)(value.ptr - out->body.ptr);
    }
    return AK_CODE_OK;
}

static enum ak_code reply_read(
    struct ak_step *step, const struct ak_vault_where *where, const struct ak_blob_state *blob)
{
    static const uint8_t gap[AK_LIMIT_VALUE + AK_HPKE_TAG_LEN];
    const struct ak_state *state = &step->engine->state;
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf path = AK_BUF_ARR(text);
    struct ak_msg_credential_read_reply reply = {.service = where->service,
        .path = ak_vault_put_path(state, where->path, &path),
        .version = blob->version,
        .epoch = ak_state_epoch_at(state, blob->epoch)->number,
        .sealed = ak_span(gap, (size_t)blob->size + AK_HPKE_TAG_LEN),
        .entry_index = step->ref.index};
    memcpy(reply.blob_id, blob->blob_id, sizeof reply.blob_id);
    memcpy(reply.entry_leaf_hash, step->ref.leaf, sizeof reply.entry_leaf_hash);
    if (reply.path.len) reply.present |= 1u << AK_CREDENTIAL_READ_REPLY_PATH;
    enum ak_code code = ak_step_reply(step, &ak_credential_read_reply_msg, &reply);
    return code ? code : find_gaps(step->out, &step->out->vault);
}

static enum ak_code decide_read(struct ak_step *step, const struct ak_msg_credential_read_request *request,
    struct ak_path_state **out_reader)
{
    struct ak_policy_request ask = {.operation = AK_OP_READ_CREDENTIAL, .facts.service = request->service};
    bool agent = step->caller.kind == AK_CALLER_AGENT;
    return ak_step_decide(step, &ask, agent ? request->path : AK_SPAN_EMPTY, false, out_reader);
}

/* A value is sealed to the key that the device itself proved, in this request or for its connection: one that
 * came beside the proof may be the gateway's own (I1). */
static enum ak_code check_reader(struct ak_step *step, const uint8_t key[32])
{
    const struct ak_caller *caller = &step->caller;
    if (ak_x25519_is_small_order(key))
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "key is of small order: make one at random");
    if (caller->has_reader_key && memcmp(caller->reader_key, key, 32) == 0) return AK_CODE_OK;
    if (step->request->proof.len)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the proof is not for this reader's key (ak_rk)");
    return ak_step_fail(step, AK_CODE_PROOF_REQUIRED,
        "this connection's proof is not for this reader's key: send one with it (ak_rk)");
}

enum ak_code ak_call_credential_read(struct ak_step *step)
{
    struct ak_msg_credential_read_request request;
    struct ak_path_state *reader = NULL;
    struct ak_vault_where where;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = check_reader(step, request.key);
    if (code) return code;
    bool versioned = ak_msg_has(&request, AK_CREDENTIAL_READ_REQUEST_VERSION);
    if (versioned && step->caller.kind == AK_CALLER_AGENT)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "version is for a person's session");
    code = decide_read(step, &request, &reader);
    if (!code) code = find_for_read(step, &request, reader, &where);
    if (code) return code;
    const struct ak_state *state = &step->engine->state;
    const struct ak_blob_state *blob = versioned
                                           ? ak_state_blob_version(state, where.credential, request.version)
                                           : ak_state_blob(state, where.credential);
    if (!blob)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "that version is not kept; see agentkeys credentials");
    code = record_read(step, &where, blob, reader);
    if (code) return code;
    struct ak_vault_work *work = ak_vault_begin(step, AK_VAULT_READ);
    ak_vault_take(state, blob, work);
    memcpy(work->peer, request.key, sizeof work->peer);
    if (blob->epoch != step->caller.account->epoch && !versioned) ak_vault_soon(step->engine, where.number);
    return reply_read(step, &where, blob);
}

/* ---- delete ---- */

enum ak_code ak_call_credential_delete(struct ak_step *step)
{
    struct ak_msg_credential_delete_request request;
    struct ak_vault_where where;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_stored(step, request.service, request.path, &where);
    if (code) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_BLOB_DELETED);
    entry.credential = where.service;
    memcpy(
        entry.blob_id, ak_state_blob(&step->engine->state, where.credential)->blob_id, sizeof entry.blob_id);
    if (where.path_state) {
        entry.label = ak_span(where.path_state->label, where.path_state->label_len);
        ak_entry_mark(&entry, AK_F_LABEL);
    }
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "deleted");
}

/* ---- roll-back ---- */

static enum ak_code find_version(struct ak_step *step, const struct ak_vault_where *where, uint64_t version,
    struct ak_blob_state **out_blob)
{
    *out_blob = ak_state_blob_version(&step->engine->state, where->credential, version);
    if (!*out_blob)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "that version is not kept; see agentkeys credentials");
    if ((*out_blob)->part != AK_BLOB_KEPT)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "that version is the current one");
    return AK_CODE_OK;
}

/* Where the blob is of the current epoch the pointer is all; else its value moves into it first. */
enum ak_code ak_call_credential_rollback(struct ak_step *step)
{
    struct ak_msg_credential_rollback_request request;
    struct ak_vault_where where;
    struct ak_blob_state *blob = NULL;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_stored(step, request.service, request.path, &where);
    if (!code) code = check_put(step, &where);
    if (!code) code = find_version(step, &where, request.version, &blob);
    if (code) return code;
    if (blob->epoch == step->caller.account->epoch) {
        uint8_t blob_id[16], hash[32];
        memcpy(blob_id, blob->blob_id, sizeof blob_id);
        memcpy(hash, blob->hash, sizeof hash);
        struct written written = {blob_id, hash, blob->size, blob->version};
        return emit_written(step, &where, &written);
    }
    code = ak_step_pay(step);
    if (code) return code;
    struct ak_vault_work *work = ak_vault_begin(step, AK_VAULT_MOVE);
    ak_vault_take(&step->engine->state, blob, work);
    work->restores = blob->version;
    work->to = work->from;
    ak_vault_aim(step->engine, step->caller.account, work);
    return AK_CODE_OK;
}

enum ak_code ak_vault_end_rollback(
    struct ak_step *step, const struct ak_vault_work *work, const struct ak_vault_result *result)
{
    struct ak_vault_where where;
    struct ak_blob_state *blob = NULL;
    enum ak_code code = find_place(step, &work->from, &where);
    if (!code && (!where.credential || !where.credential->kept)) code = not_found(step);
    if (!code) code = check_put(step, &where);
    if (!code) code = find_version(step, &where, work->restores, &blob);
    if (code) return code;
    ak_assert(blob);
    if (memcmp(blob->blob_id, work->from.blob_id, sizeof blob->blob_id) != 0 || result->size != blob->size ||
        !ak_vault_aims_at_current(&step->engine->state, step->caller.account, work))
        return ak_step_fail(step, AK_CODE_EPOCH_BUSY, "the epoch moved on meanwhile; try again");
    struct written written = {work->to.blob_id, result->hash, result->size, work->restores};
    return emit_written(step, &where, &written);
}

static enum ak_code find_requested(struct ak_step *step, struct ak_vault_where *where)
{
    struct ak_msg_credential_put_request put;
    struct ak_msg_credential_rollback_request rollback;
    bool is_put = step->request->call == AK_CALL_CREDENTIAL_PUT;
    enum ak_code code = is_put ? ak_step_read(step, &put) : ak_step_read(step, &rollback);
    if (code) return code;
    return is_put ? ak_vault_find(step, put.service, put.path, where)
                  : ak_vault_find(step, rollback.service, rollback.path, where);
}

enum ak_code ak_vault_answer_repeat(struct ak_step *step, const struct ak_blob_place *place)
{
    struct ak_vault_where where;
    if (step->request->call == AK_CALL_EPOCH_ROTATE) return ak_vault_reply_rotated(step);
    if (step->request->call == AK_CALL_EPOCH_DESTROY) return ak_step_reply_done(step, "destroyed");
    enum ak_code code = place ? find_place(step, place, &where) : find_requested(step, &where);
    return code ? code : reply_current(step, &where);
}
